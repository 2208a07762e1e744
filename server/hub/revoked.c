/* Tokens that were taken back: all of them in memory, looked up when one is shown. */
#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

struct revoked {
    struct revoked *same_hash;
    struct store_revocation revocation;
};

/* Seeded FNV-1a: names come from outside. Never 0. */
static uint64_t hash_name(const struct hub *hub, enum store_revoked kind, const char *name)
{
    uint64_t hash = hub->seed ^ UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 29;
    return hash == 0 ? 1 : hash;
}

static struct revoked *find(const struct hub *hub, enum store_revoked kind, const char *name)
{
    struct revoked *revoked = table_get(&hub->revoked, hash_name(hub, kind, name));
    while (revoked != NULL &&
           (revoked->revocation.kind != kind || strcmp(revoked->revocation.name, name) != 0)) {
        revoked = revoked->same_hash;
    }
    return revoked;
}

void hub_revoke(struct hub *hub, const struct store_revocation *revocation)
{
    struct revoked *revoked = find(hub, revocation->kind, revocation->name);
    if (revoked == NULL) {
        uint64_t hash = hash_name(hub, revocation->kind, revocation->name);
        revoked = calloc(1, sizeof *revoked);
        if (revoked == NULL) {
            abort();
        }
        revoked->same_hash = table_get(&hub->revoked, hash);
        table_put(&hub->revoked, hash, revoked);
        hub->revoked_count++;
    }
    revoked->revocation = *revocation;
}

/* A token that does not say when it was made may have been made before any time. */
bool revoked_has(const struct hub *hub, const struct token *token)
{
    const struct revoked *all = find(hub, STORE_REVOKED_SUBJECT, token->subject);
    bool of_all = all != NULL && token->issued_s < all->revocation.before_s;
    return of_all || (*token->id != '\0' && find(hub, STORE_REVOKED_TOKEN, token->id) != NULL);
}

void revoked_receive(struct hub *hub, struct hub_in *in)
{
    struct store_request *request = request_new(REQUEST_REVOKE);
    request->connection = in->connection;
    request->now_ms = hub->env.unix_ms(hub->env.context);
    memcpy(&request_share(request)->revocation, in->bytes, sizeof(struct store_revocation));
    hub_ask(hub, request);
}

static void end_connections(struct hub *hub)
{
    struct connection *connection;
    for (size_t at = 0; (connection = table_next(&hub->connections, &at)) != NULL;) {
        if (connection->token != NULL && revoked_has(hub, connection->token)) {
            hello_turn_away(hub, connection->number, WIRE_NONE, WIRE_CLOSE_UNAUTHORIZED,
                            "unauthorized", "the token was taken back");
            at--; /* what comes behind may have moved here */
        }
    }
}

void revoked_known(struct hub *hub, struct store_request *request)
{
    if (request->result == STORE_OK) {
        const struct store_revocation *revocation = &request->sharing->revocation;
        revoked_sweep(hub, request->now_ms / 1000);
        hub_revoke(hub, revocation);
        hub_log(hub, HUB_LOG_INFO, "revoked", "kind=%s before_s=%lld",
                revocation->kind == STORE_REVOKED_TOKEN ? "jti" : "sub",
                (long long)revocation->before_s);
        end_connections(hub);
    }
    hub_answer(hub, request->connection, request->result);
}

/* Of each chain, what stays. */
static struct revoked *sweep_chain(struct hub *hub, struct revoked *chain, int64_t now_s)
{
    struct revoked *kept = NULL;
    while (chain != NULL) {
        struct revoked *next = chain->same_hash;
        if (chain->revocation.until_s < now_s) {
            free(chain);
            hub->revoked_count--;
        } else {
            chain->same_hash = kept;
            kept = chain;
        }
        chain = next;
    }
    return kept;
}

void revoked_sweep(struct hub *hub, int64_t now_s)
{
    struct table kept = {0};
    struct revoked *chain;
    for (size_t at = 0; (chain = table_next(&hub->revoked, &at)) != NULL;) {
        uint64_t hash = hash_name(hub, chain->revocation.kind, chain->revocation.name);
        chain = sweep_chain(hub, chain, now_s);
        if (chain != NULL) {
            table_put(&kept, hash, chain);
        }
    }
    table_deinit(&hub->revoked);
    hub->revoked = kept;
}

void revoked_deinit(struct hub *hub)
{
    revoked_sweep(hub, INT64_MAX);
    table_deinit(&hub->revoked);
}

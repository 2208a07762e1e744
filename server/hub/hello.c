/* Being let in, and staying so: HELLO, TOKEN, and the end of tokens. */
#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_NAME "quire/" QUIRE_VERSION

/* ---- profile ---- */

static struct ot_slice text_or(const char *text, struct ot_slice otherwise)
{
    return *text == '\0' ? otherwise : (struct ot_slice){(const uint8_t *)text, strlen(text)};
}

/* A name and a colour that the token gives are not the client's to choose. */
static void set_profile(struct connection *connection, struct ot_slice name, struct ot_slice color)
{
    if (connection->token != NULL) {
        name = text_or(connection->token->name, name);
        color = text_or(connection->token->color, color);
    }
    blob_unref(connection->name);
    connection->name = blob_copy(name.data, name.size);
    memcpy(connection->color, color.data, color.size);
    connection->color[color.size] = '\0';
}

static void show_profile(struct hub *hub, struct connection *connection)
{
    for (struct member *member = connection->members; member != NULL; member = member->next) {
        presence_profile(hub, member);
    }
}

void hello_profile(struct hub *hub, struct connection *connection, const struct message *message)
{
    set_profile(connection, message->profile.name, message->profile.color);
    show_profile(hub, connection);
}

/* ---- tokens ---- */

/* A token ends when it says, unless it was shown after that and taken by the leeway. */
static int64_t end_ms(const struct hub *hub, const struct token *token)
{
    int64_t end = token->expires_s * 1000;
    bool is_late = hub->env.unix_ms(hub->env.context) >= end;
    return is_late ? end + hub->tokens.leeway_s * 1000 : end;
}

/* When something is to be done about the connection's token. */
static int64_t due_ms(const struct connection *connection)
{
    return connection->is_told_of_end ? connection->ends_ms
                                      : connection->ends_ms - LIMIT_TOKEN_NOTICE_MS;
}

static void has_token(struct hub *hub, struct connection *connection, struct token *token)
{
    const struct token *older = connection->token;
    connection->is_told_of_end &= older != NULL && token->expires_s <= older->expires_s;
    token_free(connection->token);
    connection->token = token;
    connection->user = &token->user;
    connection->ends_ms = end_ms(hub, token);
    int64_t due = due_ms(connection);
    if (due < hub->ends_ms) {
        hub->ends_ms = due;
    }
}

static void turn_away(struct hub *hub, uint64_t number, uint64_t ref, unsigned close_code,
                      bool is_bad_token, const char *code, const char *text)
{
    struct encode_error error = {ref, -1, code, text, WIRE_NONE, WIRE_NONE};
    metrics_refused(&hub->metrics, code);
    encode_error(&hub->scratch, &error);
    if (rates_allow_line(hub)) {
        hub_log(hub, HUB_LOG_INFO, "not_let_in", "connection=%llu code=%u reason=\"%s\"",
                (unsigned long long)number, close_code, text);
    }
    hub_post(hub, HUB_GATE_OF(number),
             (struct hub_out){.kind = HUB_OUT_CLOSE,
                              .connection = number,
                              .code = (uint16_t)close_code,
                              .is_bad_token = is_bad_token,
                              .blob = encode_blob(&hub->scratch)});
    struct connection *connection = hub_connection(hub, number);
    if (connection != NULL) {
        hub_end_connection(hub, connection);
    }
}

void hello_turn_away(struct hub *hub, uint64_t number, uint64_t ref, unsigned close_code,
                     const char *code, const char *text)
{
    turn_away(hub, number, ref, close_code, false, code, text);
}

/* The token on the heap; NULL: the connection has been turned away. */
static struct token *read_token(struct hub *hub, uint64_t number, uint64_t ref,
                                struct ot_slice bytes)
{
    struct token *token = calloc(1, sizeof *token);
    if (token == NULL) {
        abort();
    }
    int64_t now_s = hub->env.unix_ms(hub->env.context) / 1000;
    const char *wrong = bytes.data == NULL
                            ? "this server lets in those who show a token, and there was none"
                            : token_read(&hub->tokens, bytes.data, bytes.size, now_s, token);
    if (wrong == NULL && revoked_has(hub, token)) {
        wrong = "the token was taken back";
    }
    if (wrong == NULL) {
        return token;
    }
    token_free(token);
    turn_away(hub, number, ref, WIRE_CLOSE_UNAUTHORIZED, true, "unauthorized", wrong);
    return NULL;
}

/* Of the connection's new token. */
static void take_profile(struct hub *hub, struct connection *connection)
{
    struct blob *name = blob_ref(connection->name);
    char color[PROFILE_COLOR_MAX];
    strcpy(color, connection->color);
    set_profile(connection, (struct ot_slice){name->data, name->size},
                (struct ot_slice){(const uint8_t *)color, strlen(color)});
    blob_unref(name);
    show_profile(hub, connection);
}

/* ---- hello ---- */

/* A client is its user's: shown by another, it is as one that is not known. */
static bool key_fits(struct hub *hub, uint64_t client, const char *subject, struct ot_slice key)
{
    uint8_t expected[WIRE_KEY_SIZE];
    if (client == 0 || client == WIRE_NONE || key.size != WIRE_KEY_SIZE) {
        return false;
    }
    hub->env.client_key(hub->env.context, client, subject, expected);
    uint8_t difference = 0;
    for (size_t i = 0; i < WIRE_KEY_SIZE; i++) {
        difference |= expected[i] ^ key.data[i];
    }
    return difference == 0;
}

static uint64_t draw_client(struct hub *hub)
{
    uint64_t client;
    do {
        hub->env.random(hub->env.context, &client, sizeof client);
        client &= WIRE_UINT_MAX;
    } while (client == 0 || table_get(&hub->clients, client) != NULL);
    return client;
}

static void end_older(struct hub *hub, uint64_t client)
{
    struct connection *older = table_get(&hub->clients, client);
    if (older != NULL) {
        hub_post(hub, HUB_GATE_OF(older->number),
                 (struct hub_out){.kind = HUB_OUT_CLOSE,
                                  .connection = older->number,
                                  .code = WIRE_CLOSE_REPLACED});
        hub_end_connection(hub, older);
    }
}

void hello_receive(struct hub *hub, uint64_t number, const struct message *message)
{
    struct token *token = NULL;
    bool is_guest = hub->env.lets_guests && message->hello.token.data == NULL;
    if (hub->env.tokens != NULL && !is_guest) {
        token = read_token(hub, number, WIRE_NONE, message->hello.token);
        if (token == NULL) {
            return;
        }
    }
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        abort();
    }
    connection->number = number;
    connection->user = hub->env.tokens == NULL ? &hub->everybody : &hub->stranger;
    if (token != NULL) {
        has_token(hub, connection, token);
    }
    set_profile(connection, message->hello.name, message->hello.color);
    const char *subject = sharing_subject(connection);
    connection->has_past = message->hello.client != WIRE_NONE;
    connection->known = key_fits(hub, message->hello.client, subject, message->hello.key);
    connection->client = connection->known ? message->hello.client : draw_client(hub);
    end_older(hub, connection->client);
    table_put(&hub->connections, number, connection);
    table_put(&hub->clients, connection->client, connection);
    if (!rates_hold(hub, connection)) {
        return;
    }
    uint8_t key[WIRE_KEY_SIZE];
    hub->env.client_key(hub->env.context, connection->client, subject, key);
    encode_welcome(&hub->scratch, connection->client, key, hub->epoch, SERVER_NAME, &hub->limits);
    hub_send_scratch(hub, number);
}

/* ---- another token ---- */

static void refuse_other(struct hub *hub, const struct connection *connection, uint64_t ref)
{
    hello_turn_away(hub, connection->number, ref, WIRE_CLOSE_FORBIDDEN, "forbidden",
                    "the token is of another user than the connection");
}

void hello_renew(struct hub *hub, struct connection *connection, const struct message *message)
{
    uint64_t number = connection->number;
    if (hub->env.tokens != NULL) {
        if (connection->token == NULL) { /* a guest's: whatever it is, it is another user's */
            refuse_other(hub, connection, message->ref);
            return;
        }
        if (!rates_allow(hub, connection, USER_TOKENS, message->ref, -1)) {
            return;
        }
        struct token *token = read_token(hub, number, message->ref, message->renew.token);
        if (token == NULL) {
            return;
        }
        if (strcmp(token->subject, connection->token->subject) != 0) {
            token_free(token);
            refuse_other(hub, connection, message->ref);
            return;
        }
        bool renamed = strcmp(token->name, connection->token->name) != 0 ||
                       strcmp(token->color, connection->token->color) != 0;
        has_token(hub, connection, token);
        member_roles_changed(hub, connection);
        if (renamed) {
            take_profile(hub, connection);
        }
    }
    encode_done_nil(&hub->scratch, message->ref);
    hub_send_scratch(hub, number);
}

/* ---- the end of a token ---- */

static void tell_of_end(struct hub *hub, struct connection *connection, int64_t now_ms)
{
    int64_t in_ms = connection->ends_ms - now_ms;
    connection->is_told_of_end = true;
    encode_expiring(&hub->scratch, (uint64_t)in_ms);
    hub_send_scratch(hub, connection->number);
}

void hello_expire(struct hub *hub)
{
    int64_t now_ms = hub->env.unix_ms(hub->env.context);
    if (now_ms < hub->ends_ms) {
        return;
    }
    struct connection *connection;
    hub->ends_ms = INT64_MAX;
    for (size_t at = 0; (connection = table_next(&hub->connections, &at)) != NULL;) {
        if (connection->token == NULL) {
            continue;
        }
        if (now_ms >= connection->ends_ms) {
            hello_turn_away(hub, connection->number, WIRE_NONE, WIRE_CLOSE_UNAUTHORIZED,
                            "unauthorized", "the token has expired");
            at--; /* what comes behind may have moved here */
            continue;
        }
        if (!connection->is_told_of_end && now_ms >= due_ms(connection)) {
            tell_of_end(hub, connection, now_ms);
        }
        int64_t due = due_ms(connection);
        hub->ends_ms = due < hub->ends_ms ? due : hub->ends_ms;
    }
}

/* ---- other keys ---- */

static bool has_key(const struct token_keys *keys, const struct token_key *key)
{
    const struct token_key *now = token_keys_find(keys, key->name);
    return now != NULL && token_key_same(now, key);
}

void hello_keys(struct hub *hub, const struct hub_in *in)
{
    const struct token_keys *keys, *old = hub->tokens.keys;
    memcpy(&keys, in->bytes, sizeof keys);
    struct connection *connection;
    hub->tokens.keys = keys;
    for (size_t at = 0; (connection = table_next(&hub->connections, &at)) != NULL;) {
        struct token *token = connection->token;
        if (token == NULL) {
            continue;
        }
        if (has_key(keys, token->key)) {
            token->key = token_keys_find(keys, token->key->name);
        } else {
            hello_turn_away(hub, connection->number, WIRE_NONE, WIRE_CLOSE_UNAUTHORIZED,
                            "unauthorized", "the key that proved the token is gone");
            at--; /* what comes behind may have moved here */
        }
    }
    hub_log(hub, HUB_LOG_INFO, "keys_changed", "keys=%zu", keys->count);
    if (hub->env.keys_taken != NULL) {
        hub->env.keys_taken(hub->env.context, in->connection, keys, old);
    }
}

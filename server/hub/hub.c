#include "server/hub/room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MS   1000
#define FIELDS_MAX 512

/* ---- ways out ---- */

void hub_post(struct hub *hub, unsigned gate, struct hub_out out)
{
    struct hub_out *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        abort();
    }
    *copy = out;
    if (hub->ending) {
        hub_out_free(copy);
        return;
    }
    hub->env.send(hub->env.context, gate, copy);
}

void hub_out_free(struct hub_out *out)
{
    blob_unref(out->blob);
    blob_unref(out->snapshot);
    blob_unref(out->extra);
    free(out);
}

void hub_ask(struct hub *hub, struct store_request *request)
{
    hub->requests++;
    hub->env.store(hub->env.context, request);
}

void hub_send_scratch(struct hub *hub, uint64_t connection)
{
    hub_post(hub, HUB_GATE_OF(connection),
             (struct hub_out){.kind = HUB_OUT_SEND,
                              .connection = connection,
                              .blob = encode_blob(&hub->scratch)});
}

void hub_refuse(struct hub *hub, uint64_t connection, uint64_t ref, int channel, const char *code,
                const char *text, uint64_t retry_ms, uint64_t at)
{
    struct encode_error error = {ref, channel, code, text, retry_ms, at};
    metrics_refused(&hub->metrics, code);
    encode_error(&hub->scratch, &error);
    hub_send_scratch(hub, connection);
}

void hub_refuse_store(struct hub *hub, uint64_t connection, uint64_t ref, int channel, int result)
{
    bool later = result == STORE_E_FULL;
    hub_refuse(hub, connection, ref, channel, store_error_name(result), store_error_text(result),
               later ? LIMIT_STORAGE_RETRY_MS : WIRE_NONE, WIRE_NONE);
}

void hub_forbid(struct hub *hub, uint64_t connection, uint64_t ref, int channel)
{
    hub_refuse(hub, connection, ref, channel, "forbidden", "you may not do this with this document",
               WIRE_NONE, WIRE_NONE);
}

void hub_log(struct hub *hub, enum hub_log_level level, const char *event, const char *format, ...)
{
    char fields[FIELDS_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fields, sizeof fields, format, arguments);
    va_end(arguments);
    hub->env.log(hub->env.context, level, event, fields);
}

void hub_answer(struct hub *hub, uint64_t ticket, int result)
{
    if (hub->env.answered != NULL) {
        hub->env.answered(hub->env.context, ticket, result);
    }
}

/* ---- connections ---- */

struct connection *hub_connection(struct hub *hub, uint64_t number)
{
    return table_get(&hub->connections, number);
}

void hub_end_connection(struct hub *hub, struct connection *connection)
{
    open_forget(connection, -1);
    while (connection->members != NULL) {
        member_leave(hub, connection->members, false, NULL);
    }
    rates_let_go(hub, connection);
    table_remove(&hub->connections, connection->number);
    if (table_get(&hub->clients, connection->client) == connection) {
        table_remove(&hub->clients, connection->client);
    }
    blob_unref(connection->name);
    token_free(connection->token);
    free(connection);
}

static void close_channel(struct hub *hub, struct connection *connection, uint8_t channel)
{
    struct member *member = member_of(connection, channel);
    open_forget(connection, channel);
    if (member != NULL) {
        member_leave(hub, member, true, NULL);
    }
}

static void diverged(struct hub *hub, struct connection *connection, const struct message *message)
{
    const struct member *member = member_of(connection, message->channel);
    if (member == NULL) {
        return; /* closed meanwhile */
    }
    metrics_add(&hub->metrics, METRIC_DIVERGENCES, 1);
    if (rates_allow_line(hub)) {
        hub_log(hub, HUB_LOG_WARN, "diverged", "document=%s version=%llu hash=%llx client=%llu",
                member->room->document.id, (unsigned long long)message->diverged.version,
                (unsigned long long)message->diverged.hash, (unsigned long long)connection->client);
    }
}

static void end_if_bad(struct hub *hub, struct connection *connection)
{
    if (connection->forbidden >= LIMIT_FORBIDDEN_EDITS) {
        hello_turn_away(hub, connection->number, WIRE_NONE, WIRE_CLOSE_FORBIDDEN, "forbidden",
                        "too many edits that your role does not allow");
    } else if (connection->is_bad) {
        hub_post(hub, HUB_GATE_OF(connection->number),
                 (struct hub_out){.kind = HUB_OUT_CLOSE,
                                  .connection = connection->number,
                                  .code = WIRE_CLOSE_BAD_MESSAGE});
        hub_end_connection(hub, connection);
    }
}

/* ---- ways in ---- */

static void receive_message(struct hub *hub, const struct hub_in *in)
{
    uint64_t number = in->connection;
    const struct message *message = &in->message;
    struct connection *connection = hub_connection(hub, number);
    if (message->kind == WIRE_HELLO && connection == NULL) {
        hello_receive(hub, number, message);
        return;
    }
    if (connection == NULL) {
        return; /* it was closed, and does not know yet */
    }
    switch (message->kind) {
    case WIRE_OPEN:
        open_receive(hub, connection, message, in->wait_ms);
        break;
    case WIRE_CLOSE:
        close_channel(hub, connection, message->channel);
        break;
    case WIRE_EDIT:
        edit_receive(hub, connection, message);
        end_if_bad(hub, connection);
        break;
    case WIRE_CURSOR:
        presence_receive(hub, connection, message);
        break;
    case WIRE_CHAT:
        chat_receive(hub, connection, message);
        break;
    case WIRE_CHATS:
        chat_page_receive(hub, connection, message);
        break;
    case WIRE_LIST:
    case WIRE_CREATE:
    case WIRE_RENAME:
    case WIRE_DELETE:
        documents_receive(hub, connection, message);
        break;
    case WIRE_PROFILE:
        hello_profile(hub, connection, message);
        break;
    case WIRE_DIVERGED:
        diverged(hub, connection, message);
        break;
    case WIRE_TOKEN:
        hello_renew(hub, connection, message);
        break;
    case WIRE_MEMBERS:
    case WIRE_MEMBER:
    case WIRE_LINKS:
    case WIRE_LINK:
    case WIRE_UNLINK:
        sharing_receive(hub, connection, message);
        break;
    default:
        break;
    }
}

static void stop(struct hub *hub)
{
    hub->stopping = true;
    struct room *room;
    for (size_t at = 0; (room = table_next(&hub->rooms_by_key, &at)) != NULL;) {
        room_settle_if_due(hub, room);
    }
}

void hub_receive(struct hub *hub, struct hub_in *in)
{
    struct connection *connection;
    switch (in->kind) {
    case HUB_IN_MESSAGE:
        receive_message(hub, in);
        break;
    case HUB_IN_GONE:
        connection = hub_connection(hub, in->connection);
        if (connection != NULL) {
            hub_end_connection(hub, connection);
        }
        break;
    case HUB_IN_LAGGED:
        metrics_add(&hub->metrics, METRIC_LAGGED, 1);
        open_lagged(hub, in);
        break;
    case HUB_IN_PRESENCE:
        presence_wanted(hub, in);
        break;
    case HUB_IN_REVOKE:
        revoked_receive(hub, in);
        break;
    case HUB_IN_KEYS:
        hello_keys(hub, in);
        break;
    case HUB_IN_REOPEN:
        room_reopen(hub, in);
        break;
    case HUB_IN_STOP:
        stop(hub);
        break;
    }
    free(in);
}

void hub_stored(struct hub *hub, struct store_request *request)
{
    hub->requests--;
    if (request->kind == REQUEST_RENAME || request->kind == REQUEST_DELETE) {
        loads_force(hub, request->document.id);
    }
    if (request->kind == REQUEST_LOAD && loads_hold(hub, request)) {
        return;
    }
    switch (request->kind) {
    case REQUEST_APPEND_EDIT:
        edit_stored(hub, request);
        break;
    case REQUEST_APPEND_CHAT:
        chat_stored(hub, request);
        break;
    case REQUEST_LOAD:
        room_loaded(hub, request);
        break;
    case REQUEST_CLIENT:
        open_client_known(hub, request);
        break;
    case REQUEST_HISTORY:
        open_history_known(hub, request);
        break;
    case REQUEST_REPEATED:
        edit_repeated_known(hub, request);
        break;
    case REQUEST_CHATS:
        chat_page_known(hub, request);
        break;
    case REQUEST_CHAT_FIND:
        chat_found(hub, request);
        break;
    case REQUEST_LIST:
    case REQUEST_CREATE:
    case REQUEST_RENAME:
    case REQUEST_DELETE:
        documents_known(hub, request);
        break;
    case REQUEST_SETTLE:
        room_settled(hub, request);
        break;
    case REQUEST_PROBE:
        full_probed(hub, request);
        break;
    case REQUEST_MAY_OPEN:
        open_allowed(hub, request);
        break;
    case REQUEST_MAY_DELETE:
        documents_may_delete(hub, request);
        break;
    case REQUEST_MEMBERS:
    case REQUEST_MEMBER:
    case REQUEST_LINKS:
    case REQUEST_LINK:
    case REQUEST_UNLINK:
        sharing_known(hub, request);
        break;
    case REQUEST_REVOKE:
        revoked_known(hub, request);
        break;
    }
    request_free(request);
}

static void sweep(struct hub *hub, uint64_t now_ms)
{
    hub->sweep_ms = now_ms + SWEEP_MS;
    hello_expire(hub);
    sharing_sweep(hub);
    struct room *room;
    size_t removed;
    do { /* a removal moves slots: then look again from the start */
        removed = hub->rooms_by_key.count;
        for (size_t at = 0; (room = table_next(&hub->rooms_by_key, &at)) != NULL;) {
            if (hub->pressure >= HUB_TIGHT) {
                room_drop_caches(room);
            }
            if (room->member_count == 0) {
                room_sweep(hub, room, now_ms);
            }
            if (hub->rooms_by_key.count < removed) {
                break;
            }
        }
    } while (hub->rooms_by_key.count < removed);
}

void hub_press(struct hub *hub, enum hub_pressure pressure)
{
    if (pressure > hub->pressure) {
        hub->sweep_ms = 0;
    }
    hub->pressure = pressure;
}

void hub_tick(struct hub *hub)
{
    uint64_t now_ms = hub->env.monotonic_ms(hub->env.context);
    if (now_ms >= hub->due_ms) {
        presence_tick(hub, now_ms);
    }
    if (now_ms >= hub->sweep_ms) {
        sweep(hub, now_ms);
    }
    full_tick(hub, now_ms);
    open_tick(hub, now_ms);
    loads_tick(hub, now_ms);
}

uint64_t hub_next_ms(const struct hub *hub)
{
    bool sweeps = hub->rooms_by_key.count > 0 || hub->ends_ms != INT64_MAX;
    uint64_t sweep_ms = sweeps ? hub->sweep_ms : UINT64_MAX;
    uint64_t next_ms = hub->due_ms < sweep_ms ? hub->due_ms : sweep_ms;
    uint64_t full_ms = full_next_ms(hub), loads_ms = loads_next_ms(hub);
    next_ms = next_ms < full_ms ? next_ms : full_ms;
    next_ms = next_ms < loads_ms ? next_ms : loads_ms;
    return next_ms < hub->awaited_ms ? next_ms : hub->awaited_ms;
}

bool hub_stopped(const struct hub *hub)
{
    return hub->stopping && hub->requests == 0;
}

const struct metrics *hub_metrics(const struct hub *hub)
{
    return &hub->metrics;
}

static const struct hub_pace usual_pace = {.little_bytes = 65536,
                                           .large_bytes = LIMIT_LARGE_BYTES,
                                           .snapshot_bytes = LIMIT_SNAPSHOT_PACE,
                                           .edits_percent = 25};

struct hub *hub_new(const struct hub_env *env, uint64_t epoch, unsigned gates)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL) {
        return NULL;
    }
    hub->env = *env;
    hub->epoch = epoch;
    hub->gates = gates;
    hub->due_ms = hub->awaited_ms = UINT64_MAX;
    hub->ends_ms = INT64_MAX;
    hub->limits = env->limits == NULL ? limits_preset() : *env->limits;
    hub->pace = env->pace == NULL ? usual_pace : *env->pace;
    hub->links_end_ms = INT64_MAX;
    hub->everybody = access_everybody();
    hub->stranger = access_stranger();
    if (env->tokens != NULL) {
        hub->tokens = *env->tokens;
    }
    env->random(env->context, &hub->seed, sizeof hub->seed);
    holders_init(&hub->holders, hub->seed);
    return hub;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL) {
        return;
    }
    hub->ending = true;
    struct connection *connection;
    for (size_t at = 0; (connection = table_next(&hub->connections, &at)) != NULL; at = 0) {
        hub_end_connection(hub, connection);
    }
    struct room *room;
    for (size_t at = 0; (room = table_next(&hub->rooms, &at)) != NULL; at = 0) {
        room_free(hub, room);
    }
    loads_deinit(hub);
    holders_deinit(&hub->holders);
    revoked_deinit(hub);
    table_deinit(&hub->connections);
    table_deinit(&hub->clients);
    table_deinit(&hub->rooms);
    table_deinit(&hub->rooms_by_key);
    ot_buf_deinit(&hub->scratch);
    free(hub);
}

#include "lib/hub_world.h"

#include "lib/hub_out_whole.h"
#include "lib/limits_loose.h"

#include <msgpack.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the environment ---- */

static uint64_t monotonic_ms(void *context)
{
    return ((struct world *)context)->now_ms;
}

static int64_t unix_ms(void *context)
{
    const struct world *world = context;
    return world->unix_ms + (int64_t)world->now_ms;
}

static void random_bytes(void *context, void *out, size_t size)
{
    struct world *world = context;
    for (size_t i = 0; i < size; i++) {
        world->random = world->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(world->random >> 56);
    }
}

static void client_key(void *context, uint64_t client, const char *subject, uint8_t *key_out)
{
    (void)context;
    for (size_t i = 0; i < WIRE_KEY_SIZE; i++) {
        key_out[i] = (uint8_t)(client >> (i % 7) ^ i);
    }
    for (size_t i = 0; subject[i] != '\0'; i++) {
        key_out[i % WIRE_KEY_SIZE] ^= (uint8_t)subject[i];
    }
}

static void log_event(void *context, enum hub_log_level level, const char *event,
                      const char *fields)
{
    struct world *world = context;
    (void)event;
    (void)fields;
    world->logged += level >= HUB_LOG_WARN;
}

static void ask(void *context, struct store_request *request)
{
    struct world *world = context;
    bool append = request->kind == REQUEST_APPEND_EDIT || request->kind == REQUEST_APPEND_CHAT;
    struct store_request ***end = append ? &world->appends_end : &world->asked_end;
    world->appends_asked += append;
    world->asked_count++;
    request->after = request->kind == REQUEST_SETTLE ? 0 : world->appends_asked;
    request->next = NULL;
    **end = request;
    *end = &request->next;
}

static void deliver(struct world_connection *connection, uint8_t channel, const struct blob *blob)
{
    size_t at = connection->received.size;
    ot_buf_append(&connection->received, blob->data, blob->size);
    if (channel != UINT8_MAX) {
        connection->received.data[at + 2] = channel;
    }
}

static void deliver_ack(struct world_connection *connection, uint8_t channel,
                        const struct hub_out *out)
{
    msgpack_packer packer;
    msgpack_sbuffer sbuffer;
    msgpack_sbuffer_init(&sbuffer);
    msgpack_packer_init(&packer, &sbuffer, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 4);
    msgpack_pack_uint64(&packer, WIRE_ACK);
    msgpack_pack_uint64(&packer, channel);
    msgpack_pack_uint64(&packer, out->version);
    msgpack_pack_uint64(&packer, out->seq);
    ot_buf_append(&connection->received, sbuffer.data, sbuffer.size);
    msgpack_sbuffer_destroy(&sbuffer);
}

static void fan_out(struct world *world, const struct hub_out *out)
{
    for (size_t i = 0; i < world->connection_count; i++) {
        struct world_connection *connection = &world->connections[i];
        for (size_t c = 0; c < connection->channel_end; c++) {
            struct world_channel *channel = &connection->channels[c];
            if (channel->room != out->room) {
                continue;
            }
            if (out->kind == HUB_OUT_PRESENCE) {
                deliver(connection, (uint8_t)c, out->blob);
                continue;
            }
            if (out->position != channel->position++) {
                abort(); /* the stream has a gap */
            }
            if (out->author == connection->number) {
                deliver_ack(connection, (uint8_t)c, out);
            } else {
                deliver(connection, (uint8_t)c, out->blob);
            }
        }
    }
}

static void send_out(void *context, unsigned gate, struct hub_out *out)
{
    struct world *world = context;
    struct world_connection *connection =
        out->connection == 0 ? NULL : &world->connections[out->connection - 1];
    (void)gate;
    hub_out_whole(out);
    if (out->blob != NULL && connection != NULL) {
        deliver(connection, out->kind == HUB_OUT_FULL ? out->channel : UINT8_MAX, out->blob);
    }
    if (out->kind == HUB_OUT_ATTACH) {
        connection->channels[out->channel] =
            (struct world_channel){out->room, out->position, out->attachment};
        if (connection->channel_end <= out->channel) {
            connection->channel_end = out->channel + 1u;
        }
        deliver(connection, out->channel, out->extra);
    } else if (out->kind == HUB_OUT_DETACH) {
        connection->channels[out->channel].room = 0;
    } else if (out->kind == HUB_OUT_CLOSE) {
        connection->closed = out->code;
        connection->has_bad_token = out->is_bad_token;
    } else if (out->kind == HUB_OUT_BAD_LINK) {
        connection->bad_links++;
    } else if (out->kind == HUB_OUT_ITEM || out->kind == HUB_OUT_PRESENCE) {
        fan_out(world, out);
    }
    hub_out_free(out);
}

static void answered(void *context, uint64_t ticket, int result)
{
    struct world *world = context;
    world->answered_ticket = ticket;
    world->answered_result = result;
}

static int take_revocation(void *context, const struct store_revocation *revocation)
{
    hub_revoke(context, revocation);
    return 0;
}

void world_revoke(struct world *world, uint64_t ticket, const struct store_revocation *revocation)
{
    struct ot_slice bytes = {(const uint8_t *)revocation, sizeof *revocation};
    world_post(world, HUB_IN_REVOKE, ticket, bytes);
    world_run(world);
}

void world_reopen(struct world *world, uint64_t ticket, const char *id)
{
    world->answered_ticket = 0;
    world_post(world, HUB_IN_REOPEN, ticket, (struct ot_slice){(const uint8_t *)id, strlen(id)});
    world_run(world);
}

/* ---- the world ---- */

static void open_store(struct world *world)
{
    char message[256];
    world->store = world->given;
    if (world->store == NULL &&
        store_open(world->dir, &world->store, message, sizeof message) != STORE_OK) {
        fprintf(stderr, "%s\n", message);
        abort();
    }
    struct hub_env env = {.context = world,
                          .tokens = world->tokens,
                          .limits = world->limits != NULL ? world->limits : &limits_loose,
                          .schema = world->schema,
                          .lets_guests = world->lets_guests,
                          .monotonic_ms = monotonic_ms,
                          .unix_ms = unix_ms,
                          .random = random_bytes,
                          .send = send_out,
                          .store = ask,
                          .client_key = client_key,
                          .answered = answered,
                          .log = log_event};
    world->asked_end = &world->asked;
    world->appends_end = &world->appends;
    world->hub = hub_new(&env, world->epoch != 0 ? world->epoch : store_epoch(world->store), 1);
    if (store_revocations(world->store, take_revocation, world->hub) != STORE_OK) {
        abort();
    }
}

void world_start(struct world *world)
{
    world_start_limited(world, NULL, NULL);
}

void world_start_limited(struct world *world, const struct token_rules *tokens,
                         const struct limits *limits)
{
    world_start_as(world, &(struct world_options){.tokens = tokens, .limits = limits});
}

void world_start_as(struct world *world, const struct world_options *options)
{
    memset(world, 0, offsetof(struct world, connections));
    world->now_ms = 1000;
    world->unix_ms = INT64_C(1700000000000);
    world->random = 42;
    world->tokens = options->tokens;
    world->limits = options->limits;
    world->schema = options->schema;
    world->lets_guests = options->lets_guests;
    world->epoch = options->epoch;
    world->given = options->given;
    world->watch = options->watch;
    if (world->given == NULL) {
        temp_dir_make(world->dir);
    }
    open_store(world);
}

void world_start_with_guests(struct world *world, const struct token_rules *tokens)
{
    world_start_as(world, &(struct world_options){.tokens = tokens, .lets_guests = true});
}

static void drop(struct store_request **chain)
{
    while (*chain != NULL) {
        struct store_request *next = (*chain)->next;
        request_free(*chain);
        *chain = next;
    }
}

static void end(struct world *world)
{
    hub_free(world->hub);
    drop(&world->asked);
    drop(&world->appends);
    world->appends_done = world->appends_asked;
    if (world->given == NULL) {
        store_close(world->store);
    }
    for (size_t i = 0; i < world->connection_count; i++) {
        ot_buf_deinit(&world->connections[i].received);
    }
    world->connection_count = 0;
}

void world_stop(struct world *world)
{
    end(world);
    if (world->given == NULL) {
        temp_dir_remove(world->dir);
    }
}

void world_crash(struct world *world)
{
    end(world);
    open_store(world);
}

static void told(struct world *world)
{
    if (world->watch.told != NULL) {
        world->watch.told(world->watch.context);
    }
}

static void watch(struct world *world, const struct store_request *request, bool is_done)
{
    if (world->watch.serves != NULL) {
        world->watch.serves(world->watch.context, request, is_done);
    }
}

/* What the store fails with, if it is to. */
static int fault(const struct world *world, enum request_kind kind)
{
    switch (kind) {
    case REQUEST_PROBE:
        return world->append_result;
    case REQUEST_DELETE:
        return world->delete_result;
    case REQUEST_LOAD:
    case REQUEST_CLIENT:
    case REQUEST_HISTORY:
    case REQUEST_REPEATED:
    case REQUEST_CHATS:
    case REQUEST_CHAT_FIND:
    case REQUEST_LIST:
    case REQUEST_MAY_OPEN:
    case REQUEST_SETTLE:
        return world->read_result;
    default:
        return STORE_OK;
    }
}

static void serve(struct world *world, struct store_request *request)
{
    request->result = fault(world, request->kind);
    if (request->result != STORE_OK) {
        return;
    }
    do {
        request_serve(world->store, request);
        if (request->replaying) {
            request_replay(request);
        }
    } while (request->kind == REQUEST_SETTLE && request->result == STORE_OK && !request->done);
}

void world_run(struct world *world)
{
    while (world->asked != NULL && world->asked->after <= world->appends_done) {
        struct store_request *request = world->asked;
        world->asked = request->next;
        if (world->asked == NULL) {
            world->asked_end = &world->asked;
        }
        request->next = NULL;
        watch(world, request, false);
        serve(world, request);
        watch(world, request, true);
        hub_stored(world->hub, request);
        told(world);
    }
}

void world_commit(struct world *world)
{
    world_run(world);
    while (world->appends != NULL) {
        struct store_request *chain = world->appends;
        world->appends = NULL;
        world->appends_end = &world->appends;
        if (world->append_result == STORE_OK) {
            request_append(world->store, chain);
        }
        while (chain != NULL) {
            struct store_request *next = chain->next;
            chain->next = NULL;
            world->appends_done++;
            if (world->append_result != STORE_OK) {
                chain->result = world->append_result;
            }
            hub_stored(world->hub, chain);
            told(world);
            chain = next;
        }
        world_run(world);
    }
}

void world_pass(struct world *world, uint64_t ms)
{
    for (uint64_t end_ms = world->now_ms + ms; world->now_ms < end_ms;) {
        world->now_ms += 10;
        hub_tick(world->hub);
        world_run(world);
    }
}

struct world_connection *world_connect(struct world *world)
{
    struct world_connection *connection = &world->connections[world->connection_count++];
    *connection = (struct world_connection){.number = world->connection_count};
    return connection;
}

void world_post(struct world *world, enum hub_in_kind kind, uint64_t number, struct ot_slice bytes)
{
    struct hub_in *in = calloc(1, sizeof *in + bytes.size);
    in->kind = kind;
    in->connection = number;
    in->size = bytes.size;
    if (bytes.size > 0) {
        memcpy(in->bytes, bytes.data, bytes.size);
    }
    if (kind == HUB_IN_MESSAGE) {
        struct wire_error error;
        size_t offset = 0;
        if (wire_read((struct ot_slice){in->bytes, in->size}, &offset, &in->message, &error) != 0) {
            fprintf(stderr, "the test sent a bad message: %s at %d\n", error.code, (int)error.at);
            abort();
        }
        in->wait_ms = world->connections[number - 1].link_wait_ms;
    }
    hub_receive(world->hub, in);
}

void world_gone(struct world *world, struct world_connection *connection)
{
    memset(connection->channels, 0, sizeof connection->channels);
    world_post(world, HUB_IN_GONE, connection->number, (struct ot_slice){0});
}

void world_lag(struct world *world, struct world_connection *connection, uint8_t channel,
               uint64_t attachment, uint64_t version)
{
    if (connection->channels[channel].attachment == attachment) {
        connection->channels[channel].room = 0;
    }
    struct hub_in *in = calloc(1, sizeof *in);
    in->kind = HUB_IN_LAGGED;
    in->connection = connection->number;
    in->channel = channel;
    in->attachment = attachment;
    in->version = version;
    hub_receive(world->hub, in);
    world_run(world);
}

void world_miss_presence(struct world *world, struct world_connection *connection, uint8_t channel)
{
    struct hub_in *in = calloc(1, sizeof *in);
    in->kind = HUB_IN_PRESENCE;
    in->connection = connection->number;
    in->channel = channel;
    hub_receive(world->hub, in);
}

static void pack_string(msgpack_packer *packer, const char *text)
{
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

static void pack_optional(msgpack_packer *packer, char letter, va_list *arguments)
{
    uint64_t number = letter == 'U' ? va_arg(*arguments, uint64_t) : WIRE_NONE;
    const char *text = letter == 'S' ? va_arg(*arguments, const char *) : NULL;
    struct ot_slice bytes = {0};
    if (letter == 'B') {
        bytes = va_arg(*arguments, struct ot_slice);
    }
    if (number != WIRE_NONE) {
        msgpack_pack_uint64(packer, number);
    } else if (text != NULL) {
        pack_string(packer, text);
    } else if (bytes.data != NULL) {
        msgpack_pack_bin(packer, bytes.size);
        msgpack_pack_bin_body(packer, bytes.data, bytes.size);
    } else {
        msgpack_pack_nil(packer);
    }
}

static void pack(msgpack_packer *packer, char letter, va_list *arguments)
{
    struct ot_slice bytes;
    switch (letter) {
    case 'u':
        msgpack_pack_uint64(packer, va_arg(*arguments, uint64_t));
        break;
    case 's':
        pack_string(packer, va_arg(*arguments, const char *));
        break;
    case 'b':
        bytes = va_arg(*arguments, struct ot_slice);
        msgpack_pack_bin(packer, bytes.size);
        msgpack_pack_bin_body(packer, bytes.data, bytes.size);
        break;
    case 't':
        msgpack_pack_true(packer);
        break;
    case 'f':
        msgpack_pack_false(packer);
        break;
    default:
        pack_optional(packer, letter, arguments);
    }
}

void world_message(struct ot_buf *out, unsigned kind, const char *format, va_list arguments)
{
    msgpack_sbuffer sbuffer;
    msgpack_packer packer;
    va_list rest;
    va_copy(rest, arguments);
    msgpack_sbuffer_init(&sbuffer);
    msgpack_packer_init(&packer, &sbuffer, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, strlen(format) + 1);
    msgpack_pack_uint64(&packer, kind);
    for (const char *letter = format; *letter != '\0'; letter++) {
        pack(&packer, *letter, &rest);
    }
    va_end(rest);
    ot_buf_append(out, sbuffer.data, sbuffer.size);
    msgpack_sbuffer_destroy(&sbuffer);
}

void world_send(struct world *world, struct world_connection *connection, unsigned kind,
                const char *format, ...)
{
    struct ot_buf message = {0};
    va_list arguments;
    va_start(arguments, format);
    world_message(&message, kind, format, arguments);
    va_end(arguments);
    world_post(world, HUB_IN_MESSAGE, connection->number, ot_buf_slice(&message));
    ot_buf_deinit(&message);
    world_run(world);
}

unsigned world_next(struct world_connection *connection, struct reader *fields_out)
{
    struct reader whole = {
        .data = connection->received.data, .size = connection->received.size, .at = connection->at};
    struct reader reader = whole;
    uint32_t count;
    uint64_t kind;
    if (connection->at == connection->received.size) {
        return 0;
    }
    if (!reader_skip(&whole) || !reader_array(&reader, &count) || !reader_uint(&reader, &kind)) {
        abort();
    }
    connection->at = whole.at;
    reader.size = whole.at;
    *fields_out = reader;
    return (unsigned)kind;
}

bool world_find(struct world_connection *connection, unsigned kind, struct reader *fields_out)
{
    unsigned next;
    while ((next = world_next(connection, fields_out)) != 0) {
        if (next == kind) {
            return true;
        }
    }
    return false;
}

void world_forget(struct world_connection *connection)
{
    connection->at = connection->received.size;
}

#include "unit/gate_world.h"

#include "server/wire/reader.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Timers that a test does not ask for never fire, however slow the machine. */
#define LONG_MS    600000
#define PATIENCE_S (WS_RAW_PATIENCE_MS / 1000)

static bool post(void *context, struct hub_in *in)
{
    struct world *world = context;
    pthread_mutex_lock(&world->lock);
    bool refused = world->full && in->kind == HUB_IN_MESSAGE;
    if (refused) {
        free(in);
    } else {
        in->next = NULL;
        if (world->last == NULL) {
            world->first = in;
        } else {
            world->last->next = in;
        }
        world->last = in;
        pthread_cond_broadcast(&world->news);
    }
    pthread_mutex_unlock(&world->lock);
    return !refused;
}

static const char *not_ready(void *context)
{
    struct world *world = context;
    pthread_mutex_lock(&world->lock);
    while (world->hold) {
        world->held = true;
        pthread_cond_broadcast(&world->news);
        pthread_cond_wait(&world->news, &world->lock);
    }
    const char *why = world->not_ready;
    pthread_mutex_unlock(&world->lock);
    return why;
}

static enum hub_pressure pressure(void *context)
{
    struct world *world = context;
    atomic_fetch_add(&world->looks, 1);
    return (enum hub_pressure)atomic_load(&world->pressure);
}

static void keep_line(void *context, enum hub_log_level level, const char *event,
                      const char *fields)
{
    struct world *world = context;
    if (level < HUB_LOG_INFO) {
        return;
    }
    pthread_mutex_lock(&world->lock);
    world->logged++;
    snprintf(world->line, sizeof(world->line), "%s %s", event, fields);
    pthread_mutex_unlock(&world->lock);
}

unsigned world_logged(struct world *world, char line_out[WORLD_LINE_MAX])
{
    pthread_mutex_lock(&world->lock);
    unsigned logged = world->logged;
    strcpy(line_out, world->line);
    pthread_mutex_unlock(&world->lock);
    return logged;
}

static void set_if_zero(unsigned *value, unsigned instead)
{
    if (*value == 0) {
        *value = instead;
    }
}

struct world *world_start(const struct gate_options *options)
{
    struct gate_options used = options == NULL ? (struct gate_options){0} : *options;
    set_if_zero(&used.hello_ms, LONG_MS);
    set_if_zero(&used.silence_ms, LONG_MS);
    set_if_zero(&used.ping_ms, LONG_MS);
    set_if_zero(&used.stall_ms, LONG_MS);
    set_if_zero(&used.close_ms, LONG_MS);
    return world_start_with(&used, pressure);
}

struct world *world_start_with(const struct gate_options *options,
                               enum hub_pressure (*pressed)(void *context))
{
    static const struct gate_asset no_assets[] = {{0}};
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    pthread_mutex_init(&world->lock, NULL);
    pthread_cond_init(&world->news, NULL);
    struct gate_options used = *options;
    used.host = "127.0.0.1";
    used.allow_hosts = used.allow_hosts == NULL ? "quire.test, a" : used.allow_hosts;
    if (used.assets == NULL) {
        used.assets = no_assets;
    }
    char message[256];
    const struct gate_env env = {.context = world,
                                 .post = post,
                                 .not_ready = not_ready,
                                 .pressure = pressed,
                                 .log = keep_line};
    world->gates = gates_open(&used, &env, message, sizeof(message));
    if (world->gates == NULL || gates_run(world->gates, message, sizeof(message)) != 0) {
        fail_msg("%s", message);
    }
    world->port = gates_port(world->gates);
    return world;
}

void world_stop(struct world *world)
{
    gates_stop(world->gates);
    while (world->first != NULL) {
        struct hub_in *in = world->first;
        world->first = in->next;
        free(in);
    }
    pthread_cond_destroy(&world->news);
    pthread_mutex_destroy(&world->lock);
    free(world);
}

void world_pass_ticks(struct world *world, unsigned count)
{
    unsigned from = atomic_load(&world->looks);
    while (atomic_load(&world->looks) - from <= count) {
        usleep(1000);
    }
}

uint64_t world_closed(const struct world *world, unsigned code)
{
    struct metrics sum = {0};
    gates_metrics(world->gates, &sum);
    return metrics_get_closed(&sum, code);
}

struct hub_in *world_take(struct world *world)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&world->lock);
    int result = 0;
    while (world->first == NULL && result == 0) {
        result = pthread_cond_timedwait(&world->news, &world->lock, &until);
    }
    struct hub_in *in = world->first;
    if (in != NULL) {
        world->first = in->next;
        if (world->first == NULL) {
            world->last = NULL;
        }
    }
    pthread_mutex_unlock(&world->lock);
    assert_non_null(in);
    if (in->kind == HUB_IN_MESSAGE) {
        gates_taken(world->gates, in->connection);
    }
    return in;
}

void world_expect(struct world *world, enum hub_in_kind kind, uint64_t connection)
{
    struct hub_in *in = world_take(world);
    assert_int_equal(in->kind, kind);
    assert_int_equal(in->connection, connection);
    free(in);
}

void world_hold(struct world *world)
{
    world->holder = ws_raw_connect(world->port, 0);
    assert_non_null(world->holder);
    pthread_mutex_lock(&world->lock);
    world->hold = true;
    assert_true(ws_raw_send_text(world->holder, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (!world->held) {
        pthread_cond_wait(&world->news, &world->lock);
    }
    pthread_mutex_unlock(&world->lock);
}

void world_release(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    world->hold = world->held = false;
    pthread_cond_broadcast(&world->news);
    pthread_mutex_unlock(&world->lock);
    assert_true(ws_raw_read_to_end(world->holder));
    ws_raw_free(world->holder);
}

bool world_has_posts(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    bool has = world->first != NULL;
    pthread_mutex_unlock(&world->lock);
    return has;
}

struct ws_raw *world_join(struct world *world, int receive_bytes, uint64_t *connection_out)
{
    struct ws_raw *ws = ws_raw_open(world->port, receive_bytes);
    assert_non_null(ws);
    assert_true(ws_raw_send_binary(ws, WORLD_HELLO, WORLD_HELLO_SIZE));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->kind, HUB_IN_MESSAGE);
    assert_int_equal(in->message.kind, WIRE_HELLO);
    *connection_out = in->connection;
    free(in);
    return ws;
}

void world_tell(struct world *world, const struct hub_out *out)
{
    struct hub_out *copy = malloc(sizeof(*copy));
    assert_non_null(copy);
    *copy = *out;
    gates_send(world->gates, HUB_GATE_OF(out->connection), copy);
}

void world_send(struct world *world, uint64_t connection, struct blob *blob)
{
    world_tell(world,
               &(struct hub_out){.kind = HUB_OUT_SEND, .connection = connection, .blob = blob});
}

void world_attach(struct world *world, uint64_t connection, uint8_t channel, uint64_t room,
                  uint64_t position, struct blob *blob)
{
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_ATTACH,
                                        .connection = connection,
                                        .channel = channel,
                                        .room = room,
                                        .position = position,
                                        .attachment = 1000 + channel,
                                        .blob = blob});
}

void world_item(struct world *world, uint64_t room, uint64_t position, struct blob *blob)
{
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_ITEM,
                                        .room = room,
                                        .position = position,
                                        .version = position + 1,
                                        .blob = blob});
}

struct blob *world_edit(uint64_t n, size_t size)
{
    struct ot_buf out = {0};
    uint8_t *op = calloc(1, size + 1);
    assert_non_null(op);
    encode_edit(&out, 0, n, 7, (struct ot_slice){op, size});
    free(op);
    struct blob *blob = encode_blob(&out);
    ot_buf_deinit(&out);
    return blob;
}

uint64_t world_read_edit(const struct ws_raw *ws, size_t *at, uint8_t *channel_out)
{
    struct reader reader = {.data = ws->message, .size = ws->message_size, .at = *at};
    uint32_t count;
    uint64_t kind;
    uint64_t channel;
    uint64_t version;
    uint64_t member;
    struct ot_slice op;
    if (!reader_array(&reader, &count) || count != 5 || !reader_uint(&reader, &kind) ||
        kind != WIRE_EDITED || !reader_uint(&reader, &channel) || !reader_uint(&reader, &version) ||
        !reader_uint(&reader, &member) || !reader_bytes(&reader, &op)) {
        return 0;
    }
    *at = reader.at;
    *channel_out = (uint8_t)channel;
    return version;
}

void world_check_quiet(struct ws_raw *ws)
{
    static const uint8_t ping[] = {0x92, WIRE_PING, 0x2a};
    static const uint8_t pong[] = {0x92, WIRE_PONG, 0x2a};
    assert_true(ws_raw_send_binary(ws, ping, sizeof(ping)));
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message_size, sizeof(pong));
    assert_memory_equal(ws->message, pong, sizeof(pong));
}

int world_other_end(const struct ws_raw *ws)
{
    struct sockaddr_in own, peer;
    socklen_t size = sizeof(own);
    assert_int_equal(getsockname(ws->socket, (struct sockaddr *)&own, &size), 0);
    for (int fd = 0; fd < 1024; fd++) {
        size = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && size == sizeof(peer) &&
            peer.sin_family == AF_INET && peer.sin_port == own.sin_port)
            return fd;
    }
    return -1;
}

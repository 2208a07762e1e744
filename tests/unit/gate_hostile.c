/* Random harm: broken handshakes, pages and frames, in pieces, with sudden ends. Afterwards the
 * gates still serve others, and everything is given back. And those who were told to go and go on
 * instead. */
#include "server/limits.h"
#include "unit/gate_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define ROUNDS 600
#define KEPT   64
#define MAX    4096

/* Of the others, in which nothing is read: each would read a kilobyte. */
#define TURNS     2000
#define FLOOD_MAX (UINT64_C(256) << 20)

struct bytes {
    uint8_t data[MAX];
    size_t size;
};

struct attack {
    struct world *world;
    unsigned seed;
    struct ws_raw *kept[KEPT]; /* left open, to be closed by later ones */
};

static unsigned below(struct attack *attack, unsigned bound)
{
    return (unsigned)rand_r(&attack->seed) % bound;
}

static void put(struct bytes *bytes, const void *data, size_t size)
{
    if (size <= MAX - bytes->size) {
        memcpy(bytes->data + bytes->size, data, size);
        bytes->size += size;
    }
}

static void put_frame(struct bytes *bytes, unsigned opcode, const void *data, size_t size)
{
    const uint8_t head[6] = {(uint8_t)(0x80 | opcode), (uint8_t)(0x80 | size)};
    put(bytes, head, sizeof(head));
    put(bytes, data, size);
}

static void put_random(struct attack *attack, struct bytes *bytes)
{
    for (unsigned left = below(attack, 300); left > 0; left--) {
        uint8_t byte = (uint8_t)below(attack, 256);
        put(bytes, &byte, 1);
    }
}

static void spoil(struct attack *attack, struct bytes *bytes, size_t from)
{
    for (unsigned left = below(attack, 5); left > 0 && bytes->size > from; left--) {
        size_t at = from + below(attack, (unsigned)(bytes->size - from));
        switch (below(attack, 3)) {
        case 0:
            bytes->data[at] = (uint8_t)below(attack, 256);
            break;
        case 1:
            bytes->size = at;
            break;
        default:
            memmove(bytes->data + at, bytes->data + at + 1, bytes->size - at - 1);
            bytes->size--;
            break;
        }
    }
}

/* What a client says; `spoiled` from somewhere on. */
static void make_words(struct attack *attack, struct bytes *bytes)
{
    static const char page[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\"\r\n\r\n";
    static const uint8_t pings[] = {0x92, WIRE_PING, 5, 0x92, WIRE_PING, 6, 0x92, WIRE_CLOSE, 3};
    static const uint8_t goodbye[] = {0x03, 0xe8, 'b', 'y', 'e'};
    unsigned kind = below(attack, 8);
    size_t from = 0;
    if (kind == 0) {
        put_random(attack, bytes);
    } else if (kind == 1) {
        put(bytes, page, sizeof(page) - 1);
    } else {
        put(bytes, WS_RAW_HANDSHAKE, strlen(WS_RAW_HANDSHAKE));
        from = kind == 2 ? 0 : bytes->size;
        put_frame(bytes, WS_RAW_BINARY, WORLD_HELLO, WORLD_HELLO_SIZE);
        from = kind == 3 || kind == 2 ? from : bytes->size;
        for (unsigned i = below(attack, 10); i > 0; i--) {
            put_frame(bytes, below(attack, 4) == 0 ? below(attack, 16) : WS_RAW_BINARY, pings,
                      sizeof(pings));
        }
        if (kind == 4) {
            put_frame(bytes, WS_RAW_CLOSE, goodbye, below(attack, sizeof(goodbye) + 1));
        } else if (kind == 5) {
            put_random(attack, bytes);
        }
    }
    spoil(attack, bytes, from);
}

static void say(struct attack *attack, struct ws_raw *ws, const struct bytes *bytes)
{
    size_t at = 0;
    bool taken = true;
    while (at < bytes->size && taken) {
        size_t size = below(attack, 2) == 0 ? bytes->size : 1 + below(attack, 200);
        if (size > bytes->size - at) {
            size = bytes->size - at;
        }
        taken = ws_raw_send(ws, bytes->data + at, size);
        at += size;
    }
}

static void end(struct attack *attack, struct ws_raw *ws)
{
    const struct linger at_once = {.l_onoff = 1};
    switch (below(attack, 4)) {
    case 0:
        setsockopt(ws->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        break;
    case 1:
        shutdown(ws->socket, SHUT_WR);
        break;
    default:
        break;
    }
    unsigned place = below(attack, KEPT);
    ws_raw_free(attack->kept[place]);
    attack->kept[place] = ws;
}

/* A hub that talks to whoever said hello, and forgets those who went. */
static void play_hub(struct attack *attack)
{
    struct world *world = attack->world;
    while (world_has_posts(world)) {
        struct hub_in *in = world_take(world);
        if (in->kind == HUB_IN_MESSAGE && in->message.kind == WIRE_HELLO) {
            world_attach(world, in->connection, 1, 1, 0, world_edit(1, below(attack, 100000)));
        }
        free(in);
    }
    world_item(world, 1, 0, world_edit(2, below(attack, 1000)));
}

static void check_alive(struct world *world)
{
    char head[1024];
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 200);
    ws_raw_free(ws);
}

static void gates_survive_random_harm(void **state)
{
    (void)state;
    const char *given = getenv("QUIRE_SEED");
    struct attack attack = {.seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
                                                  : (unsigned)time(NULL)};
    print_message("QUIRE_SEED=%u\n", attack.seed);
    attack.world = world_start(&(struct gate_options){.gates = 2});
    for (int round = 0; round < ROUNDS; round++) {
        struct bytes bytes = {.size = 0};
        make_words(&attack, &bytes);
        struct ws_raw *ws = ws_raw_connect(attack.world->port, 0);
        assert_non_null(ws);
        say(&attack, ws, &bytes);
        end(&attack, ws);
        play_hub(&attack);
    }
    check_alive(attack.world);
    for (size_t i = 0; i < KEPT; i++) {
        ws_raw_free(attack.kept[i]);
    }
    while (gates_metric(attack.world->gates, METRIC_CONNECTIONS) > 0) {
        play_hub(&attack);
    }
    world_stop(attack.world);
}

/* As many pings as the socket takes; false when one is too many. */
static bool flood(struct ws_raw *ws, size_t *sent)
{
    static uint8_t pings[22 * 1024];
    for (size_t at = 0; at < sizeof(pings); at += 22) {
        pings[at] = 0x80 | WS_RAW_PING;
        pings[at + 1] = 0x80 | 16;
    }
    size_t from = *sent % 22;
    ssize_t taken =
        send(ws->socket, pings + from, sizeof(pings) - from, MSG_NOSIGNAL | MSG_DONTWAIT);
    assert_true(taken > 0 || errno == EAGAIN);
    *sent += taken > 0 ? (size_t)taken : 0;
    return taken > 0;
}

static void nobody_is_read_for_long_who_was_told_to_go(void **state)
{
    (void)state;
    struct limits limits = limits_preset();
    limits.values[SETTING_RATE_MESSAGES] = UINT32_MAX;
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection;
    struct ws_raw *honest = world_join(world, 0, &connection);
    struct ws_raw *ws = world_join(world, 0, &connection);
    const int little = 65536;
    assert_int_equal(setsockopt(ws->socket, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little)), 0);
    assert_true(ws_raw_send_frame(ws, WS_RAW_TEXT, true, "a", 1));
    assert_int_equal(ws_raw_next(ws), WS_RAW_CLOSE);
    world_expect(world, HUB_IN_GONE, connection);
    size_t sent = 0;
    for (int turns = 0; turns < TURNS;) {
        turns = flood(ws, &sent) ? 0 : turns + 1;
        assert_true(sent < FLOOD_MAX);
        world_check_quiet(honest);
    }
    ws_raw_free(ws);
    ws_raw_free(honest);
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_survive_random_harm),
        cmocka_unit_test(nobody_is_read_for_long_who_was_told_to_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

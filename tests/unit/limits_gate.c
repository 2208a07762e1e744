/* What the gates allow a connection and an address: at the limit, and one past it. */
#include "unit/gate_world.h"

#include "server/gate/peer.h"
#include "server/limits.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PING_MESSAGE "\x92\x02\x07"

static struct limits with(enum setting setting, uint64_t value)
{
    struct limits limits = limits_preset();
    limits.values[setting] = value;
    return limits;
}

/* The status of a handshake of a client that a proxy gives this address, or of one without. The
 * connection stays. */
static int shake_hands(struct world *world, const char *client, struct ws_raw **ws_out)
{
    char request[1024], head[2048];
    snprintf(request, sizeof(request), "GET /ws HTTP/1.1\r\n%s%s%s%s",
             client == NULL ? "" : "X-Forwarded-For: ", client == NULL ? "" : client,
             client == NULL ? "" : "\r\n", strchr(WS_RAW_HANDSHAKE, '\n') + 1);
    *ws_out = ws_raw_connect(world->port, 0);
    assert_non_null(*ws_out);
    return ws_raw_send_text(*ws_out, request) ? ws_raw_head(*ws_out, head, sizeof(head)) : 0;
}

/* ---- connections ---- */

static void messages_and_pieces_come_no_faster_than_the_rate(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_MESSAGES, 5);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (int i = 0; i < 4; i++)
        world_check_quiet(ws); /* PING, PONG */
    assert_true(ws_raw_send_binary(ws, PING_MESSAGE, 3));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);

    ws = world_join(world, 0, &connection);
    for (int i = 0; i < 5; i++)
        assert_true(
            ws_raw_send_frame(ws, i == 0 ? WS_RAW_BINARY : WS_RAW_CONTINUATION, false, "", 0));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
    world_stop(world);
}

/* A frame of so many bytes: one item, which is no message. */
static bool send_frame_of(struct ws_raw *ws, size_t size)
{
    uint8_t *bytes = calloc(1, size);
    size_t rest = size - 5;
    bytes[0] = 0xc6;
    for (int i = 0; i < 4; i++)
        bytes[1 + i] = (uint8_t)(rest >> (24 - 8 * i));
    bool sent = ws_raw_send_binary(ws, bytes, size);
    free(bytes);
    return sent;
}

static void a_frame_is_no_larger_than_the_limit(void **state)
{
    (void)state;
    const size_t most = 70000;
    struct limits limits = with(SETTING_FRAME_BYTES, most);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(send_frame_of(ws, most));
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY); /* ERROR bad_message */
    assert_int_equal(gates_metric(world->gates, METRIC_FRAMES_IN), 2);
    send_frame_of(ws, most + 1);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    assert_int_equal(world_closed(world, WIRE_CLOSE_TOO_LARGE), 1);
    ws_raw_free(ws);
    world_stop(world);
}

static void a_hello_is_no_larger_than_the_limit(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    assert_true(send_frame_of(ws, LIMIT_HELLO_BYTES));
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY); /* ERROR bad_message */
    send_frame_of(ws, LIMIT_HELLO_BYTES + 1);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    ws_raw_free(ws);
    world_stop(world);
}

/* A PING in so many frames. */
static void send_in_parts(struct ws_raw *ws, int frames)
{
    for (int i = 0; i < frames; i++) {
        bool last = i == frames - 1;
        assert_true(ws_raw_send_frame(ws, i == 0 ? WS_RAW_BINARY : WS_RAW_CONTINUATION, last,
                                      PING_MESSAGE, last ? 3 : 0));
    }
}

static void a_message_comes_in_no_more_frames_than_the_limit(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    send_in_parts(ws, LIMIT_FRAGMENTS);
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY); /* PONG */
    send_in_parts(ws, LIMIT_FRAGMENTS + 1);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    assert_int_equal(world_closed(world, WIRE_CLOSE_TOO_LARGE), 1);
    ws_raw_free(ws);
    world_stop(world);
}

static void the_kernel_gives_up_on_a_client_after_the_limit(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    int timeout_ms = 0, fd = world_other_end(ws);
    socklen_t size = sizeof(timeout_ms);
    assert_true(fd >= 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &size), 0);
    assert_int_equal(timeout_ms, LIMIT_UNANSWERED_MS);
    ws_raw_free(ws);
    world_stop(world);
}

/* ---- addresses ---- */

static void an_address_has_no_more_sockets_than_the_limit(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_ADDRESS_CONNECTIONS, 2);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    struct ws_raw *two[2], *third;
    for (int i = 0; i < 2; i++)
        assert_int_equal(shake_hands(world, NULL, &two[i]), 101);
    assert_int_equal(shake_hands(world, NULL, &third), 503);
    assert_int_equal(gates_metric(world->gates, METRIC_SOCKETS_REFUSED), 1);
    ws_raw_free(third);
    ws_raw_free(two[0]);
    int status;
    do { /* until the end of the first has been seen */
        status = shake_hands(world, NULL, &third);
        if (status != 101)
            ws_raw_free(third);
    } while (status == 503);
    assert_int_equal(status, 101);
    ws_raw_free(third);
    ws_raw_free(two[1]);
    world_stop(world);
}

static void clients_of_a_proxy_are_counted_each_by_its_address(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_ADDRESS_CONNECTIONS, 2);
    struct world *world =
        world_start(&(struct gate_options){.limits = &limits, .trusted_proxies = "127.0.0.1"});
    static const struct {
        const char *client;
        int status;
    } steps[] = {{"192.0.2.1", 101},   {"192.0.2.1", 101},      {"192.0.2.1", 429},
                 {"192.0.2.2", 101},   {"2001:db8::1", 101},    {"2001:db8::2", 101},
                 {"2001:db8::3", 429}, {"2001:db8:0:1::1", 101}};
    struct ws_raw *all[sizeof(steps) / sizeof(steps[0])];
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int status = shake_hands(world, steps[i].client, &all[i]);
        if (status != steps[i].status)
            fail_msg("%s (%zu): %d", steps[i].client, i, status);
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        ws_raw_free(all[i]);
    world_stop(world);
}

static void an_address_asks_for_no_more_than_the_rate(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_CONNECTS, 3);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    struct ws_raw *ws;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shake_hands(world, NULL, &ws), 101);
        ws_raw_free(ws);
    }
    assert_int_equal(shake_hands(world, NULL, &ws), 429);
    assert_int_equal(gates_metric(world->gates, METRIC_HANDSHAKES_REFUSED), 1);
    ws_raw_free(ws);
    world_stop(world);
}

static void an_address_has_sockets_no_faster_than_the_rate(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_SOCKETS, 3);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    struct ws_raw *ws;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shake_hands(world, NULL, &ws), 101);
        ws_raw_free(ws);
    }
    assert_int_equal(shake_hands(world, NULL, &ws), 503);
    assert_int_equal(gates_metric(world->gates, METRIC_SOCKETS_REFUSED), 1);
    ws_raw_free(ws);
    world_stop(world);
}

/* An OPEN with a link: [3, 1, 0, "d", nil, nil, nil, "none"]. What the hub is told that the address
 * has to wait. */
static uint64_t show_link(struct world *world, struct ws_raw *ws)
{
    static const char open[] = "\x98\x03\x01\x00\xa1"
                               "d\xc0\xc0\xc0\xa4none";
    assert_true(ws_raw_send_binary(ws, open, sizeof(open) - 1));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->message.kind, WIRE_OPEN);
    uint64_t wait_ms = in->wait_ms;
    free(in);
    return wait_ms;
}

static void bad_links_count_for_the_address(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_ADDRESS_BAD_LINKS, 2);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection, other;
    struct ws_raw *ws = world_join(world, 0, &connection);
    struct ws_raw *ws_other = world_join(world, 0, &other);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(show_link(world, ws), 0);
        world_tell(world, &(struct hub_out){.kind = HUB_OUT_BAD_LINK, .connection = connection});
        world_send(world, connection, world_edit(1, 1));
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    }
    uint64_t wait_ms = show_link(world, ws_other);
    assert_in_range(wait_ms, 29000, 30000);
    ws_raw_free(ws_other);
    ws_raw_free(ws);
    world_stop(world);
}

/* The hub closes it for its token, which was bad, or has ended. */
static void turn_down(struct world *world, uint64_t connection, bool is_bad_token)
{
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_CLOSE,
                                        .connection = connection,
                                        .is_bad_token = is_bad_token,
                                        .code = WIRE_CLOSE_UNAUTHORIZED});
}

static void after_bad_tokens_none_of_the_address_is_looked_at(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_BAD_TOKENS, 2);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection, good;
    struct ws_raw *welcome = world_join(world, 0, &good);
    world_send(world, good, world_edit(1, 1));
    assert_int_equal(ws_raw_next(welcome), WS_RAW_BINARY);
    for (int i = 0; i < 2; i++) {
        struct ws_raw *ws = world_join(world, 0, &connection);
        if (i == 1) /* in TOKEN, of somebody who was let in */
            world_send(world, connection, world_edit(1, 1));
        turn_down(world, connection, true);
        assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
        world_expect(world, HUB_IN_GONE, connection);
        ws_raw_free(ws);
    }
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    assert_true(ws_raw_send_binary(ws, WORLD_HELLO, WORLD_HELLO_SIZE));
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_non_null(memmem(ws->message, ws->message_size, "rate_limited", 12));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    assert_false(world_has_posts(world));
    world_check_quiet(welcome); /* who is in stays in */
    ws_raw_free(ws);
    ws_raw_free(welcome);
    world_stop(world);
}

static void a_token_that_ends_is_no_bad_one(void **state)
{
    (void)state;
    struct limits limits = with(SETTING_RATE_BAD_TOKENS, 1);
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    uint64_t connection;
    for (int i = 0; i < 3; i++) {
        struct ws_raw *ws = world_join(world, 0, &connection);
        turn_down(world, connection, false);
        assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
        world_expect(world, HUB_IN_GONE, connection);
        ws_raw_free(ws);
    }
    world_stop(world);
}

/* ---- memory ---- */

/* Whoever asks for its health is told all the same. */
static void when_memory_is_scarce_no_websocket_is_opened(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    struct ws_raw *ws;
    atomic_store(&world->pressure, HUB_TIGHT);
    assert_int_equal(shake_hands(world, NULL, &ws), 101);
    ws_raw_free(ws);
    atomic_store(&world->pressure, HUB_SCARCE);
    assert_int_equal(shake_hands(world, NULL, &ws), 503);
    ws_raw_free(ws);
    char head[2048];
    ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "GET /healthz HTTP/1.1\r\nHost: quire.test\r\n\r\n"));
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 200);
    ws_raw_free(ws);
    atomic_store(&world->pressure, HUB_EASY);
    assert_int_equal(shake_hands(world, NULL, &ws), 101);
    ws_raw_free(ws);
    world_stop(world);
}

#define SMALL_BUFFER 65536

/* How many bytes wait for the only connection: those of a message of `size` are more. The gate
 * stands still while they are looked at. */
static size_t waiting(struct world *world)
{
    world_hold(world);
    const struct peer *peer = slots_at(&world->gates->gate[0]->slots, 0);
    size_t bytes = peer->outbox.bytes;
    world_release(world);
    return bytes;
}

/* Its socket takes nothing more, and exactly so many bytes wait behind what has begun to go out. */
static struct ws_raw *join_with_waiting(struct world *world, size_t bytes, uint64_t *connection_out)
{
    struct ws_raw *ws = world_join(world, SMALL_BUFFER, connection_out);
    world_send(world, *connection_out, world_edit(1, 1u << 24));
    while (gates_metric(world->gates, METRIC_BYTES_OUT) == 0)
        usleep(1000);
    world_send(world, *connection_out, blob_new(1));
    while (waiting(world) == 0)
        usleep(1000);
    size_t cost = waiting(world) - 1;
    world_send(world, *connection_out, blob_new(bytes - waiting(world) - cost));
    return ws;
}

static void more_than_the_limit_waits_for_nobody(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = join_with_waiting(world, LIMIT_OUTBOX_BYTES, &connection);
    while (waiting(world) < LIMIT_OUTBOX_BYTES)
        usleep(1000);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 0);
    world_send(world, connection, blob_new(0));
    world_expect(world, HUB_IN_GONE, connection);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 1);
    ws_raw_free(ws);
    world_stop(world);
}

/* Of two who do not read the one for whom more waits goes first, and who reads stays. */
static void when_memory_is_out_the_heaviest_goes(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t heavy, heavier, quiet;
    struct ws_raw *one = world_join(world, SMALL_BUFFER, &heavy);
    struct ws_raw *other = world_join(world, SMALL_BUFFER, &heavier);
    struct ws_raw *good = world_join(world, 0, &quiet);
    for (uint64_t i = 0; i < 24; i++) {
        world_send(world, heavier, world_edit(1, 1u << 20));
        if (i % 2 == 0)
            world_send(world, heavy, world_edit(1, 1u << 20));
    }
    world_check_quiet(good);
    atomic_store(&world->pressure, HUB_OUT);
    world_expect(world, HUB_IN_GONE, heavier);
    world_expect(world, HUB_IN_GONE, heavy);
    world_check_quiet(good);
    ws_raw_free(one);
    ws_raw_free(other);
    ws_raw_free(good);
    world_stop(world);
}

/* Somebody who has sent so much of a message, and never sends the rest. */
static struct ws_raw *join_with_begun(struct world *world, size_t size, uint64_t *connection)
{
    uint8_t *bytes = calloc(1, size);
    struct ws_raw *ws = world_join(world, 0, connection);
    assert_true(ws_raw_send_header(ws, WS_RAW_BINARY, true, 1000000));
    uint64_t before = gates_metric(world->gates, METRIC_BYTES_IN);
    assert_true(ws_raw_send(ws, bytes, size));
    while (gates_metric(world->gates, METRIC_BYTES_IN) < before + size)
        usleep(1000);
    free(bytes);
    return ws;
}

/* At the limit the gate may look as often as it likes. */
static void who_holds_little_stays_when_memory_is_out(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = join_with_begun(world, LIMIT_HEAVY_BYTES, &connection);
    atomic_store(&world->pressure, HUB_OUT);
    world_pass_ticks(world, 2);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 0);
    assert_true(ws_raw_send(ws, "", 1));
    world_expect(world, HUB_IN_GONE, connection);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 1);
    ws_raw_free(ws);
    world_stop(world);
}

static void when_memory_is_scarce_messages_that_never_end_go(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t more, less, little, quiet;
    struct ws_raw *one = join_with_begun(world, 700000, &more);
    struct ws_raw *other = join_with_begun(world, 400000, &less);
    struct ws_raw *small = join_with_begun(world, 100000, &little);
    struct ws_raw *good = world_join(world, 0, &quiet);
    world_check_quiet(good);
    atomic_store(&world->pressure, HUB_TIGHT);
    world_pass_ticks(world, 2);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 0);
    atomic_store(&world->pressure, HUB_SCARCE);
    world_expect(world, HUB_IN_GONE, more);
    world_expect(world, HUB_IN_GONE, less);
    world_pass_ticks(world, 2);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 2);
    ws_raw_free(one);
    ws_raw_free(other);
    ws_raw_free(small);
    ws_raw_free(good);
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_and_pieces_come_no_faster_than_the_rate),
        cmocka_unit_test(a_frame_is_no_larger_than_the_limit),
        cmocka_unit_test(a_hello_is_no_larger_than_the_limit),
        cmocka_unit_test(a_message_comes_in_no_more_frames_than_the_limit),
        cmocka_unit_test(the_kernel_gives_up_on_a_client_after_the_limit),
        cmocka_unit_test(an_address_has_no_more_sockets_than_the_limit),
        cmocka_unit_test(clients_of_a_proxy_are_counted_each_by_its_address),
        cmocka_unit_test(an_address_asks_for_no_more_than_the_rate),
        cmocka_unit_test(an_address_has_sockets_no_faster_than_the_rate),
        cmocka_unit_test(bad_links_count_for_the_address),
        cmocka_unit_test(after_bad_tokens_none_of_the_address_is_looked_at),
        cmocka_unit_test(a_token_that_ends_is_no_bad_one),
        cmocka_unit_test(when_memory_is_scarce_no_websocket_is_opened),
        cmocka_unit_test(when_memory_is_out_the_heaviest_goes),
        cmocka_unit_test(when_memory_is_scarce_messages_that_never_end_go),
        cmocka_unit_test(more_than_the_limit_waits_for_nobody),
        cmocka_unit_test(who_holds_little_stays_when_memory_is_out),
    };
    return cmocka_run_group_tests_name("limits_gate", tests, NULL, NULL);
}

/* How gates go: draining and stopping, several gates, and their end with everything open. */
#include "unit/gate_world.h"

#include "server/limits.h"
#include "server/thread/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SNAPSHOT_BYTES 16777216
#define ROOM           9
#define SMALL_BUFFER   262144

static void *stop_in_thread(void *world)
{
    world_stop(world);
    return NULL;
}

static void nothing_at_all_stops_at_once(void **state)
{
    (void)state;
    for (unsigned gates = 1; gates <= 3; gates++) {
        world_stop(world_start(&(struct gate_options){.gates = gates}));
    }
}

static void draining_tells_everybody_when_to_come_back(void **state)
{
    enum { CLIENTS = 20, RETRY_MS = 8000 };
    (void)state;
    struct world *world = world_start(NULL);
    struct ws_raw *clients[CLIENTS];
    uint64_t connection;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = world_join(world, 0, &connection);
    }
    gates_drain(world->gates, RETRY_MS);
    unsigned least = UINT32_MAX;
    unsigned most = 0;
    for (int i = 0; i < CLIENTS; i++) {
        struct ws_raw *ws = clients[i];
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
        assert_int_equal(ws->message_size, 5);
        assert_memory_equal(ws->message, "\x92\x2f\xcd", 3);
        unsigned retry_ms = (unsigned)ws->message[3] << 8 | ws->message[4];
        assert_in_range(retry_ms, RETRY_MS / 2, RETRY_MS);
        least = retry_ms < least ? retry_ms : least;
        most = retry_ms > most ? retry_ms : most;
        ws_raw_free(ws);
    }
    assert_true(most > least);
    world_stop(world);
}

/* What was queued comes first, then goodbye with 4503. */
static void stopping_writes_out_what_is_queued(void **state)
{
    enum { ITEMS = 500, SIZE = 1000 };
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SMALL_BUFFER, &connection);
    world_attach(world, connection, 3, ROOM, 0, world_edit(1, 5));
    for (uint64_t i = 0; i < ITEMS; i++) {
        world_item(world, ROOM, i, world_edit(i + 2, SIZE));
    }
    pthread_t stopping;
    assert_int_equal(pthread_create(&stopping, NULL, stop_in_thread, world), 0);
    uint64_t next = 1;
    while (next <= ITEMS + 1) {
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
        for (size_t at = 0; at < ws->message_size; next++) {
            uint8_t channel;
            assert_int_equal(world_read_edit(ws, &at, &channel), next);
        }
    }
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_GOING);
    ws_raw_free(ws);
    pthread_join(stopping, NULL);
}

/* Neither one who reads nothing, nor one who does not answer goodbye, nor an unfinished handshake
 * or page holds it up for long. */
static void stopping_takes_bounded_time_whatever_clients_do(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *deaf = world_join(world, SMALL_BUFFER, &connection);
    world_send(world, connection, world_edit(1, SNAPSHOT_BYTES));
    struct ws_raw *mute = world_join(world, 0, &connection);
    struct ws_raw *greeting = ws_raw_open(world->port, 0);
    struct ws_raw *handshaking = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(handshaking, "GET /ws HTTP/1.1\r\nHost:"));
    uint64_t before = clock_monotonic_ms();
    world_stop(world);
    /* Just how long: limits_times. Without any bound it would be as long as goodbye may take. */
    assert_true(clock_monotonic_ms() - before < 20 * LIMIT_DRAIN_MS);
    ws_raw_free(deaf);
    ws_raw_free(mute);
    ws_raw_free(greeting);
    ws_raw_free(handshaking);
}

static void clients_that_answer_goodbye_do_not_hold_it_up(void **state)
{
    enum { CLIENTS = 50 };
    (void)state;
    struct world *world = world_start(&(struct gate_options){.gates = 2});
    struct ws_raw *clients[CLIENTS];
    uint64_t connection;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = world_join(world, 0, &connection);
    }
    pthread_t stopping;
    assert_int_equal(pthread_create(&stopping, NULL, stop_in_thread, world), 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(ws_raw_close_code(clients[i]), WIRE_CLOSE_GOING);
        assert_true(ws_raw_send_frame(clients[i], WS_RAW_CLOSE, true, clients[i]->message, 2));
        ws_raw_free(clients[i]);
    }
    pthread_join(stopping, NULL);
}

static void connections_are_spread_over_the_gates(void **state)
{
    enum { GATES = 3, CLIENTS = 12 };
    (void)state;
    struct world *world = world_start(&(struct gate_options){.gates = GATES});
    struct ws_raw *clients[CLIENTS];
    uint64_t connections[CLIENTS];
    unsigned of_gate[GATES] = {0};
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = world_join(world, 0, &connections[i]);
        of_gate[HUB_GATE_OF(connections[i])]++;
        world_attach(world, connections[i], 1, ROOM, 0, world_edit(1, 5));
        assert_int_equal(ws_raw_next(clients[i]), WS_RAW_BINARY);
    }
    for (unsigned gate = 0; gate < GATES; gate++) {
        assert_int_equal(of_gate[gate], CLIENTS / GATES);
        struct hub_out *out = calloc(1, sizeof(*out));
        *out = (struct hub_out){
            .kind = HUB_OUT_ITEM, .room = ROOM, .version = 2, .blob = world_edit(2, 5)};
        gates_send(world->gates, gate, out);
    }
    for (int i = 0; i < CLIENTS; i++) {
        size_t at = 0;
        uint8_t channel;
        assert_int_equal(ws_raw_next(clients[i]), WS_RAW_BINARY);
        assert_int_equal(world_read_edit(clients[i], &at, &channel), 2);
        ws_raw_free(clients[i]);
    }
    world_stop(world);
}

static void what_happened_is_counted(void **state)
{
    (void)state;
    struct world *world = world_start(NULL);
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    world_check_quiet(ws);
    const struct gates *gates = world->gates;
    while (gates_metric(gates, METRIC_FRAMES_OUT) == 0 ||
           gates_metric(gates, METRIC_BYTES_OUT) == 0) {
        usleep(1000); /* The answer may be read before it has been counted. */
    }
    assert_int_equal(gates_metric(gates, METRIC_CONNECTIONS), 1);
    assert_int_equal(gates_metric(gates, METRIC_CONNECTIONS_OPENED), 1);
    assert_int_equal(gates_metric(gates, METRIC_FRAMES_IN), 2);
    assert_int_equal(gates_metric(gates, METRIC_BYTES_IN), WORLD_HELLO_SIZE + 3);
    assert_int_equal(gates_metric(gates, METRIC_MESSAGES_IN), 2);
    assert_int_equal(gates_metric(gates, METRIC_FRAMES_OUT), 1);
    assert_int_equal(gates_metric(gates, METRIC_BYTES_OUT), 2 + 3);
    assert_int_equal(gates_metric(gates, METRIC_HANDSHAKES_REFUSED), 0);
    ws_raw_free(ws);
    world_expect(world, HUB_IN_GONE, connection);
    while (gates_metric(gates, METRIC_CONNECTIONS) > 0) {
        usleep(1000);
    }
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_all_stops_at_once),
        cmocka_unit_test(draining_tells_everybody_when_to_come_back),
        cmocka_unit_test(stopping_writes_out_what_is_queued),
        cmocka_unit_test(stopping_takes_bounded_time_whatever_clients_do),
        cmocka_unit_test(clients_that_answer_goodbye_do_not_hold_it_up),
        cmocka_unit_test(connections_are_spread_over_the_gates),
        cmocka_unit_test(what_happened_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

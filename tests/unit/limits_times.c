/* Each time that a gate allows, just before it has passed and when it has: the gates' clock is the
 * test's, and their ticks come often. */
#include "server/gate/peer.h"
#include "unit/gate_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TICK_MS      5
#define BEGIN_MS     1000000 /* a multiple of WHEEL_TICK_MS, as are the limits */
#define SLOW_BUFFER  65536
#define ENOUGH_TICKS 4
#define LOOKS        18 /* ticks in which it looks at each connection twice */
/* Then kernels have moved what they can from one to the other. */
#define STILL_LOOKS 30
#define MIB         (1u << 20)

/* ---- the clock ---- */

static atomic_uint_least64_t now_ms;
static atomic_uint ticks;

uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t first_ms,
                          uint64_t again_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t first_ms,
                          uint64_t again_ms);

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return atomic_load(&now_ms);
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb call, uint64_t first_ms, uint64_t again_ms)
{
    bool is_tick = again_ms == WHEEL_TICK_MS;
    return __real_uv_timer_start(timer, call, is_tick ? TICK_MS : first_ms,
                                 is_tick ? TICK_MS : again_ms);
}

/* Of every socket; INT64_MAX: what the kernel says. */
static atomic_uint_least64_t read_bytes = INT64_MAX;

uint64_t __real_socket_read_bytes(int socket);
uint64_t __wrap_socket_read_bytes(int socket);

uint64_t __wrap_socket_read_bytes(int socket)
{
    uint64_t bytes = atomic_load(&read_bytes);
    return bytes == INT64_MAX ? __real_socket_read_bytes(socket) : bytes;
}

/* A gate asks for it in each tick. */
static enum hub_pressure count_ticks(void *context)
{
    (void)context;
    atomic_fetch_add(&ticks, 1);
    return HUB_EASY;
}

static void pass_ticks(unsigned count)
{
    unsigned from = atomic_load(&ticks);
    while (atomic_load(&ticks) - from < count)
        usleep(1000);
}

/* Has the gate look at its timers as of now. */
static void let_it_look(void)
{
    pass_ticks(ENOUGH_TICKS);
}

/* It is `ms` after the test's beginning. */
static void at(uint64_t ms)
{
    atomic_store(&now_ms, BEGIN_MS + ms);
    let_it_look();
}

static struct world *begin(void)
{
    atomic_store(&read_bytes, INT64_MAX);
    atomic_store(&now_ms, BEGIN_MS);
    return world_start_with(&(struct gate_options){0}, count_ticks);
}

static uint64_t connections(const struct world *world)
{
    return gates_metric(world->gates, METRIC_CONNECTIONS);
}

static void check_nothing_came(struct ws_raw *ws)
{
    char byte;
    assert_int_equal(ws->size, 0);
    assert_int_equal(recv(ws->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

/* ---- what a client has time for ---- */

static void hello_is_to_come_in_time(void **state)
{
    (void)state;
    struct world *world = begin();
    struct ws_raw *timely = ws_raw_open(world->port, 0), *late = ws_raw_open(world->port, 0);
    let_it_look(); /* its time begins when the gate has taken it in */
    at(LIMIT_HELLO_MS - 1);
    assert_true(ws_raw_send_binary(timely, WORLD_HELLO, WORLD_HELLO_SIZE));
    free(world_take(world));
    check_nothing_came(late);
    at(LIMIT_HELLO_MS);
    assert_int_equal(ws_raw_close_code(late), WIRE_CLOSE_NO_HELLO);
    assert_int_equal(world_closed(world, WIRE_CLOSE_NO_HELLO), 1);
    world_check_quiet(timely);
    ws_raw_free(timely);
    ws_raw_free(late);
    world_stop(world);
}

static void who_is_silent_is_asked_and_then_ended(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    at(LIMIT_PING_MS - 1);
    check_nothing_came(ws);
    at(LIMIT_PING_MS);
    assert_int_equal(ws_raw_next(ws), WS_RAW_PING);
    at(LIMIT_SILENCE_MS - 1);
    check_nothing_came(ws);
    at(LIMIT_SILENCE_MS);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_IDLE);
    assert_int_equal(world_closed(world, WIRE_CLOSE_IDLE), 1);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
    world_stop(world);
}

/* Has as much sent as the socket takes, so that something waits. */
static void fill(struct world *world, uint64_t connection)
{
    uint64_t before = 0;
    int still = 0;
    world_send(world, connection, world_edit(1, 16 * MIB));
    while (still < STILL_LOOKS) {
        uint64_t sent = gates_metric(world->gates, METRIC_BYTES_OUT);
        still = sent > 0 && sent == before ? still + 1 : 0;
        before = sent;
        let_it_look();
    }
}

static void what_waits_may_stand_still_for_so_long(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SLOW_BUFFER, &connection);
    fill(world, connection);
    at(LIMIT_STALL_MS - 1);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 0);
    at(LIMIT_STALL_MS);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 1);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
    world_stop(world);
}

/* Also of one who has not taken all. */
static void goodbye_takes_no_longer_than_so(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SLOW_BUFFER, &connection);
    fill(world, connection);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_CLOSE,
                                        .connection = connection,
                                        .code = WIRE_CLOSE_INTERNAL});
    world_expect(world, HUB_IN_GONE, connection);
    at(LIMIT_CLOSE_MS - 1);
    assert_int_equal(connections(world), 1);
    at(LIMIT_CLOSE_MS);
    while (connections(world) > 0)
        let_it_look(); /* it ends when its loop finds the socket cut */
    ws_raw_free(ws);
    world_stop(world);
}

static uint64_t received(const struct world *world)
{
    return gates_metric(world->gates, METRIC_BYTES_IN);
}

/* One who was told to go and says more. */
static void after_goodbye_a_client_is_read_for_so_long(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_CLOSE,
                                        .connection = connection,
                                        .code = WIRE_CLOSE_INTERNAL});
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_INTERNAL);
    let_it_look();
    at(LIMIT_ANSWER_MS - 1);
    uint64_t before = received(world);
    assert_true(ws_raw_send_binary(ws, "x", 1));
    while (received(world) == before)
        let_it_look();
    at(LIMIT_ANSWER_MS);
    assert_true(ws_raw_send_binary(ws, "x", 1)); /* with this one it is no longer listened to */
    let_it_look();
    before = received(world);
    assert_true(ws_raw_send_binary(ws, "x", 1));
    let_it_look();
    assert_int_equal(received(world), before);
    at(LIMIT_CLOSE_MS);
    while (connections(world) > 0)
        let_it_look();
    ws_raw_free(ws);
    world_stop(world);
}

struct stopping {
    struct world *world;
    atomic_bool ended;
};

static void *stop_in_thread(void *context)
{
    struct stopping *stopping = context;
    world_stop(stopping->world);
    atomic_store(&stopping->ended, true);
    return NULL;
}

static void stopping_takes_no_longer_than_so(void **state)
{
    (void)state;
    struct stopping stopping = {.world = begin()};
    uint64_t connection;
    struct ws_raw *ws = world_join(stopping.world, SLOW_BUFFER, &connection);
    fill(stopping.world, connection);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_in_thread, &stopping), 0);
    let_it_look();
    at(LIMIT_CLOSE_MS < LIMIT_DRAIN_MS ? LIMIT_CLOSE_MS - 1 : LIMIT_DRAIN_MS - 1);
    assert_false(atomic_load(&stopping.ended));
    atomic_store(&now_ms, BEGIN_MS + LIMIT_DRAIN_MS);
    pthread_join(thread, NULL);
    ws_raw_free(ws);
}

/* ---- what a client may say in a time ---- */

static void pongs_that_nobody_asked_for_are_counted_by_the_second(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (int second = 0; second < 2; second++) {
        at((uint64_t)second * 1000);
        for (int i = 0; i < LIMIT_NOISE; i++)
            assert_true(ws_raw_send_frame(ws, WS_RAW_PONG, true, "x", 1));
        world_check_quiet(ws);
    }
    assert_true(ws_raw_send_frame(ws, WS_RAW_PONG, true, "x", 1));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 1);
    ws_raw_free(ws);
    world_stop(world);
}

/* The looks take turns: by then it has been looked at. */
static void look_at_bytes(uint64_t bytes)
{
    atomic_store(&read_bytes, bytes);
    pass_ticks(LOOKS);
}

static void bytes_that_nobody_is_told_of_are_counted_from_look_to_look(void **state)
{
    (void)state;
    struct world *world = begin();
    uint64_t connection;
    atomic_store(&read_bytes, 0);
    struct ws_raw *one = world_join(world, 0, &connection);
    struct ws_raw *other = world_join(world, 0, &connection); /* whose turn is another */
    look_at_bytes(0);                                         /* fewer than the messages have */
    look_at_bytes(1000);
    look_at_bytes(UINT64_MAX); /* the kernel does not say */
    look_at_bytes(999);
    look_at_bytes(1000 + LIMIT_UNSEEN_BYTES);
    look_at_bytes(1000 + 2 * LIMIT_UNSEEN_BYTES);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 0);
    look_at_bytes(1001 + 3 * LIMIT_UNSEEN_BYTES);
    assert_int_equal(ws_raw_close_code(one), WIRE_CLOSE_OVERLOADED);
    assert_int_equal(ws_raw_close_code(other), WIRE_CLOSE_OVERLOADED);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 2);
    ws_raw_free(one);
    ws_raw_free(other);
    world_stop(world);
}

/* ---- what the log tells ---- */

static void ask_as_evil(const struct world *world)
{
    char head[2048];
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"));
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 421);
    ws_raw_free(ws);
}

static void so_many_lines_a_second_tell_of_what_is_refused(void **state)
{
    (void)state;
    char line[WORLD_LINE_MAX];
    struct world *world = begin();
    for (unsigned i = 1; i <= LIMIT_REFUSED_LINES; i++) {
        ask_as_evil(world);
        assert_int_equal(world_logged(world, line), i);
    }
    at(999);
    ask_as_evil(world);
    ask_as_evil(world);
    assert_int_equal(world_logged(world, line), LIMIT_REFUSED_LINES);
    assert_null(strstr(line, "untold"));
    at(1000);
    ask_as_evil(world);
    assert_int_equal(world_logged(world, line), LIMIT_REFUSED_LINES + 1);
    assert_non_null(strstr(line, " untold=2"));
    for (unsigned i = 2; i <= LIMIT_REFUSED_LINES + 1; i++)
        ask_as_evil(world);
    assert_int_equal(world_logged(world, line), 2 * LIMIT_REFUSED_LINES);
    assert_null(strstr(line, "untold"));
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_to_come_in_time),
        cmocka_unit_test(who_is_silent_is_asked_and_then_ended),
        cmocka_unit_test(what_waits_may_stand_still_for_so_long),
        cmocka_unit_test(goodbye_takes_no_longer_than_so),
        cmocka_unit_test(after_goodbye_a_client_is_read_for_so_long),
        cmocka_unit_test(stopping_takes_no_longer_than_so),
        cmocka_unit_test(pongs_that_nobody_asked_for_are_counted_by_the_second),
        cmocka_unit_test(bytes_that_nobody_is_told_of_are_counted_from_look_to_look),
        cmocka_unit_test(so_many_lines_a_second_tell_of_what_is_refused),
    };
    return cmocka_run_group_tests_name("limits_times", tests, NULL, NULL);
}

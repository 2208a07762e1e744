#include "server/gate/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define TIMERS 500

/* A timer that knows when it fired. */
struct timer {
    struct wheel_entry entry;
    uint64_t fired_ms; /* 0: not yet */
    int count;
};

struct clock {
    struct wheel wheel;
    uint64_t now_ms;
    struct wheel_entry *to_cancel, *to_set;
    uint64_t set_to_ms;
};

static void fire(void *context, struct wheel_entry *entry)
{
    struct clock *clock = context;
    struct timer *timer = (struct timer *)entry;
    timer->fired_ms = clock->now_ms;
    timer->count++;
    if (clock->to_cancel != NULL) {
        wheel_cancel(clock->to_cancel);
    }
    if (clock->to_set != NULL) {
        wheel_set(&clock->wheel, clock->to_set, clock->set_to_ms);
        clock->to_set = NULL;
    }
}

static void advance(struct clock *clock, uint64_t now_ms)
{
    clock->now_ms = now_ms;
    wheel_advance(&clock->wheel, now_ms, fire, clock);
}

static void start(struct clock *clock, uint64_t now_ms)
{
    *clock = (struct clock){.now_ms = now_ms};
    wheel_init(&clock->wheel, now_ms);
}

static void a_timer_fires_once_and_not_early(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    start(&clock, 10000);
    wheel_set(&clock.wheel, &timer.entry, 11200);
    advance(&clock, 11199);
    assert_int_equal(timer.count, 0);
    assert_true(wheel_is_set(&timer.entry));
    advance(&clock, 12000);
    assert_int_equal(timer.count, 1);
    assert_false(wheel_is_set(&timer.entry));
    advance(&clock, 99000);
    assert_int_equal(timer.count, 1);
}

static void a_timer_of_the_past_fires_at_the_next_tick(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    start(&clock, 10000);
    wheel_set(&clock.wheel, &timer.entry, 3);
    advance(&clock, 10000 + WHEEL_TICK_MS);
    assert_int_equal(timer.count, 1);
}

static void a_timer_beyond_the_wheels_span_waits_its_turn(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    const uint64_t span_ms = (uint64_t)WHEEL_SLOTS * WHEEL_TICK_MS;
    start(&clock, 0);
    wheel_set(&clock.wheel, &timer.entry, 3 * span_ms + 700);
    for (uint64_t now = 0; now < 3 * span_ms + 700; now += WHEEL_TICK_MS) {
        advance(&clock, now);
        assert_int_equal(timer.count, 0);
    }
    advance(&clock, 3 * span_ms + 700 + WHEEL_TICK_MS);
    assert_int_equal(timer.count, 1);
}

static void a_cancelled_timer_does_not_fire(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    start(&clock, 0);
    wheel_cancel(&timer.entry);
    wheel_set(&clock.wheel, &timer.entry, 1000);
    wheel_cancel(&timer.entry);
    advance(&clock, 5000);
    assert_int_equal(timer.count, 0);
}

static void a_moved_timer_fires_at_its_last_time_only(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    start(&clock, 0);
    wheel_set(&clock.wheel, &timer.entry, 1000);
    wheel_set(&clock.wheel, &timer.entry, 9000);
    advance(&clock, 8999);
    assert_int_equal(timer.count, 0);
    advance(&clock, 9500);
    assert_int_equal(timer.count, 1);
}

static void a_firing_timer_may_cancel_another_that_is_due(void **state)
{
    (void)state;
    struct clock clock;
    struct timer first = {0};
    struct timer second = {0};
    start(&clock, 0);
    wheel_set(&clock.wheel, &first.entry, 1000);
    wheel_set(&clock.wheel, &second.entry, 1000);
    clock.to_cancel = &second.entry;
    advance(&clock, 2000);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 0);
}

static void a_firing_timer_may_set_itself_again(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timer = {0};
    start(&clock, 0);
    wheel_set(&clock.wheel, &timer.entry, 1000);
    clock.to_set = &timer.entry;
    clock.set_to_ms = 1;
    advance(&clock, 1000);
    assert_int_equal(timer.count, 1);
    advance(&clock, 1000 + WHEEL_TICK_MS);
    assert_int_equal(timer.count, 2);
}

/* A leap of the clock that is longer than the wheel fires everything that is due. */
static void a_leap_fires_everything(void **state)
{
    (void)state;
    struct clock clock;
    struct timer timers[WHEEL_SLOTS * 2] = {0};
    start(&clock, 0);
    for (size_t i = 0; i < WHEEL_SLOTS * 2; i++) {
        wheel_set(&clock.wheel, &timers[i].entry, i * WHEEL_TICK_MS);
    }
    advance(&clock, UINT64_C(1000) * WHEEL_SLOTS * WHEEL_TICK_MS);
    for (size_t i = 0; i < WHEEL_SLOTS * 2; i++) {
        assert_int_equal(timers[i].count, 1);
    }
}

static unsigned seed_of_test(void)
{
    const char *given = getenv("QUIRE_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("QUIRE_SEED=%u\n", seed);
    return seed;
}

static void random_timers_all_fire_within_two_ticks(void **state)
{
    (void)state;
    unsigned seed = seed_of_test();
    struct clock clock;
    struct timer timers[TIMERS] = {0};
    start(&clock, 12345);
    for (size_t i = 0; i < TIMERS; i++) {
        wheel_set(&clock.wheel, &timers[i].entry, 12345 + (unsigned)rand_r(&seed) % 200000);
    }
    while (clock.now_ms < 12345 + 202000) {
        advance(&clock, clock.now_ms + 1 + (unsigned)rand_r(&seed) % WHEEL_TICK_MS);
    }
    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(timers[i].count, 1);
        assert_true(timers[i].fired_ms >= timers[i].entry.due_ms);
        assert_true(timers[i].fired_ms <= timers[i].entry.due_ms + 2 * WHEEL_TICK_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_early),
        cmocka_unit_test(a_timer_of_the_past_fires_at_the_next_tick),
        cmocka_unit_test(a_timer_beyond_the_wheels_span_waits_its_turn),
        cmocka_unit_test(a_cancelled_timer_does_not_fire),
        cmocka_unit_test(a_moved_timer_fires_at_its_last_time_only),
        cmocka_unit_test(a_firing_timer_may_cancel_another_that_is_due),
        cmocka_unit_test(a_firing_timer_may_set_itself_again),
        cmocka_unit_test(a_leap_fires_everything),
        cmocka_unit_test(random_timers_all_fire_within_two_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

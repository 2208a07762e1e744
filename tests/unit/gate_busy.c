#include "server/gate/busy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* So many in a window are a thousand a second. */
#define MANY 16
#define ROOM 64 /* connections */
#define LOAD 16 /* messages of a turn that is long enough */

_Static_assert(MANY * 1000 == BUSY_PEERS_PER_S * BUSY_WINDOW_MS, "as many as count");
_Static_assert(ROOM == BUSY_CONNECTIONS && LOAD == BUSY_TURN, "where it begins");

struct crowd {
    struct busy busy;
    uint64_t now_ms;
    uint64_t last_ms[MANY]; /* of each */
};

/* A window has just begun, and nobody has said anything. */
static struct crowd begin(void)
{
    struct crowd crowd = {.now_ms = 5000};
    busy_rests(&crowd.busy, crowd.now_ms, ROOM, 0);
    return crowd;
}

/* Each of the first `people` says so many things. */
static void say(struct crowd *crowd, size_t people, size_t messages)
{
    for (size_t i = 0; i < people; i++) {
        for (size_t n = 0; n < messages; n++) {
            busy_heard(&crowd->busy, &crowd->last_ms[i]);
        }
    }
}

/* The turn that ends so much later: does the loop rest? */
static bool rests_after(struct crowd *crowd, uint64_t ms, size_t connections, size_t posted)
{
    crowd->now_ms += ms;
    return busy_rests(&crowd->busy, crowd->now_ms, connections, posted);
}

static void it_rests_when_many_speak_and_not_for_one_less(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_true(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
    crowd = begin();
    say(&crowd, MANY - 1, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
}

static void few_who_send_very_much_let_nobody_wait(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY - 1, 1000);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
}

static void each_counts_in_each_window(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    for (int window = 0; window < 3; window++) {
        say(&crowd, MANY, 1);
        assert_true(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
    }
}

static void nobody_counts_in_the_next_window(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_true(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
    say(&crowd, 1, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, 1));
}

static void it_is_the_time_that_passed_that_says_whether_they_are_many(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS + 1, ROOM, 1));
}

static void within_a_window_what_the_one_before_was_like_holds(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS - 1, ROOM, 1));
    assert_true(rests_after(&crowd, 1, ROOM, 1));
    assert_true(rests_after(&crowd, BUSY_WINDOW_MS - 1, ROOM, 1));
    assert_false(rests_after(&crowd, 1, ROOM, 1));
}

static void where_few_are_connected_it_never_rests(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS, ROOM - 1, 1));
}

static void a_turn_that_had_much_to_do_needs_no_rest(void **state)
{
    (void)state;
    struct crowd crowd = begin();
    say(&crowd, MANY, 1);
    assert_false(rests_after(&crowd, BUSY_WINDOW_MS, ROOM, LOAD));
    assert_true(rests_after(&crowd, 0, ROOM, LOAD - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rests_when_many_speak_and_not_for_one_less),
        cmocka_unit_test(few_who_send_very_much_let_nobody_wait),
        cmocka_unit_test(each_counts_in_each_window),
        cmocka_unit_test(nobody_counts_in_the_next_window),
        cmocka_unit_test(it_is_the_time_that_passed_that_says_whether_they_are_many),
        cmocka_unit_test(within_a_window_what_the_one_before_was_like_holds),
        cmocka_unit_test(where_few_are_connected_it_never_rests),
        cmocka_unit_test(a_turn_that_had_much_to_do_needs_no_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

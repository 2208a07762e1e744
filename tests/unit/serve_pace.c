/* When a commit begins. Times are in units of a tenth of the interval. */
#include "server/serve/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define UNIT     UINT64_C(1000)
#define INTERVAL (10 * UNIT)
#define START    (1000 * INTERVAL)

static uint64_t at(uint64_t units)
{
    return START + units * UNIT;
}

/* How long commits wait for one of so many, who share a sync. */
static uint64_t rest_of(uint64_t authors)
{
    return INTERVAL * (authors < PACE_CROWD ? authors : PACE_CROWD) / PACE_CROWD;
}

static struct pace pace_new(void)
{
    struct pace pace;
    pace_init(&pace, INTERVAL);
    return pace;
}

static void a_lone_author_never_waits(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    for (uint64_t units = 0; units < 100; units++) {
        pace_note(&pace, 1, at(units));
        assert_true(pace_due_ns(&pace, 1) <= at(units));
        pace_begin(&pace, at(units));
    }
}

static void authors_in_step_wait_for_one_another_and_no_longer(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    pace_note(&pace, 1, at(0));
    pace_note(&pace, 2, at(0));
    pace_begin(&pace, at(0));
    for (uint64_t units = 1; units < 100; units += 2) {
        pace_note(&pace, 1, at(units));
        assert_int_equal(pace_due_ns(&pace, 1), at(units - 1) + rest_of(2));
        assert_int_equal(pace_missing(&pace, 1), 1);
        pace_note(&pace, 2, at(units));
        assert_true(pace_due_ns(&pace, 2) <= at(units));
        pace_begin(&pace, at(units + 1));
    }
}

static void an_author_who_left_is_waited_for_two_intervals_at_most(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    pace_note(&pace, 2, at(0));
    pace_begin(&pace, at(0));
    pace_note(&pace, 1, at(9));
    assert_int_equal(pace_due_ns(&pace, 1), at(0) + rest_of(2));
    pace_begin(&pace, at(10));
    pace_note(&pace, 1, at(11));
    assert_int_equal(pace_due_ns(&pace, 1), at(10) + rest_of(2));
    pace_begin(&pace, at(20));
    pace_note(&pace, 1, at(21));
    assert_true(pace_due_ns(&pace, 1) <= at(21));
}

static void after_a_pause_nobody_is_waited_for(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    for (uint64_t author = 1; author <= 5; author++)
        pace_note(&pace, author, at(author));
    pace_begin(&pace, at(6));
    pace_note(&pace, 9, at(30));
    assert_true(pace_due_ns(&pace, 1) <= at(30));
}

static void many_who_come_and_go_share_a_commit_each_interval(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    size_t waiting = 0, commits = 0;
    for (uint64_t units = 0; units < 1000; units++) {
        pace_note(&pace, units % 400, at(units)); /* one in each unit, nobody twice in a while */
        waiting++;
        if (pace_due_ns(&pace, waiting) <= at(units)) {
            pace_begin(&pace, at(units));
            waiting = 0;
            commits++;
        }
    }
    assert_in_range(commits, 99, 102);
}

static void the_more_authors_the_longer_one_who_is_late_is_waited_for(void **state)
{
    (void)state;
    for (uint64_t authors = 2; authors < 2 * (uint64_t)PACE_CROWD; authors++) {
        struct pace pace = pace_new();
        for (uint64_t author = 1; author <= authors; author++)
            pace_note(&pace, author, at(0));
        pace_begin(&pace, at(0));
        pace_note(&pace, 1, at(1));
        uint64_t parts = authors < 8 ? authors : 8;
        assert_int_equal(pace_due_ns(&pace, 1), at(0) + INTERVAL * parts / 8);
    }
}

static void beyond_its_memory_the_interval_decides(void **state)
{
    (void)state;
    struct pace pace = pace_new();
    pace_begin(&pace, at(0));
    for (uint64_t author = 1; author < PACE_AUTHORS; author++)
        pace_note(&pace, author, at(1));
    assert_true(pace_due_ns(&pace, PACE_AUTHORS - 1) <= at(1));
    assert_int_equal(pace_missing(&pace, 3), PACE_AUTHORS - 4);
    assert_int_equal(pace_missing(&pace, PACE_AUTHORS - 1), 1);
    pace_note(&pace, PACE_AUTHORS, at(1));
    pace_note(&pace, PACE_AUTHORS + 1, at(1));
    assert_int_equal(pace_due_ns(&pace, PACE_AUTHORS + 1), at(10));
}

static void without_an_interval_nothing_waits(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 0);
    for (uint64_t author = 1; author < 200; author++) {
        pace_note(&pace, author, at(author / 7));
        assert_true(pace_due_ns(&pace, 1) <= at(author / 7));
        pace_begin(&pace, at(author / 7));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_author_never_waits),
        cmocka_unit_test(authors_in_step_wait_for_one_another_and_no_longer),
        cmocka_unit_test(an_author_who_left_is_waited_for_two_intervals_at_most),
        cmocka_unit_test(after_a_pause_nobody_is_waited_for),
        cmocka_unit_test(many_who_come_and_go_share_a_commit_each_interval),
        cmocka_unit_test(the_more_authors_the_longer_one_who_is_late_is_waited_for),
        cmocka_unit_test(beyond_its_memory_the_interval_decides),
        cmocka_unit_test(without_an_interval_nothing_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

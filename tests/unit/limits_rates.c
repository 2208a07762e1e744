/* Token buckets by a clock of the test's own, and those whom they are kept for. */
#include "server/rate/holders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct rate ten = {10, 10000}; /* one a second, after ten at once */

static unsigned take_all(struct bucket *bucket, struct rate rate, uint64_t now_ms)
{
    unsigned taken = 0;
    while (bucket_take(bucket, rate, 1, now_ms) == 0)
        taken++;
    return taken;
}

static void a_full_bucket_gives_its_count_and_one_more_waits(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    for (int i = 0; i < 10; i++)
        assert_int_equal(bucket_take(&bucket, ten, 1, 5000), 0);
    assert_int_equal(bucket_take(&bucket, ten, 1, 5000), 1000);
    assert_int_equal(bucket_take(&bucket, ten, 1, 5999), 1);
    assert_int_equal(bucket_take(&bucket, ten, 1, 6000), 0);
    assert_int_equal(bucket_take(&bucket, ten, 1, 6000), 1000);
}

static void what_is_refused_costs_nothing(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    take_all(&bucket, ten, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bucket_take(&bucket, ten, 1, 999), 1);
    assert_int_equal(bucket_take(&bucket, ten, 1, 1000), 0);
}

static void asking_takes_nothing(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    for (int i = 0; i < 100; i++)
        assert_int_equal(bucket_wait_ms(&bucket, ten, 10, 0), 0);
    assert_int_equal(take_all(&bucket, ten, 0), 10);
    assert_int_equal(bucket_wait_ms(&bucket, ten, 3, 0), 3000);
}

static void it_fills_up_to_its_count_and_no_more(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    take_all(&bucket, ten, 0);
    assert_int_equal(take_all(&bucket, ten, 4500), 4);
    assert_int_equal(take_all(&bucket, ten, UINT64_C(1) << 50), 10);
}

/* Else it could never be had. */
static void more_than_the_bucket_counts_as_all_of_it(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    assert_int_equal(bucket_take(&bucket, ten, 1000000, 0), 0);
    assert_int_equal(bucket_take(&bucket, ten, 1000000, 0), 10000);
    assert_int_equal(bucket_take(&bucket, ten, 1000000, 10000), 0);
}

static void the_largest_rates_do_not_overflow(void **state)
{
    (void)state;
    const struct rate most = {1000000000, 60000};
    struct bucket bucket = {0};
    uint64_t now_ms = UINT64_C(1) << 50;
    assert_int_equal(bucket_take(&bucket, most, UINT64_MAX, now_ms), 0);
    assert_int_equal(bucket_take(&bucket, most, UINT64_MAX, now_ms), 60000);
    assert_int_equal(bucket_take(&bucket, most, UINT64_MAX, now_ms + 60000), 0);
}

/* ---- holders ---- */

static struct holder *take_number(struct holders *holders, unsigned number)
{
    return holders_take(holders, &number, sizeof(number));
}

static void a_key_is_one_holder_while_it_holds_something(void **state)
{
    (void)state;
    struct holders holders;
    holders_init(&holders, 7);
    struct holder *ann = holders_take(&holders, "ann", 3);
    assert_ptr_equal(holders_take(&holders, "ann", 3), ann);
    assert_ptr_not_equal(holders_take(&holders, "anna", 4), ann);
    assert_ptr_not_equal(holders_take(&holders, "an", 2), ann);
    assert_int_equal(ann->count, 2);
    holders_deinit(&holders);
}

static void coming_back_fills_no_bucket(void **state)
{
    (void)state;
    struct holders holders;
    holders_init(&holders, 7);
    struct holder *ann = holders_take(&holders, "ann", 3);
    take_all(&ann->buckets[0], ten, 0);
    holders_release(&holders, ann);
    ann = holders_take(&holders, "ann", 3);
    assert_int_equal(ann->count, 1);
    assert_int_equal(take_all(&ann->buckets[0], ten, 0), 0);
    holders_deinit(&holders);
}

static void those_that_hold_nothing_are_kept_up_to_a_number(void **state)
{
    (void)state;
    struct holders holders;
    holders_init(&holders, 7);
    struct holder *stays = holders_take(&holders, "stays", 5);
    for (unsigned i = 0; i < HOLDERS_KEPT; i++) {
        struct holder *holder = take_number(&holders, i);
        take_all(&holder->buckets[0], ten, 0);
        holders_release(&holders, holder);
    }
    assert_int_equal(holders.count, HOLDERS_KEPT + 1);
    holders_release(&holders, take_number(&holders, 0)); /* the newest now */
    for (unsigned i = 0; i < 10; i++)
        holders_release(&holders, take_number(&holders, HOLDERS_KEPT + i));
    assert_int_equal(holders.count, HOLDERS_KEPT + 1);
    assert_int_equal(holders.kept, HOLDERS_KEPT);
    assert_ptr_equal(holders_take(&holders, "stays", 5), stays);
    assert_int_equal(take_all(&take_number(&holders, 0)->buckets[0], ten, 0), 0);
    assert_int_equal(take_all(&take_number(&holders, 1)->buckets[0], ten, 0), 10);
    assert_int_equal(take_all(&take_number(&holders, HOLDERS_KEPT - 1)->buckets[0], ten, 0), 0);
    holders_deinit(&holders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_bucket_gives_its_count_and_one_more_waits),
        cmocka_unit_test(what_is_refused_costs_nothing),
        cmocka_unit_test(asking_takes_nothing),
        cmocka_unit_test(it_fills_up_to_its_count_and_no_more),
        cmocka_unit_test(more_than_the_bucket_counts_as_all_of_it),
        cmocka_unit_test(the_largest_rates_do_not_overflow),
        cmocka_unit_test(a_key_is_one_holder_while_it_holds_something),
        cmocka_unit_test(coming_back_fills_no_bucket),
        cmocka_unit_test(those_that_hold_nothing_are_kept_up_to_a_number),
    };
    return cmocka_run_group_tests_name("limits_rates", tests, NULL, NULL);
}

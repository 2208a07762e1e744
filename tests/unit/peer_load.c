/* The load generator's instruments: what they measure has to be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/load/histogram.h"
#include "bench/load/stamp.h"
#include "lib/ot_random.h"
#include "tools/peer/bytes.h"

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void quantiles_are_within_one_per_cent(void **state)
{
    struct rng rng = rng_start("peer_load");
    struct histogram *histogram = calloc(1, sizeof *histogram);
    size_t count = 20000;
    uint64_t *values = calloc(count, sizeof *values);
    (void)state;

    for (size_t i = 0; i < count; i++) {
        values[i] = rng_next(&rng) >> (24 + rng_below(&rng, 40));
        histogram_add(histogram, values[i]);
    }
    qsort(values, count, sizeof *values, compare_u64);
    for (int percent = 1; percent < 100; percent++) {
        double exact = (double)values[count * (size_t)percent / 100 - 1];
        double told = (double)histogram_quantile(histogram, percent / 100.0);
        assert_true(told <= exact && told >= exact * 0.99);
    }
    assert_int_equal(histogram->count, count);
    assert_true(histogram->max_us == values[count - 1]);
    free(values);
    free(histogram);
}

static void an_empty_histogram_says_nothing(void **state)
{
    struct histogram *histogram = calloc(1, sizeof *histogram);
    (void)state;

    assert_int_equal(histogram_quantile(histogram, 0.99), 0);
    histogram_add(histogram, UINT64_MAX);
    assert_true(histogram_quantile(histogram, 0.5) > UINT64_C(1) << 30);
    free(histogram);
}

static void stamps_tell_their_age(void **state)
{
    uint8_t text[64] = "x~abc~";
    uint64_t age, now = UINT64_C(123456789012);
    (void)state;

    stamp_write(now, text + 6);
    memcpy(text + 13, "~00000", 6);
    stamp_write(now - 5, text + 19);
    struct ot_slice rest = {text, 26};
    assert_true(stamp_next(&rest, now + 7, &age));
    assert_int_equal(age, 7);
    assert_true(stamp_next(&rest, now + 7, &age));
    assert_int_equal(age, 12);
    assert_false(stamp_next(&rest, now + 7, &age));

    /* The clock of a stamp goes round; ages do not. */
    uint64_t round = UINT64_C(2176782336);
    stamp_write(round - 1, text);
    rest = (struct ot_slice){text, STAMP_SIZE};
    assert_true(stamp_next(&rest, round + 1, &age));
    assert_int_equal(age, 2);
}

static void shapes_are_those_of_the_operations(void **state)
{
    struct rng rng = rng_start("peer_load shapes");
    (void)state;

    for (unsigned i = 0; i < random_cases(2000); i++) {
        struct ot_shape shape = {OT_STABLE, false, rng_percent(&rng, 50), 6, 40};
        struct ot_buf document = {0}, op = {0};
        struct ot_op_info info;
        struct op_shape read;
        random_document(&rng, &shape, &document);
        random_op(&rng, &shape, ot_buf_slice(&document), &op);
        assert_int_equal(ot_op_check(ot_buf_slice(&op), &info, NULL), OT_OK);
        assert_true(op_shape_read(ot_buf_slice(&op), &read));
        assert_true(read.inserted == info.inserted_length);
        assert_true(read.deleted == info.deleted_length);
        for (size_t size = 0; size < op.size; size++) {
            uint8_t *cut = malloc(size + 1);
            memcpy(cut, op.data, size);
            cut = realloc(cut, size == 0 ? 1 : size);
            op_shape_read((struct ot_slice){cut, size}, &read);
            assert_true(read.text.size <= size);
            free(cut);
        }
        ot_buf_deinit(&document);
        ot_buf_deinit(&op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_one_per_cent),
        cmocka_unit_test(an_empty_histogram_says_nothing),
        cmocka_unit_test(stamps_tell_their_age),
        cmocka_unit_test(shapes_are_those_of_the_operations),
    };
    return cmocka_run_group_tests_name("peer_load", tests, NULL, NULL);
}

/* The rules of compose, transform, positions and invert, one row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

struct row {
    const char *a;
    const char *b;
    const char *result;
};

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

static void expect_compose(const struct row *row, enum ot_order order)
{
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(ot_compose(words_op(&words, row->a), words_op(&words, row->b), order, out),
                     OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(&words, row->result));
    words_free(&words);
}

static void expect_transform(const struct row *row, enum ot_side side, enum ot_order order)
{
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(
        ot_transform(words_op(&words, row->a), words_op(&words, row->b), side, order, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(&words, row->result));
    words_free(&words);
}

/* ---- compose ---- */

static void compose_follows_the_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "", ""},
        {"'a'", "", "'a'"},
        {"", "2 'a'", "2 'a'"},
        /* insert with retain, delete, insert */
        {"'ab'", "1", "'ab'"},
        {"'ab'", "2{b:1}", "'ab'{b:1}"},
        {"'abc'", "1 1{b:1}", "'a' 'b'{b:1} 'c'"},
        {"'abc'", "1 -1", "'ac'"},
        {"'abc'", "-3", ""},
        {"'abc'", "1 'x'", "'axbc'"},
        {"'abc'", "'x'", "'xabc'"},
        {"'abc'", "3 'x'", "'abcx'"},
        {"'a\U0001f600b'", "1 -2", "'ab'"},
        {"'a\U0001f600b'", "3 'x'", "'a\U0001f600xb'"},
        {"@hr", "1{b:1}", "@hr{b:1}"},
        {"@hr", "-1", ""},
        {"'a' @hr 'b'", "1 -1", "'ab'"},
        /* retain with retain, delete */
        {"3", "3{b:1}", "3{b:1}"},
        {"3{a:1}", "3{b:1}", "3{a:1,b:1}"},
        {"3{a:1}", "1", "3{a:1}"},
        {"3{a:1}", "2{a:2}", "2{a:2} 1{a:1}"},
        {"3{a:1}", "1 -1", "1{a:1} -1 1{a:1}"},
        {"3{a:1}", "-5", "-5"},
        /* delete is not touched by what follows */
        {"-3", "2 'x'", "-3 2 'x'"},
        {"-3", "-2", "-5"},
        {"1 -3", "1 -2", "1 -5"},
        /* beyond the end of the first */
        {"'ab'", "5 'x'", "'ab' 3 'x'"},
        {"'ab'", "-5", "-3"},
        /* sequential typing */
        {"4 'a'", "5 'b'", "4 'ab'"},
        {"4 'ab'", "5 'x'", "4 'axb'"},
        {"4 'ab'", "5 -1", "4 'a'"},
        {"4 'ab'", "3 -2", "3 -1 'b'"},
        {"4 'abc'", "'x'", "'x' 4 'abc'"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        expect_compose(&rows[i], OT_STABLE);
    }
}

static void composed_attributes_overwrite_and_remove(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'a'{b:1}", "1{b:2}", "'a'{b:2}"},
        {"'a'{b:1}", "1{b:nil}", "'a'"},
        {"'a'{b:1,c:1}", "1{b:nil}", "'a'{c:1}"},
        {"'a'", "1{b:nil}", "'a'"},
        {"'a'{b:1}", "1{a:1}", "'a'{a:1,b:1}"},
        {"'a'{a:1,b:2}", "1{b:9,c:3}", "'a'{a:1,b:9,c:3}"},
        {"@hr{b:1}", "1{b:nil}", "@hr"},
        /* a patch keeps its nil, also where the first patch set nothing */
        {"1{b:1}", "1{b:nil}", "1{b:nil}"},
        {"1", "1{b:nil}", "1{b:nil}"},
        {"1{b:nil}", "1{b:1}", "1{b:1}"},
        {"1{a:nil}", "1{b:nil}", "1{a:nil,b:nil}"},
        {"1{a:false}", "1{b:0}", "1{a:false,b:0}"},
        {"1{a:''}", "1{a:false}", "1{a:false}"},
        /* merging what has become equal, and parting what has not */
        {"'a'{b:1} 'b'", "1 1{b:1}", "'ab'{b:1}"},
        {"'ab'", "1{b:1}", "'a'{b:1} 'b'"},
        {"1{a:1} 1", "1 1{a:1}", "2{a:1}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        expect_compose(&rows[i], OT_STABLE);
        expect_compose(&rows[i], OT_CANONICAL);
    }
}

static void compose_orders_inserts_and_deletes_as_asked(void **state)
{
    (void)state;
    static const struct row stable[] = {
        {"-1", "'x'", "'x' -1"},      {"1 'Q'", "-1", "-1 'Q'"},
        {"'a' 1", "1 -1", "'a' -1"},  {"-1 'a'", "1 'b'", "-1 'ab'"},
        {"2 -1 'a'", "", "2 -1 'a'"}, {"", "2 -1 'a' -2 'b'", "2 -1 'a' -2 'b'"},
    };
    static const struct row canonical[] = {
        {"-1", "'x'", "'x' -1"},
        {"1 'Q'", "-1", "'Q' -1"},
        {"-1 'a'", "1 'b'", "'ab' -1"},
        {"2 -1 'a'", "", "2 'a' -1"},
        {"", "2 -1 'a' -2 'b'", "2 'ab' -3"},
        {"", "-1 'a'{a:1} -2 @hr -1", "'a'{a:1} @hr -4"},
    };
    for (size_t i = 0; i < ROWS(stable); i++) {
        expect_compose(&stable[i], OT_STABLE);
    }
    for (size_t i = 0; i < ROWS(canonical); i++) {
        expect_compose(&canonical[i], OT_CANONICAL);
    }
}

/* Where the wide text goes, the flag for it goes too. */
static void wide_text_that_is_deleted_leaves_a_narrow_operation(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"'a\u00e9b'", "1 -1", "'ab'"},
        {"'\u20ac'", "-1 'x'", "'x'"},
        {"'a'", "1 '\u20ac'", "'a\u20ac'"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        expect_compose(&rows[i], OT_STABLE);
    }
}

static void a_cut_pair_is_refused(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice pair = words_op(&words, "'a\U0001f600b'");
    assert_int_equal(ot_compose(pair, words_op(&words, "2 'x'"), OT_STABLE, out), OT_E_SURROGATE);
    assert_int_equal(ot_compose(pair, words_op(&words, "-2"), OT_CANONICAL, out), OT_E_SURROGATE);
    assert_int_equal(ot_invert(words_op(&words, "1 -1"), pair, OT_STABLE, out), OT_E_SURROGATE);
    assert_int_equal(ot_invert(words_op(&words, "2 -1"), pair, OT_STABLE, out), OT_E_SURROGATE);
    assert_int_equal(out->size, 0);
    words_free(&words);
}

static void results_past_the_limit_are_refused(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice all = words_op(&words, "-2147483647");
    struct ot_slice retain = words_op(&words, "2147483647{a:1}");
    struct ot_slice insert = words_op(&words, "'x'");
    assert_int_equal(ot_buf_append(out, "kept", 4), OT_OK);
    assert_int_equal(ot_compose(all, retain, OT_STABLE, out), OT_E_LENGTH);
    assert_int_equal(ot_compose(all, words_op(&words, "1{a:1}"), OT_CANONICAL, out), OT_E_LENGTH);
    assert_int_equal(ot_transform(retain, insert, OT_LEFT, OT_STABLE, out), OT_E_LENGTH);
    assert_int_equal(ot_transform(all, insert, OT_LEFT, OT_STABLE, out), OT_E_LENGTH);
    assert_int_equal(out->size, 4);
    assert_memory_equal(out->data, "kept", 4);
    assert_int_equal(
        ot_transform(words_op(&words, "2147483646{a:1}"), insert, OT_LEFT, OT_STABLE, out), OT_OK);
    words_free(&words);
}

static void results_are_appended(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice a = words_op(&words, "'a'");
    assert_int_equal(ot_compose(a, words_op(&words, "1 'b'"), OT_STABLE, out), OT_OK);
    size_t first = out->size;
    assert_int_equal(ot_transform(a, a, OT_RIGHT, OT_STABLE, out), OT_OK);
    struct ot_slice both[] = {{out->data, first}, {out->data + first, out->size - first}};
    assert_op_equal(both[0], words_op(&words, "'ab'"));
    assert_op_equal(both[1], words_op(&words, "1 'a'"));
    words_free(&words);
}

/* ---- transform ---- */

static void transform_follows_the_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "'a'", ""},
        {"'a'", "", "'a'"},
        {"1 'a'", "'xy'", "3 'a'"},
        {"1 'a'", "@hr", "2 'a'"},
        {"'a'", "3 'x'", "'a'"},
        {"5 'a'", "-3", "2 'a'"},
        {"2 'a'", "-5", "'a'"},
        {"-5", "1 'xy'", "-1 2 -4"},
        {"-5", "-5", ""},
        {"-5", "2 -2", "-3"},
        {"-3", "5", "-3"},
        {"3{a:1}", "1 -1", "2{a:1}"},
        {"3{a:1}", "-3", ""},
        {"-3", "3{a:1}", "-3"},
        {"3{a:1}", "1 'x'", "1{a:1} 1 2{a:1}"},
        {"1 @hr 2{b:1}", "'\U0001f600'", "3 @hr 2{b:1}"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        expect_transform(&rows[i], OT_RIGHT, OT_STABLE);
        expect_transform(&rows[i], OT_LEFT, OT_STABLE);
        expect_transform(&rows[i], OT_RIGHT, OT_CANONICAL);
    }
}

static void at_a_tie_the_right_side_gives_way(void **state)
{
    (void)state;
    static const struct row right[] = {
        {"'a'", "'xy'", "2 'a'"},         {"'a' @hr", "'x' @hr 'y'", "3 'a' @hr"},
        {"1{a:1}", "1{a:2}", ""},         {"1{a:1}", "1{a:1}", ""},
        {"1{a:1}", "1{a:nil}", ""},       {"1{a:1,b:2}", "1{b:3}", "1{a:1}"},
        {"2{a:1}", "1{a:2}", "1 1{a:1}"},
    };
    static const struct row left[] = {
        {"'a'", "'xy'", "'a'"},
        {"'a' @hr", "'x' @hr 'y'", "'a' @hr"},
        {"1{a:1}", "1{a:2}", "1{a:1}"},
        {"1{a:1}", "1{a:nil}", "1{a:1}"},
        {"1{a:1,b:2}", "1{b:3}", "1{a:1,b:2}"},
        {"'a' 1{b:1}", "'x'", "'a' 1 1{b:1}"},
    };
    for (size_t i = 0; i < ROWS(right); i++) {
        expect_transform(&right[i], OT_RIGHT, OT_STABLE);
        expect_transform(&right[i], OT_RIGHT, OT_CANONICAL);
    }
    for (size_t i = 0; i < ROWS(left); i++) {
        expect_transform(&left[i], OT_LEFT, OT_STABLE);
        expect_transform(&left[i], OT_LEFT, OT_CANONICAL);
    }
}

static void transform_orders_inserts_and_deletes_as_asked(void **state)
{
    (void)state;
    static const struct row stable = {"-1 1 'a'", "1 -1", "-1 'a'"};
    static const struct row canonical = {"-1 1 'a'", "1 -1", "'a' -1"};
    expect_transform(&stable, OT_RIGHT, OT_STABLE);
    expect_transform(&canonical, OT_RIGHT, OT_CANONICAL);
}

/* The case on which folding a history makes a difference in canonical order, and none in stable. */
static void only_stable_order_lets_histories_be_folded(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice a = words_op(&words, "1 'Q'");
    struct ot_slice b = words_op(&words, "-1");
    struct ot_slice c = words_op(&words, "'XY'");
    struct ot_buf *out[] = {words_buf(&words), words_buf(&words), words_buf(&words),
                            words_buf(&words)};
    assert_int_equal(ot_compose(a, b, OT_STABLE, out[0]), OT_OK);
    assert_int_equal(ot_transform(c, ot_buf_slice(out[0]), OT_RIGHT, OT_STABLE, out[1]), OT_OK);
    assert_op_equal(ot_buf_slice(out[1]), c);
    assert_int_equal(ot_compose(a, b, OT_CANONICAL, out[2]), OT_OK);
    assert_int_equal(ot_transform(c, ot_buf_slice(out[2]), OT_RIGHT, OT_CANONICAL, out[3]), OT_OK);
    assert_op_equal(ot_buf_slice(out[3]), words_op(&words, "1 'XY'"));
    words_free(&words);
}

/* ---- positions ---- */

static void positions_follow_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        uint64_t right[6];
        uint64_t left[6];
    } rows[] = {
        {"1 'xy' -3", {0, 3, 3, 3, 3, 4}, {0, 1, 3, 3, 3, 4}},
        {"", {0, 1, 2, 3, 4, 5}, {0, 1, 2, 3, 4, 5}},
        {"'x'", {1, 2, 3, 4, 5, 6}, {0, 2, 3, 4, 5, 6}},
        {"-2", {0, 0, 0, 1, 2, 3}, {0, 0, 0, 1, 2, 3}},
        {"2 @hr 1{a:1} 'x'", {0, 1, 3, 5, 6, 7}, {0, 1, 2, 4, 6, 7}},
        {"-2 'xy'", {2, 2, 2, 3, 4, 5}, {0, 0, 0, 3, 4, 5}},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct words words = {0};
        struct ot_slice op = words_op(&words, rows[i].op);
        for (unsigned pos = 0; pos < 6; pos++) {
            assert_int_equal(ot_transform_position(op, pos, OT_RIGHT), rows[i].right[pos]);
            assert_int_equal(ot_transform_position(op, pos, OT_LEFT), rows[i].left[pos]);
        }
        words_free(&words);
    }
}

/* ---- invert ---- */

static void invert_follows_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        const char *op;
        const char *inverse;
    } rows[] = {
        {"'abc'", "", ""},
        {"'abc'", "1 'xy'", "1 -2"},
        {"'abc'", "1 @hr", "1 -1"},
        {"'abc'", "1 -1", "1 'b'"},
        {"'abc'", "-3", "'abc'"},
        {"'a'{b:1} @hr{c:2} '\u20ac'", "-3", "'a'{b:1} @hr{c:2} '\u20ac'"},
        {"'abc'", "1 1{b:1}", "1 1{b:nil}"},
        {"'abc'{b:1}", "1 1{b:2}", "1 1{b:1}"},
        {"'abc'{b:1}", "1 1{b:nil}", "1 1{b:1}"},
        {"'abc'{b:1}", "3{b:1}", ""},
        {"'a'{b:1} 'b'", "2{b:2}", "1{b:1} 1{b:nil}"},
        {"'a'{b:1} 'b'{c:1}", "2{b:1}", "1 1{b:nil}"},
        {"'a'", "1{b:nil}", "1{b:nil}"},
        {"'ab'", "-1 'x'", "'a' -1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct words words = {0};
        struct ot_buf *out = words_buf(&words);
        struct ot_slice op = words_op(&words, rows[i].op);
        struct ot_slice document = words_op(&words, rows[i].document);
        assert_int_equal(ot_invert(op, document, OT_STABLE, out), OT_OK);
        assert_op_equal(ot_buf_slice(out), words_op(&words, rows[i].inverse));
        words_free(&words);
    }
}

static void inverting_what_does_not_fit_is_harmless(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice document = words_op(&words, "'ab'");
    assert_int_equal(ot_invert(words_op(&words, "9 -3"), document, OT_STABLE, out), OT_OK);
    assert_int_equal(ot_op_check(ot_buf_slice(out), NULL, NULL), OT_OK);
    words_free(&words);
}

/* ---- compose all ---- */

static void no_operations_compose_to_the_empty_one(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(ot_compose_all(NULL, 0, OT_STABLE, out), OT_OK);
    assert_true(ot_op_is_empty(ot_buf_slice(out)));
    words_free(&words);
}

static void many_operations_compose_in_their_order(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice ops[] = {words_op(&words, "'b'"), words_op(&words, "'a'"),
                             words_op(&words, "2 'cd'"), words_op(&words, "3 -1 'x'"),
                             words_op(&words, "4{b:1}")};
    assert_int_equal(ot_compose_all(ops, ROWS(ops), OT_STABLE, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(&words, "'abcx'{b:1}"));
    out->size = 0;
    /* Even a single one is put into the order asked for. */
    struct ot_slice one = words_op(&words, "-1 'a'");
    assert_int_equal(ot_compose_all(&one, 1, OT_CANONICAL, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(&words, "'a' -1"));
    words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compose_follows_the_table),
        cmocka_unit_test(composed_attributes_overwrite_and_remove),
        cmocka_unit_test(compose_orders_inserts_and_deletes_as_asked),
        cmocka_unit_test(wide_text_that_is_deleted_leaves_a_narrow_operation),
        cmocka_unit_test(a_cut_pair_is_refused),
        cmocka_unit_test(results_past_the_limit_are_refused),
        cmocka_unit_test(results_are_appended),
        cmocka_unit_test(transform_follows_the_table),
        cmocka_unit_test(at_a_tie_the_right_side_gives_way),
        cmocka_unit_test(transform_orders_inserts_and_deletes_as_asked),
        cmocka_unit_test(only_stable_order_lets_histories_be_folded),
        cmocka_unit_test(positions_follow_the_table),
        cmocka_unit_test(invert_follows_the_table),
        cmocka_unit_test(inverting_what_does_not_fit_is_harmless),
        cmocka_unit_test(no_operations_compose_to_the_empty_one),
        cmocka_unit_test(many_operations_compose_in_their_order),
    };
    return cmocka_run_group_tests_name("ot_rules", tests, NULL, NULL);
}

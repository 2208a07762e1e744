/* Sizes at which the bytes change form, and what no caller should do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

/* A map of keys k0000000 and so on up to before `count`, each with the value. */
static struct ot_slice map_of(struct words *words, uint32_t from, uint32_t count, bool value)
{
    struct ot_buf *out = words_buf(words);
    assert_int_equal(ot_value_map(out, count - from), OT_OK);
    for (uint32_t i = from; i < count; i++) {
        char key[16];
        int size = snprintf(key, sizeof key, "k%07u", i);
        struct ot_slice name = {(const uint8_t *)key, (size_t)size};
        assert_int_equal(ot_value_string(out, name), OT_OK);
        assert_int_equal(ot_value_bool(out, value), OT_OK);
    }
    return ot_buf_slice(out);
}

static struct ot_slice retain(struct words *words, struct ot_slice attributes)
{
    struct ot_buf *out = words_buf(words);
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    assert_non_null(builder);
    ot_builder_retain(builder, 1, attributes);
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    ot_builder_free(builder);
    return ot_buf_slice(out);
}

/* The head of a map of attributes has one byte, three or five. */
static void maps_of_any_size_are_put_together(void **state)
{
    static const uint32_t counts[] = {2, 15, 16, 17, 65535, 65536, 70000};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct words words = {0};
        uint32_t count = counts[i];
        struct ot_slice low = retain(&words, map_of(&words, 0, count / 2, true));
        struct ot_slice high = retain(&words, map_of(&words, count / 2, count, true));
        struct ot_slice all = retain(&words, map_of(&words, 0, count, true));
        struct ot_buf *out = words_buf(&words);
        assert_int_equal(ot_compose(low, high, OT_STABLE, out), OT_OK);
        assert_op_equal(ot_buf_slice(out), all);
        out->size = 0;
        assert_int_equal(ot_transform(all, low, OT_RIGHT, OT_STABLE, out), OT_OK);
        assert_op_equal(ot_buf_slice(out), high);
        words_free(&words);
    }
}

/* The length of the components takes one byte to four in front of them. */
static void components_of_any_size_are_put_together(void **state)
{
    static const uint32_t counts[] = {31, 32, 33, 4095, 4096, 4097, 524287, 524288, 600000};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct words words = {0};
        struct ot_builder *builder = ot_builder_new(OT_STABLE);
        struct ot_buf *op = words_buf(&words), *out = words_buf(&words);
        struct ot_op_info info;
        assert_non_null(builder);
        for (uint32_t k = 0; k < counts[i]; k++) {
            ot_builder_retain(builder, 1, (struct ot_slice){0});
            ot_builder_delete(builder, 1);
        }
        assert_int_equal(ot_builder_finish(builder, op), OT_OK);
        assert_int_equal(ot_op_check(ot_buf_slice(op), &info, NULL), OT_OK);
        assert_int_equal(info.components, 2 * counts[i]);
        assert_int_equal(ot_compose(ot_buf_slice(op), words_op(&words, ""), OT_STABLE, out), OT_OK);
        assert_op_equal(ot_buf_slice(out), ot_buf_slice(op));
        ot_builder_free(builder);
        words_free(&words);
    }
}

static void typing_that_cuts_a_pair_is_refused(void **state)
{
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_slice ops[] = {words_op(&words, "'a\U0001f600'"), words_op(&words, "2 -1")};
    (void)state;
    assert_int_equal(ot_compose_all(ops, 2, OT_STABLE, out), OT_E_SURROGATE);
    assert_int_equal(out->size, 0);
    words_free(&words);
}

static void values_that_are_too_large_are_not_written(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    assert_int_equal(
        ot_value_string(&out, (struct ot_slice){(const uint8_t *)"a", (size_t)UINT32_MAX + 1}),
        OT_E_VALUE);
    assert_int_equal(out.size, 0);
    ot_buf_deinit(&out);
}

static void what_is_no_map_is_no_embed(void **state)
{
    static const struct {
        const char *hex;
        int code;
    } rows[] = {
        {"", OT_E_TRUNCATED},   {"80", OT_E_VALUE},       {"82 a161c3 a162c3", OT_E_VALUE},
        {"91c3", OT_E_VALUE},   {"c3", OT_E_VALUE},       {"c1", OT_E_VALUE},
        {"de", OT_E_TRUNCATED}, {"de00", OT_E_TRUNCATED}, {"81 a161c3", OT_OK},
    };
    struct words words = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ot_error error = {0};
        assert_int_equal(ot_embed_check(words_hex(&words, rows[i].hex), &error), rows[i].code);
        assert_int_equal(error.code, rows[i].code);
    }
    words_free(&words);
}

/* The first error sticks, whatever is said afterwards. */
static void nothing_is_added_after_an_error(void **state)
{
    struct words words = {0};
    struct ot_buf *out = words_buf(&words);
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_slice bad = {(const uint8_t *)"\xff", 1}, text = {(const uint8_t *)"a", 1};
    (void)state;
    assert_non_null(builder);
    ot_builder_insert(builder, bad, (struct ot_slice){0});
    ot_builder_insert(builder, text, (struct ot_slice){0});
    ot_builder_retain(builder, 1, (struct ot_slice){0});
    ot_builder_delete(builder, 1);
    ot_builder_embed(builder, words_hex(&words, "81 a161c3"), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, out), OT_E_UTF8);
    assert_int_equal(out->size, 0);
    ot_builder_free(builder);
    ot_builder_free(NULL);
    words_free(&words);
}

/* One that others' text pushes past the longest there may be. */
static void an_operation_pushed_too_far(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice op = words_op(&words, "2147483645 -2");
    struct ot_slice over = words_op(&words, "'four'");
    struct ot_buf *out = words_buf(&words);
    assert_int_equal(ot_transform_all(op, &over, 1, OT_RIGHT, OT_STABLE, out), OT_E_LENGTH);
    assert_int_equal(out->size, 0);
    words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_of_any_size_are_put_together),
        cmocka_unit_test(components_of_any_size_are_put_together),
        cmocka_unit_test(typing_that_cuts_a_pair_is_refused),
        cmocka_unit_test(values_that_are_too_large_are_not_written),
        cmocka_unit_test(what_is_no_map_is_no_embed),
        cmocka_unit_test(an_operation_pushed_too_far),
        cmocka_unit_test(nothing_is_added_after_an_error),
    };
    return cmocka_run_group_tests_name("ot_limits", tests, NULL, NULL);
}

/* Values: the one form of each, and what is no value. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

static struct ot_slice text_of(const char *text)
{
    return (struct ot_slice){(const uint8_t *)text, strlen(text)};
}

static void assert_bytes(struct ot_buf *buf, const char *digits)
{
    struct words words = {0};
    struct ot_slice expected = words_hex(&words, digits);
    assert_int_equal(buf->size, expected.size);
    assert_memory_equal(buf->data, expected.data, expected.size);
    assert_int_equal(ot_value_check(ot_buf_slice(buf), NULL), OT_OK);
    ot_buf_deinit(buf);
    words_free(&words);
}

static void integers_take_the_fewest_bytes(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *bytes;
    } rows[] = {
        {0, "00"},
        {127, "7f"},
        {128, "cc 80"},
        {255, "cc ff"},
        {256, "cd 01 00"},
        {65535, "cd ff ff"},
        {65536, "ce 00 01 00 00"},
        {4294967295, "ce ff ff ff ff"},
        {4294967296, "cf 00 00 00 01 00 00 00 00"},
        {9007199254740991, "cf 00 1f ff ff ff ff ff ff"},
        {-1, "ff"},
        {-32, "e0"},
        {-33, "d0 df"},
        {-128, "d0 80"},
        {-129, "d1 ff 7f"},
        {-32768, "d1 80 00"},
        {-32769, "d2 ff ff 7f ff"},
        {-2147483648, "d2 80 00 00 00"},
        {-2147483649, "d3 ff ff ff ff 7f ff ff ff"},
        {-9007199254740991, "d3 ff e0 00 00 00 00 00 01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ot_buf buf = {0};
        assert_int_equal(ot_value_int(&buf, rows[i].number), OT_OK);
        struct ot_slice rest = ot_buf_slice(&buf);
        struct ot_value value = ot_value_next(&rest);
        assert_int_equal(value.kind, OT_VALUE_INT);
        assert_true(value.integer == rows[i].number);
        assert_int_equal(rest.size, 0);
        assert_bytes(&buf, rows[i].bytes);
        /* The same number given as a double is the same value. */
        assert_int_equal(ot_value_double(&buf, (double)rows[i].number), OT_OK);
        assert_bytes(&buf, rows[i].bytes);
    }
}

static void doubles_are_what_is_no_integer(void **state)
{
    (void)state;
    struct ot_buf buf = {0};
    assert_int_equal(ot_value_double(&buf, 1.5), OT_OK);
    assert_bytes(&buf, "cb 3f f8 00 00 00 00 00 00");
    assert_int_equal(ot_value_double(&buf, -0.0), OT_OK);
    assert_bytes(&buf, "00");
    assert_int_equal(ot_value_double(&buf, 9007199254740992.0), OT_OK);
    assert_bytes(&buf, "cb 43 40 00 00 00 00 00 00");
    assert_int_equal(ot_value_double(&buf, 1e300), OT_OK);
    struct ot_slice rest = ot_buf_slice(&buf);
    struct ot_value value = ot_value_next(&rest);
    assert_int_equal(value.kind, OT_VALUE_DOUBLE);
    assert_true(value.number == 1e300);
    ot_buf_deinit(&buf);
}

static void numbers_out_of_range_are_not_written(void **state)
{
    (void)state;
    struct ot_buf buf = {0};
    assert_int_equal(ot_value_int(&buf, 9007199254740992), OT_E_VALUE);
    assert_int_equal(ot_value_int(&buf, -9007199254740992), OT_E_VALUE);
    assert_int_equal(ot_value_int(&buf, INT64_MIN), OT_E_VALUE);
    assert_int_equal(ot_value_double(&buf, (double)NAN), OT_E_VALUE);
    assert_int_equal(ot_value_double(&buf, -(double)INFINITY), OT_E_VALUE);
    assert_int_equal(buf.size, 0);
    ot_buf_deinit(&buf);
}

static void strings_take_the_fewest_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 31, 32, 255, 256, 65535, 65536};
    static const size_t heads[] = {1, 1, 2, 2, 3, 3, 5};
    static char text[65536];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct ot_buf buf = {0};
        struct ot_slice string = {(const uint8_t *)text, sizes[i]};
        assert_int_equal(ot_value_string(&buf, string), OT_OK);
        assert_int_equal(buf.size, heads[i] + sizes[i]);
        assert_int_equal(ot_value_check(ot_buf_slice(&buf), NULL), OT_OK);
        struct ot_slice rest = ot_buf_slice(&buf);
        struct ot_value value = ot_value_next(&rest);
        assert_int_equal(value.kind, OT_VALUE_STRING);
        assert_int_equal(value.string.size, sizes[i]);
        assert_int_equal(rest.size, 0);
        ot_buf_deinit(&buf);
    }
}

static void bad_strings_are_not_written(void **state)
{
    (void)state;
    struct ot_buf buf = {0};
    assert_int_equal(ot_value_string(&buf, text_of("a\xff")), OT_E_UTF8);
    assert_int_equal(ot_value_string(&buf, text_of("\xed\xa0\x80")), OT_E_UTF8);
    assert_int_equal(ot_value_string(&buf, (struct ot_slice){(const uint8_t *)"a\0b", 3}),
                     OT_E_VALUE);
    assert_int_equal(buf.size, 0);
    ot_buf_deinit(&buf);
}

static void arrays_and_maps_are_read_item_by_item(void **state)
{
    (void)state;
    struct ot_buf buf = {0};
    assert_int_equal(ot_value_map(&buf, 2), OT_OK);
    assert_int_equal(ot_value_string(&buf, text_of("a")), OT_OK);
    assert_int_equal(ot_value_array(&buf, 3), OT_OK);
    assert_int_equal(ot_value_nil(&buf), OT_OK);
    assert_int_equal(ot_value_bool(&buf, true), OT_OK);
    assert_int_equal(ot_value_bool(&buf, false), OT_OK);
    assert_int_equal(ot_value_string(&buf, text_of("b")), OT_OK);
    assert_int_equal(ot_value_int(&buf, 7), OT_OK);
    struct ot_slice rest = ot_buf_slice(&buf);
    struct ot_value value = ot_value_next(&rest);
    assert_int_equal(value.kind, OT_VALUE_MAP);
    assert_int_equal(value.count, 2);
    assert_int_equal(ot_value_next(&rest).kind, OT_VALUE_STRING);
    value = ot_value_next(&rest);
    assert_int_equal(value.kind, OT_VALUE_ARRAY);
    assert_int_equal(value.count, 3);
    assert_int_equal(ot_value_next(&rest).kind, OT_VALUE_NIL);
    assert_true(ot_value_next(&rest).boolean);
    assert_false(ot_value_next(&rest).boolean);
    value = ot_value_next(&rest);
    assert_memory_equal(value.string.data, "b", 1);
    assert_true(ot_value_next(&rest).integer == 7);
    assert_int_equal(rest.size, 0);
    assert_int_equal(ot_attributes_check(ot_buf_slice(&buf), NULL), OT_OK);
    assert_int_equal(ot_embed_check(ot_buf_slice(&buf), NULL), OT_E_VALUE);
    ot_buf_deinit(&buf);
}

static void long_arrays_and_maps_have_longer_heads(void **state)
{
    (void)state;
    struct ot_buf buf = {0};
    assert_int_equal(ot_value_array(&buf, 15), OT_OK);
    assert_int_equal(ot_value_array(&buf, 16), OT_OK);
    assert_int_equal(ot_value_map(&buf, 65535), OT_OK);
    assert_int_equal(ot_value_map(&buf, 65536), OT_OK);
    assert_int_equal(buf.size, 1 + 3 + 3 + 5);
    assert_memory_equal(buf.data, "\x9f\xdc\x00\x10\xde\xff\xff\xdf\x00\x01\x00\x00", 12);
    ot_buf_deinit(&buf);
}

static void what_is_no_canonical_value_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int code;
        unsigned at;
    } rows[] = {
        {"", OT_E_TRUNCATED, 0},
        {"c0 c0", OT_E_TRAILING, 1},
        {"c1", OT_E_VALUE, 0},
        {"c4 00", OT_E_VALUE, 0},          /* bin */
        {"c7 00 01", OT_E_VALUE, 0},       /* ext */
        {"ca 3f c0 00 00", OT_E_VALUE, 0}, /* float 32 */
        {"d4 01 00", OT_E_VALUE, 0},       /* fixext */
        {"cb 7f f0 00 00 00 00 00 00", OT_E_VALUE, 0},
        {"cb 7f f8 00 00 00 00 00 00", OT_E_VALUE, 0},
        {"cb 3f f0 00 00 00 00 00 00", OT_E_FORM, 0}, /* 1.0 */
        {"cb 80 00 00 00 00 00 00 00", OT_E_FORM, 0}, /* -0.0 */
        {"cb 3f f8", OT_E_TRUNCATED, 0},
        {"cc", OT_E_TRUNCATED, 0},
        {"cc 7f", OT_E_FORM, 0},
        {"cd 00 ff", OT_E_FORM, 0},
        {"ce 00 00 ff ff", OT_E_FORM, 0},
        {"cf 00 00 00 00 ff ff ff ff", OT_E_FORM, 0},
        {"cf 00 20 00 00 00 00 00 00", OT_E_VALUE, 0},
        {"cf ff ff ff ff ff ff ff ff", OT_E_VALUE, 0},
        {"d0 e0", OT_E_FORM, 0},
        {"d0 05", OT_E_FORM, 0},
        {"d1 ff 80", OT_E_FORM, 0},
        {"d2 ff ff 80 00", OT_E_FORM, 0},
        {"d3 ff ff ff ff 80 00 00 00", OT_E_FORM, 0},
        {"d3 ff e0 00 00 00 00 00 00", OT_E_VALUE, 0},
        {"a2 61", OT_E_TRUNCATED, 0},
        {"d9 05 61 61 61 61 61", OT_E_FORM, 0},
        {"da 00 01 61", OT_E_FORM, 0},
        {"db 00 00 00 01 61", OT_E_FORM, 0},
        {"a1 00", OT_E_VALUE, 0},
        {"a1 80", OT_E_UTF8, 0},
        {"92 01", OT_E_TRUNCATED, 2},
        {"92 01 c1", OT_E_VALUE, 2},
        {"dc 00 01 01", OT_E_FORM, 0},
        {"dd 00 00 00 01 01", OT_E_FORM, 0},
        {"de 00 00", OT_E_FORM, 0},
        {"81 a1 61", OT_E_TRUNCATED, 3},
        {"81 c0 01", OT_E_KEY, 1},
        {"82 a1 62 01 a1 61 02", OT_E_FORM, 4},
        {"82 a1 61 01 a1 61 02", OT_E_FORM, 4},
        {"82 a2 61 61 01 a1 61 02", OT_E_FORM, 5},
        {"81 a1 78 81 a9 5f 5f 70 72 6f 74 6f 5f 5f 01", OT_E_KEY, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct words words = {0};
        struct ot_error error = {0};
        int code = ot_value_check(words_hex(&words, rows[i].bytes), &error);
        if (code != rows[i].code || error.at != rows[i].at) {
            fail_msg("%s: %s at %llu, not %s at %u", rows[i].bytes, ot_error_name(code),
                     (unsigned long long)error.at, ot_error_name(rows[i].code), rows[i].at);
        }
        words_free(&words);
    }
}

static void keys_are_ordered_by_their_bytes_not_their_length(void **state)
{
    (void)state;
    struct words words = {0};
    /* "" < "a" < "aa" < "b" < U+00E9 */
    struct ot_slice map = words_hex(&words, "85 a0 01 a1 61 01 a2 61 61 01 a1 62 01 a2 c3 a9 01");
    assert_int_equal(ot_value_check(map, NULL), OT_OK);
    words_free(&words);
}

static void attributes_and_embeds_are_maps(void **state)
{
    (void)state;
    struct words words = {0};
    assert_int_equal(ot_attributes_check(words_hex(&words, "80"), NULL), OT_E_FORM);
    assert_int_equal(ot_attributes_check(words_hex(&words, "90"), NULL), OT_E_VALUE);
    assert_int_equal(ot_attributes_check(words_hex(&words, ""), NULL), OT_E_TRUNCATED);
    assert_int_equal(ot_attributes_check(words_hex(&words, "81 a1 61 c0"), NULL), OT_OK);
    assert_int_equal(ot_embed_check(words_hex(&words, "80"), NULL), OT_E_VALUE);
    assert_int_equal(ot_embed_check(words_hex(&words, "07"), NULL), OT_E_VALUE);
    assert_int_equal(ot_embed_check(words_hex(&words, "81 a1 61 c0"), NULL), OT_OK);
    words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_take_the_fewest_bytes),
        cmocka_unit_test(doubles_are_what_is_no_integer),
        cmocka_unit_test(numbers_out_of_range_are_not_written),
        cmocka_unit_test(strings_take_the_fewest_bytes),
        cmocka_unit_test(bad_strings_are_not_written),
        cmocka_unit_test(arrays_and_maps_are_read_item_by_item),
        cmocka_unit_test(long_arrays_and_maps_have_longer_heads),
        cmocka_unit_test(what_is_no_canonical_value_is_refused),
        cmocka_unit_test(keys_are_ordered_by_their_bytes_not_their_length),
        cmocka_unit_test(attributes_and_embeds_are_maps),
    };
    return cmocka_run_group_tests_name("ot_values", tests, NULL, NULL);
}

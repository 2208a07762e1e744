/* The byte form: golden bytes both ways, and every reason to refuse bytes, with its offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

/* ---- golden bytes ---- */

static const struct {
    const char *words;
    const char *bytes;
} golden[] = {
    {"", "00"},
    {"'a'", "02 09 61"},
    {"100 '\u00e9'", "07 a0 06 09 c3 a9"},
    {"5 -2", "04 28 12"},
    {"3{bold:true}", "12 1c 07 81 a4 62 6f 6c 64 c3"},
    {"15 'x'", "04 78 09 78"},
    {"16 'x'", "06 80 01 09 78"},
    {"2047 'x'", "06 f8 7f 09 78"},
    {"2048 'x'", "08 80 80 01 09 78"},
    {"-2147483647", "0a fa ff ff ff 3f"},
    {"'\U0001f600'", "03 11 f0 9f 98 80"},
    {"@image", "12 43 81 a5 69 6d 61 67 65 c3"},
    {"@image @image", "24 43 81 a5 69 6d 61 67 65 c3 43 81 a5 69 6d 61 67 65 c3"},
    {"@hr{a:1}", "16 2f 04 81 a1 61 01 81 a2 68 72 c3"},
    {"'a'{a:1} 'b'{b:2} 'c'", "1a 0d 04 81 a1 61 01 0d 04 81 a1 62 02 09 61 62 63"},
    {"'a'{a:1} 'b'", "0e 0d 04 81 a1 61 01 09 61 62"},
    {"2 'ab' -3 2{a:nil}", "12 10 11 1a 14 04 81 a1 61 c0 61 62"},
    {"-3 'ab'", "04 1a 11 61 62"},
    {"'ab' -3", "04 11 1a 61 62"},
    {"1{a:-1.5}", "1c 0c 0c 81 a1 61 cb bf f8 00 00 00 00 00 00"},
    {"1{a:300}", "10 0c 06 81 a1 61 cd 01 2c"},
};

static void operations_have_exactly_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct words words = {0};
        assert_op_equal(words_op(&words, golden[i].words), words_hex(&words, golden[i].bytes));
        words_free(&words);
    }
}

/* Reads every component and builds the operation anew. */
static void copy_by_iterator(struct ot_slice op, struct ot_buf *out)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_iter iter;
    struct ot_component component;
    assert_non_null(builder);
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        switch (component.kind) {
        case OT_RETAIN:
            ot_builder_retain(builder, component.length, component.attributes);
            break;
        case OT_INSERT:
            ot_builder_insert(builder, component.content, component.attributes);
            break;
        case OT_DELETE:
            ot_builder_delete(builder, component.length);
            break;
        case OT_EMBED:
            assert_int_equal(component.length, 1);
            ot_builder_embed(builder, component.content, component.attributes);
            break;
        }
    }
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    ot_builder_free(builder);
}

static void the_iterator_reads_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct words words = {0};
        struct ot_slice op = words_hex(&words, golden[i].bytes);
        struct ot_buf *copy = words_buf(&words);
        copy_by_iterator(op, copy);
        assert_op_equal(ot_buf_slice(copy), op);
        words_free(&words);
    }
}

static void the_iterator_points_into_the_operation(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_slice op = words_op(&words, "2{a:1} '\u20ac\U0001f600' @hr 'x'");
    struct ot_iter iter;
    struct ot_component c;
    ot_iter_init(&iter, op);
    assert_true(ot_iter_next(&iter, &c));
    assert_int_equal(c.kind, OT_RETAIN);
    assert_int_equal(c.length, 2);
    assert_memory_equal(c.attributes.data, "\x81\xa1\x61\x01", 4);
    assert_true(ot_iter_next(&iter, &c));
    assert_int_equal(c.kind, OT_INSERT);
    assert_int_equal(c.length, 3);
    assert_int_equal(c.content.size, 7);
    assert_int_equal(c.attributes.size, 0);
    assert_true(ot_iter_next(&iter, &c));
    assert_int_equal(c.kind, OT_EMBED);
    assert_int_equal(c.length, 1);
    assert_memory_equal(c.content.data, "\x81\xa2hr\xc3", 5);
    assert_true(ot_iter_next(&iter, &c));
    assert_ptr_equal(c.content.data, op.data + op.size - 1);
    assert_false(ot_iter_next(&iter, &c));
    assert_false(ot_iter_next(&iter, &c));
    words_free(&words);
}

/* ---- what the reader tells ---- */

static struct ot_op_info info_of(struct words *words, const char *text)
{
    struct ot_op_info info;
    assert_int_equal(ot_op_check(words_op(words, text), &info, NULL), OT_OK);
    return info;
}

static void the_reader_adds_up(void **state)
{
    (void)state;
    struct words words = {0};
    struct ot_op_info info = info_of(&words, "3 -2 '\u00e9\U0001f600' 4{a:nil} @hr{b:1} -1");
    assert_int_equal(info.components, 6);
    assert_int_equal(info.base_length, 10);
    assert_int_equal(info.deleted_length, 3);
    assert_int_equal(info.inserted_length, 4);
    assert_int_equal(info.attributes_size, 8);
    assert_true(info.has_attributes);
    assert_true(info.has_embeds);
    assert_false(info.only_inserts);
    info = info_of(&words, "'ab' @hr");
    assert_true(info.only_inserts);
    assert_true(info.has_embeds);
    assert_false(info.has_attributes);
    info = info_of(&words, "");
    assert_true(info.only_inserts);
    assert_int_equal(info.components, 0);
    assert_true(ot_op_is_empty(words_op(&words, "")));
    assert_false(ot_op_is_empty(words_op(&words, "'a'")));
    assert_false(info_of(&words, "-1").only_inserts);
    words_free(&words);
}

/* ---- what is refused ---- */

struct refusal {
    const char *bytes;
    int code;
    unsigned at;
};

static const struct refusal refusals[] = {
    /* the header */
    {"", OT_E_TRUNCATED, 0},
    {"80", OT_E_TRUNCATED, 0},
    {"80 00", OT_E_FORM, 0},
    {"ff ff ff ff 7f", OT_E_LENGTH, 0},
    {"ff ff ff ff ff 01", OT_E_FORM, 0},
    {"02", OT_E_TRUNCATED, 0},
    {"fe ff ff ff 0f", OT_E_TRUNCATED, 0},
    /* the tag and its length */
    {"02 01", OT_E_LENGTH, 1},
    {"02 00", OT_E_LENGTH, 1},
    {"02 02", OT_E_LENGTH, 1},
    {"02 03", OT_E_LENGTH, 1},
    {"04 81 00", OT_E_FORM, 2},
    {"06 81 80 00", OT_E_FORM, 2},
    {"02 8a", OT_E_TRUNCATED, 2},
    {"04 8a 80", OT_E_TRUNCATED, 2},
    {"0a 82 80 80 80 40", OT_E_LENGTH, 1},
    {"0c fa ff ff ff ff 0f", OT_E_LENGTH, 1},
    {"0c 82 ff ff ff ff 1f", OT_E_LENGTH, 2},
    {"02 0e", OT_E_KIND, 1},
    /* attributes */
    {"02 0c", OT_E_TRUNCATED, 2},
    {"04 0c 05", OT_E_TRUNCATED, 2},
    {"04 0c 00", OT_E_TRUNCATED, 3},
    {"06 0c 01 80", OT_E_FORM, 3},
    {"06 0c 01 c3", OT_E_VALUE, 3},
    {"06 0c 01 81", OT_E_TRUNCATED, 4},
    {"0a 0c 03 81 a1 61", OT_E_TRUNCATED, 6},
    {"0e 0c 05 81 a1 61 c3 c3", OT_E_TRAILING, 7},
    {"0c 0d 04 81 a1 61 c0 78", OT_E_FORM, 6},
    {"12 0d 07 82 a1 61 c3 a1 62 c0 78", OT_E_FORM, 9},
    {"12 0c 07 82 a1 62 c3 a1 61 c3", OT_E_FORM, 7},
    {"12 0c 07 82 a1 61 c3 a1 61 c3", OT_E_FORM, 7},
    {"0a 0c 03 81 01 c3", OT_E_KEY, 4},
    {"1c 0c 0c 81 a9 5f 5f 70 72 6f 74 6f 5f 5f c3", OT_E_KEY, 4},
    {"0c 0c 04 81 a1 00 c3", OT_E_KEY, 4},
    {"0c 0c 04 81 a1 ff c3", OT_E_UTF8, 4},
    {"0e 0c 05 81 a1 61 cc 01", OT_E_FORM, 6},
    /* embeds */
    {"02 0b", OT_E_TRUNCATED, 2},
    {"04 0b 80", OT_E_VALUE, 2},
    {"04 0b c3", OT_E_VALUE, 2},
    {"0e 33 82 a1 61 01 a1 62", OT_E_TRUNCATED, 8},
    {"10 3b 82 a1 61 01 a1 62 02", OT_E_VALUE, 2},
    {"0c 2b 81 a1 61 01 01", OT_E_TRAILING, 6},
    /* neighbours, and the end */
    {"02 08", OT_E_FORM, 1},
    {"04 12 08", OT_E_FORM, 2},
    {"04 12 12", OT_E_FORM, 2},
    {"06 08 08 12", OT_E_FORM, 2},
    {"04 09 09 61 62", OT_E_FORM, 2},
    {"18 0c 04 81 a1 61 c3 0c 04 81 a1 61 c3", OT_E_FORM, 7},
    /* sums */
    {"0c 12 fa ff ff ff 3f", OT_E_FORM, 2},
    {"0e f8 ff ff ff 3f 09 0a 61", OT_E_LENGTH, 7},
    /* text */
    {"00 61", OT_E_TRAILING, 1},
    {"02 09", OT_E_TRUNCATED, 2},
    {"02 11 61", OT_E_TRUNCATED, 3},
    {"02 09 61 61", OT_E_TRAILING, 3},
    {"01", OT_E_FORM, 1},
    {"03 09 61", OT_E_FORM, 2},
    {"02 11 c3 a9", OT_E_FORM, 2},
    {"02 09 c3 a9", OT_E_TRAILING, 3},
    {"03 11 c3 a9", OT_E_TRUNCATED, 4},
    {"03 09 c3 a9 61", OT_E_TRAILING, 4},
    {"03 09 c3", OT_E_UTF8, 2},
    {"03 09 80", OT_E_UTF8, 2},
    {"03 11 61 ff", OT_E_UTF8, 3},
    {"03 09 c0 80", OT_E_UTF8, 2},
    {"03 09 c1 bf", OT_E_UTF8, 2},
    {"03 09 e0 9f bf", OT_E_UTF8, 2},
    {"03 09 ed a0 80", OT_E_UTF8, 2},
    {"03 09 e2 82", OT_E_UTF8, 2},
    {"03 09 e2 28 a1", OT_E_UTF8, 2},
    {"03 11 f0 8f bf bf", OT_E_UTF8, 2},
    {"03 11 f4 90 80 80", OT_E_UTF8, 2},
    {"03 11 f5 80 80 80", OT_E_UTF8, 2},
    {"03 09 f0 9f 98 80", OT_E_SURROGATE, 2},
    {"07 09 12 09 f0 9f 98 80", OT_E_SURROGATE, 4},
};

static void bad_bytes_are_refused_where_they_are_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct words words = {0};
        struct ot_error error = {0};
        const struct refusal *row = &refusals[i];
        int code = ot_op_check(words_hex(&words, row->bytes), NULL, &error);
        if (code != row->code || error.code != code || error.at != row->at) {
            fail_msg("%s: %s at %llu, not %s at %u", row->bytes, ot_error_name(code),
                     (unsigned long long)error.at, ot_error_name(row->code), row->at);
        }
        words_free(&words);
    }
}

static void every_proper_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct words words = {0};
        struct ot_slice op = words_hex(&words, golden[i].bytes);
        for (size_t size = 0; size < op.size; size++) {
            /* Of exactly that size, so that a read beyond it would be noticed. */
            uint8_t *prefix = malloc(size > 0 ? size : 1);
            assert_non_null(prefix);
            memcpy(prefix, op.data, size);
            assert_int_not_equal(ot_op_check((struct ot_slice){prefix, size}, NULL, NULL), OT_OK);
            free(prefix);
        }
        words_free(&words);
    }
}

static void values_nest_so_deep_and_no_deeper(void **state)
{
    (void)state;
    for (unsigned depth = OT_VALUE_DEPTH_MAX; depth <= OT_VALUE_DEPTH_MAX + 1; depth++) {
        /* {"a": [[...[]...]]}, of `depth` maps and arrays in all */
        struct ot_buf op = {0};
        uint8_t head[] = {(uint8_t)((4 + depth) << 1), 0x0c, (uint8_t)(2 + depth), 0x81, 0xa1, 'a'};
        struct ot_error error = {0};
        assert_int_equal(ot_buf_append(&op, head, sizeof head), OT_OK);
        for (unsigned i = 2; i < depth; i++) {
            assert_int_equal(ot_value_array(&op, 1), OT_OK);
        }
        assert_int_equal(ot_value_array(&op, 0), OT_OK);
        op.data[0] = (uint8_t)((op.size - 1) << 1);
        op.data[2] = (uint8_t)(op.size - 3);
        int code = ot_op_check(ot_buf_slice(&op), NULL, &error);
        if (depth == OT_VALUE_DEPTH_MAX) {
            assert_int_equal(code, OT_OK);
        } else {
            assert_int_equal(code, OT_E_DEPTH);
            assert_int_equal(error.at, op.size - 1);
        }
        ot_buf_deinit(&op);
    }
}

static void a_claimed_count_costs_nothing(void **state)
{
    (void)state;
    struct words words = {0};
    /* An array of 2^32 - 1 items, in ten bytes. */
    struct ot_slice op = words_hex(&words, "14 0c 08 81 a1 61 dd ff ff ff ff");
    struct ot_error error = {0};
    assert_int_equal(ot_op_check(op, NULL, &error), OT_E_TRUNCATED);
    assert_int_equal(error.at, op.size);
    words_free(&words);
}

static void every_error_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(ot_error_name(OT_E_SURROGATE), "split_surrogate");
    assert_string_equal(ot_error_text(OT_E_MEMORY), "not enough memory");
    assert_string_equal(ot_error_name(OT_OK), "ok");
    assert_string_equal(ot_error_name(-999), "unknown");
    assert_non_null(ot_error_text(-999));
#define CHECK(symbol, number, name, text) assert_string_equal(ot_error_name(symbol), name);
    OT_ERRORS(CHECK)
#undef CHECK
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_have_exactly_these_bytes),
        cmocka_unit_test(the_iterator_reads_what_was_written),
        cmocka_unit_test(the_iterator_points_into_the_operation),
        cmocka_unit_test(the_reader_adds_up),
        cmocka_unit_test(bad_bytes_are_refused_where_they_are_bad),
        cmocka_unit_test(every_proper_prefix_is_refused),
        cmocka_unit_test(values_nest_so_deep_and_no_deeper),
        cmocka_unit_test(a_claimed_count_costs_nothing),
        cmocka_unit_test(every_error_has_a_name_and_a_sentence),
    };
    return cmocka_run_group_tests_name("ot_reader", tests, NULL, NULL);
}

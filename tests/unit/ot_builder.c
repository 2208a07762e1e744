/* The builder: whatever it is given, in whatever order, a normal operation comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_words.h"
#include "quire/ot.h"

static const struct ot_slice none = {0};

struct fixture {
    struct words words;
    struct ot_builder *builder;
};

static void begin(struct fixture *fixture, enum ot_order order)
{
    *fixture = (struct fixture){0};
    fixture->builder = ot_builder_new(order);
    assert_non_null(fixture->builder);
}

static void end(struct fixture *fixture)
{
    ot_builder_free(fixture->builder);
    words_free(&fixture->words);
}

static void insert(struct fixture *fixture, const char *text, const char *attributes)
{
    struct ot_slice slice = {(const uint8_t *)text, strlen(text)};
    ot_builder_insert(fixture->builder, slice,
                      attributes == NULL ? none : words_attributes(&fixture->words, attributes));
}

static void expect(struct fixture *fixture, const char *words)
{
    struct ot_buf *out = words_buf(&fixture->words);
    assert_int_equal(ot_builder_finish(fixture->builder, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_op(&fixture->words, words));
}

static void expect_error(struct fixture *fixture, int error)
{
    struct ot_buf *out = words_buf(&fixture->words);
    assert_int_equal(ot_buf_append(out, "x", 1), OT_OK);
    assert_int_equal(ot_builder_finish(fixture->builder, out), error);
    assert_int_equal(out->size, 1);
}

static void neighbours_of_one_kind_are_merged(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    ot_builder_retain(f.builder, 2, none);
    ot_builder_retain(f.builder, 3, none);
    insert(&f, "ab", NULL);
    insert(&f, "\u00e9", NULL);
    ot_builder_delete(f.builder, 1);
    ot_builder_delete(f.builder, 4);
    expect(&f, "5 'ab\u00e9' -5");
    insert(&f, "a", "{b:1}");
    insert(&f, "b", "{b:1}");
    insert(&f, "c", "{b:2}");
    insert(&f, "d", NULL);
    ot_builder_retain(f.builder, 1, words_attributes(&f.words, "{a:nil}"));
    ot_builder_retain(f.builder, 2, words_attributes(&f.words, "{a:nil}"));
    ot_builder_retain(f.builder, 2, words_attributes(&f.words, "{a:1}"));
    expect(&f, "'ab'{b:1} 'c'{b:2} 'd' 3{a:nil} 2{a:1}");
    end(&f);
}

static void embeds_stay_apart(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_CANONICAL);
    struct ot_slice embed = words_attributes(&f.words, "{hr:true}");
    ot_builder_embed(f.builder, embed, none);
    ot_builder_embed(f.builder, embed, none);
    expect(&f, "@hr @hr");
    end(&f);
}

static void nothing_is_made_of_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    expect(&f, "");
    ot_builder_retain(f.builder, 0, none);
    ot_builder_delete(f.builder, 0);
    insert(&f, "", NULL);
    expect(&f, "");
    insert(&f, "a", NULL);
    ot_builder_delete(f.builder, 0);
    insert(&f, "b", NULL);
    expect(&f, "'ab'");
    end(&f);
}

static void the_last_plain_retain_is_left_out(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    ot_builder_retain(f.builder, 7, none);
    expect(&f, "");
    insert(&f, "a", NULL);
    ot_builder_retain(f.builder, 7, none);
    expect(&f, "'a'");
    ot_builder_retain(f.builder, 7, words_attributes(&f.words, "{a:1}"));
    expect(&f, "7{a:1}");
    end(&f);
}

static void empty_attributes_are_none(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    struct ot_slice empty = words_hex(&f.words, "80");
    ot_builder_insert(f.builder, (struct ot_slice){(const uint8_t *)"a", 1}, empty);
    insert(&f, "b", NULL);
    ot_builder_retain(f.builder, 2, empty);
    expect(&f, "'ab'");
    end(&f);
}

static void nil_is_stripped_from_inserts_and_kept_on_retains(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    insert(&f, "a", "{a:nil,b:1,c:nil}");
    insert(&f, "b", "{b:1}");
    insert(&f, "c", "{z:nil}");
    ot_builder_embed(f.builder, words_attributes(&f.words, "{hr:true}"),
                     words_attributes(&f.words, "{a:1,b:nil}"));
    ot_builder_retain(f.builder, 1, words_attributes(&f.words, "{a:nil}"));
    expect(&f, "'ab'{b:1} 'c' @hr{a:1} 1{a:nil}");
    end(&f);
}

static void canonical_order_puts_inserts_before_deletes(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_CANONICAL);
    insert(&f, "a", NULL);
    ot_builder_delete(f.builder, 1);
    insert(&f, "b", NULL);
    ot_builder_delete(f.builder, 2);
    ot_builder_embed(f.builder, words_attributes(&f.words, "{hr:true}"), none);
    ot_builder_delete(f.builder, 3);
    ot_builder_retain(f.builder, 1, none);
    ot_builder_delete(f.builder, 1);
    insert(&f, "c", "{a:1}");
    expect(&f, "'ab' @hr -6 1 'c'{a:1} -1");
    end(&f);
}

static void stable_order_leaves_them_as_they_come(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    ot_builder_delete(f.builder, 1);
    insert(&f, "b", NULL);
    ot_builder_delete(f.builder, 2);
    struct ot_buf *out = words_buf(&f.words);
    assert_int_equal(ot_builder_finish(f.builder, out), OT_OK);
    assert_op_equal(ot_buf_slice(out), words_hex(&f.words, "06 0a 09 12 62"));
    end(&f);
}

static void what_it_is_given_is_copied(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    struct ot_slice attributes = words_attributes(&f.words, "{a:1}");
    struct ot_slice embed = words_attributes(&f.words, "{hr:true}");
    char text[] = "ab";
    insert(&f, text, "{a:1}");
    ot_builder_embed(f.builder, embed, attributes);
    memset(text, 'x', 2);
    memset((uint8_t *)attributes.data, 0xc1, attributes.size);
    memset((uint8_t *)embed.data, 0xc1, embed.size);
    expect(&f, "'ab'{a:1} @hr{a:1}");
    end(&f);
}

static void long_attributes_and_texts_fit(void **state)
{
    (void)state;
    struct fixture f;
    enum { SIZE = 20000 };
    static char text[SIZE + 1];
    memset(text, 'x', SIZE);
    begin(&f, OT_CANONICAL);
    struct ot_buf *attributes = words_buf(&f.words);
    struct ot_buf *embed = words_buf(&f.words);
    struct ot_slice key = {(const uint8_t *)text, 1};
    struct ot_slice value = {(const uint8_t *)text, SIZE};
    assert_int_equal(ot_value_map(attributes, 1), OT_OK);
    assert_int_equal(ot_value_string(attributes, key), OT_OK);
    assert_int_equal(ot_value_string(attributes, value), OT_OK);
    assert_int_equal(ot_buf_append(embed, attributes->data, attributes->size), OT_OK);
    for (unsigned i = 0; i < 10; i++) {
        ot_builder_retain(f.builder, 1, ot_buf_slice(attributes));
        insert(&f, text, NULL);
        ot_builder_embed(f.builder, ot_buf_slice(embed), ot_buf_slice(attributes));
    }
    struct ot_buf *out = words_buf(&f.words);
    struct ot_op_info info;
    assert_int_equal(ot_builder_finish(f.builder, out), OT_OK);
    assert_int_equal(ot_op_check(ot_buf_slice(out), &info, NULL), OT_OK);
    assert_int_equal(info.components, 30);
    assert_int_equal(info.inserted_length, 10 * SIZE + 10);
    assert_int_equal(info.attributes_size, 20 * attributes->size);
    end(&f);
}

static void the_first_error_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    insert(&f, "a", NULL);
    insert(&f, "\xff", NULL);
    ot_builder_retain(f.builder, (uint64_t)OT_LENGTH_MAX + 1, none);
    insert(&f, "b", NULL);
    expect_error(&f, OT_E_UTF8);
    /* and forgotten with the operation it belongs to */
    insert(&f, "c", NULL);
    expect(&f, "'c'");
    insert(&f, "\xc3", NULL);
    ot_builder_reset(f.builder);
    insert(&f, "d", NULL);
    expect(&f, "'d'");
    end(&f);
}

static void what_is_not_allowed_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    ot_builder_delete(f.builder, UINT64_MAX);
    expect_error(&f, OT_E_LENGTH);
    ot_builder_retain(f.builder, 1, words_hex(&f.words, "c3"));
    expect_error(&f, OT_E_VALUE);
    ot_builder_retain(f.builder, 1, words_hex(&f.words, "81 a1 61 cc 01"));
    expect_error(&f, OT_E_FORM);
    ot_builder_retain(f.builder, 1, words_hex(&f.words, "81 a9 5f 5f 70 72 6f 74 6f 5f 5f 01"));
    expect_error(&f, OT_E_KEY);
    ot_builder_embed(f.builder, words_hex(&f.words, "80"), none);
    expect_error(&f, OT_E_VALUE);
    ot_builder_embed(f.builder, none, none);
    expect_error(&f, OT_E_TRUNCATED);
    end(&f);
}

static void lengths_add_up_to_the_limit_and_no_further(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, OT_STABLE);
    ot_builder_delete(f.builder, OT_LENGTH_MAX - 1);
    ot_builder_delete(f.builder, 1);
    expect(&f, "-2147483647");
    ot_builder_delete(f.builder, OT_LENGTH_MAX);
    ot_builder_delete(f.builder, 1);
    expect_error(&f, OT_E_LENGTH);
    ot_builder_delete(f.builder, OT_LENGTH_MAX);
    ot_builder_retain(f.builder, 1, words_attributes(&f.words, "{a:1}"));
    expect_error(&f, OT_E_LENGTH);
    /* a sum that 32 bits would make small again */
    for (unsigned i = 0; i < 3; i++) {
        ot_builder_delete(f.builder, OT_LENGTH_MAX);
    }
    expect_error(&f, OT_E_LENGTH);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_of_one_kind_are_merged),
        cmocka_unit_test(embeds_stay_apart),
        cmocka_unit_test(nothing_is_made_of_nothing),
        cmocka_unit_test(the_last_plain_retain_is_left_out),
        cmocka_unit_test(empty_attributes_are_none),
        cmocka_unit_test(nil_is_stripped_from_inserts_and_kept_on_retains),
        cmocka_unit_test(canonical_order_puts_inserts_before_deletes),
        cmocka_unit_test(stable_order_leaves_them_as_they_come),
        cmocka_unit_test(what_it_is_given_is_copied),
        cmocka_unit_test(long_attributes_and_texts_fit),
        cmocka_unit_test(the_first_error_is_kept),
        cmocka_unit_test(what_is_not_allowed_is_an_error),
        cmocka_unit_test(lengths_add_up_to_the_limit_and_no_further),
    };
    return cmocka_run_group_tests_name("ot_builder", tests, NULL, NULL);
}

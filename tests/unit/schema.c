/* What rich documents may hold. The cases of tests/golden/formats.json are those of the client, too
 * (web/client/test/formats.test.ts): the two must not differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "server/limits.h"
#include "server/schema/schema.h"
#include "server/text/delta_json.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

/* ---- an operation in words ---- */

/* Takes the reference of `components`. True if it is allowed; else `error_out` says why. */
static bool allows_json(const char *formats, json_t *components, struct schema_error *error_out)
{
    struct ot_buf op = {0};
    struct ot_op_info info;
    char message[SCHEMA_MESSAGE_MAX];
    assert_non_null(components);
    assert_int_equal(delta_from_json(components, OT_STABLE, &op, NULL), OT_OK);
    assert_int_equal(ot_op_check(ot_buf_slice(&op), &info, NULL), OT_OK);
    struct schema *schema = schema_new(formats, message);
    assert_non_null(schema);
    bool allowed = schema_allows(schema, ot_buf_slice(&op), &info, error_out);
    if (!allowed) {
        assert_true(error_out->at < op.size && error_out->text != NULL);
    }
    schema_free(schema);
    ot_buf_deinit(&op);
    json_decref(components);
    return allowed;
}

static bool allows(const char *formats, const char *delta, struct schema_error *error_out)
{
    return allows_json(formats, json_loads(delta, 0, NULL), error_out);
}

static void expect_allowed(const char *formats, const char *delta)
{
    struct schema_error error;
    if (!allows(formats, delta, &error)) {
        fail_msg("%s: %s", delta, error.text);
    }
}

static void expect_refused(const char *formats, const char *delta, const char *code, uint64_t at)
{
    struct schema_error error;
    if (allows(formats, delta, &error)) {
        fail_msg("%s was allowed", delta);
    }
    assert_string_equal(error.code, code);
    assert_int_equal(error.at, at);
}

/* ---- the cases that the client has, too ---- */

static json_t *cases(void)
{
    json_error_t error;
    json_t *all = json_load_file(QUIRE_FORMAT_CASES, JSON_REJECT_DUPLICATES, &error);
    if (all == NULL) {
        fail_msg("%s: %s", QUIRE_FORMAT_CASES, error.text);
    }
    return all;
}

static json_t *formatted(const char *name, json_t *value)
{
    /* A retain can take a format away, and so have nil. */
    return json_is_null(value)
               ? json_pack("[{s:i,s:{s:O}}]", "retain", 1, "attributes", name, value)
               : json_pack("[{s:s,s:{s:O}}]", "insert", "a", "attributes", name, value);
}

static void check_values(const json_t *entries, bool expected)
{
    size_t i, k;
    json_t *entry, *value;
    json_array_foreach(entries, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        json_array_foreach(json_object_get(entry, "values"), k, value)
        {
            struct schema_error error = {.code = "bad_format"};
            if (allows_json("", formatted(name, value), &error) != expected) {
                fail_msg("%s, value %zu: not as it should be", name, k);
            }
            assert_string_equal(error.code, "bad_format");
        }
    }
}

static void formats_have_the_values_of_the_table(void **state)
{
    json_t *all = cases();
    (void)state;
    check_values(json_object_get(all, "good"), true);
    check_values(json_object_get(all, "bad"), false);
    json_decref(all);
}

static void check_embeds(const json_t *values, bool expected)
{
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        struct schema_error error = {.code = "bad_embed"};
        json_t *op = json_pack("[{s:{s:O}}]", "insert", "image", value);
        if (allows_json("", op, &error) != expected) {
            fail_msg("image %zu: not as it should be", i);
        }
        assert_string_equal(error.code, "bad_embed");
    }
}

static void images_have_an_address_on_the_web_and_there_are_no_other_embeds(void **state)
{
    json_t *all = cases();
    size_t i;
    json_t *name;
    (void)state;
    check_embeds(json_object_get(json_object_get(all, "images"), "good"), true);
    check_embeds(json_object_get(json_object_get(all, "images"), "bad"), false);
    json_array_foreach(json_object_get(all, "otherEmbeds"), i, name)
    {
        struct schema_error error;
        json_t *op = json_pack("[{s:{s:s}}]", "insert", json_string_value(name), "https://a.org");
        assert_false(allows_json("", op, &error));
        assert_string_equal(error.code, "bad_embed");
    }
    json_decref(all);
}

/* ---- operations ---- */

static void what_has_no_attributes_and_no_embeds_is_allowed(void **state)
{
    (void)state;
    expect_allowed("", "[]");
    expect_allowed("", "[{\"retain\":5},{\"insert\":\"javascript:\"},{\"delete\":2}]");
}

static void a_refusal_points_at_the_component(void **state)
{
    (void)state;
    expect_refused("", "[{\"insert\":\"a\",\"attributes\":{\"x\":1}}]", "bad_format", 1);
    expect_refused("", "[{\"retain\":5},{\"insert\":\"a\",\"attributes\":{\"x\":1}}]", "bad_format",
                   2);
    expect_refused("", "[{\"delete\":5},{\"insert\":{\"x\":1}}]", "bad_embed", 2);
    expect_refused("", "[{\"insert\":{\"x\":1},\"attributes\":{\"x\":1}}]", "bad_format", 1);
    expect_refused("", "[{\"retain\":1,\"attributes\":{\"bold\":1}},{\"retain\":1}]", "bad_format",
                   1);
}

static void any_format_can_be_taken_away(void **state)
{
    (void)state;
    expect_allowed("", "[{\"retain\":1,\"attributes\":{\"bold\":null,\"of-old\":null}}]");
    expect_refused("", "[{\"retain\":1,\"attributes\":{\"toString\":null}}]", "bad_format", 1);
}

/* ---- limits ---- */

static json_t *with_keys(unsigned count)
{
    json_t *attributes = json_object();
    for (unsigned i = 0; i < count; i++) {
        char name[] = {(char)('a' + (char)i), '\0'};
        json_object_set_new(attributes, name, json_null());
    }
    return json_pack("[{s:i,s:o}]", "retain", 1, "attributes", attributes);
}

static void a_component_has_so_many_attributes_and_no_more(void **state)
{
    struct schema_error error;
    (void)state;
    assert_true(allows_json("", with_keys(LIMIT_FORMAT_KEYS), &error));
    assert_false(allows_json("", with_keys(LIMIT_FORMAT_KEYS + 1), &error));
    assert_string_equal(error.code, "bad_format");
}

/* Attributes of `size` bytes: a link, and what msgpack puts around it. */
static json_t *linked(const char *text, size_t size, char filler)
{
    char link[2048];
    size_t length = size - (1 + 5 + 3);
    memset(link, filler, length);
    link[length] = '\0';
    return json_pack("{s:s,s:{s:s}}", "insert", text, "attributes", "link", link);
}

static void an_edit_has_so_many_bytes_of_attributes_and_no_more(void **state)
{
    struct schema_error error;
    (void)state;
    size_t half = LIMIT_EDIT_ATTRIBUTES_BYTES / 2;
    assert_true(allows_json("", json_pack("[o,o]", linked("a", half, 'a'), linked("b", half, 'b')),
                            &error));
    assert_false(allows_json(
        "", json_pack("[o,o]", linked("a", half, 'a'), linked("b", half + 1, 'b')), &error));
    assert_string_equal(error.code, "bad_format");
    assert_true(error.at > half);
    /* The same attributes again count nothing, also when something stands between them. */
    json_t *again = json_array();
    for (int i = 0; i < 10; i++) {
        json_array_append_new(again, linked("a", half, 'a'));
        json_array_append_new(again, json_pack("{s:i}", "retain", 1));
    }
    assert_true(allows_json("", again, &error));
}

static void many_small_formats_add_up(void **state)
{
    struct schema_error error;
    json_t *op = json_array();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        json_array_append_new(op, json_pack("{s:s,s:{s:b}}", "insert", "a", "attributes",
                                            i % 2 ? "bold" : "italic", 1));
    }
    assert_false(allows_json("", op, &error));
    assert_string_equal(error.code, "bad_format");
}

/* ---- the option ---- */

static void an_embedder_names_formats_of_its_own(void **state)
{
    char long_value[LIMIT_FORMAT_VALUE_BYTES + 2];
    char delta[512];
    (void)state;
    static const char *const good[] = {"true", "false", "7", "1.5", "\"text\"", "\"\""};
    static const char *const bad[] = {"{}", "[]", "{\"a\":1}", "[1]"};
    for (size_t i = 0; i < COUNT(good); i++) {
        snprintf(delta, sizeof delta, "[{\"insert\":\"a\",\"attributes\":{\"mention\":%s}}]",
                 good[i]);
        expect_allowed("comment,mention", delta);
        expect_refused("comment", delta, "bad_format", 1);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(delta, sizeof delta, "[{\"insert\":\"a\",\"attributes\":{\"mention\":%s}}]",
                 bad[i]);
        expect_refused("comment,mention", delta, "bad_format", 1);
    }
    memset(long_value, 'x', sizeof long_value);
    long_value[LIMIT_FORMAT_VALUE_BYTES] = '\0';
    snprintf(delta, sizeof delta, "[{\"insert\":\"a\",\"attributes\":{\"mention\":\"%s\"}}]",
             long_value);
    expect_allowed("mention", delta);
    snprintf(delta, sizeof delta, "[{\"insert\":\"a\",\"attributes\":{\"mention\":\"%sx\"}}]",
             long_value);
    expect_refused("mention", delta, "bad_format", 2);
    /* Those of the table keep their values. */
    expect_refused("bold", "[{\"insert\":\"a\",\"attributes\":{\"bold\":\"x\"}}]", "bad_format", 1);
    expect_refused("mention", "[{\"insert\":{\"mention\":\"x\"}}]", "bad_embed", 1);
}

static void any_is_all_but_the_names_of_properties(void **state)
{
    (void)state;
    expect_allowed(
        "any",
        "[{\"insert\":{\"video\":{\"a\":[1,{\"b\":null}]}},\"attributes\":{\"x\":{\"y\":[]}}}]");
    expect_allowed("any", "[{\"insert\":\"a\",\"attributes\":{\"link\":\"javascript:x\"}}]");
    expect_allowed("any", "[{\"insert\":\"a\",\"attributes\":{\"x\":\"constructor\"}}]");
    expect_refused("any", "[{\"insert\":\"a\",\"attributes\":{\"constructor\":1}}]", "bad_format",
                   1);
    expect_refused("any", "[{\"insert\":\"a\",\"attributes\":{\"x\":{\"toString\":1}}}]",
                   "bad_format", 1);
    expect_refused("any",
                   "[{\"insert\":\"a\",\"attributes\":{\"x\":[[{\"a\":1,\"valueOf\":1}],2]}}]",
                   "bad_format", 1);
    expect_refused("any", "[{\"insert\":{\"constructor\":1}}]", "bad_embed", 1);
    expect_refused("any", "[{\"insert\":{\"x\":[1,{\"prototype\":1}]}}]", "bad_embed", 1);
}

static void names_that_cannot_be_formats_are_refused_at_the_start(void **state)
{
    static const char *const bad[] = {
        ",", "a,,b", "a b", "a,constructor", "__proto__", "toString", "\xc3\xa9", "a;b", "any,x y",
    };
    char message[SCHEMA_MESSAGE_MAX], many[100] = "", longest[LIMIT_FORMAT_NAME_BYTES + 2] = "";
    (void)state;
    memset(longest, 'a', LIMIT_FORMAT_NAME_BYTES);
    struct schema *schema = schema_new(longest, message);
    assert_non_null(schema);
    schema_free(schema);
    longest[LIMIT_FORMAT_NAME_BYTES] = 'a';
    assert_null(schema_new(longest, message));
    for (size_t i = 0; i < COUNT(bad); i++) {
        message[0] = '\0';
        assert_null(schema_new(bad[i], message));
        assert_string_not_equal(message, "");
    }
    for (int i = 0; i < 33; i++) {
        strcat(many, i == 0 ? "a" : ",a");
    }
    assert_null(schema_new(many, message));
    assert_non_null(strstr(message, "more than 32"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_have_the_values_of_the_table),
        cmocka_unit_test(images_have_an_address_on_the_web_and_there_are_no_other_embeds),
        cmocka_unit_test(what_has_no_attributes_and_no_embeds_is_allowed),
        cmocka_unit_test(a_refusal_points_at_the_component),
        cmocka_unit_test(any_format_can_be_taken_away),
        cmocka_unit_test(a_component_has_so_many_attributes_and_no_more),
        cmocka_unit_test(an_edit_has_so_many_bytes_of_attributes_and_no_more),
        cmocka_unit_test(many_small_formats_add_up),
        cmocka_unit_test(an_embedder_names_formats_of_its_own),
        cmocka_unit_test(any_is_all_but_the_names_of_properties),
        cmocka_unit_test(names_that_cannot_be_formats_are_refused_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

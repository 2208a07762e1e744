/* Delta JSON to operations and back: what is accepted, what it becomes, what is refused and where.
 */
#include "delta_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

static json_t *json_of(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (!json)
        fail_msg("%s: %s", text, error.text);
    return json;
}

static int read_text(const char *text, enum ot_order order, struct ot_buf *out,
                     struct delta_error *error_out)
{
    json_t *json = json_of(text);
    int code = delta_from_json(json, order, out, error_out);
    json_decref(json);
    return code;
}

static void assert_becomes_in(enum ot_order order, const char *text, const char *wanted)
{
    struct ot_buf op = {0};
    assert_int_equal(read_text(text, order, &op, NULL), OT_OK);
    assert_int_equal(ot_op_check(ot_buf_slice(&op), NULL, NULL), OT_OK);
    json_t *json = delta_to_json(ot_buf_slice(&op));
    char *got = json_dumps(json, JSON_COMPACT);
    assert_string_equal(got, wanted);
    free(got);
    json_decref(json);
    ot_buf_deinit(&op);
}

static void assert_becomes(const char *text, const char *wanted)
{
    assert_becomes_in(OT_CANONICAL, text, wanted);
}

static void assert_stays(const char *text)
{
    assert_becomes(text, text);
}

static void assert_refused(const char *text, int code, size_t at)
{
    struct ot_buf op = {0};
    struct delta_error error = {0};
    ot_buf_append(&op, "kept", 4);
    assert_int_equal(read_text(text, OT_CANONICAL, &op, &error), code);
    assert_int_equal(error.code, code);
    assert_int_equal(error.at, at);
    assert_non_null(error.reason);
    assert_int_equal(op.size, 4);
    assert_int_equal(read_text(text, OT_CANONICAL, &op, NULL), code);
    ot_buf_deinit(&op);
}

static void every_kind_of_component_goes_there_and_back(void **state)
{
    (void)state;
    assert_stays("[]");
    assert_stays("[{\"retain\":2147483646},{\"delete\":1}]");
    assert_stays("[{\"insert\":\"a\303\251\342\202\254\360\237\230\200\\n\"}]");
    assert_stays("[{\"insert\":{\"image\":\"x\"}},{\"insert\":{\"image\":\"x\"}}]");
    assert_stays("[{\"insert\":\"a\",\"attributes\":{\"b\":true}}]");
    assert_stays("[{\"retain\":1,\"attributes\":{\"b\":null}}]");
    assert_stays("[{\"insert\":{\"image\":null},\"attributes\":{\"\":\"\"}}]");
    assert_stays("[{\"insert\":\"a\\u0000b\"}]");
}

static void every_kind_of_value_goes_there_and_back(void **state)
{
    (void)state;
    assert_stays("[{\"retain\":1,\"attributes\":{\"a\":[null,true,false,0,-1,9007199254740991,"
                 "-9007199254740991,0.5,-2.5,1.152921504606847e18,\"\",\"\303\251\",[],{},[[]],{"
                 "\"b\":null}]}}]");
}

static void numbers_are_those_of_javascript(void **state)
{
    (void)state;
    assert_becomes("[{\"retain\":2.0,\"attributes\":{\"a\":1.0,\"b\":-0.0,\"c\":1e3}}]",
                   "[{\"retain\":2,\"attributes\":{\"a\":1,\"b\":0,\"c\":1000}}]");
    assert_becomes("[{\"insert\":{\"n\":9007199254740993}}]",
                   "[{\"insert\":{\"n\":9007199254740992.0}}]");
    assert_becomes("[{\"insert\":{\"n\":-9223372036854775808}}]",
                   "[{\"insert\":{\"n\":-9.2233720368547758e18}}]");
}

static void keys_are_put_in_the_order_of_their_bytes(void **state)
{
    (void)state;
    assert_becomes("[{\"insert\":{\"x\":{\"b\":1,\"a\":2,\"aa\":3}},\"attributes\":{\"\303\251\":1,"
                   "\"z\":2,\"B\":3}}]",
                   "[{\"insert\":{\"x\":{\"a\":2,\"aa\":3,\"b\":1}},\"attributes\":{\"B\":3,"
                   "\"z\":2,\"\303\251\":1}}]");
}

static void neighbours_are_merged_and_nothing_empty_remains(void **state)
{
    (void)state;
    assert_becomes("[{\"insert\":\"a\"},{\"insert\":\"b\",\"attributes\":{}},{\"retain\":1},"
                   "{\"retain\":2,\"attributes\":{}},{\"delete\":1},{\"delete\":2},{\"retain\":9}]",
                   "[{\"insert\":\"ab\"},{\"retain\":3},{\"delete\":3}]");
}

static void null_attributes_of_inserts_are_dropped(void **state)
{
    (void)state;
    assert_becomes("[{\"insert\":\"a\",\"attributes\":{\"b\":null}},{\"insert\":\"c\"},"
                   "{\"insert\":{\"e\":1},\"attributes\":{\"b\":null,\"c\":[null]}}]",
                   "[{\"insert\":\"ac\"},{\"insert\":{\"e\":1},\"attributes\":{\"c\":[null]}}]");
}

static void the_order_asked_for_is_kept(void **state)
{
    (void)state;
    const char *text = "[{\"delete\":1},{\"insert\":\"a\"}]";
    assert_becomes_in(OT_CANONICAL, text, "[{\"insert\":\"a\"},{\"delete\":1}]");
    assert_becomes_in(OT_STABLE, text, text);
}

/* Writes a retain whose attribute is `levels` objects deep, itself included. */
static void assert_nested(size_t levels, int code)
{
    char text[512] = "[{\"retain\":1,\"attributes\":";
    for (size_t i = 0; i < levels; i++)
        strcat(text, "{\"a\":");
    strcat(text, "1");
    for (size_t i = 0; i < levels; i++)
        strcat(text, "}");
    strcat(text, "}]");
    if (code == OT_OK)
        assert_stays(text);
    else
        assert_refused(text, code, 0);
}

static void values_are_read_up_to_the_depth_limit(void **state)
{
    (void)state;
    assert_nested(OT_VALUE_DEPTH_MAX, OT_OK);
    assert_nested(OT_VALUE_DEPTH_MAX + 1, OT_E_DEPTH);
}

static void what_is_no_delta_is_refused_by_component(void **state)
{
    (void)state;
    assert_refused("{}", DELTA_E_LIST, 0);
    assert_refused("[{\"insert\":\"a\"},{}]", OT_E_KIND, 1);
    assert_refused("[{\"insert\":\"a\"},{\"insert\":\"Q\",\"delete\":2}]", OT_E_KIND, 1);
    assert_refused("[{\"retain\":1,\"other\":2}]", OT_E_KIND, 0);
    assert_refused("[1]", OT_E_KIND, 0);
    assert_refused("[{\"retain\":0}]", OT_E_LENGTH, 0);
    assert_refused("[{\"retain\":2147483648}]", OT_E_LENGTH, 0);
    assert_refused("[{\"delete\":2147483647},{\"insert\":\"a\"},{\"retain\":1}]", OT_E_LENGTH, 2);
    assert_refused("[{\"delete\":-1}]", OT_E_LENGTH, 0);
    assert_refused("[{\"delete\":1.5}]", OT_E_LENGTH, 0);
    assert_refused("[{\"insert\":\"\"}]", OT_E_LENGTH, 0);
    assert_refused("[{\"insert\":5}]", DELTA_E_INSERT, 0);
    assert_refused("[{\"insert\":{}}]", DELTA_E_INSERT, 0);
    assert_refused("[{\"insert\":{\"a\":1,\"b\":2}}]", DELTA_E_INSERT, 0);
    assert_refused("[{\"retain\":{\"a\":1}}]", DELTA_E_EMBED_CHANGE, 0);
    assert_refused("[{\"delete\":1,\"attributes\":{\"b\":1}}]", DELTA_E_ATTRIBUTES, 0);
    assert_refused("[{\"retain\":1,\"attributes\":[]}]", DELTA_E_ATTRIBUTES, 0);
    assert_refused("[{\"retain\":1,\"attributes\":{\"__proto__\":1}}]", OT_E_KEY, 0);
    assert_refused("[{\"insert\":{\"a\":[{\"__proto__\":1}]}}]", OT_E_KEY, 0);
    assert_refused("[{\"insert\":{\"a\":\"\\u0000\"}}]", OT_E_VALUE, 0);
}

/* JSON made by a program, not read, may hold what no parser lets through. */
static void bytes_that_are_no_utf8_are_refused(void **state)
{
    (void)state;
    struct ot_buf op = {0};
    struct delta_error error;
    json_t *text = json_pack("[{s:o}]", "insert", json_string_nocheck("a\377"));
    assert_int_equal(delta_from_json(text, OT_CANONICAL, &op, &error), OT_E_UTF8);
    json_t *value = json_pack("[{s:{s:o}}]", "insert", "e", json_string_nocheck("\355\240\275"));
    assert_int_equal(delta_from_json(value, OT_CANONICAL, &op, &error), OT_E_UTF8);
    assert_int_equal(op.size, 0);
    json_decref(text);
    json_decref(value);
}

static void operations_are_appended(void **state)
{
    (void)state;
    struct ot_buf ops = {0};
    assert_int_equal(read_text("[{\"insert\":\"a\"}]", OT_CANONICAL, &ops, NULL), OT_OK);
    assert_int_equal(read_text("[]", OT_CANONICAL, &ops, NULL), OT_OK);
    assert_int_equal(ops.size, 4);
    assert_memory_equal(ops.data, "\x02\x09\x61\x00", 4);
    ot_buf_deinit(&ops);
}

static void every_code_has_a_name_and_a_text(void **state)
{
    (void)state;
    assert_string_equal(delta_error_name(DELTA_E_EMBED_CHANGE), "embed_change");
    assert_string_equal(delta_error_name(OT_E_LENGTH), "bad_length");
    assert_string_equal(delta_error_name(12345), "unknown");
    assert_true(strlen(delta_error_text(DELTA_E_LIST)) > 0);
    assert_true(strlen(delta_error_text(OT_E_LENGTH)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_component_goes_there_and_back),
        cmocka_unit_test(every_kind_of_value_goes_there_and_back),
        cmocka_unit_test(numbers_are_those_of_javascript),
        cmocka_unit_test(keys_are_put_in_the_order_of_their_bytes),
        cmocka_unit_test(neighbours_are_merged_and_nothing_empty_remains),
        cmocka_unit_test(null_attributes_of_inserts_are_dropped),
        cmocka_unit_test(the_order_asked_for_is_kept),
        cmocka_unit_test(values_are_read_up_to_the_depth_limit),
        cmocka_unit_test(what_is_no_delta_is_refused_by_component),
        cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
        cmocka_unit_test(operations_are_appended),
        cmocka_unit_test(every_code_has_a_name_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Traces: how they are read, in which order they can be played, and what a play finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "tools/peer/bytes.h"
#include "tools/replay/play.h"
#include "tools/replay/replay_command.h"
#include "tools/replay/wide.h"

static int parse(const char *json, struct trace *trace)
{
    char error[256];
    memset(trace, 0, sizeof *trace);
    return trace_parse_json(bytes_of(json), trace, error, sizeof error);
}

/* Plays by the engine; the trace must be sound. */
static bool plays(const char *json, struct play_result *result)
{
    struct trace trace;
    struct cast cast;
    struct play_options options = {0};
    struct progress progress;
    char error[256];

    assert_int_equal(parse(json, &trace), 0);
    cast_init(&cast, &trace);
    assert_int_equal(plan_make(&trace, &cast.plan, error, sizeof error), 0);
    progress_init(&progress, "test", true);
    bool agreed = play(&cast, &options, &progress, result);
    cast_deinit(&cast);
    trace_free(&trace);
    return agreed;
}

static int plan_of(const char *json, char *error, size_t error_size)
{
    struct trace trace;
    struct plan plan;

    assert_int_equal(parse(json, &trace), 0);
    int code = plan_make(&trace, &plan, error, error_size);
    if (code == 0)
        plan_free(&plan);
    trace_free(&trace);
    return code;
}

static void one_line_of_edits_is_played(void **state)
{
    struct play_result result;
    (void)state;

    assert_true(plays("{\"startContent\":\"abc\",\"endContent\":\"aXc!\",\"txns\":[{\"time\":\"x\","
                      "\"patches\":[[1,1,\"X\"],[3,0,\"?\"]]},{\"patches\":[[3,1,\"!\"]]}]}",
                      &result));
    assert_int_equal(result.edits, 2);
    assert_int_equal(result.versions, 3);
    assert_int_equal(result.text_bytes, 4);
}

static void a_text_that_is_not_the_recorded_one_is_found(void **state)
{
    struct play_result result;
    (void)state;

    assert_false(plays("{\"startContent\":\"\",\"endContent\":\"ab\",\"txns\":[{\"patches\":"
                       "[[0,0,\"ac\"]]}]}",
                       &result));
    assert_int_equal(result.differs_at, 1);
    assert_false(result.tied);
    assert_string_equal(result.error, "");
}

static void an_edit_past_the_end_is_told(void **state)
{
    struct play_result result;
    (void)state;

    assert_false(plays("{\"endContent\":\"\",\"txns\":[{\"patches\":[[5,0,\"x\"]]}]}", &result));
    assert_non_null(strstr(result.error, "transaction 0 does not fit"));
}

static void positions_count_code_points(void **state)
{
    struct play_result result;
    (void)state;

    /* "😀b" -> "😀xb" -> "😀xb😁" -> "xb😁" */
    assert_true(plays("{\"endContent\":\"xb\\ud83d\\ude01\",\"txns\":["
                      "{\"patches\":[[0,0,\"\\ud83d\\ude00b\"]]},{\"patches\":[[1,0,\"x\"]]},"
                      "{\"patches\":[[3,0,\"\xf0\x9f\x98\x81\"]]},{\"patches\":[[0,1,\"\"]]}]}",
                      &result));
}

/* Two authors, each of whom types two edits before seeing the other's. */
#define CONCURRENT(end)                                                                            \
    "{\"kind\":\"concurrent\",\"numAgents\":2,\"endContent\":\"" end "\",\"txns\":["               \
    "{\"parents\":[],\"agent\":0,\"patches\":[[0,0,\"--\"]]},"                                     \
    "{\"parents\":[0],\"agent\":0,\"patches\":[[1,0,\"a\"]]},"                                     \
    "{\"parents\":[0],\"agent\":1,\"patches\":[[1,0,\"b\"]]},"                                     \
    "{\"parents\":[1],\"agent\":0,\"patches\":[[2,0,\"A\"]]},"                                     \
    "{\"parents\":[2],\"agent\":1,\"patches\":[[2,0,\"B\"]]},"                                     \
    "{\"parents\":[3,4],\"agent\":1,\"patches\":[[6,0,\"!\"]]}]}"

static void a_tie_may_fall_either_way(void **state)
{
    static const char *const right[] = {CONCURRENT("-aAbB-!"), CONCURRENT("-abAB-!"),
                                        CONCURRENT("-bBaA-!")};
    struct play_result result;
    (void)state;

    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(plays(right[i], &result));
        assert_int_equal(result.tied, result.differs_at != SIZE_MAX);
        assert_int_equal(result.edits, 6);
    }
    assert_false(plays(CONCURRENT("-AabB-!"), &result));
    assert_false(plays(CONCURRENT("-abAB!-"), &result));
}

static void views_in_different_orders_are_refused(void **state)
{
    char error[512];
    (void)state;

    /* 2 has seen 0 and not 1, 3 has seen 1 and not 0. */
    assert_int_equal(
        plan_of("{\"kind\":\"concurrent\",\"numAgents\":4,\"endContent\":\"\",\"txns\":["
                "{\"parents\":[],\"agent\":0,\"patches\":[[0,0,\"a\"]]},"
                "{\"parents\":[],\"agent\":1,\"patches\":[[0,0,\"b\"]]},"
                "{\"parents\":[0],\"agent\":2,\"patches\":[[0,0,\"c\"]]},"
                "{\"parents\":[1],\"agent\":3,\"patches\":[[0,0,\"d\"]]}]}",
                error, sizeof error),
        -1);
    assert_non_null(strstr(error, "no order"));
    assert_int_equal(
        plan_of("{\"kind\":\"concurrent\",\"numAgents\":1,\"endContent\":\"\",\"txns\":["
                "{\"parents\":[],\"agent\":0,\"patches\":[[0,0,\"a\"]]},"
                "{\"parents\":[],\"agent\":0,\"patches\":[[0,0,\"b\"]]}]}",
                error, sizeof error),
        -1);
    assert_non_null(strstr(error, "own earlier ones"));
}

static void an_order_is_found_where_there_is_one(void **state)
{
    struct play_result result;
    (void)state;

    /* The file has 1 before 2, but 3 has seen 2 and not 1. */
    assert_true(
        plays("{\"kind\":\"concurrent\",\"numAgents\":4,\"endContent\":\"034125\",\"txns\":["
              "{\"parents\":[],\"agent\":0,\"patches\":[[0,0,\"05\"]]},"
              "{\"parents\":[0],\"agent\":1,\"patches\":[[1,0,\"12\"]]},"
              "{\"parents\":[0],\"agent\":2,\"patches\":[[2,0,\"\"],[1,0,\"4\"]]},"
              "{\"parents\":[2],\"agent\":3,\"patches\":[[1,0,\"3\"]]}]}",
              &result));
    assert_int_equal(result.edits, 4);
}

static void edits_without_effect_are_seen_by_nobody_and_wait_for_nobody(void **state)
{
    struct play_result result;
    (void)state;

    assert_true(plays("{\"kind\":\"concurrent\",\"numAgents\":2,\"endContent\":\"ab\",\"txns\":["
                      "{\"parents\":[],\"agent\":0,\"patches\":[]},"
                      "{\"parents\":[0],\"agent\":1,\"patches\":[[0,0,\"a\"]]},"
                      "{\"parents\":[1],\"agent\":1,\"patches\":[[1,0,\"x\"],[1,1,\"\"]]},"
                      "{\"parents\":[2],\"agent\":0,\"patches\":[[1,0,\"b\"]]}]}",
                      &result));
    assert_int_equal(result.edits, 4);
    assert_int_equal(result.versions, 2);
}

static void what_is_no_trace_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"endContent\":\"\"} x",
        "{\"endContent\":\"\",\"txns\":[{\"patches\":[[0,0]]}]}",
        "{\"endContent\":\"\",\"txns\":[{\"patches\":[[-1,0,\"\"]]}]}",
        "{\"endContent\":\"\",\"txns\":[{\"patches\":[[1.5,0,\"\"]]}]}",
        "{\"endContent\":\"\",\"txns\":[{\"patches\":[[99999999999,0,\"\"]]}]}",
        "{\"endContent\":\"\\ud800\"}",
        "{\"endContent\":\"\\x\"}",
        "{\"endContent\":\"",
        "{\"endContent\":\"\",\"txns\":[{\"a\":[[[{\"b\":]}]}",
        "{\"kind\":\"concurrent\",\"endContent\":\"\",\"txns\":[]}",
        "{\"kind\":\"concurrent\",\"numAgents\":1,\"endContent\":\"\",\"txns\":[{\"parents\":[0],"
        "\"agent\":"
        "0,\"patches\":[]}]}",
        "{\"kind\":\"concurrent\",\"numAgents\":1,\"endContent\":\"\",\"txns\":[{\"parents\":[],"
        "\"agent\":"
        "1,\"patches\":[]}]}",
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trace trace;
        /* Memory of its own, so that a byte read past the end is found. */
        size_t size = strlen(bad[i]);
        uint8_t *copy = malloc(size + 1);
        char error[256] = "";
        memcpy(copy, bad[i], size);
        memset(&trace, 0, sizeof trace);
        copy = realloc(copy, size == 0 ? 1 : size);
        assert_int_equal(
            trace_parse_json((struct ot_slice){copy, size}, &trace, error, sizeof error), -1);
        assert_true(error[0] != '\0');
        trace_free(&trace);
        free(copy);
    }
}

static void flat_records_are_read(void **state)
{
    static const uint8_t records[] = {0,   0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'a',
                                      'b', 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    struct trace trace = {0};
    char error[256];
    (void)state;

    assert_int_equal(
        trace_parse_flat((struct ot_slice){records, sizeof records}, &trace, error, sizeof error),
        0);
    assert_int_equal(trace.txn_count, 2);
    assert_int_equal(trace.patches[0].text_size, 2);
    assert_int_equal(trace.patches[1].position, 1);
    assert_int_equal(trace.patches[1].deleted, 1);
    trace_free(&trace);
    for (size_t size = 1; size < sizeof records; size++) {
        int code = trace_parse_flat((struct ot_slice){records, size}, &trace, error, sizeof error);
        assert_int_equal(code, size == 14 ? 0 : -1);
        trace_free(&trace);
    }
}

static void wide_characters_are_kept_track_of(void **state)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};
    struct wide wide = {0};
    (void)state;

    ot_builder_insert(builder, bytes_of("a😀b😀😀c"), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    wide_apply(&wide, ot_buf_slice(&op));
    static const uint64_t units[] = {0, 1, 3, 4, 6, 8, 9};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        assert_int_equal(wide_units(&wide, i), units[i]);

    /* "a😀b😀😀c" -> "aé😁b😀c" */
    ot_buf_clear(&op);
    ot_builder_retain(builder, 1, (struct ot_slice){0});
    ot_builder_insert(builder, bytes_of("é😁"), (struct ot_slice){0});
    ot_builder_delete(builder, 2);
    ot_builder_retain(builder, 1, (struct ot_slice){0});
    ot_builder_delete(builder, 2);
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    wide_apply(&wide, ot_buf_slice(&op));
    static const uint64_t then[] = {0, 1, 2, 4, 5, 7, 8};
    for (size_t i = 0; i < sizeof then / sizeof *then; i++)
        assert_int_equal(wide_units(&wide, i), then[i]);
    wide_deinit(&wide);
    ot_builder_free(builder);
    ot_buf_deinit(&op);
}

static void the_record_finds_the_version_at_which_documents_part(void **state)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct record record = {0};
    struct ot_buf ops[3] = {0};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        ot_builder_insert(builder, bytes_of(i == 2 ? "y" : "x"), (struct ot_slice){0});
        assert_int_equal(ot_builder_finish(builder, &ops[i]), OT_OK);
    }
    record_saved(&record, 2, ot_buf_slice(&ops[0]));
    record_received(&record, 1, ot_buf_slice(&ops[0]));
    record_received(&record, 2, ot_buf_slice(&ops[0]));
    record_received(&record, 3, ot_buf_slice(&ops[1]));
    record_saved(&record, 3, ot_buf_slice(&ops[1]));
    assert_int_equal(record.diverged, 0);
    record_received(&record, 4, ot_buf_slice(&ops[1]));
    record_set_txn(&record, 4, 17);
    record_saved(&record, 4, ot_buf_slice(&ops[2]));
    assert_int_equal(record.diverged, 4);
    assert_int_equal(record_txn(&record, 4), 17);
    record_deinit(&record);
    ot_builder_free(builder);
    for (size_t i = 0; i < 3; i++)
        ot_buf_deinit(&ops[i]);
}

static void forms_that_come_to_the_same_are_no_divergence(void **state)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct record record = {0};
    struct ot_buf start = {0}, one = {0}, other = {0};
    (void)state;

    ot_builder_insert(builder, bytes_of("a"), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &start), OT_OK);
    ot_builder_insert(builder, bytes_of("x"), (struct ot_slice){0});
    ot_builder_delete(builder, 1);
    assert_int_equal(ot_builder_finish(builder, &one), OT_OK);
    ot_builder_delete(builder, 1);
    ot_builder_insert(builder, bytes_of("x"), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &other), OT_OK);
    record_received(&record, 1, ot_buf_slice(&start));
    record_received(&record, 2, ot_buf_slice(&one));
    record_saved(&record, 2, ot_buf_slice(&other));
    assert_int_equal(record.diverged, 0);
    record_deinit(&record);
    ot_builder_free(builder);
    ot_buf_deinit(&start);
    ot_buf_deinit(&one);
    ot_buf_deinit(&other);
}

/* Splits `line` at blanks, as a shell would. */
static int run(const char *line)
{
    char copy[512], *argv[16] = {NULL};
    int argc = 0;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return replay_command(argc, argv);
}

static void write_trace(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void the_command_tells_by_its_status(void **state)
{
    char path[] = "/tmp/quire-trace-XXXXXX", line[256];
    (void)state;

    close(mkstemp(path));
    write_trace(path, "{\"endContent\":\"a\",\"txns\":[{\"patches\":[[0,0,\"a\"]]}]}");
    snprintf(line, sizeof line, "replay --quiet %s %s", path, path);
    assert_int_equal(run(line), 0);
    snprintf(line, sizeof line, "replay --quiet --server ws://127.0.0.1:1 %s", path);
    assert_int_equal(run(line), 1);
    snprintf(line, sizeof line, "replay --server http://x %s", path);
    assert_int_equal(run(line), 2);
    write_trace(path, "{\"endContent\":\"b\",\"txns\":[{\"patches\":[[0,0,\"a\"]]}]}");
    snprintf(line, sizeof line, "replay --quiet %s", path);
    assert_int_equal(run(line), 1);
    write_trace(path, "{\"endContent\":\"b\",\"txns");
    assert_int_equal(run(line), 2);
    unlink(path);
    assert_int_equal(run(line), 2);
    assert_int_equal(run("replay"), 2);
    assert_int_equal(run("replay --no-such-option"), 2);
    assert_int_equal(run("replay --help"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_of_edits_is_played),
        cmocka_unit_test(a_text_that_is_not_the_recorded_one_is_found),
        cmocka_unit_test(an_edit_past_the_end_is_told),
        cmocka_unit_test(positions_count_code_points),
        cmocka_unit_test(a_tie_may_fall_either_way),
        cmocka_unit_test(views_in_different_orders_are_refused),
        cmocka_unit_test(an_order_is_found_where_there_is_one),
        cmocka_unit_test(edits_without_effect_are_seen_by_nobody_and_wait_for_nobody),
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(flat_records_are_read),
        cmocka_unit_test(wide_characters_are_kept_track_of),
        cmocka_unit_test(the_record_finds_the_version_at_which_documents_part),
        cmocka_unit_test(forms_that_come_to_the_same_are_no_divergence),
        cmocka_unit_test(the_command_tells_by_its_status),
    };
    return cmocka_run_group_tests_name("peer_replay", tests, NULL, NULL);
}

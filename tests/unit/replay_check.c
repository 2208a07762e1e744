/* Histories: where they come from, how they are walked, and how a planted bug is found and brought
 * down to a small case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ot_random.h"
#include "lib/ot_words.h"
#include "lib/temp_dir.h"
#include "tools/peer/bytes.h"
#include "tools/replay/minimise.h"
#include "tools/replay/replay_command.h"
#include "tools/replay/run.h"
#include "tools/replay/table.h"
#include "tools/replay/trace.h"

/* ---- laws that are wrong ---- */

static bool has_text(struct ot_slice op, char wanted)
{
    struct ot_component c;
    struct ot_iter iter;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &c)) {
        if (c.kind == OT_INSERT && memchr(c.content.data, wanted, c.content.size) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_kind(struct ot_slice op, enum ot_kind kind)
{
    struct ot_component c;
    struct ot_iter iter;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &c)) {
        if (c.kind == kind) {
            return true;
        }
    }
    return false;
}

/* An operation that types "q", and then one that deletes and formats. */
static bool planted_in_turn(const struct law_case *c)
{
    struct ot_op_info info;
    ot_op_check(c->second, &info, NULL);
    return !(has_text(c->first, 'q') && has_kind(c->second, OT_DELETE) && info.has_attributes);
}

/* Two that type something at once. */
static bool planted_at_once(const struct law_case *c)
{
    return !(has_text(c->first, 'q') && has_text(c->other, 'z'));
}

static bool planted_end(const struct law_case *c)
{
    if (has_text(c->first, 'q') && has_kind(c->second, OT_EMBED)) {
        _exit(3);
    }
    return true;
}

static const struct law planted[] = {
    {"in_turn", "no formatting deletion comes after a q", true, planted_in_turn},
    {"at_once", "nobody types a q and a z at once", false, planted_at_once},
    {"dies", "an embed after a q is harmless", true, planted_end},
};

/* ---- files ---- */

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

/* A random session as bytes, in which all that the planted laws are about happens by and by. */
static void write_noise(const char *path, struct rng *rng, size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] =
            rng_percent(rng, 20) ? (uint8_t) "qz"[rng_below(rng, 2)] : (uint8_t)rng_below(rng, 256);
    }
    write_file(path, bytes, size);
    free(bytes);
}

static struct script read_case(const char *path)
{
    struct script script = {0};
    struct ot_buf text = {0};
    char error[256] = "";
    assert_int_equal(trace_read_file(path, &text, error, sizeof error), 0);
    assert_int_equal(script_from_lines(&script, ot_buf_slice(&text), error, sizeof error), 0);
    ot_buf_deinit(&text);
    return script;
}

/* ---- where histories come from ---- */

static void bytes_are_read_by_the_rule(void **state)
{
    static const uint8_t bytes[] = {
        0x00, 0x11, 'a',  0x80, 'b',        /* insert "aéb" */
        0x04, 0x0d, 0x91, 'x',  'y',  0x08, /* insert "xy" {bold: true}, retain 2 */
        0x01, 0xf8, 0x01,                   /* one behind: retain 64 */
        0x0b, 0x02, 0x13, 0x03, 0x04, 0x25  /* three behind: delete, mention 1, retain patch */
    };
    struct script script = {0};
    struct words words = {0};
    (void)state;

    script_from_bytes(&script, (struct ot_slice){bytes, sizeof bytes});
    assert_int_equal(script.count, 4);
    assert_op_equal(script_op(&script, 0), words_op(&words, "'a\u00e9b'"));
    assert_op_equal(script_op(&script, 1), words_op(&words, "'xy'{bold:true}"));
    assert_op_equal(script_op(&script, 2), words_op(&words, ""));
    struct ot_op_info info;
    assert_int_equal(ot_op_check(script_op(&script, 3), &info, NULL), OT_OK);
    assert_int_equal(info.components, 3);
    assert_true(info.has_embeds && info.has_attributes);
    assert_int_equal(info.deleted_length, 1);
    for (size_t i = 0; i < 4; i++) {
        static const uint64_t bases[] = {0, 1, 1, 0};
        assert_int_equal(script.steps[i].base, bases[i]);
    }
    script_deinit(&script);
    words_free(&words);
}

static void any_bytes_are_a_history_that_can_be_walked(void **state)
{
    struct walk_options options = {.has_checks = true, .cuts = true};
    struct rng rng = rng_start("any bytes");
    (void)state;

    for (unsigned i = 0; i < 300; i++) {
        uint8_t bytes[120];
        struct script script = {0};
        size_t size = rng_below(&rng, sizeof bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)rng_next(&rng);
        }
        script_from_bytes(&script, (struct ot_slice){bytes, size});
        for (size_t k = 0; k < script.count; k++) {
            assert_int_equal(ot_op_check(script_op(&script, k), NULL, NULL), OT_OK);
            assert_true(script.steps[k].base <= k);
        }
        struct walk_result result = walk(&script, &options, NULL);
        assert_null(result.finding.name);
        assert_int_equal(result.steps, script.count);
        script_deinit(&script);
    }
}

static int parse_lines(const char *text, struct script *script, char *error)
{
    *script = (struct script){0};
    return script_from_lines(script, bytes_of(text), error, 256);
}

static void lines_are_read_and_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"[]\n{\"op\":[]}", "line 2: there is no \"ops\""},
        {"[]\n\n{\"ops\":[],\"base\":2}", "line 3: \"base\""},
        {"{\"ops\":[],\"base\":-1}", "line 1: \"base\""},
        {"{\"ops\":[],\"base\":\"0\"}", "line 1: \"base\""},
        {"{\"ops\":[],\"base\":0.5}", "line 1: \"base\""},
        {"[{\"insert\":5}]", "line 1: an insert is text"},
        {"[{\"insert\":\"a\"}", "line 1: "},
        {"[] []", "line 1: "},
    };
    struct script script;
    struct words words = {0};
    char error[256];
    (void)state;

    assert_int_equal(
        parse_lines("[{\"insert\":\"ab\"}]\r\n \n{\"ops\":[{\"delete\":1}],\"base\":0}\n"
                    "[{\"retain\":1},{\"insert\":\"c\"}]",
                    &script, error),
        0);
    assert_int_equal(script.count, 3);
    assert_op_equal(script_op(&script, 1), words_op(&words, "-1"));
    assert_int_equal(script.steps[1].base, 0);
    assert_int_equal(script.steps[2].base, 2);
    script_deinit(&script);
    assert_int_equal(parse_lines("", &script, error), 0);
    assert_int_equal(script.count, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse_lines(bad[i].text, &script, error), -1);
        assert_non_null(strstr(error, bad[i].why));
        script_deinit(&script);
    }
    words_free(&words);
}

static void what_is_written_is_read(void **state)
{
    char dir[TEMP_DIR_MAX], path[512];
    struct words words = {0};
    struct script script = {0}, again;
    (void)state;

    temp_dir_make(dir);
    script_add(&script, 0, words_op(&words, "'a\u00e9'{bold:true} @image"));
    script_add(&script, 0, words_op(&words, "'b'"));
    script_add(&script, 2, words_op(&words, "1{bold:nil} -1"));
    snprintf(path, sizeof path, "%s/x.jsonl", dir);
    assert_int_equal(script_write_lines(&script, "converge", path), 0);
    again = read_case(path);
    assert_int_equal(again.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_op_equal(script_op(&again, i), script_op(&script, i));
        assert_int_equal(again.steps[i].base, script.steps[i].base);
    }
    snprintf(path, sizeof path, "%s/none/x.jsonl", dir);
    assert_int_equal(script_write_lines(&script, "converge", path), -1);
    script_deinit(&script);
    script_deinit(&again);
    words_free(&words);
    temp_dir_remove(dir);
}

/* ---- walking ---- */

static void an_operation_that_does_not_fit_is_found_or_cut(void **state)
{
    struct walk_options options = {.has_checks = true, .laws = laws, .law_count = LAW_COUNT};
    struct script script = {0};
    struct words words = {0};
    (void)state;

    script_add(&script, 0, words_op(&words, "'a\U0001f600b'"));
    script_add(&script, 1, words_op(&words, "2 'x' -9"));
    struct walk_result result = walk(&script, &options, NULL);
    assert_string_equal(result.finding.name, "fit");
    assert_int_equal(result.finding.step, 1);
    options.cuts = true;
    struct walk_trail trail;
    result = walk(&script, &options, &trail);
    assert_null(result.finding.name);
    assert_int_equal(result.length, 4); /* the boundary inside the pair moved behind it */
    assert_op_equal(script_op(&trail.made, 1), words_op(&words, "3 'x' -1"));
    walk_trail_deinit(&trail);
    script_deinit(&script);
    words_free(&words);
}

/* ---- planted bugs ---- */

/* Plays noise with a planted law until it is found; then its case must be small and show it. */
static void planted_is_found(const struct law *law, const char *found, size_t operations_max,
                             size_t bytes_max)
{
    char dir[TEMP_DIR_MAX], path[512];
    struct job_options options = {.laws = law, .law_count = 1, .checks = true, .minimises = true};
    struct files files = {0};
    struct rng rng = rng_start(law->name);
    unsigned cases = 0;

    temp_dir_make(dir);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(path, sizeof path, "%s/%u", dir, i);
        write_noise(path, &rng, 400);
    }
    assert_int_equal(files_add(&files, dir, FORMAT_CORPUS, path, sizeof path), 0);
    assert_int_equal(files.count, 12);
    struct job_result *results = run_files(&files, &options, 2, true);
    for (size_t i = 0; i < files.count; i++) {
        assert_int_not_equal(results[i].outcome, JOB_WAITING);
        if (results[i].outcome == JOB_AGREED) {
            continue;
        }
        assert_int_equal(results[i].outcome, JOB_FOUND);
        assert_string_equal(results[i].finding.name, found);
        snprintf(path, sizeof path, "%s%s", files.list[i].path, CASE_SUFFIX);
        struct script script = read_case(path);
        assert_int_equal(script.count, results[i].case_operations);
        assert_in_range(script.count, 1, operations_max);
        assert_in_range(script.bytes.size, 1, bytes_max);
        if (strcmp(found, "end") != 0) {
            struct walk_options how = {.laws = law, .law_count = 1, .has_checks = true};
            struct walk_result again = walk(&script, &how, NULL);
            assert_string_equal(again.finding.name, found);
            assert_int_equal(again.finding.step, script.count - 1);
        }
        script_deinit(&script);
        cases++;
    }
    assert_true(cases > 0);
    /* The cases are no part of the corpus. */
    struct files again = {0};
    assert_int_equal(files_add(&again, dir, FORMAT_CORPUS, path, sizeof path), 0);
    assert_int_equal(again.count, 12);
    files_deinit(&again);
    free(results);
    files_deinit(&files);
    temp_dir_remove(dir);
}

static void a_planted_bug_is_found_and_brought_down(void **state)
{
    (void)state;
    planted_is_found(&planted[0], "in_turn", 3, 60);
}

static void a_bug_of_concurrent_edits_is_brought_down(void **state)
{
    (void)state;
    planted_is_found(&planted[1], "at_once", 3, 40);
}

static void what_ends_the_process_is_brought_down_too(void **state)
{
    (void)state;
    planted_is_found(&planted[2], "end", 3, 40);
}

/* ---- the command ---- */

static int command(const char *format, ...)
{
    char line[1024], *argv[16] = {NULL}, *rest = NULL;
    int argc = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    return replay_command(argc, argv);
}

static void the_command_plays_what_people_have(void **state)
{
    char dir[TEMP_DIR_MAX], path[512];
    struct rng rng = rng_start("command");
    (void)state;

    temp_dir_make(dir);
    snprintf(path, sizeof path, "%s/one.jsonl", dir);
    write_text(path, "[{\"insert\":\"ab\"}]\n{\"ops\":[{\"insert\":\"c\"}],\"base\":0}\n");
    snprintf(path, sizeof path, "%s/two.json", dir);
    write_text(path, "{\"endContent\":\"a\",\"txns\":[{\"patches\":[[0,0,\"a\"]]}]}");
    snprintf(path, sizeof path, "%s/README.md", dir);
    write_text(path, "not played");
    assert_int_equal(command("replay --quiet --check --minimise %s", dir), 0);
    assert_int_equal(command("replay --quiet --format delta --jobs 1 %s/one.jsonl", dir), 0);
    assert_int_equal(command("replay --quiet --format trace %s", dir), 0);
    snprintf(path, sizeof path, "%s/three.ndjson", dir);
    write_text(path, "[{\"delete\":1}]");
    assert_int_equal(command("replay --quiet %s", dir), 1);
    write_text(path, "[{\"delete\":0}]");
    assert_int_equal(command("replay --quiet %s", dir), 2);
    snprintf(path, sizeof path, "%s/corpus", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(command("replay --quiet --format corpus %s", path), 2);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(path, sizeof path, "%s/corpus/%u", dir, i);
        write_noise(path, &rng, 20 + i);
    }
    assert_int_equal(command("replay --quiet --format corpus --check --jobs 3 %s/corpus", dir), 0);
    temp_dir_remove(dir);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(command("replay --format text x"), 2);
    assert_int_equal(command("replay --jobs 0 x"), 2);
    assert_int_equal(command("replay --jobs 2x x"), 2);
    assert_int_equal(command("replay --minimise x"), 2);
    assert_int_equal(command("replay --check --server ws://localhost x"), 2);
    assert_int_equal(command("replay --quiet /nowhere/at/all"), 2);
}

static void the_table_sums_up(void **state)
{
    char *text = NULL;
    size_t size;
    struct file list[TABLE_ROWS_MAX + 1];
    struct files files = {list, 3, 3};
    struct job_result results[TABLE_ROWS_MAX + 1] = {
        {.outcome = JOB_AGREED, .operations = 10, .length = 5, .took_us = 1000},
        {JOB_FOUND, {"meet", "they meet", 7}, 20, 6, 1000000, 2, ""},
        {.outcome = JOB_REFUSED, .note = "line 1: no"}};
    (void)state;

    for (size_t i = 0; i <= TABLE_ROWS_MAX; i++) {
        list[i] = (struct file){(char *)"dir/name", "name", FORMAT_DELTA};
        results[i].outcome = results[i].outcome == JOB_WAITING ? JOB_AGREED : results[i].outcome;
    }
    FILE *out = open_memstream(&text, &size);
    table_print(out, &files, results, 2);
    fclose(out);
    assert_non_null(strstr(text, "dir/name: operation 7: meet: it does not hold that they meet\n"
                                 "dir/name.case.jsonl: the same in 2 operations\n"
                                 "dir/name: line 1: no\n"));
    assert_non_null(strstr(text, "name                   10        10000              5  none\n"
                                 "name                   20           20              6  meet\n"
                                 "name                    0            0              0  not "
                                 "played\n"
                                 "3 files                30           15             11  1, and 1 "
                                 "not played\n"));
    free(text);
    files.count = TABLE_ROWS_MAX + 1;
    out = open_memstream(&text, &size);
    table_print(out, &files, results, 2);
    fclose(out);
    assert_non_null(strstr(text, "and 40 files without findings\n41 files"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read_by_the_rule),
        cmocka_unit_test(any_bytes_are_a_history_that_can_be_walked),
        cmocka_unit_test(lines_are_read_and_refused),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(an_operation_that_does_not_fit_is_found_or_cut),
        cmocka_unit_test(a_planted_bug_is_found_and_brought_down),
        cmocka_unit_test(a_bug_of_concurrent_edits_is_brought_down),
        cmocka_unit_test(what_ends_the_process_is_brought_down_too),
        cmocka_unit_test(the_command_plays_what_people_have),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(the_table_sums_up),
    };
    return cmocka_run_group_tests_name("replay_check", tests, NULL, NULL);
}

/* What is counted, and its text. */
#include "lib/hub_transcript.h"
#include "quire/ot.h"
#include "server/limits.h"
#include "server/metrics/metrics.h"
#include "server/wire/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *print(const struct metrics *metrics)
{
    static char text[METRICS_TEXT_MAX];
    size_t size = metrics_print(metrics, text);
    assert_int_equal(size, strlen(text));
    return text;
}

static void parts_are_added_up(void **state)
{
    (void)state;
    struct metrics one = {0}, other = {0}, sum = {0};
    metrics_add(&one, METRIC_EDITS, 3);
    metrics_add(&other, METRIC_EDITS, 4);
    metrics_add(&other, METRIC_CONNECTIONS, 2);
    metrics_add(&other, METRIC_CONNECTIONS, UINT64_MAX);
    metrics_refused(&one, "rate_limited");
    metrics_refused(&other, "rate_limited");
    metrics_closed(&other, 4508);
    metrics_request_refused(&one, "host");
    metrics_request_refused(&other, "host");
    metrics_request_refused(&other, "no such reason");
    metrics_sum(&sum, &one);
    metrics_sum(&sum, &other);
    assert_non_null(strstr(print(&sum), "\nquire_edits_total 7\n"));
    assert_non_null(strstr(print(&sum), "\nquire_connections 1\n"));
    assert_non_null(strstr(print(&sum), "\nquire_refusals_total{code=\"rate_limited\"} 2\n"));
    assert_non_null(strstr(print(&sum), "\nquire_closes_total{code=\"4508\"} 1\n"));
    assert_non_null(strstr(print(&sum), "\nquire_request_refusals_total{reason=\"host\"} 2\n"));
    assert_non_null(strstr(print(&sum), "\nquire_request_refusals_total{reason=\"other\"} 1\n"));
}

/* As its parser wants it: a HELP and a TYPE before each name's first line, and no line twice. */
static void the_text_is_in_the_form_of_prometheus(void **state)
{
    (void)state;
    const struct metrics metrics = {0};
    static char copy[METRICS_TEXT_MAX];
    char name[128] = "", help[128], type[16];
    strcpy(copy, print(&metrics));
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
        if (line[0] != '#') {
            size_t size = strcspn(line, "{ ");
            assert_int_equal(size, strlen(name));
            assert_memory_equal(line, name, size);
            assert_string_equal(strrchr(line, ' '), " 0");
            continue;
        }
        assert_int_equal(sscanf(line, "# HELP %127s", help), 1);
        line = strtok(NULL, "\n");
        assert_int_equal(sscanf(line, "# TYPE %127s %15s", name, type), 2);
        assert_string_equal(help, name);
        bool is_total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
        assert_string_equal(type, is_total ? "counter" : "gauge");
    }
}

static void every_code_is_one_of_the_table(void **state)
{
    (void)state;
    struct metrics metrics = {0};
#define OT_CODE(symbol, value, name, text) metrics_refused(&metrics, name);
    OT_ERRORS(OT_CODE)
#define STORE_CODE(symbol, value, name, text) metrics_refused(&metrics, name);
    STORE_ERRORS(STORE_CODE)
    static const unsigned closes[] = {
        WIRE_CLOSE_TEXT,      WIRE_CLOSE_TOO_LARGE, WIRE_CLOSE_BAD_MESSAGE, WIRE_CLOSE_UNAUTHORIZED,
        WIRE_CLOSE_FORBIDDEN, WIRE_CLOSE_NO_HELLO,  WIRE_CLOSE_REPLACED,    WIRE_CLOSE_INTERNAL,
        WIRE_CLOSE_GOING,     WIRE_CLOSE_IDLE,      WIRE_CLOSE_OVERLOADED};
    for (size_t i = 0; i < sizeof(closes) / sizeof(closes[0]); i++)
        metrics_closed(&metrics, closes[i]);
    assert_int_equal(metrics_get_refused(&metrics, "other"), 0);
    assert_int_equal(metrics_get_closed(&metrics, 0), 0);
    metrics_refused(&metrics, "of no table");
    metrics_closed(&metrics, 4999);
    assert_int_equal(metrics_get_refused(&metrics, "other"), 1);
    assert_int_equal(metrics_get_closed(&metrics, 0), 1);
}

/* A code that the text says is counted by itself, and not among the others. */
static void check_word(const char *word, size_t size)
{
    struct metrics metrics = {0};
    char code[64];
    unsigned number;
    snprintf(code, sizeof(code), "%.*s", (int)size, word);
    if (sscanf(code, "%4u", &number) == 1 && size == 4)
        metrics_closed(&metrics, number);
    else
        metrics_refused(&metrics, code);
    if (metrics_get_refused(&metrics, "other") > 0 || metrics_get_closed(&metrics, 0) > 0)
        fail_msg("%s is not counted by its code", code);
}

/* What passing a limit leads to: codes have an underscore, but for one, and closes follow "with".
 * The number of those found. */
static size_t check_row(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    size_t found = 0;
    for (const char *at = text; *at != '\0';) {
        size_t size = strspn(at, letters);
        if (size == 0) {
            at++;
            continue;
        }
        bool is_code = memchr(at, '_', size) || (size == 10 && memcmp(at, "overloaded", 10) == 0);
        if (is_code)
            check_word(at, size);
        bool is_close =
            size == 4 && memcmp(at, "with", 4) == 0 && strspn(at + 5, "0123456789") == 4;
        if (is_close)
            check_word(at + 5, 4);
        found += is_code + is_close;
        at += size;
    }
    return found;
}

static void what_passing_a_limit_leads_to_is_counted(void **state)
{
    (void)state;
    size_t found = 0;
#define LIMIT_WORDS(symbol, value, unit, text) found += check_row(text);
    QUIRE_LIMITS(LIMIT_WORDS)
#define SETTING_WORDS(symbol, option, preset, least, most, window_ms, unit, text)                  \
    found += check_row(text);
    QUIRE_SETTINGS(SETTING_WORDS)
    assert_in_range(found, 40, 200);
}

/* The codes of the protocol's page: in its list of errors, and in its table of closes. */
static void every_code_of_the_protocol_is_counted(void **state)
{
    (void)state;
    static char page[262144];
    FILE *file = fopen(QUIRE_PROTOCOL_PAGE, "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
    fclose(file);
    const char *list = strstr(page, "\nBesides those of section 6: ");
    assert_non_null(list);
    const char *end = strstr(list, "\n\n");
    size_t found = 0;
    for (const char *at = list; (at = strchr(at, '`')) != NULL && at < end; found++) {
        size_t size = strcspn(at + 1, "`");
        if (size > 2) /* `at` is a field */
            check_word(at + 1, size);
        at += size + 2;
    }
    assert_in_range(found, 12, 40);
    for (const char *at = end; (at = strstr(at, "\n| ")) != NULL; at += 3)
        if (strspn(at + 3, "0123456789") == 4)
            check_word(at + 3, 4);
}

static void the_hub_counts_what_happens_in_rooms(void **state)
{
    struct world *world = *state;
    const struct metrics *metrics = hub_metrics(world->hub);
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    assert_int_equal(metrics_get(metrics, METRIC_ROOMS), 1);
    assert_int_equal(metrics_get(metrics, METRIC_MEMBERS), 1);
    edit(world, ann, 1, 0, insertion(0, "a"));
    edit(world, ann, 3, 0, insertion(0, "b"));
    assert_int_equal(metrics_get(metrics, METRIC_EDITS), 0);
    world_commit(world);
    assert_int_equal(metrics_get(metrics, METRIC_EDITS), 1);
    assert_int_equal(metrics_get(metrics, METRIC_EDIT_BYTES), 3);
    assert_int_equal(metrics_get_refused(metrics, "bad_seq"), 1);
    world_send(world, ann, WIRE_DELETE, "us", (uint64_t)3, "d");
    world_run(world);
    assert_int_equal(metrics_get_refused(metrics, "deleted"), 1);
    assert_int_equal(metrics_get(metrics, METRIC_ROOMS), 0);
    assert_int_equal(metrics_get(metrics, METRIC_MEMBERS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_added_up),
        cmocka_unit_test(the_text_is_in_the_form_of_prometheus),
        cmocka_unit_test(every_code_is_one_of_the_table),
        cmocka_unit_test(what_passing_a_limit_leads_to_is_counted),
        cmocka_unit_test(every_code_of_the_protocol_is_counted),
        cmocka_unit_test_setup_teardown(the_hub_counts_what_happens_in_rooms, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("limits_metrics", tests, NULL, NULL);
}

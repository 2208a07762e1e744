/* The log: the form of its lines, what it escapes and cuts, and that it never waits. */
#include "server/log/line.h"
#include "server/log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 2026-01-31T12:34:56.789Z */
#define NOON_MS INT64_C(1769862896789)

static const char *line_of(enum log_format format, const char *event, const char *fields)
{
    static char line[LIMIT_LOG_LINE_BYTES + 1];
    size_t size = line_format(format, NOON_MS, LOG_WARN, event, fields, line);
    assert_in_range(size, 1, LIMIT_LOG_LINE_BYTES);
    assert_int_equal(line[size - 1], '\n');
    assert_int_equal(strcspn(line, "\n"), size - 1);
    line[size] = '\0';
    return line;
}

static void assert_line(enum log_format format, const char *event, const char *fields,
                        const char *line)
{
    assert_string_equal(line_of(format, event, fields), line);
}

#define TEXT_HEAD "2026-01-31T12:34:56.789Z warn "
#define JSON_HEAD "{\"time\":\"2026-01-31T12:34:56.789Z\",\"level\":\"warn\",\"event\":"

static void a_line_holds_time_level_event_and_fields(void **state)
{
    (void)state;
    assert_line(LOG_TEXT, "started", NULL, TEXT_HEAD "started\n");
    assert_line(LOG_TEXT, "started", "a=1 b=x", TEXT_HEAD "started a=1 b=x\n");
    assert_line(LOG_JSON, "started", NULL, JSON_HEAD "\"started\"}\n");
    assert_line(LOG_JSON, "started", "a=1 b=x", JSON_HEAD "\"started\",\"a\":1,\"b\":\"x\"}\n");
}

static void json_tells_numbers_from_words(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
    } cases[] = {
        {"a=0", "0"},           {"a=-17", "-17"},
        {"a=007", "\"007\""},   {"a=1.5", "\"1.5\""},
        {"a=-", "\"-\""},       {"a=", "\"\""},
        {"a=\"12\"", "\"12\""}, {"a=1234567890123456", "\"1234567890123456\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[200];
        snprintf(expected, sizeof(expected), JSON_HEAD "\"e\",\"a\":%s}\n", cases[i].value);
        assert_line(LOG_JSON, "e", cases[i].field, expected);
    }
}

static void quoted_values_keep_their_spaces(void **state)
{
    (void)state;
    assert_line(LOG_JSON, "e", "a=\"x y\" b=2", JSON_HEAD "\"e\",\"a\":\"x y\",\"b\":2}\n");
    assert_line(LOG_JSON, "e", "a=\"say \\\"hi\\\" \\\\\" b=2",
                JSON_HEAD "\"e\",\"a\":\"say \\\"hi\\\" \\\\\",\"b\":2}\n");
    char value[64];
    assert_string_equal(log_quote("a \"b\" \\c", value, sizeof(value)), "\"a \\\"b\\\" \\\\c\"");
    assert_string_equal(log_quote("abcdefgh", value, 8), "\"abcd\"");
}

static void what_is_no_field_becomes_text(void **state)
{
    (void)state;
    assert_line(LOG_JSON, "e", "a=1 just words",
                JSON_HEAD "\"e\",\"a\":1,\"text\":\"just words\"}\n");
    assert_line(LOG_JSON, "e", "=1", JSON_HEAD "\"e\",\"text\":\"=1\"}\n");
    assert_line(LOG_JSON, "e", "a=\"open", JSON_HEAD "\"e\",\"a\":\"open\"}\n");
    assert_line(LOG_JSON, "e", "a=x\"y\\z", JSON_HEAD "\"e\",\"a\":\"x\\\"y\\\\z\"}\n");
}

static void controls_and_bad_utf8_are_escaped(void **state)
{
    (void)state;
    assert_line(LOG_TEXT, "e", "a=\n\x1b[31m\x7f", TEXT_HEAD "e a=\\x0a\\x1b[31m\\x7f\n");
    assert_line(LOG_TEXT, "e", "a=\xc3\xa9\xf0\x9f\x98\x80",
                TEXT_HEAD "e a=\xc3\xa9\xf0\x9f\x98\x80\n");
    assert_line(LOG_TEXT, "e", "a=\xc3 \xed\xa0\x80 \xc0\x80",
                TEXT_HEAD "e a=\\xc3 \\xed\\xa0\\x80 \\xc0\\x80\n");
    assert_line(LOG_TEXT, "e", "a=\xc2\x9b", TEXT_HEAD "e a=\\xc2\\x9b\n");
    assert_line(LOG_JSON, "e", "a=\n\xff", JSON_HEAD "\"e\",\"a\":\"\\u000a\\u00ff\"}\n");
}

/* However long and wherever cut, a line of JSON can be read and a line of text has its mark. */
static void a_long_line_is_cut_and_says_so(void **state)
{
    (void)state;
    static char fields[2 * LIMIT_LOG_LINE_BYTES];
    for (size_t size = LIMIT_LOG_LINE_BYTES - 200; size < LIMIT_LOG_LINE_BYTES + 10; size++) {
        memcpy(fields, "first=1 second=\"", 16);
        memset(fields + 16, 'x', size);
        strcpy(fields + 16 + size, "\" third=3");
        json_error_t error;
        json_t *json = json_loads(line_of(LOG_JSON, "e", fields), JSON_REJECT_DUPLICATES, &error);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "first")), 1);
        const char *second = json_string_value(json_object_get(json, "second"));
        assert_non_null(second);
        assert_true(strlen(second) == size || strcmp(second + strlen(second) - 3, "...") == 0);
        json_decref(json);
    }
    const char *line = line_of(LOG_TEXT, "e", fields);
    assert_string_equal(line + strlen(line) - 4, "...\n");
    memset(fields, 'e', sizeof(fields) - 1);
    json_t *json = json_loads(line_of(LOG_JSON, fields, NULL), 0, NULL);
    assert_non_null(json);
    json_decref(json);
}

/* ---- the queue ---- */

/* Reads until these words end what has come. */
static void read_until(int fd, char *bytes, size_t size, const char *words)
{
    size_t used = 0;
    do {
        ssize_t got = read(fd, bytes + used, size - 1 - used);
        assert_true(got > 0);
        used += (size_t)got;
        bytes[used] = '\0';
    } while (used < strlen(words) || strcmp(bytes + used - strlen(words), words) != 0);
}

static void lines_below_the_level_are_left_out(void **state)
{
    (void)state;
    int ends[2];
    char bytes[1024];
    assert_int_equal(pipe(ends), 0);
    struct log *log = log_new(ends[1], LOG_TEXT, LOG_WARN);
    assert_int_equal(log_run(log), 0);
    log_write(log, LOG_DEBUG, "no", "a=%d", 1);
    log_event(log, LOG_INFO, "no", NULL);
    log_write(log, LOG_WARN, "yes", "a=%d", 2);
    log_say(log, "words\n");
    read_until(ends[0], bytes, sizeof(bytes), "words\n");
    assert_non_null(strstr(bytes, " warn yes a=2\nwords\n"));
    assert_null(strstr(bytes, "no"));
    log_free(log);
    close(ends[1]);
    close(ends[0]);
}

static void before_it_runs_whoever_logs_writes(void **state)
{
    (void)state;
    int ends[2];
    char bytes[1024];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    struct log *log = log_new(ends[1], LOG_TEXT, LOG_INFO);
    log_write(log, LOG_INFO, "early", "a=%d", 1);
    ssize_t size = read(ends[0], bytes, sizeof(bytes) - 1); /* it is there already */
    assert_true(size > 0);
    bytes[size] = '\0';
    assert_non_null(strstr(bytes, " info early a=1\n"));
    assert_int_equal(log_run(log), 0);
    log_event(log, LOG_INFO, "later", NULL);
    log_free(log);
    size = read(ends[0], bytes, sizeof(bytes) - 1);
    assert_true(size > 0);
    bytes[size] = '\0';
    assert_non_null(strstr(bytes, " info later\n"));
    log_free(log_new(ends[1], LOG_TEXT, LOG_INFO)); /* never run */
    close(ends[1]);
    close(ends[0]);
}

static void before_it_runs_whoever_logs_waits_for_no_reader(void **state)
{
    (void)state;
    int ends[2];
    char bytes[1024], filling[4096] = "";
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    ssize_t filled = 0, size;
    while ((size = write(ends[1], filling, sizeof(filling))) > 0)
        filled += size;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    struct log *log = log_new(ends[1], LOG_TEXT, LOG_INFO);
    log_event(log, LOG_INFO, "early", NULL);
    for (; filled > 0; filled -= size)
        size = read(ends[0], filling, sizeof(filling));
    log_event(log, LOG_INFO, "late", NULL);
    assert_int_equal(log_run(log), 0);
    read_until(ends[0], bytes, sizeof(bytes), "info late\n");
    assert_non_null(strstr(bytes, " info early\n"));
    log_free(log);
    close(ends[1]);
    close(ends[0]);
}

/* A thread that reads lines from a pipe until one holds `end`. */
struct reader {
    int fd;
    const char *end;
    atomic_size_t lines;
    char last[LIMIT_LOG_LINE_BYTES];
};

static void *read_lines(void *context)
{
    struct reader *reader = context;
    FILE *file = fdopen(reader->fd, "r");
    while (fgets(reader->last, sizeof(reader->last), file)) {
        atomic_fetch_add(&reader->lines, 1);
        if (strstr(reader->last, reader->end))
            break;
    }
    fclose(file);
    return NULL;
}

static void await_lines(const struct reader *reader, size_t lines)
{
    while (atomic_load(&reader->lines) < lines)
        sched_yield();
}

#define LINES 20000

/* Nobody reads until all is written: it neither waits nor forgets how much was lost. */
static void a_blocked_reader_costs_lines_and_no_time(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct log *log = log_new(ends[1], LOG_TEXT, LOG_DEBUG);
    assert_int_equal(log_run(log), 0);
    for (int i = 0; i < LINES; i++)
        log_write(log, LOG_INFO, "event", "number=%06d padding=%040d", i, 0);
    uint64_t dropped = log_dropped(log);
    assert_in_range(dropped, 1, LINES - LIMIT_LOG_QUEUE_BYTES / LIMIT_LOG_LINE_BYTES);

    struct reader reader = {.fd = ends[0], .end = " log_dropped "};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_lines, &reader), 0);
    await_lines(&reader, LINES - dropped);
    log_free(log);
    pthread_join(thread, NULL);
    close(ends[1]);
    char told[64];
    snprintf(told, sizeof(told), " warn log_dropped lines=%llu\n", (unsigned long long)dropped);
    assert_non_null(strstr(reader.last, told));
    assert_int_equal(reader.lines, LINES - dropped + 1);
}

static void ending_does_not_wait_for_a_reader_that_never_reads(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct log *log = log_new(ends[1], LOG_TEXT, LOG_DEBUG);
    assert_int_equal(log_run(log), 0);
    for (int i = 0; i < LINES; i++)
        log_write(log, LOG_INFO, "event", "number=%d", i);
    log_free(log); /* comes back, and leaves the thread to the end of the process */
    static char bytes[1 << 20];
    assert_true(read(ends[0], bytes, sizeof(bytes)) > 0);
}

#define WRITERS 4
#define EACH    500

static void *write_lines(void *context)
{
    for (int i = 0; i < EACH; i++)
        log_write(context, LOG_INFO, "event", "number=%d", i);
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct reader reader = {.fd = ends[0], .end = "\"last\""};
    pthread_t thread, writers[WRITERS];
    assert_int_equal(pthread_create(&thread, NULL, read_lines, &reader), 0);
    struct log *log = log_new(ends[1], LOG_JSON, LOG_DEBUG);
    assert_int_equal(log_run(log), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_lines, log), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    assert_int_equal(log_dropped(log), 0);
    log_event(log, LOG_INFO, "last", NULL);
    pthread_join(thread, NULL);
    log_free(log);
    close(ends[1]);
    assert_int_equal(reader.lines, WRITERS * EACH + 1);
    json_t *json = json_loads(reader.last, 0, NULL);
    assert_non_null(json);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_holds_time_level_event_and_fields),
        cmocka_unit_test(json_tells_numbers_from_words),
        cmocka_unit_test(quoted_values_keep_their_spaces),
        cmocka_unit_test(what_is_no_field_becomes_text),
        cmocka_unit_test(controls_and_bad_utf8_are_escaped),
        cmocka_unit_test(a_long_line_is_cut_and_says_so),
        cmocka_unit_test(lines_below_the_level_are_left_out),
        cmocka_unit_test(before_it_runs_whoever_logs_writes),
        cmocka_unit_test(before_it_runs_whoever_logs_waits_for_no_reader),
        cmocka_unit_test(a_blocked_reader_costs_lines_and_no_time),
        cmocka_unit_test(ending_does_not_wait_for_a_reader_that_never_reads),
        cmocka_unit_test(lines_of_several_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

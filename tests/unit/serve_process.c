/*
 * The real program: what it says at its start and why it refuses to, what its commands answer, and
 * how it ends, with people writing.
 */
#include "lib/server_process.h"
#include "lib/temp_dir.h"
#include "lib/writers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH_SIZE (TEMP_DIR_MAX + 64)

struct place {
    char dir[TEMP_DIR_MAX];
    char data[PATH_SIZE]; /* not there yet */
};

static int place_make(void **state)
{
    static struct place place;
    temp_dir_make(place.dir);
    snprintf(place.data, sizeof(place.data), "%s/data", place.dir);
    *state = &place;
    return 0;
}

static int place_remove(void **state)
{
    const struct place *place = *state;
    temp_dir_remove(place->dir);
    return 0;
}

static struct store *open_store(const char *data)
{
    struct store *store = NULL;
    char message[512] = "";
    if (store_open(data, &store, message, sizeof(message)) != STORE_OK)
        fail_msg("%s", message);
    return store;
}

static void write_at(const char *path, const char *bytes, size_t size, off_t at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, at), size);
    assert_int_equal(close(fd), 0);
}

/* What the server answers to a GET. */
static void get(unsigned port, const char *path, char *answer, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char request[256];
    int length = snprintf(request, sizeof(request),
                          "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, request, (size_t)length), length);
    size_t used = 0;
    for (ssize_t got; used < size - 1 && (got = read(fd, answer + used, size - 1 - used)) > 0;)
        used += (size_t)got;
    answer[used] = '\0';
    close(fd);
}

/* ---- commands ---- */

static void commands_answer_and_wrong_ones_are_refused(void **state)
{
    (void)state;
    quire(0, "quire 0.", "version");
    quire(0, "quire 0.", "--version");
    quire(0, "serve documents", "--help");
    quire(0, "serve documents", "help");
    quire(0, "--listen HOST:PORT", "serve", "--help");
    quire(0, "--listen HOST:PORT", "help", "serve");
    quire(0, "--frame-bytes", "serve", "--show-limits");
    quire(2, "\"srve\" is not a command; did you mean serve?", "srve");
    quire(2, "\"hlp\" is not a command; did you mean help?", "help", "hlp");
    quire(2, "--wrkers is not an option; did you mean --workers?", "serve", "--wrkers");
    process_run(2, "Usage: quire COMMAND", (const char *const[]){QUIRE_PROGRAM, NULL});
}

static void check_says_what_would_be_used_and_ends(void **state)
{
    const struct place *place = *state;
    quire(0, "All is well", "serve", "--check", "--listen", "127.0.0.1:0", "--data", place->data);
    quire(0, "flag", "serve", "--check", "--listen=127.0.0.1:0", "--data", place->data);
    quire(2, "so it serves this machine only", "serve", "--check", "--listen", "0.0.0.0:8080");
}

/* ---- the start ---- */

static void it_serves_pages_and_stops_when_asked(void **state)
{
    const struct place *place = *state;
    static struct process process;
    char answer[4096];
    for (int round = 0; round < 2; round++) {
        unsigned port = process_serve(&process, place->data, NULL);
        get(port, "/readyz", answer, sizeof(answer));
        assert_holds(answer, "200 OK");
        get(port, "/healthz", answer, sizeof(answer));
        assert_holds(answer, "200 OK");
        get(port, "/", answer, sizeof(answer));
        assert_holds(answer, "text/html");
        process_signal(&process, round == 0 ? SIGTERM : SIGINT);
        assert_int_equal(process_end(&process), 0);
        assert_holds(process.output, "stopped status=0");
    }
}

static void on_a_terminal_it_tells_people_what_to_open(void **state)
{
    const struct place *place = *state;
    static struct process process;
    char script[3 * PATH_SIZE], said[4096] = "";
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    snprintf(script, sizeof(script), "exec %s serve --listen 127.0.0.1:0 --data %s 2>%s",
             QUIRE_PROGRAM, place->data, ptsname(terminal));
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    process_start(&process, arguments);
    for (size_t used = 0; !strstr(said, "Ctrl-C");) {
        ssize_t got = read(terminal, said + used, sizeof(said) - 1 - used);
        assert_true(got > 0);
        used += (size_t)got;
        said[used] = '\0';
    }
    assert_holds(said, "Open       http://localhost:");
    assert_holds(said, place->data);
    process_signal(&process, SIGTERM);
    assert_int_equal(process_end(&process), 0);
    close(terminal);
}

static void a_port_that_is_taken_is_refused(void **state)
{
    const struct place *place = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    char listen_on[32];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(listen_on, sizeof(listen_on), "127.0.0.1:%u", ntohs(address.sin_port));
    quire(1, listen_on, "serve", "--listen", listen_on, "--data", place->data);
    quire(1, "in use", "serve", "--listen", listen_on, "--data", place->data);
    quire(1, "in use", "serve", "--check", "--listen", listen_on, "--data", place->data);
    close(fd);
}

static void a_second_server_on_one_database_is_refused(void **state)
{
    const struct place *place = *state;
    static struct process process;
    process_serve(&process, place->data, NULL);
    quire(1, "another process has the database", "serve", "--listen", "127.0.0.1:0", "--data",
          place->data);
    process_signal(&process, SIGTERM);
    assert_int_equal(process_end(&process), 0);
}

static void a_directory_that_cannot_be_used_is_refused(void **state)
{
    const struct place *place = *state;
    char file[PATH_SIZE], below[PATH_SIZE + 8];
    snprintf(file, sizeof(file), "%s/file", place->dir);
    snprintf(below, sizeof(below), "%s/data", file);
    write_at(file, "x", 1, 0);
    quire(1, "not_started text=", "serve", "--listen", "127.0.0.1:0", "--data", below);
    quire(1, file, "serve", "--listen", "127.0.0.1:0", "--data", below);
    quire(1, file, "serve", "--listen", "127.0.0.1:0", "--data", file);
    quire(1, "/proc/nowhere", "serve", "--listen", "127.0.0.1:0", "--data", "/proc/nowhere");
}

static void a_newer_and_a_foreign_database_are_refused(void **state)
{
    const struct place *place = *state;
    char path[PATH_SIZE + 16];
    snprintf(path, sizeof(path), "%s/quire.db", place->data);
    store_close(open_store(place->data));
    write_at(path, "\x7f\xff\xff\xff", 4, 60); /* SQLite's user_version */
    quire(1, "newer version", "serve", "--listen", "127.0.0.1:0", "--data", place->data);
    write_at(path, "this is a letter", 16, 0);
    quire(1, "is not a Quire database", "serve", "--listen", "127.0.0.1:0", "--data", place->data);
    /* The path is told as it was given. */
    char script[3 * PATH_SIZE];
    snprintf(script, sizeof(script), "cd %s; exec %s serve --listen 127.0.0.1:0 --data .",
             place->data, QUIRE_PROGRAM);
    process_run(1, "the file \\\"./quire.db\\\" is not",
                (const char *const[]){"/bin/sh", "-c", script, NULL});
}

/* With so few files there is one line about it, and it names what is needed. */
static void assert_short_of_files(const struct place *place, unsigned files, const char *more)
{
    static struct process process;
    char script[3 * PATH_SIZE], expected[256];
    snprintf(script, sizeof(script), "ulimit -n %u; exec %s serve --listen 127.0.0.1:0 --data %s%s",
             files, QUIRE_PROGRAM, place->data, more);
    snprintf(expected, sizeof(expected),
             " error not_started text=\"this process may only have %u files open, and needs 136, "
             "and one more for each connection: raise the limit (ulimit -n, LimitNOFILE=)\"\n",
             files);
    process_start(&process, (const char *const[]){"/bin/sh", "-c", script, NULL});
    assert_int_equal(process_end(&process), 1);
    assert_holds(process.output, expected);
    assert_null(strstr(process.output, "fewer_connections"));
    assert_null(strstr(process.output, "too low"));
}

static void connections_that_do_not_fit_are_refused_or_lowered(void **state)
{
    const struct place *place = *state;
    char script[3 * PATH_SIZE];
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    snprintf(script, sizeof(script),
             "ulimit -n 200; exec %s serve --check --listen 127.0.0.1:0 --data %s --connections 65",
             QUIRE_PROGRAM, place->data);
    process_run(1, "this process may only have 200 files open", arguments);
    snprintf(script, sizeof(script),
             "ulimit -n 200; exec %s serve --check --listen 127.0.0.1:0 --data %s --connections 64",
             QUIRE_PROGRAM, place->data);
    process_run(0, "All is well", arguments);
    snprintf(script, sizeof(script),
             "ulimit -n 200; exec %s serve --check --listen 127.0.0.1:0 --data %s", QUIRE_PROGRAM,
             place->data);
    process_run(0, "\nconnections              64 ", arguments);
    assert_short_of_files(place, 120, "");
    assert_short_of_files(place, 120, " --connections 5");
    assert_short_of_files(place, 136, "");

    static struct process process;
    snprintf(script, sizeof(script), "ulimit -n 200; exec %s serve --listen 127.0.0.1:0 --data %s",
             QUIRE_PROGRAM, place->data);
    process_start(&process, arguments);
    assert_int_equal(process_await(&process, " serving "), 0);
    assert_holds(process.output, "warn fewer_connections wanted=10000 connections=64 files=200");
    process_signal(&process, SIGTERM);
    assert_int_equal(process_end(&process), 0);
}

static void check_with_closed(const struct place *place, const char *closed, const char *words)
{
    static struct process process;
    char script[3 * PATH_SIZE];
    snprintf(script, sizeof(script),
             "%s serve --check --listen 127.0.0.1:0 --data %s %s; echo status $?; "
             "head -c 15 %s/quire.db",
             QUIRE_PROGRAM, place->data, closed, place->data);
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    process_start(&process, arguments);
    assert_int_equal(process_end(&process), 0);
    assert_holds(process.output, words);
}

/* The database must not get a descriptor that something prints to. What the check says cannot be
 * written where the output is closed, so that there it fails, but not by what it does. */
static void it_starts_with_its_standard_descriptors_closed(void **state)
{
    check_with_closed(*state, "0<&- 2>&-", "status 0\nSQLite format 3");
    check_with_closed(*state, "0<&- 1>&- 2>&-", "status 1\nSQLite format 3");
}

/* ---- the end, with people writing ---- */

static void check_saved(const struct place *place, const struct writers *writers)
{
    struct store *store = open_store(place->data);
    writers_check(writers, store);
    store_close(store);
}

static void a_stop_under_load_saves_what_was_acknowledged(void **state)
{
    const struct place *place = *state;
    static struct process process;
    unsigned port =
        process_serve(&process, place->data, (const char *const[]){"--workers=2", NULL});
    struct writers *writers = writers_start(port, 8, 5);
    writers_run(writers, 500);
    process_signal(&process, SIGTERM);
    writers_run_to_the_end(writers);
    assert_int_equal(process_end(&process), 0);
    assert_null(strstr(process.output, "drain_timeout"));
    check_saved(place, writers);
    writers_free(writers);
}

static void a_kill_under_load_loses_nothing_acknowledged(void **state)
{
    const struct place *place = *state;
    static struct process process;
    for (int round = 0; round < 3; round++) {
        unsigned port = process_serve(&process, place->data, NULL);
        struct writers *writers = writers_start(port, 8, 5);
        writers_run(writers, 300);
        process_signal(&process, SIGKILL);
        writers_run_to_the_end(writers);
        assert_int_equal(process_end(&process), -SIGKILL);
        check_saved(place, writers);
        writers_free(writers);
    }
}

/* Writing past the largest allowed file fails as a broken disk does: nothing more is acknowledged,
 * and the process ends by itself. */
static void a_storage_that_fails_ends_the_server(void **state)
{
    const struct place *place = *state;
    static struct process process;
    char script[2 * PATH_SIZE];
    snprintf(script, sizeof(script), "ulimit -f 1000; exec %s serve --listen 127.0.0.1:0 --data %s",
             QUIRE_PROGRAM, place->data);
    const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
    process_start(&process, arguments);
    assert_int_equal(process_await(&process, " workers="), 0);
    const char *url = strstr(process.output, "http://127.0.0.1:");
    unsigned port = (unsigned)strtoul(url + strlen("http://127.0.0.1:"), NULL, 10);
    struct writers *writers = writers_start(port, 4, 2000);
    assert_true(writers_run_to_the_end(writers) > 0);
    assert_int_equal(process_end(&process), 1);
    assert_holds(process.output, " error storage_failed ");
    assert_holds(process.output, "stopped status=1");
    check_saved(place, writers);
    writers_free(writers);
}

#define AT_A_NEW_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_answer_and_wrong_ones_are_refused),
        AT_A_NEW_PLACE(check_says_what_would_be_used_and_ends),
        AT_A_NEW_PLACE(it_serves_pages_and_stops_when_asked),
        AT_A_NEW_PLACE(on_a_terminal_it_tells_people_what_to_open),
        AT_A_NEW_PLACE(a_port_that_is_taken_is_refused),
        AT_A_NEW_PLACE(a_second_server_on_one_database_is_refused),
        AT_A_NEW_PLACE(a_directory_that_cannot_be_used_is_refused),
        AT_A_NEW_PLACE(a_newer_and_a_foreign_database_are_refused),
        AT_A_NEW_PLACE(connections_that_do_not_fit_are_refused_or_lowered),
        AT_A_NEW_PLACE(it_starts_with_its_standard_descriptors_closed),
        AT_A_NEW_PLACE(a_stop_under_load_saves_what_was_acknowledged),
        AT_A_NEW_PLACE(a_kill_under_load_loses_nothing_acknowledged),
        AT_A_NEW_PLACE(a_storage_that_fails_ends_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

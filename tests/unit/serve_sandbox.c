/*
 * The real program gives up what it does not need, and serves all the same: people write, a backup
 * is made where the server may not write, and it stops in order.
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

#include <dirent.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (TEMP_DIR_MAX + 64)
#define NOBODY    "nobody"

struct place {
    char dir[TEMP_DIR_MAX];
    char data[PATH_SIZE]; /* not there yet */
    char copy[PATH_SIZE];
};

static int place_make(void **state)
{
    static struct place place;
    temp_dir_make(place.dir);
    snprintf(place.data, sizeof(place.data), "%s/data", place.dir);
    snprintf(place.copy, sizeof(place.copy), "%s/copy.db", place.dir);
    *state = &place;
    return 0;
}

static int place_remove(void **state)
{
    const struct place *place = *state;
    temp_dir_remove(place->dir);
    return 0;
}

/* ---- what threads may ---- */

static void read_status(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* Holds every thread's status against these lines; returns how many threads there are. */
static int check_threads(pid_t pid, const char *const *lines)
{
    char path[512], text[8192];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, task->d_name);
        read_status(path, text, sizeof(text));
        for (const char *const *line = lines; *line; line++)
            assert_holds(text, *line);
        count++;
    }
    closedir(tasks);
    return count;
}

/* ---- the tests ---- */

static void what_is_forbidden_is_refused(void **state)
{
    const struct place *place = *state;
    static struct process process;
    const char *const arguments[] = {
        QUIRE_PROGRAM, "serve", "--check-sandbox", "--listen",  "127.0.0.1:0",
        "--workers",   "2",     "--data",          place->data, NULL};
    process_start(&process, arguments);
    assert_int_equal(process_end(&process), 0);
    assert_holds(process.output, "refused  reading a file outside the data directory");
    assert_holds(process.output, "refused  running a program\n");
    assert_holds(process.output, "The sandbox holds.\n");
    assert_null(strstr(process.output, "ALLOWED"));
}

/* The check can fail: without the sandbox everything is possible. */
static void without_the_sandbox_the_check_fails(void **state)
{
    const struct place *place = *state;
    quire(1, "ALLOWED  running a program\n", "serve", "--check-sandbox", "--sandbox", "off",
          "--listen", "127.0.0.1:0", "--data", place->data);
    quire(1, "ALLOWED  reading a file outside", "serve", "--check-sandbox", "--sandbox", "off",
          "--listen", "127.0.0.1:0", "--data", place->data);
    quire(1, "The sandbox does not hold.\n", "serve", "--check-sandbox", "--sandbox=off",
          "--listen", "127.0.0.1:0", "--data", place->data);
}

static void every_thread_is_inside(void **state)
{
    const struct place *place = *state;
    static struct process server;
    process_serve(&server, place->data, (const char *const[]){"--workers", "3", NULL});
    assert_holds(server.output, " info sandbox landlock=");
    int threads =
        check_threads(server.pid, (const char *const[]){"NoNewPrivs:\t1", "Seccomp:\t2",
                                                        "CapEff:\t0000000000000000",
                                                        "CapPrm:\t0000000000000000", NULL});
    assert_in_range(threads, 8, 64); /* main, log, hub, store, admin, gates */
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
}

static void people_write_and_a_backup_is_made_elsewhere(void **state)
{
    const struct place *place = *state;
    static struct process server;
    unsigned port = process_serve(&server, place->data, NULL);
    struct writers *writers = writers_start(port, 4, 5);
    writers_run(writers, 200);
    quire(0, "copy.db: ", "backup", "--data", place->data, place->copy);
    quire(0, ": all is well", "verify", "--data", place->data);
    quire(0, ": all is well", "verify", place->copy);
    writers_run(writers, 200);
    process_signal(&server, SIGTERM);
    writers_run_to_the_end(writers);
    assert_int_equal(process_end(&server), 0);
    char message[256];
    struct store *store;
    assert_int_equal(store_open(place->data, &store, message, sizeof(message)), STORE_OK);
    writers_check(writers, store);
    store_close(store);
    writers_free(writers);
}

static void hanging_up_does_not_end_it(void **state)
{
    const struct place *place = *state;
    static struct process server;
    unsigned port = process_serve(&server, place->data, NULL);
    process_signal(&server, SIGHUP);
    process_signal(&server, SIGPIPE);
    struct writers *writers = writers_start(port, 2, 5);
    assert_int_equal(writers_run(writers, 20) >= 20, 1);
    process_signal(&server, SIGTERM);
    writers_run_to_the_end(writers);
    assert_int_equal(process_end(&server), 0);
    writers_free(writers);
}

/* As root: it becomes somebody else, whose the data are. */
static void become_nobody(const struct place *place)
{
    static struct process server;
    char line[64];
    const struct passwd *nobody = getpwnam(NOBODY);
    assert_non_null(nobody);
    quire(1, "is root; name one who may do less", "serve", "--check", "--user", "root", "--listen",
          "127.0.0.1:0", "--data", place->data);
    assert_int_equal(access(place->data, F_OK), -1);
    quire(1, "there is no user \"no-such-user\"", "serve", "--check", "--user", "no-such-user",
          "--listen", "127.0.0.1:0", "--data", place->data);
    /* root's directory is not its own */
    quire(1, place->data, "serve", "--check", "--user", NOBODY, "--listen", "127.0.0.1:0", "--data",
          place->data);
    assert_int_equal(chown(place->dir, nobody->pw_uid, nobody->pw_gid), 0);
    process_serve(&server, place->data, (const char *const[]){"--user", NOBODY, NULL});
    assert_null(strstr(server.output, "running_as_root"));
    snprintf(line, sizeof(line), "Uid:\t%u\t%u\t%u\t%u\n", nobody->pw_uid, nobody->pw_uid,
             nobody->pw_uid, nobody->pw_uid);
    check_threads(server.pid, (const char *const[]){line, "\nGroups:\t \n", NULL});
    struct stat status;
    assert_int_equal(stat(place->data, &status), 0);
    assert_int_equal(status.st_uid, nobody->pw_uid);
    quire(0, "copy.db: ", "backup", "--data", place->data, place->copy);
    assert_int_equal(stat(place->copy, &status), 0);
    assert_int_equal(status.st_uid, geteuid());
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
}

static void started_as_root_it_becomes_the_user_that_is_named(void **state)
{
    const struct place *place = *state;
    static struct process server;
    if (geteuid() != 0) {
        quire(1, "only root can become the user \"" NOBODY "\"", "serve", "--check", "--user",
              NOBODY, "--listen", "127.0.0.1:0", "--data", place->data);
        return;
    }
    become_nobody(place);
    assert_int_equal(chown(place->dir, 0, 0), 0);
    unlink(place->copy);
    process_serve(&server, place->copy, NULL);
    assert_holds(server.output, " warn running_as_root ");
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        CASE(what_is_forbidden_is_refused), CASE(without_the_sandbox_the_check_fails),
        CASE(every_thread_is_inside),       CASE(people_write_and_a_backup_is_made_elsewhere),
        CASE(hanging_up_does_not_end_it),   CASE(started_as_root_it_becomes_the_user_that_is_named),
    };
    /* A sanitizer that looks for leaks does so by tracing the process, which the sandbox forbids.
     */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    unsetenv("QUIRE_SANDBOX");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

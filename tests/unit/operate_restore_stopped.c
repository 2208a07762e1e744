/* quire restore, killed at each step, and what would be taken for a part of a database. */
#include "lib/operate_world.h"
#include "lib/writers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITERS    2
#define EDIT_BYTES 100
#define KILLED     137
/* More than there are of any. */
#define STEPS_MAX 200

static void make_backup(const struct place *place)
{
    struct rng rng = rng_start("operate_restore_stopped");
    struct store *store = open_store(place->other);
    make_document(store, "one", STORE_TEXT, 20, 10, &rng);
    store_close(store);
    quire(0, "backup.db: ", "backup", "--data", place->other, place->backup);
}

static struct writers *write_and_kill(struct process *server, unsigned port)
{
    struct writers *writers = writers_start(port, WRITERS, EDIT_BYTES);
    writers_run(writers, 40);
    process_signal(server, SIGKILL);
    assert_int_equal(process_end(server), -SIGKILL);
    writers_run_to_the_end(writers);
    return writers;
}

static void copy_database(const char *from, const char *to)
{
    char command[4 * PATH_SIZE];
    snprintf(command, sizeof(command),
             "rm -rf '%s' && mkdir '%s' && cp '%s'/quire.db '%s'/quire.db-wal '%s'", to, to, from,
             from, to);
    assert_int_equal(system(command), 0);
}

static void arm(const char *fault)
{
    setenv("LD_PRELOAD", QUIRE_SHIM, 1);
    setenv("QUIRE_FAULT", fault, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
}

static void disarm(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv("QUIRE_FAULT");
    unsetenv("ASAN_OPTIONS");
}

static void start_restore(struct process *restore, const struct place *place, const char *fault)
{
    arm(fault);
    process_start(restore, (const char *const[]){QUIRE_PROGRAM, "restore", "--force", "--data",
                                                 place->data, place->backup, NULL});
    disarm();
}

/* All of the one or all of the other. */
static bool is_old(const struct place *place, const struct writers *writers)
{
    struct store *store = open_store(place->data);
    struct store_document document;
    int code = store_find(store, WRITERS_DOCUMENT, &document);
    if (code == STORE_OK)
        writers_check(writers, store);
    else
        assert_int_equal(store_find(store, "one", &document), STORE_OK);
    store_close(store);
    return code == STORE_OK;
}

/* Killed at each call of this kind in turn, until there is none more. */
static void kill_at_each(const struct place *place, const struct writers *writers, const char *call,
                         const char *when)
{
    struct process restore;
    int status = KILLED;
    unsigned old = 0, step = 1;
    for (; status == KILLED && step < STEPS_MAX; step++) {
        char fault[64];
        snprintf(fault, sizeof(fault), "%s:%u:%s", call, step, when);
        copy_database(place_path(place, "killed"), place->data);
        start_restore(&restore, place, fault);
        status = process_end(&restore);
        bool stayed = is_old(place, writers);
        assert_true(status == KILLED || !stayed);
        old += stayed;
    }
    assert_int_equal(status, 0);
    assert_in_range(old, 2, STEPS_MAX);
}

static void a_restore_that_is_killed_leaves_the_old_database_or_the_new_one(void **state)
{
    const struct place *place = *state;
    struct process server;
    make_backup(place);
    unsigned port = process_serve(&server, place_path(place, "killed"), NULL);
    struct writers *writers = write_and_kill(&server, port);
    kill_at_each(place, writers, "entry", "before");
    kill_at_each(place, writers, "entry", "after");
    kill_at_each(place, writers, "fdatasync", "before");
    kill_at_each(place, writers, "fdatasync", "after");
    writers_free(writers);
}

/* A server may be started on a directory without a database while one is made ready for it. */
static void a_database_that_came_meanwhile_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct process server, restore;
    make_backup(place);
    assert_int_equal(mkdir(place->data, 0700), 0);
    setenv("QUIRE_RELEASE", place_path(place, "release"), 1);
    start_restore(&restore, place, "fdatasync:1:held");
    while (count_files(place->data, "restore-") == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    unsigned port = process_serve(&server, place->data, NULL);
    struct writers *writers = writers_start(port, WRITERS, EDIT_BYTES);
    writers_run(writers, 20);
    write_file(place_path(place, "release"), "");
    assert_int_equal(process_end(&restore), 1);
    assert_holds(restore.output, "a database has been made in");
    process_signal(&server, SIGKILL);
    assert_int_equal(process_end(&server), -SIGKILL);
    writers_run_to_the_end(writers);
    assert_true(is_old(place, writers));
    writers_free(writers);
}

static void what_sqlite_would_take_for_a_part_of_the_new_file_is_refused(void **state)
{
    const struct place *place = *state;
    static const char *const endings[] = {"-wal", "-journal"};
    make_backup(place);
    assert_int_equal(mkdir(place->data, 0700), 0);
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof(name), "data/quire.db%s", endings[i]);
        write_file(place_path(place, name), "of another");
        quire(1, "is there without its database; move it away", "restore", "--data", place->data,
              place->backup);
        assert_int_equal(count_files(place->data, "quire.db"), 1);
        unlink(place_path(place, name));
        snprintf(name, sizeof(name), "second.db%s", endings[i]);
        write_file(place_path(place, name), "of another");
        quire(1, "would be taken for a part of the backup", "backup", "--data", place->other,
              place_path(place, "second.db"));
        unlink(place_path(place, name));
    }
    quire(0, "1 document restored", "restore", "--data", place->data, place->backup);
}

/* Nobody could read it, so nothing is lost with its write-ahead log beside it; both are kept. */
static void what_is_no_database_is_kept_and_replaced(void **state)
{
    const struct place *place = *state;
    make_backup(place);
    assert_int_equal(mkdir(place->data, 0700), 0);
    write_file(place_path(place, "data/quire.db"), "no database, and long enough to be seen as one "
                                                   "that is damaged: a hundred bytes are a header");
    write_file(place_path(place, "data/quire.db-wal"), "no log");
    quire(0, "1 document restored", "restore", "--force", "--data", place->data, place->backup);
    assert_int_equal(count_files(place->data, "before-"), 2);
    quire(0, "all is well", "verify", "--data", place->data);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_restore_that_is_killed_leaves_the_old_database_or_the_new_one),
        PLACE_TEST(a_database_that_came_meanwhile_is_left_alone),
        PLACE_TEST(what_sqlite_would_take_for_a_part_of_the_new_file_is_refused),
        PLACE_TEST(what_is_no_database_is_kept_and_replaced),
    };
    return cmocka_run_group_tests_name("operate_restore_stopped", tests, NULL, NULL);
}

/* quire compact: smaller, and the same. */
#include "lib/operate_world.h"
#include "server/operate/files.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void make(const struct place *place)
{
    struct rng rng = rng_start("operate_compact");
    struct store *store = open_store(place->data);
    make_document(store, "settled", STORE_RICH, 600, 600, &rng);
    make_document(store, "young", STORE_TEXT, 300, 0, &rng);
    make_document(store, "gone", STORE_TEXT, 900, 600, &rng);
    make_document(store, "half", STORE_RICH, 300, 100, &rng);
    assert_int_equal(store_delete(store, 3), STORE_OK);
    store_close(store);
}

static void a_compacted_database_is_smaller_and_holds_the_same(void **state)
{
    const struct place *place = *state;
    static const char *const ids[] = {"settled", "young", "half"};
    make(place);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    quire(0, "3 documents restored", "restore", "--data", place->other, place->backup);
    const char *file = place_path(place, "data/quire.db");
    uint64_t before = files_bytes(file);
    struct store *store = open_store(place->data);
    uint64_t epoch = store_epoch(store);
    assert_true(store_unsettled(store, 0) > 0);
    store_close(store);

    quire(0, " bytes before, ", "compact", "--data", place->data);
    assert_true(files_bytes(file) < before);
    assert_int_equal(count_files(place->data, ""), 3);
    quire(0, "3 documents, 1200 edits: all is well", "verify", "--data", place->data);
    store = open_store(place->data);
    struct store *other = open_store(place->other);
    assert_int_equal(store_epoch(store), epoch);
    assert_int_equal(store_unsettled(store, 0), 0);
    for (size_t i = 0; i < 3; i++) {
        struct store_document document;
        struct store_head head;
        assert_same_document(store, other, ids[i]);
        assert_int_equal(store_find(store, ids[i], &document), STORE_OK);
        assert_int_equal(store_load(store, document.key, &head), STORE_OK);
        assert_int_equal(head.snapshot_version, head.version);
    }
    store_close(store);
    store_close(other);
    before = files_bytes(file);
    quire(0, " bytes before, ", "compact", "--data", place->data);
    assert_int_equal(files_bytes(file), before);
}

/* What is damaged stays what it is. */
static void a_damaged_document_does_not_keep_the_rest_from_it(void **state)
{
    const struct place *place = *state;
    make(place);
    run_sql(place->data, "UPDATE snapshots SET sum = sum + 1 WHERE doc = 4");
    quire(0, " bytes before, ", "compact", "--data", place->data);
    const char *output = quire(1, "1 found", "verify", "--data", place->data);
    assert_holds(output, "half                            100  its snapshot is not whole");
    struct store *store = open_store(place->data);
    assert_int_equal(store_unsettled(store, 2), 0);
    assert_int_equal(store_unsettled(store, 4), 200);
    store_close(store);
}

static void a_database_in_use_or_none_is_refused(void **state)
{
    const struct place *place = *state;
    struct process server;
    quire(1, "there is no database", "compact", "--data", place->data);
    assert_int_equal(count_files(place->dir, "data"), 0);
    make(place);
    process_serve(&server, place->data, NULL);
    quire(1, "another process has the database", "compact", "--data", place->data);
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
    quire(2, "too many arguments", "compact", place->data);
    quire(0, "Usage: quire compact", "compact", "--help");
}

/* Whether the process has such a file open, or has ended. */
static bool has_open(pid_t pid, const char *part)
{
    char link[64], path[PATH_SIZE];
    siginfo_t info = {0};
    bool found = false;
    for (int fd = 0; fd < 64 && !found; fd++) {
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t size = readlink(link, path, sizeof(path) - 1);
        path[size > 0 ? size : 0] = '\0';
        found = strstr(path, part) != NULL;
    }
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return found || info.si_pid != 0;
}

/* More than SQLite's cache holds. */
#define LARGE_SQL                                                                                  \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)"                \
    " INSERT INTO segments SELECT 99, i, i, zeroblob(60000), 0 FROM n"

/* It has all that is in the database, and needs as much room. Held just before its name goes, which
 * is at once. */
static void the_temporary_file_is_beside_the_database(void **state)
{
    const struct place *place = *state;
    struct process compact;
    make(place);
    run_sql(place->data, LARGE_SQL);
    setenv("LD_PRELOAD", QUIRE_SHIM, 1);
    setenv("QUIRE_FAULT", "entry:1:held", 1);
    setenv("QUIRE_RELEASE", place_path(place, "release"), 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    process_start(&compact, (const char *const[]){QUIRE_PROGRAM, "compact", "--quiet", "--data",
                                                  place->data, NULL});
    unsetenv("LD_PRELOAD");
    unsetenv("QUIRE_FAULT");
    unsetenv("ASAN_OPTIONS");
    while (!has_open(compact.pid, "/etilqs"))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(count_files(place->data, "etilqs"), 1);
    write_file(place_path(place, "release"), "");
    assert_int_equal(process_end(&compact), 0);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_compacted_database_is_smaller_and_holds_the_same),
        PLACE_TEST(a_damaged_document_does_not_keep_the_rest_from_it),
        PLACE_TEST(a_database_in_use_or_none_is_refused),
        PLACE_TEST(the_temporary_file_is_beside_the_database),
    };
    return cmocka_run_group_tests_name("operate_compact", tests, NULL, NULL);
}

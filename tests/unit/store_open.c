/* Opening: what is made, what is refused and how that is told, and what an old database holds. */
#include "unit/store_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/sqlite/database.h"
#include "storage/sqlite/limits.h"
#include "storage/sqlite/schema.h"

/* The link step leads the store's syncs of directories here. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static ino_t unsyncable; /* syncing this fails */
static bool had_log;     /* there was a write-ahead log when it was tried */

int __wrap_fsync(int fd)
{
    struct stat info;

    assert_int_equal(fstat(fd, &info), 0);
    if (info.st_ino != unsyncable)
        return __real_fsync(fd);
    had_log = faccessat(fd, "quire.db-wal", F_OK, 0) == 0;
    errno = EIO;
    return -1;
}

/* A directory without a database. */
static int setup_empty(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    if (world == NULL)
        return -1;
    temp_dir_make(world->dir);
    *state = world;
    return 0;
}

static int open_at(struct world *world, const char *dir)
{
    memset(world->message, 0, sizeof world->message);
    return store_open(dir, &world->store, world->message, sizeof world->message);
}

static void assert_refused(struct world *world, const char *dir, int code, const char *part)
{
    assert_int_equal(open_at(world, dir), code);
    assert_null(world->store);
    if (strstr(world->message, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, world->message);
    assert_true(strlen(world->message) < sizeof world->message - 1);
}

static void path_in(const struct world *world, const char *name, char *path_out)
{
    snprintf(path_out, 2 * TEMP_DIR_MAX, "%s/%s", world->dir, name);
}

static void write_file(const char *path, const char *content, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

struct content {
    size_t size;
    char bytes[1 << 17];
};

static void read_file(const char *path, struct content *content)
{
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    content->size = fread(content->bytes, 1, sizeof content->bytes, file);
    assert_true(content->size < sizeof content->bytes);
    fclose(file);
}

/* ---- what is made ---- */

static void a_missing_directory_is_made_for_nobody_else(void **state)
{
    struct world *world = *state;
    char dir[2 * TEMP_DIR_MAX];
    char path[2 * TEMP_DIR_MAX];
    struct stat status;

    path_in(world, "new", dir);
    path_in(world, "new/quire.db", path);
    assert_int_equal(open_at(world, dir), STORE_OK);
    assert_int_equal(stat(dir, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    path_in(world, "new/quire.db-wal", path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void an_empty_file_is_taken_as_a_new_database(void **state)
{
    struct world *world = *state;
    char path[2 * TEMP_DIR_MAX];

    path_in(world, "quire.db", path);
    write_file(path, "", 0);
    world_open(world);
    world_create(world, "a");
}

static void a_relative_directory_is_a_directory_whatever_its_name(void **state)
{
    struct world *world = *state;
    char before[4096];
    struct stat status;

    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(world->dir), 0);
    assert_int_equal(open_at(world, "file:quire?mode=memory"), STORE_OK);
    assert_int_equal(stat("file:quire?mode=memory/quire.db", &status), 0);
    assert_int_equal(chdir(before), 0);
}

static void epoch_and_secret_are_drawn_once(void **state)
{
    struct world *world = *state;
    struct world other = {0};
    uint8_t secret[32];
    uint64_t epoch;

    world_open(world);
    epoch = store_epoch(world->store);
    memcpy(secret, store_secret(world->store), sizeof secret);
    assert_true(epoch > 0 && epoch < UINT64_C(1) << 53);
    world_reopen(world);
    assert_int_equal(store_epoch(world->store), epoch);
    assert_memory_equal(store_secret(world->store), secret, sizeof secret);

    temp_dir_make(other.dir);
    world_open(&other);
    assert_int_not_equal(store_epoch(other.store), epoch);
    assert_memory_not_equal(store_secret(other.store), secret, sizeof secret);
    world_deinit(&other);
}

static int64_t pragma(struct world *world, const char *name)
{
    char sql[64];
    sqlite3_stmt *statement;
    int64_t value;

    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    assert_int_equal(sqlite3_prepare_v2(world->store->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static int config(struct world *world, int option)
{
    int value = -1;

    assert_int_equal(sqlite3_db_config(world->store->db, option, -1, &value), SQLITE_OK);
    return value;
}

static int limit(struct world *world, int which)
{
    return sqlite3_limit(world->store->db, which, -1);
}

/* Hostile input, rows 125 and 126. */
static void the_connection_is_set_up_for_safety(void **state)
{
    struct world *world = *state;

    for (int opening = 0; opening < 2; opening++) {
        world_open(world);
        assert_int_equal(pragma(world, "synchronous"), 2);
        assert_int_equal(pragma(world, "wal_autocheckpoint"), 0);
        assert_int_equal(pragma(world, "cell_size_check"), 1);
        assert_int_equal(pragma(world, "mmap_size"), 0);
        assert_int_equal(pragma(world, "secure_delete"), 1);
        assert_int_equal(pragma(world, "journal_size_limit"), WAL_KEEP_BYTES);
        assert_int_equal(pragma(world, "application_id"), SCHEMA_APPLICATION);
        assert_int_equal(pragma(world, "user_version"), SCHEMA_VERSION);
        assert_int_equal(config(world, SQLITE_DBCONFIG_DEFENSIVE), 1);
        assert_int_equal(config(world, SQLITE_DBCONFIG_TRUSTED_SCHEMA), 0);
        assert_int_equal(config(world, SQLITE_DBCONFIG_ENABLE_TRIGGER), 0);
        assert_int_equal(config(world, SQLITE_DBCONFIG_ENABLE_VIEW), 0);
        assert_int_equal(config(world, SQLITE_DBCONFIG_DQS_DML), 0);
        assert_int_equal(config(world, SQLITE_DBCONFIG_DQS_DDL), 0);
        assert_int_equal(config(world, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION), 0);
        assert_int_equal(limit(world, SQLITE_LIMIT_LENGTH), VALUE_BYTES_MAX);
        assert_int_equal(limit(world, SQLITE_LIMIT_ATTACHED), 1);
        assert_int_equal(limit(world, SQLITE_LIMIT_LIKE_PATTERN_LENGTH), PATTERN_BYTES_MAX);
        world_close(world);
    }
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM pragma_journal_mode WHERE "
                                             "journal_mode = 'wal'"),
                     1);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM pragma_table_list WHERE "
                                             "schema = 'main' AND name NOT LIKE 'sqlite_%' AND "
                                             "NOT strict"),
                     0);
}

static void row_125_what_a_file_would_have_run_does_not(void **state)
{
    struct world *world = *state;

    world_open(world);
    int64_t key = world_create(world, "a");
    world_close(world);
    world_sql(world, "CREATE TRIGGER gift AFTER INSERT ON log BEGIN"
                     " UPDATE documents SET title = 'owned'; DELETE FROM log; END");
    world_open(world);
    assert_int_equal(world_append(world, key, 1, 1, 1, "op"), STORE_OK);
    assert_head(world, key, 0, NULL, 1, 0);
    world_close(world);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM log"), 1);
    assert_int_equal(world_sql_number(world, "SELECT title = 'owned' FROM documents"), 0);
}

/* ---- what is refused ---- */

static void a_directory_that_cannot_be_used_is_named_with_the_reason(void **state)
{
    struct world *world = *state;
    char path[2 * TEMP_DIR_MAX];
    char file[2 * TEMP_DIR_MAX];

    path_in(world, "missing/new", path);
    assert_refused(world, path, STORE_E_ACCESS, "No such file or directory");
    assert_refused(world, path, STORE_E_ACCESS, "missing/new\"");
    path_in(world, "file", file);
    write_file(file, "x", 1);
    assert_refused(world, file, STORE_E_ACCESS, "Not a directory");
    assert_refused(world, file, STORE_E_ACCESS, "/file\"");
    path_in(world, "file/new", path);
    assert_refused(world, path, STORE_E_ACCESS, "Not a directory");
    assert_refused(world, "", STORE_E_ACCESS, "empty");
    /* readable, and not for anybody to write in */
    assert_refused(world, "/proc/self", STORE_E_ACCESS, "/proc/self");
}

static void a_file_that_cannot_be_used_is_named(void **state)
{
    struct world *world = *state;
    char path[2 * TEMP_DIR_MAX];

    path_in(world, "quire.db", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(world, world->dir, STORE_E_ACCESS, "quire.db\"");
}

static void a_long_path_leaves_room_for_the_reason(void **state)
{
    struct world *world = *state;
    char path[5000];
    size_t size = (size_t)snprintf(path, sizeof path, "%s", world->dir);

    while (size < 1000)
        size += (size_t)snprintf(path + size, sizeof path - size, "/%0100d", 7);
    assert_refused(world, path, STORE_E_ACCESS, "No such file or directory");
    while (size < 4500)
        size += (size_t)snprintf(path + size, sizeof path - size, "/%0100d", 7);
    assert_refused(world, path, STORE_E_ACCESS, "too long");
}

static void other_files_are_refused_and_left_alone(void **state)
{
    struct world *world = *state;
    static struct content before;
    static struct content after;
    static const char *const others[] = {
        /* some other program's */
        "CREATE TABLE t (a); PRAGMA application_id = 1; PRAGMA user_version = 1",
        "CREATE TABLE t (a)",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 1",
        /* says that it is ours, and is nothing yet */
        "PRAGMA application_id = 0x51756972",
        "PRAGMA application_id = 0x51756972; PRAGMA user_version = -1",
    };
    char path[2 * TEMP_DIR_MAX];

    path_in(world, "quire.db", path);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        unlink(path);
        world_sql(world, others[i]);
        read_file(path, &before);
        assert_refused(world, world->dir, STORE_E_FOREIGN, "is not a Quire database");
        read_file(path, &after);
        assert_int_equal(after.size, before.size);
        assert_memory_equal(after.bytes, before.bytes, before.size);
    }
    write_file(path, "A letter to my aunt, which is not a database but longer than a page is. ",
               72);
    assert_refused(world, world->dir, STORE_E_FOREIGN, path + strlen(path) - 8);
    read_file(path, &after);
    assert_int_equal(after.size, 72);
}

static void a_newer_database_is_refused_with_both_numbers_and_left_alone(void **state)
{
    struct world *world = *state;
    static struct content before;
    static struct content after;
    char path[2 * TEMP_DIR_MAX];

    world_open(world);
    world_create(world, "a");
    world_close(world);
    world_sql(world, "PRAGMA user_version = 987");
    path_in(world, "quire.db", path);
    read_file(path, &before);
    assert_refused(world, world->dir, STORE_E_NEWER, "987");
    assert_refused(world, world->dir, STORE_E_NEWER, "knows up to 3;");
    read_file(path, &after);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.bytes, before.bytes, before.size);
}

/* ---- one at a time ----------------------------------------------------------------------------
 */

static void two_stores_on_one_directory_are_refused(void **state)
{
    struct world *world = *state;
    struct store *first;

    world_open(world);
    world_create(world, "a");
    first = world->store;
    assert_refused(world, world->dir, STORE_E_BUSY, "another process");
    assert_refused(world, world->dir, STORE_E_BUSY, "quire.db");
    world->store = first;
    world_create(world, "b");
    world_reopen(world);
}

static void another_process_keeps_this_one_out_until_it_ends(void **state)
{
    struct world *world = *state;
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        world_open(world);
        if (write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_refused(world, world->dir, STORE_E_BUSY, "another process");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    world_open(world);
    close(ready[0]);
    close(ready[1]);
}

static void other_programs_are_kept_out_while_the_store_is_open(void **state)
{
    struct world *world = *state;
    char path[2 * TEMP_DIR_MAX];
    sqlite3 *db;

    world_open(world);
    path_in(world, "quire.db", path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM log", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM log", NULL, NULL, NULL), SQLITE_BUSY);
    sqlite3_close(db);
}

/* ---- migrations ---- */

static void migrations_go_forward_each_whole_or_not_at_all(void **state)
{
    static const char *const good[] = {"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
                                       "CREATE TABLE b (x); INSERT INTO b SELECT x + 1 FROM a"};
    static const char *const bad[] = {"", "CREATE TABLE b (x); SELECT * FROM nothing"};
    struct world *world = *state;
    char path[2 * TEMP_DIR_MAX];
    sqlite3 *db;

    path_in(world, "quire.db", path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(schema_migrate(db, good, 1, 0), SQLITE_OK);
    assert_int_equal(schema_migrate(db, bad, 2, 1), SQLITE_ERROR);
    sqlite3_close(db);
    assert_int_equal(world_sql_number(world, "PRAGMA user_version"), 1);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM sqlite_schema"), 1);

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(schema_migrate(db, good, 2, 1), SQLITE_OK);
    assert_int_equal(schema_migrate(db, good, 2, 2), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(world_sql_number(world, "PRAGMA user_version"), 2);
    assert_int_equal(world_sql_number(world, "PRAGMA application_id"), SCHEMA_APPLICATION);
    assert_int_equal(world_sql_number(world, "SELECT x FROM b"), 2);
}

/* A process that stopped between making the tables and drawing the epoch. */
static void tables_without_anything_in_them_are_a_new_database(void **state)
{
    struct world *world = *state;

    world_open(world);
    world_close(world);
    world_sql(world, "DELETE FROM meta");
    world_open(world);
    assert_true(store_epoch(world->store) > 0);
    world_create(world, "a");
    world_close(world);
    world_sql(world, "DELETE FROM meta");
    assert_refused(world, world->dir, STORE_E_CORRUPT, "its first row");
}

/* A power cut could take the log's name along, and with it all that it holds. */
static void a_directory_that_cannot_be_synced_is_refused(void **state)
{
    struct world *world = *state;
    struct stat info;

    assert_int_equal(stat(world->dir, &info), 0);
    unsyncable = info.st_ino;
    assert_refused(world, world->dir, STORE_E_IO, "cannot be synced to disk: Input/output error");
    unsyncable = 0;
    assert_true(had_log);
    world_open(world);
}

/* What has been written to was synced before, so a start after a crash need not wait for that. */
static void names_that_were_synced_are_not_synced_again(void **state)
{
    struct world *world = *state;
    struct stat info;

    world_open(world);
    world_create(world, "a");
    world->store->failed = true; /* what was written stays in the write-ahead log */
    world_close(world);
    assert_int_equal(stat(world->dir, &info), 0);
    unsyncable = info.st_ino;
    world_open(world);
    world_close(world);
    assert_refused(world, world->dir, STORE_E_IO, "cannot be synced to disk: Input/output error");
    unsyncable = 0;
}

int main(void)
{
#define OPEN_TEST(test) cmocka_unit_test_setup_teardown(test, setup_empty, world_teardown)
    const struct CMUnitTest tests[] = {
        OPEN_TEST(a_directory_that_cannot_be_synced_is_refused),
        OPEN_TEST(names_that_were_synced_are_not_synced_again),
        OPEN_TEST(a_missing_directory_is_made_for_nobody_else),
        OPEN_TEST(an_empty_file_is_taken_as_a_new_database),
        OPEN_TEST(a_relative_directory_is_a_directory_whatever_its_name),
        OPEN_TEST(epoch_and_secret_are_drawn_once),
        OPEN_TEST(the_connection_is_set_up_for_safety),
        OPEN_TEST(row_125_what_a_file_would_have_run_does_not),
        OPEN_TEST(a_directory_that_cannot_be_used_is_named_with_the_reason),
        OPEN_TEST(a_file_that_cannot_be_used_is_named),
        OPEN_TEST(a_long_path_leaves_room_for_the_reason),
        OPEN_TEST(other_files_are_refused_and_left_alone),
        OPEN_TEST(a_newer_database_is_refused_with_both_numbers_and_left_alone),
        OPEN_TEST(two_stores_on_one_directory_are_refused),
        OPEN_TEST(another_process_keeps_this_one_out_until_it_ends),
        OPEN_TEST(other_programs_are_kept_out_while_the_store_is_open),
        OPEN_TEST(migrations_go_forward_each_whole_or_not_at_all),
        OPEN_TEST(tables_without_anything_in_them_are_a_new_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Copies of a store that is written meanwhile, on disks that fail; and what changes the whole of
 * it. */
#include "unit/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/vfs.h"
#include "storage/upkeep.h"

#define EDITS       3000 /* with the snapshot, many slices of a copy */
#define PATH_LENGTH (TEMP_DIR_MAX + 32)

static char snapshot[2000001];

static int setup(void **state)
{
    struct world *world;

    if (world_setup_plain(state) != 0)
        return -1;
    world = *state;
    memset(snapshot, 's', sizeof snapshot - 1);
    assert_int_equal(world_create(world, "large"), 1);
    world_fill(world, 1, 1, EDITS);
    world_settle(world, 1, EDITS, snapshot);
    assert_int_equal(world_create(world, "other"), 2);
    world_fill(world, 2, 1, 10);
    return 0;
}

static void copy_path(const struct world *world, char *path_out)
{
    snprintf(path_out, PATH_LENGTH, "%s/copy.db", world->dir);
}

/* The copy becomes the database of a directory of its own. */
static void open_copy(const struct world *world, struct world *copy)
{
    char from[PATH_LENGTH];
    char to[PATH_LENGTH];

    *copy = (struct world){0};
    temp_dir_make(copy->dir);
    copy_path(world, from);
    world_path(copy, to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    assert_integrity(copy);
    world_open(copy);
}

static struct store_backup *begin(struct world *world)
{
    struct store_backup *backup;
    char path[PATH_LENGTH];

    copy_path(world, path);
    if (store_backup_begin(world->store, path, &backup, world->message, sizeof world->message) !=
        STORE_OK)
        fail_msg("%s", world->message);
    return backup;
}

static void a_copy_has_what_was_written_while_it_was_made(void **state)
{
    struct world *world = *state;
    struct world copy;
    struct store_backup *backup = begin(world);
    struct store_backup_progress progress;
    uint64_t version = 10;
    bool done = false;
    int slices = 0;

    while (!done) {
        assert_int_equal(store_backup_step(backup, &done), STORE_OK);
        progress = store_backup_progress(backup);
        assert_in_range(progress.done_bytes, 1, progress.total_bytes);
        if (done)
            break;
        slices++;
        world_fill(world, 2, version + 1, version + 20);
        version += 20;
        if (slices == 3)
            world_settle(world, 2, version, "anew");
        if (slices == 5)
            assert_int_equal(store_rename(world->store, 1, "renamed", 9000), STORE_OK);
        assert_int_equal(store_idle(world->store), STORE_OK);
    }
    assert_true(slices > 6);
    assert_int_equal(progress.done_bytes, progress.total_bytes);
    store_backup_end(backup);
    world_fill(world, 2, version + 1, version + 1);

    struct store_document document;
    open_copy(world, &copy);
    assert_int_equal(store_epoch(copy.store), store_epoch(world->store));
    assert_int_equal(store_find(copy.store, "large", &document), STORE_OK);
    assert_string_equal(document.title, "renamed");
    assert_head(&copy, 1, EDITS, snapshot, EDITS, 0);
    assert_filled(&copy, 1, 1, EDITS);
    assert_head(&copy, 2, 70, "anew", version, 0);
    assert_filled(&copy, 2, 1, version);
    world_fill(&copy, 2, version + 1, version + 1);
    world_deinit(&copy);
}

static void a_copy_that_is_given_up_is_gone(void **state)
{
    struct world *world = *state;
    struct store_backup *backup = begin(world);
    char path[PATH_LENGTH];
    bool done = false;

    copy_path(world, path);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(store_backup_step(backup, &done), STORE_OK);
    assert_false(done);
    store_backup_end(backup);
    assert_int_not_equal(access(path, F_OK), 0);
    store_backup_end(NULL);
    world_fill(world, 2, 11, 12);
}

static void a_copy_is_never_made_over_a_file(void **state)
{
    struct world *world = *state;
    struct store_backup *backup;
    char path[PATH_LENGTH];

    world_path(world, path, sizeof path);
    assert_int_equal(
        store_backup_begin(world->store, path, &backup, world->message, sizeof world->message),
        STORE_E_ACCESS);
    assert_null(backup);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(
        store_backup_begin(world->store, "copy.db", &backup, world->message, sizeof world->message),
        STORE_E_ACCESS);
    assert_null(backup);
    world_fill(world, 2, 11, 12);
}

/* 0 or what stopped it; there is a copy exactly when it is 0. */
static int copy_all(struct world *world)
{
    struct store_backup *backup;
    char path[PATH_LENGTH];
    bool done = false;
    int rc;

    copy_path(world, path);
    rc = store_backup_begin(world->store, path, &backup, world->message, sizeof world->message);
    while (rc == STORE_OK && !done)
        rc = store_backup_step(backup, &done);
    store_backup_end(backup);
    assert_int_equal(access(path, F_OK) == 0, rc == STORE_OK);
    return rc;
}

static void a_copy_that_does_not_fit_is_gone_and_the_store_goes_on(void **state)
{
    struct world *world = *state;
    struct world copy;
    struct vfs vfs;
    uint64_t version = 10;
    int64_t room = 0;
    int rc = STORE_E_FULL;

    world_close(world);
    vfs_install(&vfs);
    world_open(world);
    for (; rc != STORE_OK && room < 16000000; room += 200000) {
        vfs.room = room;
        rc = copy_all(world);
        assert_true(rc == STORE_OK || rc == STORE_E_FULL);
        vfs.room = -1;
        world_fill(world, 2, version + 1, version + 1);
        version++;
    }
    assert_true(room > 2000000);
    assert_int_equal(rc, STORE_OK);
    open_copy(world, &copy);
    assert_filled(&copy, 1, 1, EDITS);
    world_deinit(&copy);
    world_close(world);
    vfs_remove(&vfs);
}

static void whatever_fails_there_is_a_whole_copy_or_none(void **state)
{
    struct world *world = *state;
    struct world copy;
    struct vfs vfs;
    char path[PATH_LENGTH];
    long fault = 1;
    int rc = STORE_E_IO;

    copy_path(world, path);
    world_close(world);
    vfs_install(&vfs);
    world_open(world);
    for (; rc != STORE_OK; fault += fault < 20 ? 1 : 23) {
        vfs_fail(&vfs, VFS_WRITE | VFS_OPEN | VFS_TRUNCATE, fault, false);
        rc = copy_all(world);
        assert_true(vfs.failures > 0 || rc == STORE_OK);
        /* SQLite can do without some of what fails; then the copy is whole all the same. */
        if (rc == STORE_OK && vfs.failures > 0) {
            assert_int_equal(unlink(path), 0);
            rc = STORE_E_IO;
        }
        vfs_heal(&vfs);
    }
    assert_true(fault > 20);
    world_fill(world, 2, 11, 11);
    open_copy(world, &copy);
    assert_filled(&copy, 1, 1, EDITS);
    assert_head(&copy, 2, 0, "", 10, 0);
    world_deinit(&copy);
    world_close(world);
    vfs_remove(&vfs);
}

/* ---- looking over ---- */

static void count_finding(void *context, const struct store_finding *finding)
{
    size_t *count = context;

    print_message("%lld, %llu: %s\n", (long long)finding->key, (unsigned long long)finding->version,
                  finding->text);
    (*count)++;
}

static size_t count_findings(struct store *store)
{
    size_t count = 0;

    assert_int_equal(store_verify_file(store, count_finding, &count), STORE_OK);
    for (int64_t key = 1; key <= store_last_key(store); key++)
        assert_int_equal(store_verify_document(store, key, count_finding, &count), STORE_OK);
    return count;
}

static void a_store_at_any_time_has_nothing_to_be_found(void **state)
{
    struct world *world = *state;
    bool done = false;

    assert_int_equal(count_findings(world->store), 0);
    for (uint64_t number = 1; number <= 3; number++)
        assert_int_equal(world_chat(world, 2, number, 1, number, "hello"), STORE_OK);
    world_fill(world, 1, EDITS + 1, EDITS + 1000);
    /* In the midst of settling, and of clearing away. */
    while (!done) {
        assert_int_equal(store_settle(world->store, 1, EDITS + 1000, slice_of(snapshot), 1, &done),
                         STORE_OK);
        assert_int_equal(count_findings(world->store), 0);
    }
    world_fill(world, 1, EDITS + 1001, EDITS + 1002);
    assert_int_equal(store_delete(world->store, 1), STORE_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(count_findings(world->store), 0);
        assert_int_equal(store_idle(world->store), STORE_OK);
    }
}

static void an_inspection_changes_nothing(void **state)
{
    struct world *world = *state;
    struct store *store;
    char path[PATH_LENGTH];
    struct store_document document = {.id = "new", .type = STORE_TEXT};
    bool done;

    world_path(world, path, sizeof path);
    world_close(world);
    assert_int_equal(store_inspect(path, &store, world->message, sizeof world->message), STORE_OK);
    assert_int_equal(store_last_key(store), 2);
    assert_int_equal(store_create(store, &document, 1), STORE_E_IO);
    assert_int_equal(store_settle(store, 2, 10, slice_of("x"), 1, &done), STORE_E_IO);
    assert_int_equal(store_rename(store, 2, "x", 1), STORE_E_IO);
    assert_int_equal(store_idle(store), STORE_E_IO);
    assert_int_equal(store_compact(store), STORE_E_IO);
    assert_int_equal(store_renew_epoch(store), STORE_E_IO);
    store_close(store);
    world_open(world);
    assert_int_equal(store_unsettled(world->store, 2), 10);
}

static void what_is_not_there_is_not_made(void **state)
{
    struct world *world = *state;
    struct store *store;
    char dir[PATH_LENGTH];

    snprintf(dir, sizeof dir, "%s/none", world->dir);
    assert_int_equal(store_open_existing(dir, &store, world->message, sizeof world->message),
                     STORE_E_ACCESS);
    assert_null(store);
    assert_non_null(strstr(world->message, "there is no database in the directory"));
    assert_int_not_equal(access(dir, F_OK), 0);
    world_close(world);
    assert_int_equal(store_open_existing(world->dir, &store, world->message, sizeof world->message),
                     STORE_OK);
    store_close(store);
}

/* ---- changing ---- */

static void a_new_epoch_lasts_and_leaves_the_rest(void **state)
{
    struct world *world = *state;
    uint64_t epoch = store_epoch(world->store);
    uint64_t renewed;
    uint8_t secret[32];

    memcpy(secret, store_secret(world->store), sizeof secret);
    assert_int_equal(store_renew_epoch(world->store), STORE_OK);
    renewed = store_epoch(world->store);
    assert_int_not_equal(renewed, epoch);
    assert_true(renewed > 0 && renewed < UINT64_C(1) << 53);
    world_reopen(world);
    assert_int_equal(store_epoch(world->store), renewed);
    assert_memory_equal(store_secret(world->store), secret, sizeof secret);
    assert_filled(world, 1, 1, EDITS);
}

/* Whatever fails, and at whatever call: opened again, all is there, and it can be done. */
static void compacting_loses_nothing_whatever_fails(void **state)
{
    struct world *world = *state;
    struct vfs vfs;
    long fault = 1;
    bool failed = true;

    assert_int_equal(store_delete(world->store, world_create(world, "gone")), STORE_OK);
    world_close(world);
    vfs_install(&vfs);
    for (; failed && fault < 100000; fault += fault < 40 ? 1 : fault / 4) {
        world_open(world);
        vfs_fail(&vfs, VFS_CHANGES, fault, true);
        store_compact(world->store);
        failed = vfs.failures > 0;
        world_close(world);
        vfs_heal(&vfs);
        world_open(world);
        assert_int_equal(count_findings(world->store), 0);
        assert_head(world, 1, EDITS, snapshot, EDITS, 0);
        assert_filled(world, 2, 1, 10);
        world_close(world);
    }
    assert_false(failed);
    assert_true(fault > 40);
    vfs_remove(&vfs);
    assert_integrity(world);
}

static void compacting_gives_back_what_was_deleted(void **state)
{
    struct world *world = *state;
    int64_t pages;

    assert_int_equal(store_delete(world->store, 1), STORE_OK);
    assert_int_equal(store_compact(world->store), STORE_OK);
    assert_filled(world, 2, 1, 10);
    world_fill(world, 2, 11, 20);
    world_close(world);
    pages = world_sql_number(world, "PRAGMA page_count");
    assert_in_range(pages, 5, 40);
    assert_int_equal(world_sql_number(world, "PRAGMA freelist_count"), 0);
    world_open(world);
    assert_filled(world, 2, 1, 20);
}

#define UPKEEP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPKEEP_TEST(a_copy_has_what_was_written_while_it_was_made),
        UPKEEP_TEST(a_copy_that_is_given_up_is_gone),
        UPKEEP_TEST(a_copy_is_never_made_over_a_file),
        UPKEEP_TEST(a_copy_that_does_not_fit_is_gone_and_the_store_goes_on),
        UPKEEP_TEST(whatever_fails_there_is_a_whole_copy_or_none),
        UPKEEP_TEST(a_store_at_any_time_has_nothing_to_be_found),
        UPKEEP_TEST(an_inspection_changes_nothing),
        UPKEEP_TEST(what_is_not_there_is_not_made),
        UPKEEP_TEST(a_new_epoch_lasts_and_leaves_the_rest),
        UPKEEP_TEST(compacting_loses_nothing_whatever_fails),
        UPKEEP_TEST(compacting_gives_back_what_was_deleted),
    };
    return cmocka_run_group_tests_name("store_upkeep", tests, NULL, NULL);
}

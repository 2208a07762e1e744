/* A disk that fails: whatever call fails, what was acknowledged stays, and what was not is either
 * whole or not there. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/vfs.h"
#include "unit/store_model.h"

#define STEPS         40
#define RUNS_OF_SWEEP 45

struct scene {
    struct vfs vfs;
    struct world world;
    struct model model;
    struct model expected; /* had the last step succeeded */
    struct step step;      /* the last one */
    uint64_t random;
    uint64_t seed;
    long fault;
};

static void scene_init(struct scene *scene, uint64_t seed)
{
    scene->world = (struct world){.mode = WORLD_PLAIN};
    scene->seed = seed;
    scene->random = seed;
    model_init(&scene->model);
    temp_dir_make(scene->world.dir);
}

static int scene_open(struct scene *scene)
{
    struct world *world = &scene->world;

    world->message[0] = '\0';
    return store_open(world->dir, &world->store, world->message, sizeof world->message);
}

/* One random step. */
static int scene_step(struct scene *scene)
{
    step_draw(&scene->step, &scene->model, &scene->random);
    scene->expected = scene->model;
    step_expect(&scene->step, &scene->expected);
    return step_run(&scene->step, &scene->model, scene->world.store);
}

static int scene_run(struct scene *scene)
{
    int rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < STEPS; i++)
        rc = scene_step(scene);
    return rc;
}

/* The store holds the model, or that and the last step too; the model becomes what it holds. */
static void scene_check(struct scene *scene)
{
    char without[MODEL_TEXT_MAX];
    char with[MODEL_TEXT_MAX];

    if (model_matches(&scene->model, scene->world.store, without))
        return;
    step_adopt(&scene->step, &scene->expected, scene->world.store);
    if (!model_matches(&scene->expected, scene->world.store, with))
        fail_msg("QUIRE_SEED=%" PRIu64 ", fault %ld, %s: without it: %s; with it: %s", scene->seed,
                 scene->fault, step_name(&scene->step), without, with);
    scene->model = scene->expected;
}

static void scene_close(struct scene *scene)
{
    store_close(scene->world.store);
    scene->world.store = NULL;
}

static void scene_end(struct scene *scene)
{
    scene_close(scene);
    temp_dir_remove(scene->world.dir);
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    if (scene == NULL)
        return -1;
    vfs_install(&scene->vfs);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    vfs_heal(&scene->vfs);
    scene_end(scene);
    vfs_remove(&scene->vfs);
    free(scene);
    return 0;
}

/* ---- calls that fail ---------------------------------------------------------------------------
 */

/* After a write has failed nothing is written any more, but what is there can be read. */
static void assert_stopped(struct scene *scene)
{
    struct store *store = scene->world.store;
    struct store_document document = {.id = "later", .type = STORE_TEXT};
    struct store_edit edit = {.key = 1, .version = 1};
    bool done;

    assert_int_equal(store_create(store, &document, 1), STORE_E_IO);
    assert_int_equal(store_rename(store, 1, "x", 1), STORE_E_IO);
    assert_int_equal(store_delete(store, 1), STORE_E_IO);
    assert_int_equal(store_append(store, &edit, 1, NULL, 0), STORE_E_IO);
    assert_int_equal(store_settle(store, 1, 0, slice_of(""), 1, &done), STORE_E_IO);
    assert_int_equal(store_find(store, "later", &document), STORE_E_NOT_FOUND);
}

/* What the disk holds is for the next opening to find out. */
static void assert_closing_changes_nothing(struct scene *scene)
{
    struct vfs *vfs = &scene->vfs;
    int failures = vfs->failures;

    vfs_heal(vfs);
    vfs_fail(vfs, VFS_CHANGES, -1, false);
    scene_close(scene);
    assert_int_equal(vfs->calls, 0);
    vfs->failures = failures;
}

/* Whether the fault came up at all. */
static bool run_with_fault(struct scene *scene, uint64_t seed, unsigned kinds, long fault,
                           bool stays)
{
    int rc;

    scene_init(scene, seed);
    scene->fault = fault;
    vfs_fail(&scene->vfs, kinds, fault, stays);
    rc = scene_open(scene);
    if (rc != STORE_OK) {
        assert_true(rc == STORE_E_IO || rc == STORE_E_ACCESS);
        assert_non_null(strstr(scene->world.message, "quire.db"));
        assert_null(scene->world.store);
    } else {
        rc = scene_run(scene);
        if (rc != STORE_OK) {
            assert_int_equal(rc, STORE_E_IO);
            assert_stopped(scene);
            assert_closing_changes_nothing(scene);
        }
        scene_close(scene);
    }
    vfs_heal(&scene->vfs);
    assert_int_equal(scene_open(scene), STORE_OK);
    scene_check(scene);
    assert_int_equal(scene_run(scene), STORE_OK);
    scene_check(scene);
    scene_close(scene);
    assert_integrity(&scene->world);
    scene_end(scene);
    return scene->vfs.failures > 0;
}

static void sweep(struct scene *scene, unsigned kinds, bool stays)
{
    uint64_t seed = world_seed("store_faults");
    uint64_t random = seed;
    long fault = 1;
    long stride;
    int runs = 0;

    scene_init(scene, seed);
    vfs_fail(&scene->vfs, kinds, -1, false);
    assert_int_equal(scene_open(scene), STORE_OK);
    assert_int_equal(scene_run(scene), STORE_OK);
    scene_end(scene);
    assert_true(scene->vfs.calls > 0);
    stride = 2 * scene->vfs.calls / RUNS_OF_SWEEP;
    while (run_with_fault(scene, seed, kinds, fault, stays)) {
        fault += 1 + (long)random_below(&random, (uint64_t)stride + 1);
        runs++;
    }
    assert_true(runs > 0);
}

static void any_read_may_fail(void **state)
{
    sweep(*state, VFS_READ, false);
}

static void any_write_may_fail(void **state)
{
    sweep(*state, VFS_WRITE, false);
}

static void any_sync_may_fail(void **state)
{
    sweep(*state, VFS_SYNC, false);
}

static void the_disk_may_fail_for_good(void **state)
{
    sweep(*state, VFS_CHANGES, true);
}

static void any_file_may_refuse_to_open_shrink_or_go(void **state)
{
    sweep(*state, VFS_OPEN | VFS_TRUNCATE | VFS_DELETE, false);
}

/* The commit stands; what failed after it shows in the next write. */
static void a_checkpoint_that_fails_ends_writing(void **state)
{
    struct scene *scene = *state;
    static uint8_t op[100000];
    struct store_edit edit = {.client = 1, .op = {.data = op, .size = sizeof op}};
    int rc;

    scene_init(scene, 1);
    assert_int_equal(scene_open(scene), STORE_OK);
    edit.key = world_create(&scene->world, "a");
    for (uint64_t version = 1; version <= 40; version++) {
        edit.version = edit.seq = version;
        assert_int_equal(store_append(scene->world.store, &edit, 1, NULL, 0), STORE_OK);
    }
    vfs_fail(&scene->vfs, VFS_WRITE, 3, true);
    rc = store_idle(scene->world.store);
    assert_int_equal(rc, STORE_E_IO);
    assert_stopped(scene);
    assert_int_equal(store_idle(scene->world.store), STORE_E_IO);
    scene_close(scene);
    vfs_heal(&scene->vfs);
    assert_int_equal(scene_open(scene), STORE_OK);
    assert_head(&scene->world, edit.key, 0, "", 40, 0);
}

/* A disk that cannot be read is not to be trusted with more. */
static void a_read_that_fails_ends_writing(void **state)
{
    struct scene *scene = *state;
    struct store_head head;
    static char snapshot[300001];
    int64_t key;

    memset(snapshot, 's', sizeof snapshot - 1);
    scene_init(scene, 1);
    assert_int_equal(scene_open(scene), STORE_OK);
    key = world_create(&scene->world, "a");
    world_fill(&scene->world, key, 1, 10);
    world_settle(&scene->world, key, 10, snapshot);
    scene_close(scene);
    assert_int_equal(scene_open(scene), STORE_OK);
    vfs_fail(&scene->vfs, VFS_READ, 20, false);
    assert_int_equal(store_load(scene->world.store, key, &head), STORE_E_IO);
    vfs_heal(&scene->vfs);
    assert_stopped(scene);
    scene_close(scene);
    assert_int_equal(scene_open(scene), STORE_OK);
    assert_head(&scene->world, key, 10, snapshot, 10, 0);
}

/* ---- a disk that is full ------------------------------------------------------------------------
 */

/* A step that is refused for want of room leaves all as it was, and goes through once there is
 * some. */
static void step_with_little_room(struct scene *scene, int64_t room, int *refusals)
{
    char text[MODEL_TEXT_MAX];
    int rc = scene_step(scene);

    if (rc == STORE_OK)
        return;
    assert_int_equal(rc, STORE_E_FULL);
    ++*refusals;
    if (!model_matches(&scene->model, scene->world.store, text))
        fail_msg("QUIRE_SEED=%" PRIu64 ", full at %s: %s", scene->seed, step_name(&scene->step),
                 text);
    scene->vfs.room = -1;
    assert_int_equal(step_run(&scene->step, &scene->model, scene->world.store), STORE_OK);
    scene->vfs.room = room;
}

static void a_full_disk_refuses_and_resumes(void **state)
{
    struct scene *scene = *state;
    uint64_t seed = world_seed("store_faults");
    uint64_t random = seed;
    int refusals = 0;

    for (int round = 0; round < 30; round++) {
        int64_t room = (int64_t)random_below(&random, 200000);

        scene_init(scene, seed + (uint64_t)round);
        assert_int_equal(scene_open(scene), STORE_OK);
        scene->vfs.room = room;
        for (size_t i = 0; i < STEPS; i++)
            step_with_little_room(scene, (int64_t)random_below(&random, 20000), &refusals);
        scene_check(scene);
        scene_close(scene);
        scene->vfs.room = -1;
        assert_int_equal(scene_open(scene), STORE_OK);
        scene_check(scene);
        scene_end(scene);
    }
    print_message("%d refusals\n", refusals);
    assert_true(refusals > 30);
}

static void a_full_disk_is_named_when_the_store_opens(void **state)
{
    struct scene *scene = *state;
    bool opened = false;

    for (int64_t room = 0; !opened; room += 5000) {
        int rc;

        scene_init(scene, 1);
        scene->vfs.room = room;
        rc = scene_open(scene);
        opened = rc == STORE_OK;
        if (!opened) {
            assert_int_equal(rc, STORE_E_FULL);
            assert_non_null(strstr(scene->world.message, "disk is full"));
            scene->vfs.room = -1;
            assert_int_equal(scene_open(scene), STORE_OK);
        }
        scene->vfs.room = -1;
        assert_int_equal(scene_run(scene), STORE_OK);
        scene_end(scene);
    }
}

/* The checkpoint has no room; the write-ahead log keeps everything, and appending goes on. */
static void a_checkpoint_without_room_loses_nothing(void **state)
{
    struct scene *scene = *state;
    static uint8_t op[100000];
    struct store_edit edit = {.client = 1, .op = {.data = op, .size = sizeof op}};

    scene_init(scene, 1);
    assert_int_equal(scene_open(scene), STORE_OK);
    edit.key = world_create(&scene->world, "a");
    for (uint64_t version = 1; version <= 40; version++) {
        edit.version = edit.seq = version;
        assert_int_equal(store_append(scene->world.store, &edit, 1, NULL, 0), STORE_OK);
    }
    scene->vfs.room = 10000;
    assert_int_equal(store_idle(scene->world.store), STORE_E_FULL);
    assert_int_equal(store_idle(scene->world.store), STORE_OK);
    edit.version = edit.seq = 41;
    assert_int_equal(store_append(scene->world.store, &edit, 1, NULL, 0), STORE_E_FULL);
    assert_head(&scene->world, edit.key, 0, "", 40, 0);
    scene->vfs.room = 0;
    assert_int_equal(store_probe(scene->world.store), STORE_E_FULL);
    assert_int_equal(store_probe(scene->world.store), STORE_E_FULL);
    scene->vfs.room = -1;
    assert_int_equal(store_probe(scene->world.store), STORE_OK);
    for (; edit.version <= 80; edit.version = ++edit.seq)
        assert_int_equal(store_append(scene->world.store, &edit, 1, NULL, 0), STORE_OK);
    assert_int_equal(store_idle(scene->world.store), STORE_OK);
    assert_head(&scene->world, edit.key, 0, "", 80, 0);
    scene_close(scene);
    assert_int_equal(scene_open(scene), STORE_OK);
    assert_head(&scene->world, edit.key, 0, "", 80, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_read_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(any_write_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(any_sync_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(the_disk_may_fail_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(any_file_may_refuse_to_open_shrink_or_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_that_fails_ends_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_read_that_fails_ends_writing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_and_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_named_when_the_store_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_without_room_loses_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

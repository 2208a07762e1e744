/* Memory that is refused: whichever allocation fails, the call says so, nothing is lost and the
 * store is whole when it is opened again. Linked so that the malloc family of the store comes here;
 * SQLite's comes here by its own configuration. */
#include "unit/store_world.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/upkeep.h"
#include "unit/store_model.h"

#define STEPS 40
#define RUNS  150

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* Allocations are counted while `counting`; the one of number `fail_at` fails. */
static struct {
    bool counting;
    long calls;
    long fail_at;
    int failures;
    sqlite3_mem_methods sqlite;
} memory;

static bool refused(void)
{
    if (!memory.counting || ++memory.calls != memory.fail_at)
        return false;
    memory.failures++;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refused() ? NULL : __real_realloc(old, size);
}

static void *sqlite_malloc(int size)
{
    return refused() ? NULL : memory.sqlite.xMalloc(size);
}

static void *sqlite_realloc(void *old, int size)
{
    return refused() ? NULL : memory.sqlite.xRealloc(old, size);
}

static int setup_sqlite(void **state)
{
    sqlite3_mem_methods methods;

    (void)state;
    if (sqlite3_shutdown() != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory.sqlite) != SQLITE_OK)
        return -1;
    methods = memory.sqlite;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* ---- runs ---- */

struct run {
    struct world world;
    struct model model;
    struct step step;
    uint64_t seed;
};

/* Until a call fails, or all steps are done. Tells what the last call came to. */
static int run_steps(struct run *run)
{
    struct world *world = &run->world;
    uint64_t random = run->seed;
    int rc = store_open(world->dir, &world->store, world->message, sizeof world->message);

    for (int i = 0; rc == STORE_OK && i < STEPS; i++) {
        step_draw(&run->step, &run->model, &random);
        rc = step_run(&run->step, &run->model, world->store);
    }
    return rc;
}

static void check(struct run *run)
{
    struct model expected = run->model;
    char without[MODEL_TEXT_MAX];
    char with[MODEL_TEXT_MAX];

    if (model_matches(&run->model, run->world.store, without))
        return;
    step_expect(&run->step, &expected);
    step_adopt(&run->step, &expected, run->world.store);
    if (!model_matches(&expected, run->world.store, with))
        fail_msg("QUIRE_SEED=%" PRIu64 ", allocation %ld, %s: without it: %s; with it: %s",
                 run->seed, memory.fail_at, step_name(&run->step), without, with);
}

/* Counts from the opening on; 0 refuses none. */
static void run_refusing(uint64_t seed, long fail_at)
{
    struct run run = {.seed = seed, .step = {.kind = STEP_IDLE}};
    int rc;

    model_init(&run.model);
    temp_dir_make(run.world.dir);
    memory.calls = 0;
    memory.failures = 0;
    memory.fail_at = fail_at;
    memory.counting = true;
    rc = run_steps(&run);
    memory.counting = false;
    assert_true(rc == STORE_OK || rc == STORE_E_MEMORY);
    assert_true(rc == STORE_OK || memory.failures > 0);
    if (run.world.store != NULL) {
        struct store_document document = {.id = "another", .type = STORE_TEXT};

        /* what was going on is not known, so nothing more is written */
        if (rc == STORE_E_MEMORY)
            assert_int_equal(store_create(run.world.store, &document, 1), STORE_E_IO);
        world_close(&run.world);
    }
    world_open(&run.world);
    check(&run);
    world_deinit(&run.world);
}

static void any_allocation_may_fail(void **state)
{
    uint64_t seed = world_seed("store_memory");
    uint64_t random = seed;
    long calls;

    (void)state;
    run_refusing(seed, 0);
    calls = memory.calls;
    assert_true(calls > 1000);
    /* the first ones are those of opening */
    for (long i = 1; i <= 60; i++)
        run_refusing(seed, i * 7);
    for (int i = 0; i < RUNS; i++)
        run_refusing(seed, 1 + (long)random_below(&random, (uint64_t)calls));
}

/* ---- looking after a store ---- */

static void count_finding(void *context, const struct store_finding *finding)
{
    size_t *count = context;

    print_message("%s\n", finding->text);
    (*count)++;
}

static int verify(struct store *store, size_t *findings)
{
    int rc = store_verify_file(store, count_finding, findings);

    for (int64_t key = 1; rc == STORE_OK && key <= store_last_key(store); key++)
        rc = store_verify_document(store, key, count_finding, findings);
    return rc;
}

static int copy(struct store *store, const char *path, char *message)
{
    struct store_backup *backup;
    bool done = false;
    int rc = store_backup_begin(store, path, &backup, message, 256);

    while (rc == STORE_OK && !done)
        rc = store_backup_step(backup, &done);
    store_backup_end(backup);
    return rc;
}

/* The same into a file that is open already, which stays even when nothing comes of it. */
static int copy_into(struct store *store, const char *path, char *message)
{
    struct store_backup *backup;
    bool done = false;
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = store_backup_begin_into(store, file, &backup, message, 256);

    while (rc == STORE_OK && !done)
        rc = store_backup_step(backup, &done);
    store_backup_end(backup);
    close(file);
    if (rc != STORE_OK)
        assert_int_equal(unlink(path), 0);
    return rc;
}

/* No memory is no damage, and leaves no half copy. */
static void inspect_refusing(struct world *world, const char *path, const char *to, long fail_at)
{
    struct store *store;
    size_t findings = 0;
    int rc;

    memory.calls = 0;
    memory.failures = 0;
    memory.fail_at = fail_at;
    memory.counting = true;
    rc = store_inspect(path, &store, world->message, sizeof world->message);
    if (rc == STORE_OK) {
        rc = verify(store, &findings);
        if (rc == STORE_OK)
            rc = copy(store, to, world->message);
        if (rc == STORE_OK && unlink(to) == 0)
            rc = copy_into(store, to, world->message);
        store_close(store);
    }
    memory.counting = false;
    if (rc != STORE_OK && rc != STORE_E_MEMORY)
        fail_msg("allocation %ld: %s: %s", fail_at, store_error_name(rc), world->message);
    assert_true(rc == STORE_OK || memory.failures > 0);
    assert_int_equal(findings, 0);
    assert_int_equal(unlink(to) == 0, rc == STORE_OK);
}

static void an_inspection_and_a_copy_bear_it(void **state)
{
    struct world world = {0};
    char path[TEMP_DIR_MAX + 16];
    char to[TEMP_DIR_MAX + 16];
    long calls;

    (void)state;
    temp_dir_make(world.dir);
    world_open(&world);
    assert_int_equal(world_create(&world, "a"), 1);
    world_fill(&world, 1, 1, 600);
    world_settle(&world, 1, 590, "snapshot");
    assert_int_equal(world_chat(&world, 1, 1, 1, 1, "hello"), STORE_OK);
    world_close(&world);
    world_path(&world, path, sizeof path);
    snprintf(to, sizeof to, "%s/copy.db", world.dir);
    inspect_refusing(&world, path, to, 0);
    calls = memory.calls;
    assert_true(calls > 500);
    for (long i = 1; i <= calls; i += i < 300 ? 1 : 23)
        inspect_refusing(&world, path, to, i);
    world_open(&world);
    assert_filled(&world, 1, 1, 600);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(an_inspection_and_a_copy_bear_it),
    };

    return cmocka_run_group_tests(tests, setup_sqlite, NULL);
}

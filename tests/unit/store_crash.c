/* A process that is killed, and a machine that loses power: what was acknowledged is there. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/vfs.h"
#include "unit/store_model.h"

#define KILLS      12
#define POWER_CUTS 60

/* What the process tells before and after each step: the model it has reached, and the step that
 * it is at. `done` steps are acknowledged; the one in slot done % 2 is going on. */
struct told {
    atomic_uint_fast64_t done;
    struct model model[2];
    struct step step[2];
};

static void check(struct world *world, struct model *model, const struct step *step, uint64_t seed,
                  const char *when)
{
    struct model expected = *model;
    char without[MODEL_TEXT_MAX];
    char with[MODEL_TEXT_MAX];

    if (model_matches(model, world->store, without))
        return;
    step_expect(step, &expected);
    step_adopt(step, &expected, world->store);
    if (!model_matches(&expected, world->store, with))
        fail_msg("QUIRE_SEED=%" PRIu64 ", %s at %s: without it: %s; with it: %s", seed, when,
                 step_name(step), without, with);
    *model = expected;
}

/* ---- killed ------------------------------------------------------------------------------------
 */

/* What is being settled is told before it is tried, since it may be done without our hearing. */
static void tell_settling(struct model *model, const struct step *step)
{
    struct model_document *document = &model->documents[step->place];

    if (step->kind == STEP_SETTLE && document->snapshot_to < step->number)
        document->snapshot_to = step->number;
}

static void work_until_killed(struct told *told, const char *dir, uint64_t random)
{
    struct store *store;
    char message[256];
    struct model model = told->model[0];

    if (store_open(dir, &store, message, sizeof message) != STORE_OK)
        _exit(1);
    for (uint64_t done = 0;; done++) {
        struct step *step = &told->step[done % 2];

        step_draw(step, &model, &random);
        tell_settling(&model, step);
        told->model[done % 2] = model;
        atomic_store(&told->done, done);
        if (step_run(step, &model, store) != STORE_OK)
            _exit(2);
    }
}

static void kill_after(pid_t child, struct told *told, uint64_t steps)
{
    int status;

    while (atomic_load(&told->done) < steps) {
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
        usleep(100);
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void what_a_killed_process_acknowledged_is_there(void **state)
{
    uint64_t seed = world_seed("store_crash");
    uint64_t random = seed;
    struct told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct world world = {.mode = WORLD_PLAIN};
    struct model model;

    (void)state;
    assert_true(told != MAP_FAILED);
    temp_dir_make(world.dir);
    model_init(&model);
    for (int i = 0; i < KILLS; i++) {
        uint64_t work = random_next(&random);
        pid_t child;
        uint64_t done;

        told->model[0] = model;
        atomic_store(&told->done, 0);
        fflush(stdout);
        child = fork();
        if (child == 0)
            work_until_killed(told, world.dir, work);
        kill_after(child, told, 10 + random_below(&random, 120));
        done = atomic_load(&told->done);
        model = told->model[done % 2];
        world_open(&world);
        check(&world, &model, &told->step[done % 2], seed, "killed");
        world_close(&world);
        assert_integrity(&world);
    }
    temp_dir_remove(world.dir);
    munmap(told, sizeof *told);
}

/* A process that ends without closing leaves its write-ahead log behind. */
static void a_process_that_does_not_close_loses_nothing(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    pid_t child;
    int status;

    world_close(world);
    child = fork();
    if (child == 0) {
        struct store *store;
        struct store_edit edit = {key, 1, 1, 1, 2001, slice_of("1")};

        if (store_open(world->dir, &store, world->message, sizeof world->message) != STORE_OK)
            _exit(1);
        _exit(store_append(store, &edit, 1, NULL, 0) == STORE_OK ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    world_open(world);
    assert_head(world, key, 0, "", 1, 0);
    assert_filled(world, key, 1, 1);
}

/* ---- without power ------------------------------------------------------------------------------
 */

/* Power goes at any write or sync of any call, opening and closing among them. */
static void run_until_power_is_lost(struct world *world, struct vfs *vfs, struct model *model,
                                    struct step *step, uint64_t *random)
{
    if (store_open(world->dir, &world->store, world->message, sizeof world->message) == STORE_OK) {
        for (int i = 0; i < 100 && !vfs->dead; i++) {
            step_draw(step, model, random);
            step_run(step, model, world->store);
        }
        world_close(world);
    }
    if (!vfs->dead)
        vfs_cut_power(vfs, &(struct rng){random_next(random)});
}

static void what_was_acknowledged_outlasts_a_power_cut(void **state)
{
    struct world world = {.mode = WORLD_PLAIN};
    uint64_t seed = world_seed("store_crash");
    uint64_t random = seed;
    struct rng chance = {seed};
    struct model model;
    struct vfs vfs;
    int cuts = 0;

    (void)state;
    vfs_install(&vfs);
    temp_dir_make(world.dir);
    model_init(&model);
    for (int i = 0; i < POWER_CUTS; i++) {
        struct step step = {.kind = STEP_IDLE};
        long at = 1 + (long)random_below(&random, i % 4 == 0 ? 30 : 1000);

        vfs_fail(&vfs, VFS_CHANGES, at, true);
        vfs.cut = &chance;
        run_until_power_is_lost(&world, &vfs, &model, &step, &random);
        cuts += vfs.failures > 0;
        vfs_heal(&vfs);
        world_open(&world);
        check(&world, &model, &step, seed, "power lost");
        world_close(&world);
        assert_integrity(&world);
    }
    temp_dir_remove(world.dir);
    vfs_remove(&vfs);
    assert_true(cuts > POWER_CUTS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_killed_process_acknowledged_is_there),
        cmocka_unit_test_setup_teardown(a_process_that_does_not_close_loses_nothing,
                                        world_setup_plain, world_teardown),
        cmocka_unit_test(what_was_acknowledged_outlasts_a_power_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

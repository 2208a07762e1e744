/* A store and a plain model of it do the same, whatever is done to them. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/store_model.h"

#define ROUNDS 4
#define STEPS  350

static void check(const struct model *model, struct world *world, uint64_t seed, size_t step)
{
    char text[MODEL_TEXT_MAX];

    if (!model_matches(model, world->store, text))
        fail_msg("QUIRE_SEED=%" PRIu64 ", after step %zu: %s", seed, step, text);
}

static void run_round(uint64_t seed)
{
    struct model model;
    struct world world;
    uint64_t random = seed;

    model_init(&model);
    world_init(&world, WORLD_PLAIN);
    for (size_t i = 0; i < STEPS; i++) {
        struct step step;
        int rc;

        step_draw(&step, &model, &random);
        rc = step_run(&step, &model, world.store);
        if (rc != STORE_OK)
            fail_msg("QUIRE_SEED=%" PRIu64 ", step %zu, %s: %s", seed, i, step_name(&step),
                     store_error_name(rc));
        switch (random_below(&random, 20)) {
        case 0:
            world_reopen(&world);
            check(&model, &world, seed, i);
            break;
        case 1:
            check(&model, &world, seed, i);
            break;
        default:
            break;
        }
    }
    check(&model, &world, seed, STEPS);
    world_reopen(&world);
    check(&model, &world, seed, STEPS);
    world_close(&world);
    assert_integrity(&world);
    world_deinit(&world);
}

static void a_store_does_what_its_model_does(void **state)
{
    uint64_t seed = world_seed("store_random");

    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++)
        run_round(seed + round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_does_what_its_model_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

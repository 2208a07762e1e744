/* The stages of memory: up at once, down only with room to spare. */
#include "server/serve/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define MIB       UINT64_C(1048576)
#define WHOLE_MIB 1000

static struct budget of_whole(void)
{
    return (struct budget){.whole_bytes = WHOLE_MIB * MIB, .statm = -1};
}

static void each_stage_begins_at_its_share_and_ends_below_it(void **state)
{
    (void)state;
    static const struct {
        uint64_t used_mib;
        enum hub_pressure stage;
    } steps[] = {{0, HUB_EASY},     {799, HUB_EASY},  {800, HUB_TIGHT},  {899, HUB_TIGHT},
                 {751, HUB_TIGHT},  {749, HUB_EASY},  {900, HUB_SCARCE}, {949, HUB_SCARCE},
                 {850, HUB_SCARCE}, {849, HUB_TIGHT}, {950, HUB_OUT},    {901, HUB_OUT},
                 {899, HUB_SCARCE}, {2000, HUB_OUT},  {100, HUB_EASY}};
    struct budget budget = of_whole();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum hub_pressure stage = budget_move(&budget, steps[i].used_mib * MIB);
        if (stage != steps[i].stage)
            fail_msg("step %zu: at %d MiB it is stage %d", i, (int)steps[i].used_mib, (int)stage);
        assert_int_equal(budget_stage(&budget), stage);
        assert_int_equal(budget.used_bytes, steps[i].used_mib * MIB);
    }
}

static void what_is_taken_is_measured_and_what_is_freed_counts_no_more(void **state)
{
    (void)state;
    const size_t large = 64 * MIB;
    struct budget budget;
    budget_init(&budget, 16 * MIB * MIB);
    assert_int_equal(budget_look(&budget), HUB_EASY);
    uint64_t before = budget.used_bytes;
    assert_in_range(before, MIB, 1000 * MIB);
    char *taken = malloc(large);
    memset(taken, 1, large);
    budget_look(&budget);
    assert_true(budget.used_bytes >= before + large - MIB);
    budget.whole_bytes = budget.used_bytes;
    assert_int_equal(budget_look(&budget), HUB_OUT);
    free(taken);
    budget_deinit(&budget);
}

static void without_a_number_it_is_a_part_of_what_there_is(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 0);
    assert_true(budget.whole_bytes > 16 * MIB);
    assert_int_equal(budget_look(&budget), HUB_EASY);
    budget_deinit(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_begins_at_its_share_and_ends_below_it),
        cmocka_unit_test(what_is_taken_is_measured_and_what_is_freed_counts_no_more),
        cmocka_unit_test(without_a_number_it_is_a_part_of_what_there_is),
    };
    return cmocka_run_group_tests_name("limits_budget", tests, NULL, NULL);
}

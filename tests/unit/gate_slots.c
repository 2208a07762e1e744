#include "server/gate/slots.h"

#include "server/hub/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define GATE 5
#define MAX  100

static int start(void **state)
{
    struct slots *slots = calloc(1, sizeof(*slots));
    slots_init(slots, GATE, MAX);
    *state = slots;
    return 0;
}

static int stop(void **state)
{
    slots_deinit(*state);
    free(*state);
    return 0;
}

static void a_number_finds_its_item_and_names_the_gate(void **state)
{
    struct slots *slots = *state;
    int items[MAX];
    uint64_t numbers[MAX];
    for (int i = 0; i < MAX; i++) {
        numbers[i] = slots_add(slots, &items[i]);
        assert_int_equal(HUB_GATE_OF(numbers[i]), GATE);
    }
    for (int i = 0; i < MAX; i++) {
        assert_ptr_equal(slots_find(slots, numbers[i]), &items[i]);
    }
    assert_int_equal(slots->count, MAX);
}

static void there_are_no_more_places_than_the_maximum(void **state)
{
    struct slots *slots = *state;
    int item;
    uint64_t number = 0;
    for (int i = 0; i < MAX; i++) {
        number = slots_add(slots, &item);
        assert_int_not_equal(number, 0);
    }
    assert_int_equal(slots_add(slots, &item), 0);
    slots_remove(slots, number);
    assert_int_not_equal(slots_add(slots, &item), 0);
}

static void the_numbers_of_a_place_used_again_differ(void **state)
{
    struct slots *slots = *state;
    int first;
    int second;
    uint64_t old = slots_add(slots, &first);
    slots_remove(slots, old);
    uint64_t number = slots_add(slots, &second);
    assert_true(number > old);
    assert_null(slots_find(slots, old));
    assert_ptr_equal(slots_find(slots, number), &second);
    assert_ptr_equal(slots_waiting(slots, old), slots_waiting(slots, number));
}

static void foreign_numbers_find_nothing(void **state)
{
    struct slots *slots = *state;
    int item;
    uint64_t number = slots_add(slots, &item);
    assert_null(slots_find(slots, 0));
    assert_null(slots_find(slots, number ^ UINT64_C(1) << 56));
    assert_null(slots_find(slots, number + 1));
    assert_null(slots_find(slots, UINT64_MAX));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_number_finds_its_item_and_names_the_gate),
        CASE(there_are_no_more_places_than_the_maximum),
        CASE(the_numbers_of_a_place_used_again_differ),
        CASE(foreign_numbers_find_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

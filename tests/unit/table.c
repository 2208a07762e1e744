/* The hub's table against an array that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "server/hub/table.h"

/* ---- the model ---- */

#define KEYS_MAX 512

/* A value for each of the keys that a test uses, or NULL. */
struct model {
    uint64_t keys[KEYS_MAX];
    void *values[KEYS_MAX];
    size_t key_count, count;
};

static char things[4096];

static void *any_thing(struct rng *rng)
{
    return &things[rng_below(rng, sizeof things)];
}

static size_t index_of(const struct model *model, const void *value)
{
    size_t i = 0;
    while (i < model->key_count && model->values[i] != value) {
        i++;
    }
    return i;
}

/* Every value is walked over once: all of them differ here. */
static void expect_walk(const struct table *table, const struct model *model)
{
    size_t at = 0, walked = 0;
    bool seen[KEYS_MAX] = {false};
    for (const void *value; (value = table_next(table, &at)) != NULL; walked++) {
        size_t i = index_of(model, value);
        assert_true(i < model->key_count && !seen[i]);
        seen[i] = true;
    }
    assert_int_equal(walked, model->count);
}

static void expect_same(const struct table *table, const struct model *model)
{
    assert_int_equal(table->count, model->count);
    for (size_t i = 0; i < model->key_count; i++) {
        assert_ptr_equal(table_get(table, model->keys[i]), model->values[i]);
    }
}

static void put(struct table *table, struct model *model, size_t i, void *value)
{
    table_put(table, model->keys[i], value);
    model->count += model->values[i] == NULL;
    model->values[i] = value;
}

static void take(struct table *table, struct model *model, size_t i)
{
    assert_ptr_equal(table_remove(table, model->keys[i]), model->values[i]);
    model->count -= model->values[i] != NULL;
    model->values[i] = NULL;
}

/* ---- cases ---- */

static void an_empty_table_has_nothing(void **state)
{
    struct table table = {0};
    size_t at = 0;
    (void)state;
    assert_null(table_get(&table, 1));
    assert_null(table_remove(&table, 1));
    assert_null(table_next(&table, &at));
    table_put(&table, 1, things);
    assert_ptr_equal(table_remove(&table, 1), things);
    assert_null(table_get(&table, 1));
    assert_null(table_remove(&table, 1));
    table_deinit(&table);
    assert_null(table_get(&table, 1));
    table_put(&table, UINT64_MAX, things);
    assert_ptr_equal(table_get(&table, UINT64_MAX), things);
    table_deinit(&table);
}

static uint64_t random_key(struct rng *rng, unsigned manner, size_t i)
{
    switch (manner) {
    case 0: /* as connections and rooms are numbered */
        return i + 1;
    case 1:
        return (rng_next(rng) & 0xff) << 56 | (i + 1);
    case 2:
        return (uint64_t)(i + 1) << 32;
    default:
        return rng_next(rng) | 1;
    }
}

static void random_puts_and_removals_agree_with_the_model(void **state)
{
    struct rng rng = rng_start("table");
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct table table = {0};
        struct model model = {.key_count = 1 + rng_below(&rng, KEYS_MAX)};
        for (size_t i = 0; i < model.key_count; i++) {
            model.keys[i] = random_key(&rng, round % 4, i);
        }
        for (unsigned step = 0; step < 1000; step++) {
            size_t i = rng_below(&rng, (uint32_t)model.key_count);
            /* It fills for a while, then it empties. */
            if (rng_percent(&rng, step / 250 % 2 == 0 ? 75 : 25)) {
                put(&table, &model, i, any_thing(&rng));
            } else {
                take(&table, &model, i);
            }
            assert_ptr_equal(table_get(&table, model.keys[i]), model.values[i]);
        }
        expect_same(&table, &model);
        table_deinit(&table);
    }
}

/* The slot that a key wants in a table of the first capacity. */
static size_t home_of(uint64_t key)
{
    struct table table = {0};
    table_put(&table, key, things);
    size_t home = 0;
    while (table.slots[home].key == 0) {
        home++;
    }
    table_deinit(&table);
    return home;
}

/* So many keys that all want one of `homes` slots from `first` on, round the end. */
static void crowd(struct model *model, size_t capacity, size_t first, size_t homes)
{
    for (uint64_t key = 1; model->key_count < capacity * 3 / 4; key++) {
        if ((home_of(key) + capacity - first) % capacity < homes) {
            model->keys[model->key_count++] = key;
        }
    }
}

static size_t first_capacity(void)
{
    struct table table = {0};
    table_put(&table, 1, things);
    size_t capacity = table.capacity;
    table_deinit(&table);
    return capacity;
}

static void removals_close_the_runs_that_they_tear(void **state)
{
    struct rng rng = rng_start("table runs");
    size_t capacity = first_capacity();
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct table table = {0};
        struct model model = {0};
        crowd(&model, capacity, rng_below(&rng, (uint32_t)capacity), 1 + rng_below(&rng, 5));
        for (size_t i = 0; i < model.key_count; i++) {
            put(&table, &model, i, &things[i]);
        }
        assert_int_equal(table.capacity, capacity);
        expect_walk(&table, &model);
        while (model.count > 0) {
            take(&table, &model, rng_below(&rng, (uint32_t)model.key_count));
            expect_same(&table, &model);
            expect_walk(&table, &model);
        }
        table_deinit(&table);
    }
}

static void a_value_put_twice_is_replaced(void **state)
{
    struct table table = {0};
    (void)state;
    for (uint64_t key = 1; key <= 100; key++) {
        table_put(&table, key, &things[0]);
        table_put(&table, key, &things[key]);
    }
    assert_int_equal(table.count, 100);
    for (uint64_t key = 1; key <= 100; key++) {
        assert_ptr_equal(table_get(&table, key), &things[key]);
    }
    table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing),
        cmocka_unit_test(random_puts_and_removals_agree_with_the_model),
        cmocka_unit_test(removals_close_the_runs_that_they_tear),
        cmocka_unit_test(a_value_put_twice_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

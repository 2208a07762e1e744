/* Every allocation on the way there and back is made to fail once. */
#include "delta_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdbool.h>

#define ALLOCATIONS_MAX 10000

/* How many allocations still succeed; negative: all. */
static long allocations_left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    return allocations_left == 0 || allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *data, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(data, size);
}

static json_t *example(void)
{
    json_t *json = json_loads(
        "[{\"retain\":3,\"attributes\":{\"b\":null,\"a\":[1,{\"x\":\"y\"}]}},{\"delete\":2},"
        "{\"insert\":\"text\",\"attributes\":{\"i\":true}},{\"insert\":{\"image\":[[\"u\"],0.5]}}]",
        0, NULL);
    assert_non_null(json);
    return json;
}

static void reading_survives_the_failure_of_every_allocation(void **state)
{
    (void)state;
    json_t *json = example();
    long count = 0;
    for (int code = OT_E_MEMORY; code != OT_OK; count++) {
        struct ot_buf op = {0};
        struct delta_error error = {0};
        allocations_left = count;
        code = delta_from_json(json, OT_CANONICAL, &op, &error);
        allocations_left = -1;
        assert_true(code == OT_OK || (code == OT_E_MEMORY && error.code == OT_E_MEMORY));
        assert_true((code == OT_OK) == (op.size > 0));
        assert_true(count < ALLOCATIONS_MAX);
        ot_buf_deinit(&op);
    }
    assert_true(count > 5);
    json_decref(json);
}

static void writing_survives_the_failure_of_every_allocation(void **state)
{
    (void)state;
    json_t *json = example();
    struct ot_buf op = {0};
    assert_int_equal(delta_from_json(json, OT_STABLE, &op, NULL), OT_OK);
    json_t *back = NULL;
    long count = 0;
    for (; !back; count++) {
        assert_true(count < ALLOCATIONS_MAX);
        allocations_left = count;
        back = delta_to_json(ot_buf_slice(&op));
        allocations_left = -1;
    }
    assert_true(count > 20);
    assert_true(json_equal(json, back));
    json_decref(back);
    json_decref(json);
    ot_buf_deinit(&op);
}

int main(void)
{
    /* jansson is linked dynamically and would go past the wraps. */
    json_set_alloc_funcs(__wrap_malloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_survives_the_failure_of_every_allocation),
        cmocka_unit_test(writing_survives_the_failure_of_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

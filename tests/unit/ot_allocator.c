/* What is made with an allocator takes nothing from anywhere else, and gives everything back. The
 * linker sends the library's own calls of malloc and the like through here (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_meter.h"
#include "lib/ot_random.h"

/* While it is set nobody but the meter asks for memory. */
static struct meter *only;
static unsigned hidden;

static void note(void)
{
    hidden += only != NULL && !only->is_lending;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    note();
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    note();
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    note();
    return __real_realloc(old, size);
}

/* Operations to work with, from malloc. */
struct inputs {
    struct ot_buf document;
    struct ot_buf ops[2]; /* at the same time */
};

static void inputs_init(struct inputs *inputs)
{
    struct rng rng = {7};
    struct ot_shape shape = {OT_STABLE, true, true, 120, 300};
    *inputs = (struct inputs){0};
    random_document(&rng, &shape, &inputs->document);
    for (size_t i = 0; i < 2; i++) {
        random_op(&rng, &shape, ot_buf_slice(&inputs->document), &inputs->ops[i]);
    }
}

static void inputs_deinit(struct inputs *inputs)
{
    ot_buf_deinit(&inputs->document);
    ot_buf_deinit(&inputs->ops[0]);
    ot_buf_deinit(&inputs->ops[1]);
}

static void begin(struct meter *meter)
{
    meter_init(meter);
    hidden = 0;
    only = meter;
}

/* That so much was asked for, all of the meter, and is back. */
static void end(struct meter *meter, unsigned least)
{
    only = NULL;
    assert_int_equal(hidden, 0);
    assert_true(meter->asked >= least);
    assert_int_equal(meter->blocks, 0);
    assert_int_equal(meter->bytes, 0);
}

static void a_document(void **state)
{
    (void)state;
    struct inputs inputs;
    struct meter meter;
    struct ot_doc *doc = NULL;
    uint32_t hash;
    inputs_init(&inputs);
    begin(&meter);
    struct ot_buf out = {.allocator = &meter.allocator};
    struct ot_slice op = ot_buf_slice(&inputs.ops[0]);
    assert_int_equal(ot_doc_load_in(&meter.allocator, ot_buf_slice(&inputs.document), &doc), OT_OK);
    assert_int_equal(ot_doc_invert(doc, op, OT_STABLE, &out), OT_OK);
    assert_int_equal(ot_doc_apply(doc, op, NULL), OT_OK);
    assert_int_equal(ot_doc_apply(doc, ot_buf_slice(&out), NULL), OT_OK);
    assert_int_equal(ot_doc_hash(doc, &hash), OT_OK);
    assert_int_equal(hash, ot_hash(ot_buf_slice(&inputs.document)));
    assert_true(ot_doc_sound(doc));
    assert_int_equal(ot_doc_memory(doc), meter.bytes - out.capacity);
    assert_int_equal(ot_doc_text(doc, &out), OT_OK);
    assert_int_equal(ot_doc_snapshot(doc, &out), OT_OK);
    ot_buf_deinit(&out);
    ot_doc_free(doc);
    doc = ot_doc_new_in(&meter.allocator);
    assert_int_equal(ot_doc_apply(doc, ot_buf_slice(&inputs.document), NULL), OT_OK);
    ot_doc_free(doc);
    end(&meter, 50);
    inputs_deinit(&inputs);
}

static void the_algebra(void **state)
{
    (void)state;
    struct inputs inputs;
    struct meter meter;
    inputs_init(&inputs);
    begin(&meter);
    struct ot_slice document = ot_buf_slice(&inputs.document);
    struct ot_slice a = ot_buf_slice(&inputs.ops[0]);
    struct ot_slice b = ot_buf_slice(&inputs.ops[1]);
    struct ot_buf after = {.allocator = &meter.allocator};
    struct ot_buf out = {.allocator = &meter.allocator};
    assert_int_equal(ot_transform(b, a, OT_RIGHT, OT_STABLE, &after), OT_OK);
    assert_int_equal(ot_transform_all(b, &a, 1, OT_RIGHT, OT_CANONICAL, &out), OT_OK);
    assert_int_equal(ot_compose(document, a, OT_STABLE, &out), OT_OK);
    struct ot_slice all[] = {document, a, ot_buf_slice(&after)};
    assert_int_equal(ot_compose_all(all, 3, OT_STABLE, &out), OT_OK);
    assert_int_equal(ot_invert(a, document, OT_STABLE, &out), OT_OK);
    ot_buf_deinit(&after);
    ot_buf_deinit(&out);
    end(&meter, 10);
    inputs_deinit(&inputs);
}

/* Attributes for which no room on the stack is enough, and typing. */
static void values_builders_and_typing(void **state)
{
    (void)state;
    struct meter meter;
    uint8_t text[400];
    begin(&meter);
    struct ot_buf value = {.allocator = &meter.allocator};
    struct ot_buf out = {.allocator = &meter.allocator};
    struct ot_slice ops[30];
    size_t ends[31] = {0};
    struct ot_builder *builder = ot_builder_new_in(&meter.allocator, OT_STABLE);
    memset(text, 'v', sizeof text);
    assert_int_equal(ot_value_map(&value, 1), OT_OK);
    assert_int_equal(ot_value_string(&value, (struct ot_slice){text, 3}), OT_OK);
    assert_int_equal(ot_value_string(&value, (struct ot_slice){text, sizeof text}), OT_OK);
    for (size_t i = 0; i < 30; i++) {
        ot_builder_retain(builder, i < 20 ? 5 * i : 10,
                          i < 20 ? (struct ot_slice){0} : ot_buf_slice(&value));
        ot_builder_insert(builder, (struct ot_slice){text, 5}, (struct ot_slice){0});
        assert_int_equal(ot_builder_finish(builder, &out), OT_OK);
        ends[i + 1] = out.size;
    }
    for (size_t i = 0; i < 30; i++) {
        ops[i] = (struct ot_slice){out.data + ends[i], ends[i + 1] - ends[i]};
    }
    value.size = 0;
    assert_int_equal(ot_compose_all(ops, 30, OT_STABLE, &value), OT_OK);
    ot_builder_free(builder);
    ot_buf_deinit(&value);
    ot_buf_deinit(&out);
    end(&meter, 20);
}

/* The buffer of the result and the object may have memory from different places. */
static void everybody_their_own(void **state)
{
    (void)state;
    struct inputs inputs;
    struct meter meters[2];
    struct ot_doc *doc = NULL;
    inputs_init(&inputs);
    meter_init(&meters[0]);
    meter_init(&meters[1]);
    struct ot_buf out = {.allocator = &meters[1].allocator};
    assert_int_equal(ot_doc_load_in(&meters[0].allocator, ot_buf_slice(&inputs.document), &doc),
                     OT_OK);
    size_t bytes = meters[0].bytes;
    assert_int_equal(ot_doc_snapshot(doc, &out), OT_OK);
    assert_int_equal(meters[0].bytes, bytes);
    assert_int_equal(meters[1].bytes, out.capacity);
    ot_buf_deinit(&out);
    assert_int_equal(meters[1].blocks, 0);
    assert_ptr_equal(out.allocator, &meters[1].allocator);
    ot_doc_free(doc);
    assert_int_equal(meters[0].blocks, 0);
    inputs_deinit(&inputs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document),
        cmocka_unit_test(the_algebra),
        cmocka_unit_test(values_builders_and_typing),
        cmocka_unit_test(everybody_their_own),
    };
    return cmocka_run_group_tests_name("ot_allocator", tests, NULL, NULL);
}

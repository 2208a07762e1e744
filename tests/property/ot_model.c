/* The engine against the plain model, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/ot_case.h"
#include "lib/ot_model.h"

enum { CASES = 2000 };

static void for_cases(const char *name, void (*property)(struct ot_case *c, struct rng *rng,
                                                         const struct ot_shape *shape))
{
    struct rng rng = rng_start(name);
    unsigned cases = random_cases(CASES);
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_CANONICAL);
        c.order = rng_percent(&rng, 50) ? OT_CANONICAL : OT_STABLE;
        struct ot_shape shape = random_shape(&rng, c.order);
        property(&c, &rng, &shape);
        case_end(&c);
    }
}

/* What the model has made must be what the engine has. */
static void agree(struct ot_case *c, struct ot_slice is, struct model *model, const char *what)
{
    struct ot_buf *out = case_buf(c, "model");
    model_write(model, c->order, out);
    case_same(c, is, ot_buf_slice(out), what);
    model_free(model);
}

static void reading(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice op = case_op(c, rng, shape, document, "op");
    struct model model = model_read(op);
    struct ot_op_info info;
    uint64_t base = 0;
    assert_int_equal(ot_op_check(op, &info, NULL), OT_OK);
    for (size_t i = 0; i < model.count; i++) {
        base += model.units[i].kind == OT_RETAIN || model.units[i].kind == OT_DELETE;
    }
    case_require(c, info.base_length == base, "base length");
    case_require(c, info.inserted_length == model.count - base, "inserted length");
    agree(c, op, &model, "reading and writing");
}

static void operations_are_read_and_written_alike(void **state)
{
    (void)state;
    for_cases("reading", reading);
}

static void composing(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice a = case_op(c, rng, shape, document, "a");
    struct ot_slice after = case_compose(c, document, a, "after");
    struct ot_slice b = case_op(c, rng, shape, after, "b");
    struct model models[] = {model_read(document), model_read(a), model_read(b)};
    struct model result = model_compose(&models[1], &models[2]);
    agree(c, case_compose(c, a, b, "ab"), &result, "compose");
    result = model_compose(&models[0], &models[1]);
    agree(c, after, &result, "compose with a document");
    result = model_compose(&models[1], &models[1]);
    /* Not meant for each other, and still what the rules say, unless a pair is cut. */
    struct ot_buf *out = case_buf(c, "aa");
    if (ot_compose(a, a, c->order, out) == OT_OK) {
        agree(c, ot_buf_slice(out), &result, "compose of strangers");
    } else {
        case_require(c, shape->is_wide, "compose of strangers fails");
        model_free(&result);
    }
    for (unsigned i = 0; i < 3; i++) {
        model_free(&models[i]);
    }
}

static void compose_agrees(void **state)
{
    (void)state;
    for_cases("composing", composing);
}

static void transforming(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice a = case_op(c, rng, shape, document, "a");
    struct ot_slice b = case_op(c, rng, shape, document, "b");
    struct model models[] = {model_read(a), model_read(b)};
    for (unsigned side = OT_LEFT; side <= OT_RIGHT; side++) {
        struct model result = model_transform(&models[0], &models[1], (enum ot_side)side);
        agree(c, case_transform(c, a, b, (enum ot_side)side, "a'"), &result, "transform");
    }
    model_free(&models[0]);
    model_free(&models[1]);
}

static void transform_agrees(void **state)
{
    (void)state;
    for_cases("transforming", transforming);
}

static void inverting(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice op = case_op(c, rng, shape, document, "op");
    struct model models[] = {model_read(op), model_read(document)};
    struct model result = model_invert(&models[0], &models[1]);
    agree(c, case_invert(c, op, document, "inverse"), &result, "invert");
    model_free(&models[0]);
    model_free(&models[1]);
}

static void invert_agrees(void **state)
{
    (void)state;
    for_cases("inverting", inverting);
}

static void positioning(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice op = case_op(c, rng, shape, document, "op");
    struct model models[] = {model_read(op), model_read(document)};
    for (uint64_t pos = 0; pos <= models[1].count + 2; pos += 1 + pos / 16) {
        for (unsigned side = OT_LEFT; side <= OT_RIGHT; side++) {
            case_require(c,
                         ot_transform_position(op, pos, (enum ot_side)side) ==
                             model_position(&models[0], pos, (enum ot_side)side),
                         "a position differs");
        }
    }
    model_free(&models[0]);
    model_free(&models[1]);
}

static void positions_agree(void **state)
{
    (void)state;
    for_cases("positioning", positioning);
}

/* Where a unit of the document has gone, or -1. */
static int64_t follow(const struct model *op, size_t unit)
{
    size_t from = 0;
    int64_t to = 0;
    for (size_t i = 0; i < op->count; i++) {
        if (op->units[i].kind == OT_INSERT || op->units[i].kind == OT_EMBED) {
            to++;
            continue;
        }
        bool is_kept = op->units[i].kind == OT_RETAIN;
        if (from++ == unit) {
            return is_kept ? to : -1;
        }
        to += is_kept;
    }
    return to + (int64_t)(unit - from);
}

/* A cursor of the right side keeps to the unit after it, one of the left to the unit before it. */
static void following(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice op = case_op(c, rng, shape, document, "op");
    struct model model = model_read(op);
    struct model units = model_read(document);
    for (size_t i = 0; i < units.count; i += 1 + i / 16) {
        int64_t to = follow(&model, i);
        if (to >= 0) {
            case_require(c, ot_transform_position(op, i, OT_RIGHT) == (uint64_t)to,
                         "the cursor left the unit after it");
            case_require(c, ot_transform_position(op, i + 1, OT_LEFT) == (uint64_t)to + 1,
                         "the cursor left the unit before it");
        }
    }
    model_free(&model);
    model_free(&units);
}

static void a_cursor_keeps_to_its_neighbour(void **state)
{
    (void)state;
    for_cases("following", following);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_read_and_written_alike),
        cmocka_unit_test(compose_agrees),
        cmocka_unit_test(transform_agrees),
        cmocka_unit_test(invert_agrees),
        cmocka_unit_test(positions_agree),
        cmocka_unit_test(a_cursor_keeps_to_its_neighbour),
    };
    return cmocka_run_group_tests_name("ot_model", tests, NULL, NULL);
}

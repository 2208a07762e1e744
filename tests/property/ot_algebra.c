/* The laws of the algebra, on random operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/ot_case.h"

enum { CASES = 3000 };

/* Runs a law over random cases, in both orders. */
static void for_cases(const char *name,
                      void (*law)(struct ot_case *c, struct rng *rng, const struct ot_shape *shape))
{
    struct rng rng = rng_start(name);
    unsigned cases = random_cases(CASES);
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_CANONICAL);
        c.order = rng_percent(&rng, 50) ? OT_CANONICAL : OT_STABLE;
        struct ot_shape shape = random_shape(&rng, c.order);
        law(&c, &rng, &shape);
        case_end(&c);
    }
}

/* Two concurrent operations lead to one document whichever comes first (TP1); in canonical order
 * even to one operation. */
static void convergence(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice a = case_op(c, rng, shape, document, "a");
    struct ot_slice b = case_op(c, rng, shape, document, "b");
    struct ot_slice b_after = case_transform(c, b, a, OT_RIGHT, "b after a");
    struct ot_slice a_after = case_transform(c, a, b, OT_LEFT, "a after b");
    struct ot_slice ab = case_compose(c, a, b_after, "a, b'");
    struct ot_slice ba = case_compose(c, b, a_after, "b, a'");
    case_same(c, case_compose(c, document, ab, "document after a, b'"),
              case_compose(c, document, ba, "document after b, a'"), "the documents differ");
    if (c->order == OT_CANONICAL) {
        case_same(c, ab, ba, "the operations differ");
    }
}

static void concurrent_operations_converge(void **state)
{
    (void)state;
    for_cases("convergence", convergence);
}

static void composition(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice a = case_op(c, rng, shape, document, "a");
    struct ot_slice after_a = case_compose(c, document, a, "after a");
    struct ot_slice b = case_op(c, rng, shape, after_a, "b");
    struct ot_slice after_b = case_compose(c, after_a, b, "after a, b");
    struct ot_slice ab = case_compose(c, a, b, "ab");
    case_same(c, case_compose(c, document, ab, "after ab"), after_b,
              "one by one differs from both at once");
    struct ot_slice d = case_op(c, rng, shape, after_b, "d");
    struct ot_slice bd = case_compose(c, b, d, "bd");
    case_same(c, case_compose(c, ab, d, "(ab)d"), case_compose(c, a, bd, "a(bd)"),
              "compose is not associative");
}

static void composing_is_applying_in_turn_and_associative(void **state)
{
    (void)state;
    for_cases("composition", composition);
}

static void folding(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    enum { OPS_MAX = 12 };
    struct ot_slice ops[OPS_MAX];
    size_t count = rng_below(rng, OPS_MAX);
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_buf *all = case_buf(c, "all at once");
    struct ot_slice left = {(const uint8_t *)"", 1};
    for (size_t i = 0; i < count; i++) {
        ops[i] = case_op(c, rng, shape, document, "next");
        document = case_compose(c, document, ops[i], "document");
    }
    case_require(c, ot_compose_all(ops, count, c->order, all) == OT_OK, "compose_all fails");
    for (size_t i = 0; i < count; i++) {
        struct ot_buf out = {0};
        case_require(c, ot_compose(left, ops[i], c->order, &out) == OT_OK, "compose fails");
        if (i > 0) {
            ot_buf_deinit(&(struct ot_buf){(uint8_t *)left.data, left.size, left.size, NULL});
        }
        left = ot_buf_slice(&out);
    }
    case_same(c, ot_buf_slice(all), left, "all at once differs from one by one");
    if (count > 0) {
        ot_buf_deinit(&(struct ot_buf){(uint8_t *)left.data, left.size, left.size, NULL});
    }
}

static void composing_all_is_composing_one_by_one(void **state)
{
    (void)state;
    for_cases("folding", folding);
}

/* A history and an operation that was made before it; short components, so that they meet. */
static void moving(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    enum { OPS_MAX = 8 };
    struct ot_slice ops[OPS_MAX];
    size_t count = rng_below(rng, OPS_MAX);
    enum ot_side side = rng_percent(rng, 50) ? OT_LEFT : OT_RIGHT;
    struct ot_shape small = *shape;
    small.components = 1 + (uint32_t)rng_below(rng, 4);
    small.length = 1 + (uint32_t)rng_below(rng, 6);
    struct ot_slice document = case_document(c, rng, &small);
    struct ot_buf *given = case_buf(c, "op");
    small.order = OT_STABLE;
    random_op(rng, &small, document, given);
    small.order = c->order;
    struct ot_slice op = ot_buf_slice(given);
    for (size_t i = 0; i < count; i++) {
        ops[i] = case_op(c, rng, &small, document, "next");
        document = case_compose(c, document, ops[i], "document");
    }
    struct ot_buf *all = case_buf(c, "over all");
    case_require(c, ot_transform_all(op, ops, count, side, c->order, all) == OT_OK,
                 "transform_all fails");
    static const uint8_t empty[] = {0};
    op = case_transform(c, op, (struct ot_slice){empty, sizeof empty}, side, "in order");
    for (size_t i = 0; i < count; i++) {
        op = case_transform(c, op, ops[i], side, "over the next");
    }
    case_same(c, ot_buf_slice(all), op, "over all at once differs from one by one");
}

static void transforming_over_all_is_transforming_over_one_by_one(void **state)
{
    (void)state;
    for_cases("moving", moving);
}

/* One edit of somebody who types: mostly where the last one was. `cursor` is moved along. */
static void type(struct rng *rng, const struct ot_shape *shape, struct ot_slice document,
                 uint64_t *cursor, struct ot_buf *out)
{
    struct ot_builder *builder = ot_builder_new(shape->order);
    struct ot_buf text = {0};
    struct ot_buf attributes = {0};
    struct ot_op_info info;
    assert_non_null(builder);
    assert_int_equal(ot_op_check(document, &info, NULL), OT_OK);
    uint64_t length = info.inserted_length;
    if (rng_percent(rng, 30)) {
        /* a step or two with the arrow keys, or a click */
        uint64_t step = rng_below(rng, 4);
        bool is_left = rng_percent(rng, 50);
        *cursor = is_left ? *cursor - (step < *cursor ? step : *cursor) : *cursor + step;
        *cursor = rng_percent(rng, 20) ? rng_below(rng, (uint32_t)length + 1) : *cursor;
    }
    *cursor = *cursor < length ? *cursor : length;
    uint64_t count = 1 + rng_below(rng, 3);
    if (shape->is_rich && rng_percent(rng, 20)) {
        random_attributes(rng, false, &attributes);
    }
    random_text(rng, shape->is_wide, (uint32_t)count, &text);
    switch (rng_below(rng, 8)) {
    case 0:
    case 1: /* backspace */
        count = count < *cursor ? count : *cursor;
        *cursor -= count;
        ot_builder_retain(builder, *cursor, (struct ot_slice){0});
        ot_builder_delete(builder, count);
        break;
    case 2: /* delete */
        count = count < length - *cursor ? count : length - *cursor;
        ot_builder_retain(builder, *cursor, (struct ot_slice){0});
        ot_builder_delete(builder, count);
        break;
    case 3: /* overwrite */
        ot_builder_retain(builder, *cursor, (struct ot_slice){0});
        ot_builder_delete(builder, count < length - *cursor ? count : length - *cursor);
        ot_builder_insert(builder, ot_buf_slice(&text), ot_buf_slice(&attributes));
        *cursor += count;
        break;
    default:
        ot_builder_retain(builder, *cursor, (struct ot_slice){0});
        ot_builder_insert(builder, ot_buf_slice(&text), ot_buf_slice(&attributes));
        *cursor += count;
        break;
    }
    assert_int_equal(ot_builder_finish(builder, out), OT_OK);
    ot_builder_free(builder);
    ot_buf_deinit(&text);
    ot_buf_deinit(&attributes);
}

/* Typing is gathered on a way of its own: the result must be that of composing all the same. */
static void typing(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    enum { EDITS = 30 };
    static const struct ot_slice empty = {(const uint8_t *)"", 1};
    struct ot_slice ops[EDITS];
    struct ot_buf bufs[EDITS] = {{0}};
    struct ot_buf documents[2] = {{0}};
    struct ot_buf composed[2] = {{0}};
    uint64_t cursor = rng_below(rng, 20);
    size_t count = 0;
    random_document(rng, shape, &documents[0]);
    assert_int_equal(ot_buf_append(&composed[0], empty.data, empty.size), OT_OK);
    while (count < EDITS) {
        unsigned from = count % 2;
        type(rng, shape, ot_buf_slice(&documents[from]), &cursor, &bufs[count]);
        ops[count] = ot_buf_slice(&bufs[count]);
        documents[!from].size = composed[!from].size = 0;
        /* A pair may be cut: then the history ends here. */
        if (ot_compose(ot_buf_slice(&documents[from]), ops[count], c->order, &documents[!from]) !=
            OT_OK) {
            break;
        }
        assert_int_equal(
            ot_compose(ot_buf_slice(&composed[from]), ops[count], c->order, &composed[!from]),
            OT_OK);
        count++;
    }
    struct ot_buf *all = case_buf(c, "all at once");
    case_require(c, ot_compose_all(ops, count, c->order, all) == OT_OK, "compose_all fails");
    case_same(c, ot_buf_slice(all), ot_buf_slice(&composed[count % 2]),
              "typing at once differs from one by one");
    for (size_t i = 0; i < EDITS; i++) {
        ot_buf_deinit(&bufs[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        ot_buf_deinit(&documents[i]);
        ot_buf_deinit(&composed[i]);
    }
}

static void typing_is_composed_like_anything_else(void **state)
{
    (void)state;
    for_cases("typing", typing);
}

static void inversion(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_slice document = case_document(c, rng, shape);
    struct ot_slice op = case_op(c, rng, shape, document, "op");
    struct ot_slice inverse = case_invert(c, op, document, "inverse");
    struct ot_slice after = case_compose(c, document, op, "after");
    case_same(c, case_compose(c, after, inverse, "back"), document,
              "the inverse does not lead back");
    /* and the inverse of the inverse leads there again */
    struct ot_slice again = case_invert(c, inverse, after, "inverse of inverse");
    case_same(c, case_compose(c, document, again, "again"), after, "redo differs");
}

static void the_inverse_takes_back(void **state)
{
    (void)state;
    for_cases("inversion", inversion);
}

/* A history may be cut anywhere: transforming over it whole is transforming over its parts. */
static void stability(struct ot_case *c, struct rng *rng, const struct ot_shape *given)
{
    struct ot_shape shape = *given;
    shape.order = c->order = OT_STABLE;
    struct ot_slice document = case_document(c, rng, &shape);
    struct ot_slice mine = case_op(c, rng, &shape, document, "mine");
    struct ot_slice first = case_op(c, rng, &shape, document, "first");
    struct ot_slice after = case_compose(c, document, first, "after first");
    struct ot_slice second = case_op(c, rng, &shape, after, "second");
    after = case_compose(c, after, second, "after second");
    struct ot_slice third = case_op(c, rng, &shape, after, "third");

    struct ot_slice stepped = case_transform(c, mine, first, OT_RIGHT, "mine after first");
    stepped = case_transform(c, stepped, second, OT_RIGHT, "mine after second");
    stepped = case_transform(c, stepped, third, OT_RIGHT, "mine after third");
    struct ot_slice tail = case_compose(c, second, third, "second, third");
    struct ot_slice whole = case_compose(c, first, tail, "all three");
    case_same(c, case_transform(c, mine, whole, OT_RIGHT, "mine after all"), stepped,
              "at once differs from step by step");

    struct ot_slice one = case_transform(c, mine, first, OT_RIGHT, "mine after first");
    case_same(c, case_transform(c, one, tail, OT_RIGHT, "mine after the tail"), stepped,
              "another cut gives another operation");
}

static void in_stable_order_histories_may_be_cut_anywhere(void **state)
{
    (void)state;
    for_cases("stability", stability);
}

/* The other side of the same: what the server's operations become for the one who wrote `mine`. */
static void server_side_fold(struct ot_case *c, struct rng *rng, const struct ot_shape *given)
{
    struct ot_shape shape = *given;
    shape.order = c->order = OT_STABLE;
    struct ot_slice document = case_document(c, rng, &shape);
    struct ot_slice mine = case_op(c, rng, &shape, document, "mine");
    struct ot_slice first = case_op(c, rng, &shape, document, "first");
    struct ot_slice after = case_compose(c, document, first, "after first");
    struct ot_slice second = case_op(c, rng, &shape, after, "second");
    struct ot_slice mine_1 = case_transform(c, mine, first, OT_RIGHT, "mine'");
    struct ot_slice first_1 = case_transform(c, first, mine, OT_LEFT, "first'");
    struct ot_slice second_1 = case_transform(c, second, mine_1, OT_LEFT, "second'");
    struct ot_slice whole = case_compose(c, first, second, "both");
    struct ot_slice whole_1 = case_transform(c, whole, mine, OT_LEFT, "both'");
    struct ot_slice base = case_compose(c, document, mine, "document with mine");
    struct ot_slice stepped = case_compose(c, base, first_1, "step");
    case_same(c, case_compose(c, stepped, second_1, "steps"),
              case_compose(c, base, whole_1, "at once"), "the author sees another document");
}

static void in_stable_order_the_author_may_fold_too(void **state)
{
    (void)state;
    for_cases("folding server", server_side_fold);
}

/* Whatever order it came in, composing with nothing puts an operation into the order asked for. */
static void reordering(struct ot_case *c, struct rng *rng, const struct ot_shape *given)
{
    static const struct ot_slice empty = {(const uint8_t *)"", 1};
    struct ot_shape shape = *given;
    shape.order = c->order = OT_STABLE;
    struct ot_slice document = case_document(c, rng, &shape);
    struct ot_slice op = case_op(c, rng, &shape, document, "op");
    case_same(c, case_compose(c, op, empty, "op, nothing"), op, "stable order changed it");
    case_same(c, case_compose(c, empty, op, "nothing, op"), op, "stable order changed it");
    struct ot_slice after = case_compose(c, document, op, "after");
    c->order = OT_CANONICAL;
    struct ot_slice first = case_compose(c, op, empty, "canonical");
    case_same(c, case_compose(c, empty, op, "canonical too"), first, "canonical orders differ");
    case_same(c, case_compose(c, document, first, "after canonical"), after,
              "order changed the meaning");
}

static void order_changes_nothing_but_order(void **state)
{
    (void)state;
    for_cases("reordering", reordering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_operations_converge),
        cmocka_unit_test(composing_is_applying_in_turn_and_associative),
        cmocka_unit_test(composing_all_is_composing_one_by_one),
        cmocka_unit_test(transforming_over_all_is_transforming_over_one_by_one),
        cmocka_unit_test(typing_is_composed_like_anything_else),
        cmocka_unit_test(the_inverse_takes_back),
        cmocka_unit_test(in_stable_order_histories_may_be_cut_anywhere),
        cmocka_unit_test(in_stable_order_the_author_may_fold_too),
        cmocka_unit_test(order_changes_nothing_but_order),
    };
    return cmocka_run_group_tests_name("ot_algebra", tests, NULL, NULL);
}

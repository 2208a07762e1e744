#include "lib/ot_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void case_begin(struct ot_case *c, const struct rng *rng, enum ot_order order)
{
    memset(c, 0, sizeof *c);
    c->seed = rng->state;
    c->order = order;
}

void case_end(struct ot_case *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        ot_buf_deinit(&c->ops[i]);
    }
    c->count = 0;
}

struct ot_buf *case_buf(struct ot_case *c, const char *name)
{
    assert_true(c->count < CASE_OPS_MAX);
    c->names[c->count] = name;
    return &c->ops[c->count++];
}

void case_require(const struct ot_case *c, bool holds, const char *what)
{
    if (holds) {
        return;
    }
    print_error("%s; repeat with QUIRE_SEED=%llu QUIRE_CASES=1\n", what,
                (unsigned long long)c->seed);
    for (unsigned i = 0; i < c->count; i++) {
        struct ot_slice op = ot_buf_slice(&c->ops[i]);
        if (op.size > 0 && ot_op_check(op, NULL, NULL) == OT_OK) {
            char *words = ot_describe(op);
            print_error("  %-10s %s\n", c->names[i], words);
            free(words);
        }
    }
    fail();
}

void case_same(const struct ot_case *c, struct ot_slice a, struct ot_slice b, const char *what)
{
    case_require(c, ot_op_check(a, NULL, NULL) == OT_OK && ot_op_check(b, NULL, NULL) == OT_OK,
                 "an operation is not valid");
    case_require(c, a.size == b.size && memcmp(a.data, b.data, a.size) == 0, what);
}

/* In canonical order no insert follows a delete. */
static bool op_is_canonical(struct ot_slice op)
{
    struct ot_iter iter;
    struct ot_component component;
    bool after_delete = false;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        if (after_delete && (component.kind == OT_INSERT || component.kind == OT_EMBED)) {
            return false;
        }
        after_delete = component.kind == OT_DELETE;
    }
    return true;
}

static struct ot_slice result(struct ot_case *c, struct ot_buf *out, int error, const char *what)
{
    struct ot_slice op = ot_buf_slice(out);
    case_require(c, error == OT_OK && ot_op_check(op, NULL, NULL) == OT_OK, what);
    case_require(c, c->order != OT_CANONICAL || op_is_canonical(op), what);
    return op;
}

struct ot_slice case_document(struct ot_case *c, struct rng *rng, const struct ot_shape *shape)
{
    struct ot_buf *out = case_buf(c, "document");
    random_document(rng, shape, out);
    return result(c, out, OT_OK, "a random document is not valid");
}

struct ot_slice case_op(struct ot_case *c, struct rng *rng, const struct ot_shape *shape,
                        struct ot_slice document, const char *name)
{
    struct ot_buf *out = case_buf(c, name);
    random_op(rng, shape, document, out);
    return result(c, out, OT_OK, "a random operation is not valid");
}

struct ot_slice case_compose(struct ot_case *c, struct ot_slice a, struct ot_slice b,
                             const char *name)
{
    struct ot_buf *out = case_buf(c, name);
    int error = ot_compose(a, b, c->order, out);
    return result(c, out, error, "compose does not give a valid operation");
}

struct ot_slice case_transform(struct ot_case *c, struct ot_slice op, struct ot_slice over,
                               enum ot_side side, const char *name)
{
    struct ot_buf *out = case_buf(c, name);
    int error = ot_transform(op, over, side, c->order, out);
    return result(c, out, error, "transform does not give a valid operation");
}

struct ot_slice case_invert(struct ot_case *c, struct ot_slice op, struct ot_slice document,
                            const char *name)
{
    struct ot_buf *out = case_buf(c, name);
    int error = ot_invert(op, document, c->order, out);
    return result(c, out, error, "invert does not give a valid operation");
}

/*
 * One case of a property test: named operations, and how to repeat it. When something does not
 * hold, all are printed.
 */
#ifndef TESTS_OT_CASE_H
#define TESTS_OT_CASE_H

#include "lib/ot_random.h"
#include "quire/ot.h"

enum { CASE_OPS_MAX = 32 };

struct ot_case {
    uint64_t seed;
    enum ot_order order;
    unsigned count;
    const char *names[CASE_OPS_MAX];
    struct ot_buf ops[CASE_OPS_MAX];
};

void case_begin(struct ot_case *c, const struct rng *rng, enum ot_order order);
void case_end(struct ot_case *c);

/* A new empty operation of the case. */
struct ot_buf *case_buf(struct ot_case *c, const char *name);
/* Fails the test if it does not hold. */
void case_require(const struct ot_case *c, bool holds, const char *what);
/* That both are the same valid operation. */
void case_same(const struct ot_case *c, struct ot_slice a, struct ot_slice b, const char *what);

struct ot_slice case_document(struct ot_case *c, struct rng *rng, const struct ot_shape *shape);
struct ot_slice case_op(struct ot_case *c, struct rng *rng, const struct ot_shape *shape,
                        struct ot_slice document, const char *name);

/* The algebra in the order of the case; what comes out must pass ot_op_check. */
struct ot_slice case_compose(struct ot_case *c, struct ot_slice a, struct ot_slice b,
                             const char *name);
struct ot_slice case_transform(struct ot_case *c, struct ot_slice op, struct ot_slice over,
                               enum ot_side side, const char *name);
struct ot_slice case_invert(struct ot_case *c, struct ot_slice op, struct ot_slice document,
                            const char *name);

#endif

/* Random documents and operations for property tests. QUIRE_CASES changes how many cases a test
 * runs. */
#ifndef TESTS_OT_RANDOM_H
#define TESTS_OT_RANDOM_H

#include "lib/rng.h"
#include "quire/ot.h"

/* QUIRE_CASES, or what is usual. */
unsigned random_cases(unsigned usual);

/* What is to be made. */
struct ot_shape {
    enum ot_order order;
    bool is_rich;        /* with attributes and embeds */
    bool is_wide;        /* with characters beyond ASCII */
    uint32_t components; /* at most */
    uint32_t length;     /* of a component, at most about so much */
};

/* Mostly small, sometimes large; plain, wide, rich or both. */
struct ot_shape random_shape(struct rng *rng, enum ot_order order);

/* Appends to `out`; ends the program when memory is short. */
void random_text(struct rng *rng, bool is_wide, uint32_t units, struct ot_buf *out);
/* A map of one to four keys; in a patch some are nil. */
void random_attributes(struct rng *rng, bool is_patch, struct ot_buf *out);
void random_document(struct rng *rng, const struct ot_shape *shape, struct ot_buf *out);
/* An operation that can be applied to `document`. */
void random_op(struct rng *rng, const struct ot_shape *shape, struct ot_slice document,
               struct ot_buf *out);

/* The operation in words, for messages: `retain 3 {81a1..} | insert "ab" | delete 2`. To be freed.
 */
char *ot_describe(struct ot_slice op);

#endif

/* The inverse of an operation, whatever form the document has. */
#ifndef OT_INVERT_H
#define OT_INVERT_H

#include "quire/ot.h"

/* A document read from its start, in stretches of one format. */
struct stretches {
    /* The next stretch of at most `max` units, of length 0 at the end. OT_OK or OT_E_SURROGATE. */
    int (*next)(struct stretches *stretches, uint32_t max, struct ot_component *stretch_out);
    int (*skip)(struct stretches *stretches, uint32_t length);
};

int ot_invert_from(struct ot_slice op, struct stretches *document, enum ot_order order,
                   struct ot_buf *out);

#endif

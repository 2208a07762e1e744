/* An allocator that keeps count, is told what it lent, and runs out of memory when it is asked to.
 */
#ifndef TESTS_OT_METER_H
#define TESTS_OT_METER_H

#include "quire/ot.h"

struct meter {
    struct ot_allocator allocator;
    size_t blocks; /* lent, and not given back yet */
    size_t bytes;
    unsigned asked;   /* how often */
    unsigned failing; /* which of the next times it has none: 1 is the next one, 0 none */
    bool is_lending;  /* now: what malloc is asked for is asked by the meter */
};

/* Not to be moved while something uses it. */
void meter_init(struct meter *meter);

#endif

/*
 * Memory up to a bound, for operations of which no size can be told beforehand: a short operation
 * that formats much is written anew for each piece into which others' inserts cut what it formats.
 */
#ifndef QUIRE_HUB_BOUNDED_H
#define QUIRE_HUB_BOUNDED_H

#include <quire/ot.h>

struct bounded {
    struct ot_allocator allocator; /* points to this struct, which stays where it is */
    size_t left;                   /* bytes that may still be taken */
};

void bounded_init(struct bounded *bounded, size_t bytes);

#endif

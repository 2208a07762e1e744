/*
 * Where the characters beyond the basic plane are in a document, which is all it takes to turn
 * positions in code points into positions in UTF-16 units: each such character is one of the former
 * and two of the latter. Costs the number of such characters per edit, which is small wherever it
 * is not zero.
 */
#ifndef QUIRE_REPLAY_WIDE_H
#define QUIRE_REPLAY_WIDE_H

#include "quire/ot.h"

#include <stddef.h>
#include <stdint.h>

struct wide {
    uint64_t *at; /* ascending: the position in UTF-16 units of each wide character */
    size_t count, capacity;
    uint64_t *spare;
    size_t spare_capacity;
};

void wide_deinit(struct wide *wide);
/* `op` was applied to the document. */
void wide_apply(struct wide *wide, struct ot_slice op);
/* Units before the character with the number `point`. */
uint64_t wide_units(const struct wide *wide, uint64_t point);

#endif

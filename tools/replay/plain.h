/*
 * A document as nothing but an array of its units, and what an operation does to it said as plainly
 * as can be: what the engine is measured against. Reads operations by the public iterator and
 * shares nothing else with the engine.
 *
 * Slices point into the snapshot read, which must outlive what is made of it.
 */
#ifndef QUIRE_REPLAY_PLAIN_H
#define QUIRE_REPLAY_PLAIN_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plain_unit {
    uint16_t code;         /* UTF-16 code unit; 0 for an embed */
    struct ot_slice embed; /* empty: text */
    struct ot_slice attributes;
};

struct plain {
    struct plain_unit *units;
    size_t count, capacity;
};

void plain_init(struct plain *plain, struct ot_slice snapshot);
void plain_deinit(struct plain *plain);

/* Does `op` stay within the document and cut no surrogate pair of it? */
bool plain_fits(const struct plain *plain, struct ot_slice op);
/* Is `after` what `op`, which fits, makes of `before`? */
bool plain_follows(const struct plain *before, struct ot_slice op, const struct plain *after);
/* Appends what of `op` fits: what reaches past the end is left out, and a boundary inside a pair is
 * moved behind it. */
void plain_cut(const struct plain *plain, struct ot_slice op, struct ot_buf *out);

#endif

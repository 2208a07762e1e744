/*
 * A leaf of a document's tree: up to LEAF_TEXT bytes of text, cut into runs of one format each. An
 * embed is a run of its own, of one unit and no text. Leaves never cut a character.
 *
 * Invariants: the runs add up to the leaf; no run is empty; neighbouring runs of text
 * differ in attributes; only the one leaf of an empty document is empty. Runs own a use of what
 * they name in the pool.
 */
#ifndef OT_LEAF_H
#define OT_LEAF_H

#include "pool.h"

enum {
    LEAF_TEXT = 1000,
    LEAF_FILL = 960,    /* by text that needs more leaves: the first edits there then find room */
    LEAF_RUNS_MAX = 64, /* more are split as soon as they are there */
    LEAF_RUNS_FEW = 2,
};

struct run {
    uint16_t units;
    uint16_t bytes;
    uint32_t attributes;
    uint32_t embed; /* 0: text */
};

struct leaf {
    uint16_t units;
    uint16_t bytes;
    uint16_t runs_count;
    uint16_t runs_room;
    struct run *runs; /* `few`, or its own memory */
    struct run few[LEAF_RUNS_FEW];
    uint8_t text[LEAF_TEXT];
};

/* A place between two units of a leaf: at the end of a run rather than the start of the next. */
struct spot {
    unsigned run;
    unsigned run_units; /* where the run begins */
    unsigned run_bytes;
    unsigned units;
    unsigned bytes;
};

/* NULL: out of memory. */
struct leaf *ot_leaf_new(struct pool *pool);
void ot_leaf_free(struct leaf *leaf, struct pool *pool);

/* Where unit `units` is, looked for from a spot that is known; false if that is within a surrogate
 * pair. */
bool ot_leaf_find(const struct leaf *leaf, unsigned units, const struct spot *known,
                  struct spot *spot_out);

/* Puts in text that fits, or (of no bytes, and one unit) an embed, and moves the spot past it.
 * OT_OK or OT_E_MEMORY. */
int ot_leaf_insert(struct leaf *leaf, struct spot *spot, const uint8_t *text, struct run run,
                   struct pool *pool);
/* Takes out what lies between two spots; needs no memory. */
void ot_leaf_remove(struct leaf *leaf, const struct spot *from, const struct spot *to,
                    struct pool *pool);
/* Has a run end at the spot, so that neighbours may be of one format for now. OT_OK or OT_E_MEMORY.
 */
int ot_leaf_cut(struct leaf *leaf, const struct spot *spot, struct pool *pool);
/* Merges runs `first` to `last` with each other and their neighbours, where they are of one format.
 */
void ot_leaf_merge(struct leaf *leaf, unsigned first, unsigned last, struct pool *pool);
/* Moves what follows the spot to `right`, a new leaf. OT_OK or OT_E_MEMORY. */
int ot_leaf_split(struct leaf *leaf, const struct spot *spot, struct leaf *right,
                  struct pool *pool);
/* Moves all of `right` to the end of `leaf`, where it fits. OT_OK or OT_E_MEMORY; not the latter if
 * that is where it was split off. */
int ot_leaf_join(struct leaf *leaf, struct leaf *right, struct pool *pool);

/* Is it one run of ASCII text? Then units are bytes. */
static inline bool leaf_is_simple(const struct leaf *leaf)
{
    return leaf->runs_count == 1 && leaf->bytes == leaf->units;
}

/* Is it worth joining with another such one? */
static inline bool leaf_is_small(const struct leaf *leaf)
{
    return leaf->bytes <= LEAF_TEXT / 4 && leaf->runs_count <= LEAF_RUNS_MAX / 4;
}

#endif

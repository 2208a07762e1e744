/*
 * A document's tree: a B+ tree over its leaves, each node knowing how many units lie below each
 * child. Edits mostly follow one another, so the place of the last one is kept.
 *
 * Invariants: all leaves are equally deep; no node is empty; the root, if a node, has two children
 * or more; counts are those of the children.
 */
#ifndef OT_TREE_H
#define OT_TREE_H

#include "leaf.h"

enum {
    NODE_CHILDREN = 32,
    /* Neighbours that have half a node's children or fewer together become one as either shrinks,
     * so a node has eight children on average, and four at the very worst: enough for 2^32 leaves.
     */
    TREE_HEIGHT_MAX = 16,
};

struct node {
    uint32_t count;
    uint32_t units[NODE_CHILDREN];
    void *children[NODE_CHILDREN]; /* leaves above which height is 1, else nodes */
};

struct step {
    struct node *node;
    unsigned slot;
};

/* A leaf, where it begins, and the way to it: path[0] is the node right above. */
struct place {
    struct leaf *leaf; /* NULL: nowhere */
    uint64_t start;
    struct spot spot; /* one in the leaf that is known, often near where the next edit will be */
    struct step path[TREE_HEIGHT_MAX];
};

struct tree {
    void *root; /* a leaf at height 0 */
    unsigned height;
    uint64_t units;
    uint64_t text_bytes;
    uint64_t pairs; /* characters that take a surrogate pair */
    struct place place;
    struct pool pool;
};

/* Which leaf, if a position is between two. */
enum tree_bias { TREE_BEFORE, TREE_AFTER };

/* OT_OK or OT_E_MEMORY. */
int ot_tree_init(struct tree *tree, struct memory memory);
void ot_tree_deinit(struct tree *tree);

/* The leaf that holds a position. At the end, and with TREE_BEFORE, it may be the leaf's end. */
void ot_tree_descend(const struct tree *tree, uint64_t pos, enum tree_bias bias,
                     struct place *place_out);
/* False at the last leaf. */
bool ot_tree_next(const struct tree *tree, struct place *place);

/* Changes are made at the tree's own place, which structural ones leave nowhere. */

/* Takes the last `right->units` units of the leaf for `right`, a leaf after it. OT_OK, or
 * OT_E_MEMORY and `right` is not in the tree. */
int ot_tree_split(struct tree *tree, struct leaf *right);
/* The leaf has become small: joins it with a neighbour that is small, too, if there is memory to do
 * so, or takes it out if it is empty and not the only one. */
void ot_tree_shrunk(struct tree *tree);

/* The leaf has grown by so many units, or shrunk. */
static inline void tree_resize(struct tree *tree, int64_t units)
{
    for (unsigned level = 0; level < tree->height; level++) {
        const struct step *step = &tree->place.path[level];
        step->node->units[step->slot] += (uint32_t)units;
    }
    tree->units += (uint64_t)units;
}

/* Moves the tree's place to where `pos` is. */
static inline void tree_seek(struct tree *tree, uint64_t pos, enum tree_bias bias)
{
    const struct place *place = &tree->place;
    if (place->leaf != NULL && pos >= place->start) {
        uint64_t end = place->start + place->leaf->units;
        if (pos < end || (pos == end && bias == TREE_BEFORE)) {
            return;
        }
    }
    ot_tree_descend(tree, pos, bias, &tree->place);
}

#endif

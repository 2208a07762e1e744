/*
 * Applying an operation to a document's tree, or nothing of it. What can run out of memory comes
 * first, in such a way that it can be taken back without any; what cannot comes last:
 *
 *     insert everything          taken back by deleting it
 *     prepare what is formatted  taken back by merging what was cut
 *     format
 *     delete
 */
#ifndef OT_APPLY_H
#define OT_APPLY_H

#include "component.h"
#include "tree.h"

/* Which kinds of components an operation has: a bit for each kind, with attributes or without. */
static inline unsigned apply_tag(uint8_t tag)
{
    return 1u << (tag & (TAG_KIND | TAG_ATTRIBUTES));
}

enum {
    APPLY_ADDS = 1 << OT_INSERT | 1 << OT_EMBED | 1 << (OT_INSERT | TAG_ATTRIBUTES) |
                 1 << (OT_EMBED | TAG_ATTRIBUTES),
    APPLY_FORMATS = 1 << (OT_RETAIN | TAG_ATTRIBUTES),
    APPLY_DELETES = 1 << OT_DELETE,
};

/* Applies an operation that fits, with components of these kinds. OT_OK, or OT_E_MEMORY and the
 * document is what it was. */
int ot_apply(struct tree *tree, const struct areas *areas, unsigned tags);

#endif

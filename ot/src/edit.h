/* The edits of which operations are made, on a document's tree. Positions are within it and cut no
 * surrogate pair. OT_OK, or OT_E_MEMORY: then the tree can only be freed. */
#ifndef OT_EDIT_H
#define OT_EDIT_H

#include "tree.h"

/* `units`: those of the text. */
int ot_edit_insert(struct tree *tree, uint64_t pos, struct ot_slice text, uint64_t units,
                   uint32_t attributes);
int ot_edit_embed(struct tree *tree, uint64_t pos, uint32_t embed, uint32_t attributes);
int ot_edit_delete(struct tree *tree, uint64_t pos, uint64_t units);
int ot_edit_format(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch);

#endif

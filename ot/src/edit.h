/* The edits of which operations are made, on a document's tree. Positions are within it and cut no
 * surrogate pair. Those that can fail return OT_OK or OT_E_MEMORY. */
#ifndef OT_EDIT_H
#define OT_EDIT_H

#include "tree.h"

/* `units`: those of the text. On OT_E_MEMORY a beginning of it may be in the tree. */
int ot_edit_insert(struct tree *tree, uint64_t pos, struct ot_slice text, uint64_t units,
                   uint32_t attributes);
/* On OT_E_MEMORY it may be in the tree. */
int ot_edit_embed(struct tree *tree, uint64_t pos, uint32_t embed, uint32_t attributes);
void ot_edit_delete(struct tree *tree, uint64_t pos, uint64_t units);

/* Room for attributes that are being made. Zero-initialise the heap, all but its allocator. */
struct edit_room {
    uint8_t local[256];
    struct ot_buf heap;
};

/*
 * To format is to prepare, which takes all the memory, and then to do it; in between any number of
 * other stretches may be prepared and formatted, but nothing else is edited. ot_edit_merge instead
 * of formatting takes the preparation back, also one that failed. What formatting uses is kept in
 * the pool until ot_pool_unkeep.
 */
int ot_edit_prepare(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch,
                    struct edit_room *room);
/* `room` and the rest: as in ot_edit_prepare. `is_next`: nothing was in between. */
void ot_edit_format(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch,
                    bool is_next, struct edit_room *room);
void ot_edit_merge(struct tree *tree, uint64_t pos, uint64_t units);

#endif

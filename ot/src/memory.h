/* The memory of one object: where its owner wants it from, and counted. */
#ifndef OT_MEMORY_H
#define OT_MEMORY_H

#include "quire/ot.h"

struct memory {
    const struct ot_allocator *allocator; /* not NULL */
    size_t used;                          /* bytes */
};

/* The allocator given, or malloc's. */
struct memory ot_memory(const struct ot_allocator *allocator);
/* NULL: there is none left. */
void *ot_memory_take(struct memory *memory, size_t size);
/* `old` may be NULL, of size 0. On NULL it is as it was. */
void *ot_memory_resize(struct memory *memory, void *old, size_t old_size, size_t size);
/* `old` may be NULL, of size 0. */
void ot_memory_give(struct memory *memory, void *old, size_t size);

#endif

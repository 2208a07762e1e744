/* Memory whose lack ends the process: a gate without it cannot keep anybody's order right. */
#ifndef QUIRE_GATE_MEMORY_H
#define QUIRE_GATE_MEMORY_H

#include <stddef.h>

/* Zeroed. Never NULL. */
void *memory_new(size_t size);
/* As realloc, for `count` items of `size` bytes. Never NULL; `count` is not 0. */
void *memory_array(void *old, size_t count, size_t size);

#endif

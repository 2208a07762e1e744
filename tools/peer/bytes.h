/*
 * Appending to buffers in programs that cannot go on without memory: each of these ends the process
 * when there is none.
 */
#ifndef QUIRE_PEER_BYTES_H
#define QUIRE_PEER_BYTES_H

#include "quire/ot.h"

#include <stddef.h>

/* Ends the process unless `code` is OT_OK: for calls whose only possible failure is memory. */
void bytes_must(int code);

void *bytes_alloc(size_t count, size_t size); /* zeroed */
/* Grows an array of `*capacity` items to at least `needed`, doubling. */
void *bytes_grow(void *array, size_t *capacity, size_t needed, size_t size);

void bytes_put(struct ot_buf *buf, const void *data, size_t size);
/* Appends `size` unset bytes and returns where they are. */
uint8_t *bytes_extend(struct ot_buf *buf, size_t size);
/* Replaces the content. `bytes` must not lie in `buf`. */
void bytes_set(struct ot_buf *buf, struct ot_slice bytes);
void bytes_swap(struct ot_buf *a, struct ot_buf *b);

bool bytes_equal(struct ot_slice a, struct ot_slice b);
struct ot_slice bytes_of(const char *text);

#endif

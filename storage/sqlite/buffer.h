/* Bytes that grow. */
#ifndef QUIRE_STORE_BUFFER_H
#define QUIRE_STORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void buffer_deinit(struct buffer *buffer);
/* Room for `extra` more bytes, which `data` points to even if there are none; false when there is
 * no memory. */
bool buffer_reserve(struct buffer *buffer, size_t extra);
bool buffer_append(struct buffer *buffer, const void *data, size_t size);
/* Empties it, and gives back the memory of an unusually large one. */
void buffer_clear(struct buffer *buffer);

#endif

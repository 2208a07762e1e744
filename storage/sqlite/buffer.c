#include "storage/sqlite/buffer.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 4096
#define BUFFER_KEEP  1048576

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

bool buffer_reserve(struct buffer *buffer, size_t extra)
{
    size_t need = buffer->size + extra;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST;
    uint8_t *data;

    if (need <= buffer->capacity && buffer->data != NULL)
        return true;
    while (capacity < need)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (!buffer_reserve(buffer, size))
        return false;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->capacity > BUFFER_KEEP)
        buffer_deinit(buffer);
}

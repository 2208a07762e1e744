#include <string.h>

#include "memory.h"

enum { BUF_SIZE_MIN = 64 };

void ot_buf_deinit(struct ot_buf *buf)
{
    struct memory memory = ot_memory(buf->allocator);
    ot_memory_give(&memory, buf->data, buf->capacity);
    *buf = (struct ot_buf){.allocator = buf->allocator};
}

void ot_buf_clear(struct ot_buf *buf)
{
    buf->size = 0;
}

int ot_buf_reserve(struct ot_buf *buf, size_t more)
{
    if (more <= buf->capacity - buf->size) {
        return OT_OK;
    }
    if (more > SIZE_MAX / 2 - buf->size) {
        return OT_E_MEMORY;
    }
    size_t capacity = buf->capacity + buf->capacity / 2;
    if (capacity < buf->size + more) {
        capacity = buf->size + more;
    }
    if (capacity < BUF_SIZE_MIN) {
        capacity = BUF_SIZE_MIN;
    }
    struct memory memory = ot_memory(buf->allocator);
    uint8_t *data = ot_memory_resize(&memory, buf->data, buf->capacity, capacity);
    if (data == NULL) {
        return OT_E_MEMORY;
    }
    buf->data = data;
    buf->capacity = capacity;
    return OT_OK;
}

int ot_buf_append(struct ot_buf *buf, const void *data, size_t size)
{
    if (ot_buf_reserve(buf, size) != OT_OK) {
        return OT_E_MEMORY;
    }
    if (size > 0) {
        memcpy(buf->data + buf->size, data, size);
        buf->size += size;
    }
    return OT_OK;
}

struct ot_slice ot_buf_slice(const struct ot_buf *buf)
{
    return (struct ot_slice){buf->data, buf->size};
}

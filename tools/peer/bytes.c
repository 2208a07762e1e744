#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_must(int code)
{
    if (code == OT_OK)
        return;
    fprintf(stderr, "fatal: %s\n", ot_error_text(code));
    abort();
}

void *bytes_alloc(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);
    bytes_must(memory == NULL ? OT_E_MEMORY : OT_OK);
    return memory;
}

void *bytes_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return array;
    size_t wanted = *capacity < 8 ? 8 : *capacity * 2;
    if (wanted < needed)
        wanted = needed;
    void *grown = reallocarray(array, wanted, size);
    bytes_must(grown == NULL ? OT_E_MEMORY : OT_OK);
    *capacity = wanted;
    return grown;
}

void bytes_put(struct ot_buf *buf, const void *data, size_t size)
{
    if (size > 0)
        bytes_must(ot_buf_append(buf, data, size));
}

uint8_t *bytes_extend(struct ot_buf *buf, size_t size)
{
    bytes_must(ot_buf_reserve(buf, size));
    uint8_t *at = buf->data + buf->size;
    buf->size += size;
    return at;
}

void bytes_set(struct ot_buf *buf, struct ot_slice bytes)
{
    ot_buf_clear(buf);
    bytes_put(buf, bytes.data, bytes.size);
}

void bytes_swap(struct ot_buf *a, struct ot_buf *b)
{
    struct ot_buf held = *a;
    *a = *b;
    *b = held;
}

bool bytes_equal(struct ot_slice a, struct ot_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

struct ot_slice bytes_of(const char *text)
{
    return (struct ot_slice){(const uint8_t *)text, strlen(text)};
}

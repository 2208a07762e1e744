#include "server/gate/parts.h"

#include <string.h>

size_t parts_size(const struct parts *parts)
{
    return parts->outer->size + (parts->inner == NULL ? 0 : parts->inner->size);
}

/* What of the stretch of `size` bytes from `at` on lies among the first `end` bytes. */
static size_t within(size_t at, size_t size, size_t end)
{
    size_t left = at < end ? end - at : 0;
    return size < left ? size : left;
}

void parts_copy(const struct parts *parts, size_t at, size_t size, uint8_t *out)
{
    size_t inner_size = parts->inner == NULL ? 0 : parts->inner->size;
    size_t inner_end = parts->inner_at + inner_size;
    size_t before = within(at, size, parts->inner_at);
    if (before > 0) {
        memcpy(out, parts->outer->data + at, before);
    }
    size_t inside = within(at + before, size - before, inner_end);
    if (inside > 0) {
        memcpy(out + before, parts->inner->data + (at + before - parts->inner_at), inside);
    }
    size_t done = before + inside;
    if (done < size) {
        memcpy(out + done, parts->outer->data + (at + done - inner_size), size - done);
    }
}

struct parts parts_ref(const struct parts *parts)
{
    blob_ref(parts->outer);
    if (parts->inner != NULL) {
        blob_ref(parts->inner);
    }
    return *parts;
}

void parts_unref(struct parts *parts)
{
    blob_unref(parts->outer);
    blob_unref(parts->inner);
    *parts = (struct parts){0};
}

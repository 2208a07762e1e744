#include "server/wire/blob.h"

#include <stdlib.h>
#include <string.h>

struct blob *blob_new(size_t size)
{
    struct blob *blob = malloc(sizeof *blob + size);
    if (blob == NULL) {
        abort();
    }
    atomic_init(&blob->refs, 1);
    blob->size = size;
    return blob;
}

struct blob *blob_copy(const void *data, size_t size)
{
    struct blob *blob = blob_new(size);
    if (size > 0) {
        memcpy(blob->data, data, size);
    }
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (blob != NULL && atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) == 1) {
        free(blob);
    }
}

#include "hub_out_whole.h"

#include <string.h>

void hub_out_whole(struct hub_out *out)
{
    struct blob *outer = out->blob, *inner = out->snapshot;
    if (inner == NULL) {
        return;
    }
    size_t at = out->snapshot_at;
    struct blob *whole = blob_new(outer->size + inner->size);
    memcpy(whole->data, outer->data, at);
    memcpy(whole->data + at, inner->data, inner->size);
    memcpy(whole->data + at + inner->size, outer->data + at, outer->size - at);
    blob_unref(outer);
    blob_unref(inner);
    out->blob = whole;
    out->snapshot = NULL;
}

/*
 * Bytes that go out together and lie in two blobs: those of one, with those of another (which many
 * connections may be given) at a place among them.
 */
#ifndef QUIRE_GATE_PARTS_H
#define QUIRE_GATE_PARTS_H

#include "server/wire/blob.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed: none. It owns a reference of each. */
struct parts {
    struct blob *outer;
    struct blob *inner; /* may be NULL */
    size_t inner_at;    /* in `outer` */
};

/* Takes over the reference. */
static inline struct parts parts_of(struct blob *blob)
{
    return (struct parts){.outer = blob};
}

size_t parts_size(const struct parts *parts);
/* Copies `size` bytes from the offset `at` on, which are there. */
void parts_copy(const struct parts *parts, size_t at, size_t size, uint8_t *out);
/* Another reference of each. */
struct parts parts_ref(const struct parts *parts);
void parts_unref(struct parts *parts);

#endif

/*
 * Immutable bytes shared between threads: encoded once, read by many. A blob is written only
 * between blob_new and its first sharing. References may be taken and dropped from any thread.
 */
#ifndef QUIRE_WIRE_BLOB_H
#define QUIRE_WIRE_BLOB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
    atomic_uint refs;
    size_t size;
    uint8_t data[];
};

/* `size` unset bytes with one reference. Never NULL: out of memory ends the process. */
struct blob *blob_new(size_t size);
struct blob *blob_copy(const void *data, size_t size);
struct blob *blob_ref(struct blob *blob);
/* NULL does nothing. */
void blob_unref(struct blob *blob);

#endif

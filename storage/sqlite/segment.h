/*
 * A segment: a run of a document's edits as one value. docs/storage-format.md gives its bytes.
 */
#ifndef QUIRE_SEGMENT_H
#define QUIRE_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "storage/sqlite/buffer.h"
#include "storage/sqlite/limits.h"
#include "storage/store.h"

/* What an edit adds to a segment at most: its operation and this. */
#define SEGMENT_EDIT_OVERHEAD 36
/* What a segment has besides its edits at most. */
#define SEGMENT_OVERHEAD 8

/* Appends the segment of 1 to SEGMENT_EDITS_MAX edits of one document in version order. */
int segment_encode(const struct store_edit *edits, size_t count, struct buffer *out);

struct segment_reader {
    const uint8_t *place;
    const uint8_t *end;
    uint64_t version; /* of the next edit */
    size_t left;      /* edits */
    int64_t key;
    int64_t at_ms;
    size_t client_count;
    struct {
        uint64_t client;
        uint64_t seq;
    } clients[SEGMENT_EDITS_MAX];
};

/* Begins to read the segment of the versions first..last. STORE_E_CORRUPT when it cannot be one. */
int segment_open(struct segment_reader *reader, struct store_slice bytes, int64_t key,
                 uint64_t first, uint64_t last);
/* The next edit, its operation within the segment's bytes. 1 for an edit, 0 at the end. */
int segment_next(struct segment_reader *reader, struct store_edit *edit_out);

#endif

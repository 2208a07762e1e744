/* The tables that settled edits are in: segments, and clients with their last edits. */
#ifndef QUIRE_SEGMENTS_H
#define QUIRE_SEGMENTS_H

#include "storage/sqlite/document.h"
#include "storage/sqlite/segment.h"

struct segment_place {
    uint64_t first;
    uint64_t last;
    size_t bytes;
};

/* Where the document's last segment is; it has one. */
int segments_last(struct store *store, const struct document *document,
                  struct segment_place *place_out);
/* Opens the segment there; its bytes are kept in store->old. */
int segments_read(struct store *store, int64_t key, const struct segment_place *place,
                  struct segment_reader *reader_out);
/* Writes the segment of these edits, over one that begins with the first of them. */
int segments_write(struct store *store, const struct store_edit *edits, size_t count);

/* Notes the edit as its client's last. */
int client_write(struct store *store, const struct store_edit *edit);

#endif

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

/* From the segment that holds `version` on. */
sqlite3_stmt *segment_seek(struct store *store, int64_t key, uint64_t version);
/* The row that this stands on; its bytes live as long. */
int segment_take(sqlite3_stmt *statement, int64_t key, struct store_slice *bytes_out,
                 struct segment_reader *reader_out);

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
/* The row that a CLIENT_READ or CLIENT_SCAN stands on. STORE_E_CORRUPT when it does not match its
 * checksum; it is given all the same. */
int client_take(sqlite3_stmt *statement, int64_t key, uint64_t *client_out, uint64_t *seq_out,
                uint64_t *version_out);

#endif

/* Snapshots, kept in parts so that a large one is written and removed in slices. */
#ifndef QUIRE_SNAPSHOT_H
#define QUIRE_SNAPSHOT_H

#include "storage/sqlite/document.h"

/* The document's snapshot, put together in store->result. */
int snapshot_read(struct store *store, const struct document *document);
/* Its part that begins at `offset`, in the same place; nothing when it ends there. */
int snapshot_read_piece(struct store *store, const struct document *document, uint64_t offset);

/* All within a transaction. */
int snapshot_write_part(struct store *store, int64_t key, uint64_t version, int64_t part,
                        struct store_slice snapshot);
/* Removes up to `limit` parts that belong neither to the document's snapshot nor to the one of
 * version `writing` (0: none is being written). */
int snapshot_remove_stale(struct store *store, const struct document *document, uint64_t writing,
                          int limit, int *removed_out);
int snapshot_has_stale(struct store *store, const struct document *document, uint64_t writing,
                       bool *has_out);

#endif

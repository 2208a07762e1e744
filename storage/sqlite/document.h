/* A document's own row. */
#ifndef QUIRE_STORE_DOCUMENT_H
#define QUIRE_STORE_DOCUMENT_H

#include "storage/sqlite/database.h"

enum document_state {
    DOCUMENT_LIVE = 0,
    DOCUMENT_DELETED = 1, /* with rows in other tables still to be cleared away */
    DOCUMENT_GONE = 2     /* only its id stays */
};

struct document {
    struct store_document face;
    enum document_state state;
    uint64_t settled;          /* its edits up to this version are in segments */
    uint64_t snapshot_version; /* of its complete snapshot, 0 if none */
    uint64_t snapshot_bytes;
    int64_t snapshot_at_ms;
};

/* Also a deleted one. */
int document_read(struct store *store, int64_t key, struct document *document_out);
/* Only a live one; STORE_E_CORRUPT when it is in quarantine. */
int document_read_live(struct store *store, int64_t key, struct document *document_out);
/* Within a transaction. */
int document_write(struct store *store, const struct document *document);

/* It was changed at `at_ms`; clocks may go back, this time does not. */
void document_touch(struct document *document, int64_t at_ms);

/* The parts of a snapshot of so many bytes. */
int64_t snapshot_parts(uint64_t bytes);

#endif

/*
 * The index of the log: which rows hold the edits of which document that are nowhere else yet.
 *
 * 1. A document is here while it has such edits, or a snapshot of it is half written.
 * 2. The rows of a document ascend with its versions: tail_edit(i) is version settled + 1 + i.
 * 3. A log row below tail_first() holds nothing that is needed.
 * 4. `clients` of a document has exactly the clients of those edits.
 *
 * The edits themselves are kept here too while there is room, so that settling need not read them
 * back from pages that are far apart.
 */
#ifndef QUIRE_TAIL_H
#define QUIRE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/sqlite/client_map.h"
#include "storage/store.h"

struct tail_edit {
    int64_t row;
    struct store_edit *kept; /* NULL when it is only in the row */
};

struct tail_document {
    int64_t key;
    uint64_t settled; /* the last version that is in the segments */
    size_t staged;    /* edits of the transaction being written, not yet in `edits` */

    struct tail_edit *edits; /* they begin at `start` */
    size_t start;
    size_t count;
    size_t capacity;
    struct client_map clients;

    uint64_t parts_version; /* the snapshot being written, 0 if none, */
    int64_t parts;          /* and how many parts of it are stored */

    size_t place; /* in the heap, while count > 0 */
    struct tail_document *next;
};

struct tail {
    struct tail_document **buckets;
    size_t bucket_count; /* 0 or a power of two */
    size_t document_count;

    struct tail_document **heap; /* those with rows, by their first row; has room for all */
    size_t heap_count;
    size_t heap_capacity;

    uint64_t edit_count;
    size_t kept_bytes;
    size_t kept_max; /* TAIL_KEPT_MAX, but in tests */
};

void tail_deinit(struct tail *tail);

/* NULL when it is not here. */
struct tail_document *tail_find(const struct tail *tail, int64_t key);
/* Adds a document without edits; NULL when there is no memory. */
struct tail_document *tail_add(struct tail *tail, int64_t key, uint64_t settled);
void tail_remove(struct tail *tail, struct tail_document *document);
/* Removes it if nothing keeps it here (1). */
void tail_release(struct tail *tail, struct tail_document *document);

static inline uint64_t tail_version(const struct tail_document *document)
{
    return document->settled + document->count;
}

static inline const struct tail_edit *tail_edit(const struct tail_document *document, size_t i)
{
    return &document->edits[document->start + i];
}

/* Room for `extra` more edits of the document; false when there is no memory. */
bool tail_reserve(struct tail_document *document, size_t extra);
/* Adds its next edit, held by a row beyond all others. Needs room reserved. */
void tail_push(struct tail *tail, struct tail_document *document, int64_t row,
               const struct store_edit *edit);
/* Drops its first `count` edits, which are settled now; their clients are the caller's to forget.
 */
void tail_shift(struct tail *tail, struct tail_document *document, size_t count);

/* The document that holds the lowest row, NULL if none. */
struct tail_document *tail_oldest(const struct tail *tail);
/* The lowest row that is needed, or `end` when none is. */
int64_t tail_first(const struct tail *tail, int64_t end);

#endif

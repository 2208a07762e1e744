/*
 * A document's log as a fuzz session knows it: what has been stored, one edit after another, and
 * the document that they make. What the server tells of the document may be of nothing else. A
 * breach ends the process.
 */
#ifndef QUIRE_FUZZ_BOOK_H
#define QUIRE_FUZZ_BOOK_H

#include "quire/ot.h"
#include "storage/store.h"

#include <stdbool.h>

struct book_edit {
    uint64_t client, seq;
    uint64_t length; /* of the document after it */
    struct ot_buf op;
};

struct book {
    int64_t key; /* 0: none yet */
    enum store_type type;
    struct ot_doc *doc;
    uint64_t length;         /* of the document at version 0 */
    uint64_t hashed;         /* 0, or 1 more than the version that was asked for last, */
    uint32_t hash;           /* and its hash */
    struct book_edit *edits; /* version v at v - 1 */
    uint64_t version, capacity;
};

void book_begin(struct book *book, const struct store_document *document);
void book_end(struct book *book);
/* Reads on in the store: each edit fits, and is the next one of its client. */
void book_read(struct book *book, struct store *store);

uint32_t book_hash(struct book *book, uint64_t version);
uint64_t book_length(const struct book *book, uint64_t version);
/* The last edit of a client up to `version`, 0: none. */
uint64_t book_seq(const struct book *book, uint64_t client, uint64_t version);
/* Is this what leads from version first - 1 to `last`? */
bool book_has(const struct book *book, uint64_t first, uint64_t last, struct ot_slice op);
/* Is the edit at `version` this operation, made at `base`, and moved over those in between? */
bool book_follows(const struct book *book, uint64_t version, uint64_t base, struct ot_slice op);

#endif

/* What the files of the store in memory share. */
#ifndef QUIRE_FUZZ_MEMORY_STORE_H
#define QUIRE_FUZZ_MEMORY_STORE_H

#include "storage/sharing.h"

struct rows {
    void *items;
    size_t count;
};

struct document {
    struct store_document face;
    bool deleted;
    struct rows edits, chats, members, links;
    uint64_t settled, snapshot_version;
    struct rows snapshot; /* of bytes */
};

struct store {
    uint64_t epoch;
    uint8_t secret[32];
    struct rows documents, revocations;
};

/* Room for one more row of this size at this place, zeroed. */
void *rows_add(struct rows *rows, size_t size, size_t at);
void rows_remove(struct rows *rows, size_t size, size_t at);

/* NULL: there is none. */
struct document *document_find(const struct store *store, int64_t key);
/* 0: not a member. */
unsigned document_role(const struct document *document, const char *subject);

#endif

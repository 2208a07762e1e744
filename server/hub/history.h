/*
 * The newest edits of a room, in version order without a gap: what late edits are transformed over
 * and what readers catch up with. The last ones may not be committed yet.
 */
#ifndef QUIRE_HUB_HISTORY_H
#define QUIRE_HUB_HISTORY_H

#include "quire/ot.h"
#include "server/wire/blob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry {
    uint64_t version;
    uint64_t client;
    uint64_t seq;
    uint64_t member;     /* 0: of nobody who is here */
    uint64_t connection; /* it came from; 0: from the store */
    struct blob *blob;   /* the EDIT message */
    struct ot_slice op;  /* within blob */
    uint64_t length;     /* of the document at this version */
    bool hashed;
    uint32_t hash; /* of it, if hashed */
};

/* Zero-initialise, then history_begin. */
struct history {
    struct entry *ring;
    size_t capacity; /* a power of two, or 0 */
    uint64_t first;  /* version of the oldest entry; the next version when there is none */
    size_t count;
    size_t bytes; /* of the blobs */
};

/* Drops everything; the next entry will have version `next`. */
void history_begin(struct history *history, uint64_t next);
void history_deinit(struct history *history);
/* Takes over `entry.blob`; its version is the next one. */
void history_push(struct history *history, struct entry entry);
/* Entry of a version that history_has. The pointer holds until the next push. */
struct entry *history_at(const struct history *history, uint64_t version);
bool history_has(const struct history *history, uint64_t version);
/* Drops the oldest entries up to version `keep_after` while there are too many. */
void history_trim(struct history *history, uint64_t keep_after);

/* What is to be read to go through the entries base + 1 .. last once, in bytes and a little for
 * each. Folding them reads that HISTORY_FOLDS times. */
#define HISTORY_ENTRY_BYTES 16
#define HISTORY_FOLDS       8
uint64_t history_bytes_since(const struct history *history, uint64_t base);
/* What history_transform is going to read. */
uint64_t history_transform_bytes(const struct history *history, struct ot_slice op, uint64_t base);

/* Appends what `op`, made at `base`, is after the entries base + 1 .. last, to `out`. Those must be
 * there. OT_OK, an error of ot_transform, or OT_E_LENGTH: more than LIMIT_MOVED_BYTES. */
int history_transform(const struct history *history, struct ot_slice op, uint64_t base,
                      struct ot_buf *out);

#endif

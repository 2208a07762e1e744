/*
 * The log of a document as its readers saw it, and the place where they are compared: a version's
 * operation as it was handed out, against the form that its author had given it by its own
 * transforms. If all is well the two are the same bytes; if not, the documents they lead to decide.
 */
#ifndef QUIRE_REPLAY_RECORD_H
#define QUIRE_REPLAY_RECORD_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_entry {
    struct ot_buf op;  /* as handed out */
    struct ot_buf own; /* as its author has it, until it was compared */
    uint32_t txn;      /* UINT32_MAX: not known */
};

struct record {
    struct record_entry *entries; /* of version 1, 2, ... */
    size_t count, capacity;
    uint64_t diverged; /* the first version at which documents differ, 0: none */
};

void record_deinit(struct record *record);

/* Someone was handed `op` as `version`. */
void record_received(struct record *record, uint64_t version, struct ot_slice op);
/* The author's form. */
void record_saved(struct record *record, uint64_t version, struct ot_slice op);
void record_set_txn(struct record *record, uint64_t version, uint32_t txn);
/* A document was seen to differ from the others at `version`. */
void record_mark(struct record *record, uint64_t version);

/* UINT32_MAX when not known. */
uint32_t record_txn(const struct record *record, uint64_t version);

#endif

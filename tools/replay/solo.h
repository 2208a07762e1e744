/*
 * A server of one document without the server: it takes edits in the order they come, transforms
 * each over what was committed since its base, applies it and numbers it. What a room of the server
 * does, by the engine alone and in one thread.
 */
#ifndef QUIRE_REPLAY_SOLO_H
#define QUIRE_REPLAY_SOLO_H

#include "quire/ot.h"

#include "tools/replay/script.h"

#include <stddef.h>
#include <stdint.h>

struct solo_entry {
    uint32_t client;
    uint64_t seq;
    struct ot_buf op; /* at its place in the log */
};

struct solo {
    struct ot_doc *doc;
    struct solo_entry *entries; /* of version 1, 2, ... */
    size_t count, capacity;
    struct ot_buf moved, spare;
    struct script *made; /* if not NULL, gets what is committed, as it was made */
};

void solo_init(struct solo *solo);
void solo_deinit(struct solo *solo);

/* Commits an edit of `client` made at version `base` (its own edits included) and gives its
 * version. OT_OK, OT_E_RANGE if the base is in the future, or what ot_op_check and ot_doc_check
 * say. */
int solo_commit(struct solo *solo, uint32_t client, uint64_t seq, uint64_t base, struct ot_slice op,
                uint64_t *version_out);

#endif

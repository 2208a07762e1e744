/*
 * The end of the log as a client saw it, kept for the day on which the server knows less than it
 * had acknowledged: after a disk that lied, or a backup that was put back. Then the client's own
 * edits of it are offered again.
 */
#ifndef QUIRE_PEER_TRAIL_H
#define QUIRE_PEER_TRAIL_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRAIL_ENTRIES_MAX 200
/* Of the texts of what is kept, in UTF-16 code units. */
#define TRAIL_UNITS_MAX 0x100000

struct trail_entry {
    struct ot_buf op, inverse; /* the second is made on the document after the first */
    uint64_t seq;              /* of an own edit; 0: of others */
    uint64_t units;
};

/* Zeroed: empty. The oldest entry, if there is one, is an own edit. */
struct trail {
    struct trail_entry *entries; /* oldest first */
    size_t count, capacity;
    uint64_t units;
};

void trail_clear(struct trail *trail);
void trail_deinit(struct trail *trail);
/* `op` is about to be applied to `doc`: an own edit, or (`seq` 0) one of others. */
void trail_add(struct trail *trail, const struct ot_doc *doc, struct ot_slice op, uint64_t seq);
/* Takes out the own edits after `seq` and all that came with them: `doc`, to which the last entry
 * led, is taken back to before the first of them, and `unsaved`, made on `doc` as it was, becomes
 * what is left of those own edits and of itself. False, and nothing is changed: not all of them are
 * kept. */
bool trail_take_after(struct trail *trail, uint64_t seq, struct ot_doc *doc,
                      struct ot_buf *unsaved);

#endif

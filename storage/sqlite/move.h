/* Moving a document's first edits in the log to its segments, and what its clients did last. */
#ifndef QUIRE_MOVE_H
#define QUIRE_MOVE_H

#include "storage/sqlite/document.h"

struct moved {
    size_t first; /* of store->edits, until the next move */
    size_t count;
};

/* Within a transaction: moves up to `limit` edits, none beyond version `upto`, as many as go into
 * one segment, and notes them in `document`, which is left to be written. There is one at least. */
int move_edits(struct store *store, const struct tail_document *tail, uint64_t upto, size_t limit,
               struct document *document, struct moved *moved_out);
/* After the commit: takes them out of the index. */
void move_note(struct store *store, struct tail_document *tail, const struct moved *moved);

#endif

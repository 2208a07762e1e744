/*
 * Settling a room's document: its edits move from the log to its segments, and the room's snapshot
 * is saved in the place of the one before, which is let go only when it and the stored edits since,
 * replayed, have made the same bytes. So a document in memory that is not what its log makes is
 * found, and what was stored and has changed since, and neither takes the place of what is right.
 */
#ifndef QUIRE_HUB_SETTLE_H
#define QUIRE_HUB_SETTLE_H

#include "server/hub/request.h"

/* Serves one slice of a SETTLE: a result of storage/store.h. STORE_E_CORRUPT also when the snapshot
 * is not what the store has; that stays as it was then. */
int settle_serve(struct store *store, struct store_request *request);
/* Does what needs no store: request.h. */
void settle_replay(struct store_request *request);
/* NULL does nothing. */
void settle_free(struct settle *settle);

#endif

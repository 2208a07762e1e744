/*
 * When the write-ahead log goes into the database file: in store_idle when it has grown, and after
 * a commit only when store_idle has not been called for long.
 */
#ifndef QUIRE_CHECKPOINT_H
#define QUIRE_CHECKPOINT_H

#include "storage/sqlite/database.h"

/* Keeps count of the write-ahead log's pages, and SQLite from checkpointing by itself. */
void checkpoint_watch(struct store *store);
int checkpoint_if_grown(struct store *store);
/* After a commit, which stands whatever comes of this: an error shows in the next write. */
void checkpoint_if_long(struct store *store);

#endif

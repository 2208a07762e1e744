/* Keeping the log short. */
#ifndef QUIRE_SETTLE_H
#define QUIRE_SETTLE_H

#include "storage/sqlite/database.h"

/* After a commit, which stands whatever comes of this: when the log is longer than its bounds,
 * moves the oldest edits to segments until it is not. An error shows in the next write. */
void settle_if_long(struct store *store);

#endif

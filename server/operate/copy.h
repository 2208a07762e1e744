/* A database as a file of one's own, whether a server runs on it or not. */
#ifndef QUIRE_OPERATE_COPY_H
#define QUIRE_OPERATE_COPY_H

#include "server/operate/message.h"
#include "server/operate/watch.h"
#include "storage/upkeep.h"

/* Copies the open database into the new file `path`, which is absolute, and syncs it. 0, or -1 with
 * a sentence in `message_out` (MESSAGE_MAX) and no file. */
int copy_store(struct store *store, const char *path, struct watch *watch, char *message_out);
/* The same of the database in the directory `data`, by the server that runs on it if there is one.
 */
int copy_database(const char *data, const char *path, struct watch *watch, char *message_out);

/* Opens the database in `data` for reading, as it is now: itself, or when a server runs on it, a
 * copy that is gone once it is closed. 0, or -1 with a sentence. */
int copy_open(const char *data, struct watch *watch, struct store **store_out, char *message_out);

#endif

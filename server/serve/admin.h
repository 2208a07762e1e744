/*
 * The way for the operator's commands into a running server: a socket in the data directory, for
 * its owner alone. A connection is one request, of one line, and its answer, of one or more:
 *
 *     backup /absolute/path   copies the database into this new file
 *         copied 4096 81920   so many bytes of so many, now and then
 *         done                the copy is whole, and has yet to be synced
 *         failed SENTENCE     there is no copy
 *
 * One connection is served at a time; hanging up gives up what was asked for.
 */
#ifndef QUIRE_SERVE_ADMIN_H
#define QUIRE_SERVE_ADMIN_H

#include "server/serve/store_thread.h"

#define ADMIN_SOCKET "admin.sock"
#define ADMIN_BACKUP "backup "
#define ADMIN_COPIED "copied "
#define ADMIN_DONE   "done"
#define ADMIN_FAILED "failed "

struct admin;

/* Makes the socket in this directory, which the store of the thread is in, and serves it by a
 * thread of its own. NULL and errno when that is not possible. */
struct admin *admin_start(const char *data, struct store_thread *store_thread);
/* After the store's thread has ended: gives up what is under way, and removes the socket. NULL does
 * nothing. */
void admin_stop(struct admin *admin);

#endif

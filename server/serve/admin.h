/*
 * The way for the operator's commands into a running server: a socket in the data directory, for
 * its owner alone. A connection is one request, of one line, and its answer, of one or more:
 *
 *     backup                  copies the database into the file, empty and open for reading and
 *                             writing, whose descriptor comes with the line (SCM_RIGHTS)
 *         copied 4096 81920   so many bytes of so many, now and then
 *         done                the copy is whole, and has yet to be synced
 *         failed SENTENCE     there is no copy, whatever is in the file
 *     metrics                 what the server has counted
 *         # HELP ...          lines of Prometheus' text
 *         done
 *
 * The server need not be allowed to write there; whoever asks is. One connection is served at a
 * time; hanging up gives up what was asked for.
 */
#ifndef QUIRE_SERVE_ADMIN_H
#define QUIRE_SERVE_ADMIN_H

#include "server/serve/store_thread.h"

#define ADMIN_SOCKET  "admin.sock"
#define ADMIN_BACKUP  "backup"
#define ADMIN_METRICS "metrics"
#define ADMIN_COPIED  "copied "
#define ADMIN_DONE    "done"
#define ADMIN_FAILED  "failed "

struct admin;

struct admin_options {
    const char *data; /* the directory that the store of the thread is in */
    struct store_thread *store_thread;
    void *context;
    /* Writes Prometheus' text to `out` (METRICS_TEXT_MAX) and returns its size. On admin's thread.
     */
    size_t (*metrics)(void *context, char *out);
};

/* Makes the socket in the data directory; whoever comes waits until admin_run. NULL and errno when
 * that is not possible. */
struct admin *admin_open(const struct admin_options *options);
/* Starts the thread that serves it. 0, or -1. */
int admin_run(struct admin *admin);
/* After the store's thread has ended: gives up what is under way, and removes the socket. NULL does
 * nothing. */
void admin_stop(struct admin *admin);

#endif

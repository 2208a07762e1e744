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
 *     revoke jti NAME         takes back the token of this name
 *     revoke sub NAME         takes back the tokens of somebody that were made before now
 *         done                that is stored, and their connections have ended
 *         failed SENTENCE
 *     reopen DOCUMENT         goes on with what is stored of a document that was closed for damage
 *         done                it is there to be opened
 *         failed SENTENCE
 *     keys                    takes the keys in the file whose descriptor comes with the line
 *         done                those who came by a key that is gone have been sent away
 *         failed SENTENCE     they are as they were
 *
 * The server need not be allowed to write there; whoever asks is. One connection is served at a
 * time; hanging up gives up what was asked for.
 */
#ifndef QUIRE_SERVE_ADMIN_H
#define QUIRE_SERVE_ADMIN_H

#include "server/serve/store_thread.h"
#include "storage/sharing.h"

#define ADMIN_SOCKET  "admin.sock"
#define ADMIN_BACKUP  "backup"
#define ADMIN_METRICS "metrics"
#define ADMIN_REVOKE  "revoke "
#define ADMIN_JTI     "jti "
#define ADMIN_SUB     "sub "
#define ADMIN_REOPEN  "reopen "
#define ADMIN_KEYS    "keys"
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
    /* What the server does without waiting, to be answered by admin_answer; NULL: it cannot. The
     * same thread. */
    void (*revoke)(void *context, struct admin *admin, const struct store_revocation *revocation);
    void (*reopen)(void *context, struct admin *admin, const char *id);
    /* -1, without an answer to come: `message_out` says why in a sentence. */
    int (*keys)(void *context, struct admin *admin, int file, char *message_out,
                size_t message_size);
};

/* Makes the socket in the data directory; whoever comes waits until admin_run. NULL and errno when
 * that is not possible. */
struct admin *admin_open(const struct admin_options *options);
/* Starts the thread that serves it. 0, or -1. */
int admin_run(struct admin *admin);
/* What a call came to: STORE_OK or an error of storage/store.h. Any thread. */
void admin_answer(struct admin *admin, int result);
/* After the store's thread has ended: gives up what is under way, and removes the socket. NULL does
 * nothing. */
void admin_stop(struct admin *admin);

#endif

/*
 * The other side of the session of vectors.h: a server that is a log (tools/replay/solo.h), and the
 * messages under way between the two.
 */
#ifndef QUIRE_TESTS_SIM_PARTNER_H
#define QUIRE_TESTS_SIM_PARTNER_H

#include "tokens.h"
#include "tools/peer/session.h"
#include "tools/replay/solo.h"

#define PARTNER_CHANNEL  0
#define PARTNER_RETRY_MS 100
/* The author of the session's edits, and of all others. */
enum { PARTNER_CLIENT = 1, PARTNER_OTHER = 2 };

/* A queue of messages, each with its size before it. */
struct queue {
    struct ot_buf bytes;
    size_t at;
};

struct play {
    struct plan plan;
    struct tokens tokens;
    struct manner manner;
    struct ot_buf text; /* the case's line */
    size_t checked;     /* where its last checkpoint ends */
    bool over;          /* the case ends with that */

    struct session *session;
    bool connected, loaded, let_go, retry;
    struct queue up, down;

    /* the server */
    bool rich, full, attached, has_refused, has_lagged;
    bool barred;  /* the client's role does not allow editing */
    bool cramped; /* the document may not grow */
    struct solo solo;
    struct ot_buf *documents; /* snapshots of version 0, 1, ... */
    size_t document_capacity;
    uint64_t position;     /* of the channel */
    uint64_t seq, version; /* of the client's last edit in the log */
    uint64_t other_seq;
    uint64_t epoch;
    /* The epoch of the client's version, and the last version that it has of a snapshot. */
    uint64_t client_epoch, snapshot_version;
    struct ot_buf before; /* the document before the client's first edit that is lost */
    unsigned repairs, trouble;
};

bool queue_is_empty(const struct queue *queue);
void queue_put(struct queue *queue, struct ot_slice message);
/* The first message, copied to `message_out`. */
void queue_take(struct queue *queue, struct ot_buf *message_out);

void partner_init(struct play *play);
void partner_deinit(struct play *play);
/* An edit of PARTNER_OTHER at the head. */
void partner_commit(struct play *play, struct ot_slice op);
/* The first message of the client arrives; false when there is none. */
bool partner_hears(struct play *play);
/* Tells what comes next in the log; false when there is nothing. */
bool partner_tells(struct play *play);
/* The client has fallen behind, says the server. */
void partner_lags(struct play *play);
/* The server closes the channel, for lack of room. */
void partner_lets_go(struct play *play);
/* The client gets another role, one that allows editing or one that does not. */
void partner_bars(struct play *play);
/* An older state is put back, under a new epoch; asked while there is a connection, done when it is
 * gone. */
bool partner_may_restore(const struct play *play);
void partner_restores(struct play *play);
/* The connection is gone. */
void partner_loses(struct play *play);

#endif

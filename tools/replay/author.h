/*
 * One recorded author at one connection. The connection follows the server as any client does; the
 * author's screen lags behind it, so that each recorded edit is made on exactly what its author had
 * seen:
 *
 *     messages that arrived -> [inbox] -> session -> screen
 *
 * A message stays in the inbox as long as it can, so that an edit leaves with the oldest base that
 * the protocol allows (what its author had seen, or the author's own last edit) and the server has
 * most of the transforming to do. What the session had to take in earlier than the author saw it
 * waits in `unseen`, and edits made on the screen are carried over it.
 */
#ifndef QUIRE_REPLAY_AUTHOR_H
#define QUIRE_REPLAY_AUTHOR_H

#include "tools/peer/session.h"
#include "tools/replay/plan.h"
#include "tools/replay/record.h"
#include "tools/replay/screen.h"
#include "tools/replay/script.h"
#include "tools/replay/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Members are told apart by number; those of no author of the trace: */
#define AUTHOR_NOBODY UINT32_MAX

/* An edit without effect: it is not sent, so nobody is told of it. */
struct cast_silent {
    uint32_t txn;
    uint64_t after; /* the version that was reached when it was made */
};

/* What all authors of a play share. */
struct cast {
    const struct trace *trace;
    struct plan plan;
    struct record record;
    struct author *authors;
    struct script *given; /* if not NULL, gets what the engine is given to commit */
    bool fold;            /* edits typed while one is in flight travel together */
    size_t made;          /* edits made */
    size_t saved;         /* edits acknowledged */
    struct cast_silent *silent;
    size_t silent_count, silent_capacity;
    uint32_t **told; /* [agent][n]: how many of the agent's first n edits were sent */
    char error[256]; /* why it cannot go on, or "" */
};

struct author_item;

struct author {
    struct cast *cast;
    uint32_t agent;
    struct session *session;
    void (*send)(void *context, struct ot_slice message);
    void *send_context;
    struct author_item *inbox; /* items[inbox_head .. inbox_count) */
    size_t inbox_head, inbox_count, inbox_capacity;
    uint32_t taking; /* whose edit the session is just taking in */
    struct screen screen;
    bool opened;
    uint32_t next;     /* edits made */
    uint32_t arrived;  /* acknowledgements that have arrived, taken in or not */
    uint64_t retry_ms; /* not 0: the server wants to be asked again after this time */
    struct ot_buf op;
};

void cast_init(struct cast *cast, const struct trace *trace);
/* Once the plan has been made. */
void cast_begin(struct cast *cast);
/* Frees the plan too. */
void cast_deinit(struct cast *cast);
void cast_fail(struct cast *cast, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `send` gets what the author's session has to say. */
void author_init(struct author *author, struct cast *cast, uint32_t agent, const char *document,
                 void (*send)(void *context, struct ot_slice message), void *context);
void author_deinit(struct author *author);

/* A message has arrived; `by` is whose edit it holds, if it holds one. Copies what it needs. */
void author_receive(struct author *author, const struct peer_message *message, uint32_t by);
/* Goes on as far as what has arrived allows. True if anything was done. */
bool author_step(struct author *author);
/* Has made everything, and seen everything that has arrived. */
bool author_finished(const struct author *author);

#endif

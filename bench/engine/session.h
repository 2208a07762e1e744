/* A session of several writers, as recorded, played through a server's loop. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "work.h"

enum { SESSION_AGENTS_MAX = 16 };

struct session {
    struct work edits; /* of all, in the order of the server */
    uint32_t *agents;  /* whose each edit is */
    uint32_t *seen;    /* for each edit and agent: how many edits of that agent it was made on */
    uint32_t agents_count;
};

/* Reads DIRECTORY/NAME.concbin.gz. False if that cannot be done; says so. */
bool session_read(const char *directory, const char *name, struct session *session_out);
void session_free(struct session *session);

/*
 * Plays it: an edit arrives on the document that its author had, is transformed over what the
 * author had not seen, and applied; what the author had not seen is transformed over the edit.
 * Returns the document. `pairs_out`: how many times two operations met.
 */
struct ot_doc *session_play(const struct session *session, enum ot_order order, size_t *pairs_out);

#endif

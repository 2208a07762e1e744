/*
 * When to commit. Waiting lets more appends share a sync, but only if somebody is there to send
 * them: an author has one edit under way at a time. So a commit begins as soon as
 *
 * - everybody who has sent something lately has something waiting, or
 * - the last one began at least the commit interval ago; when there are few who could share a
 *   sync, so much less of it as there are fewer of them.
 *
 * "Lately" is one to two intervals. A lone author, and any number of authors who wait for each
 * other, never wait for the interval; many who come and go share a sync each interval.
 */
#ifndef QUIRE_SERVE_PACE_H
#define QUIRE_SERVE_PACE_H

#include <stddef.h>
#include <stdint.h>

/* With more authors than this, the interval decides. */
#define PACE_AUTHORS 64
/* With fewer than this, a part of it. */
#define PACE_CROWD 8

struct pace_authors {
    uint64_t ids[PACE_AUTHORS];
    size_t count;
};

struct pace {
    uint64_t interval_ns;
    uint64_t commit_began_ns;
    struct pace_authors now, before; /* of this interval and the one before it */
    uint64_t now_began_ns;
    size_t active; /* distinct authors in both */
};

void pace_init(struct pace *pace, uint64_t interval_ns);

/* `author` has sent an append. */
void pace_note(struct pace *pace, uint64_t author, uint64_t now_ns);
/* When to commit what is waiting: `waiting` appends, at least one. It may change with each
 * pace_note. */
uint64_t pace_due_ns(const struct pace *pace, size_t waiting);
/* How many more appends, with those waiting, make it due before its time: at least one. */
size_t pace_missing(const struct pace *pace, size_t waiting);
/* A commit begins. */
void pace_begin(struct pace *pace, uint64_t now_ns);

#endif

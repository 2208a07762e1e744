/*
 * How far something has got, on standard error: a bar that is drawn over on a terminal, a line now
 * and then otherwise.
 */
#ifndef QUIRE_REPLAY_PROGRESS_H
#define QUIRE_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *name;
    const char *unit; /* what is counted: "edits" unless set */
    char note[80];    /* more to be shown, or "" */
    bool silent, terminal;
    size_t total;
    uint64_t begun_us, shown_us;
};

void progress_init(struct progress *progress, const char *name, bool silent);
void progress_begin(struct progress *progress, size_t total);
/* Cheap when called often. */
void progress_show(struct progress *progress, size_t done);
/* Takes the bar away. */
void progress_end(struct progress *progress);

#endif

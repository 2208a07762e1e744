/*
 * One file, played: read, taken through the engine, looked at, and if something is found, brought
 * down to a small case beside it.
 */
#ifndef QUIRE_REPLAY_JOB_H
#define QUIRE_REPLAY_JOB_H

#include "tools/replay/files.h"
#include "tools/replay/walk.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_NOTE_MAX_BYTES 256
/* Minimising ends after so many operations have been played. */
#define JOB_MINIMISE_STEPS_MAX 1000000

struct job_options {
    const struct law *laws; /* with `checks`; NULL: those of laws.h */
    size_t law_count;
    bool checks;
    bool minimises;
};

enum job_outcome {
    JOB_WAITING,
    JOB_AGREED,
    JOB_FOUND,  /* see `finding` */
    JOB_REFUSED /* it cannot be read or played: see `note` */
};

/* Holds no memory of its own, so that it may lie in memory shared with the process that plays. */
struct job_result {
    enum job_outcome outcome;
    struct finding finding;
    uint64_t operations, length, took_us;
    size_t case_operations;        /* 0: no case was written */
    char note[JOB_NOTE_MAX_BYTES]; /* more about it, or "" */
};

/* `step_out` is kept at the operation that is played, so that it is known if the process ends. */
void job_play(const struct file *file, const struct job_options *options,
              _Atomic uint64_t *step_out, struct job_result *result_out);

/* The same for a file that ended the process which played it: finds the case in processes of their
 * own. */
void job_minimise_end(const struct file *file, const struct job_options *options,
                      struct job_result *result);

#endif

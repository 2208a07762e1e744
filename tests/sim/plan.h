/*
 * The plan of a round: what happens in it, one event a line, each with a number from which it draws
 * all that it leaves to chance. So lines can be taken out of a plan, and the others still mean the
 * same. And the way out of a round when something happens that never must.
 *
 * As a file: the line `quire-sim 1`, the line `seed N`, and a line `EVENT N` for each event; what
 * begins with # is a comment.
 */
#ifndef QUIRE_TESTS_SIM_PLAN_H
#define QUIRE_TESTS_SIM_PLAN_H

#include "lib/rng.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PLAN_REASON_MAX 512

struct plan_line {
    unsigned event;
    uint32_t chance;
};

struct plan {
    uint64_t seed; /* of the round's beginning and its end */
    struct plan_line *lines;
    size_t count, capacity;

    /* while it runs */
    size_t at;      /* the line that happens, from 1 */
    bool shown;     /* what happens is told on stderr */
    struct rng rng; /* of what happens now */
    jmp_buf failed;
    char reason[PLAN_REASON_MAX];
};

void plan_deinit(struct plan *plan);
void plan_add(struct plan *plan, unsigned event, uint32_t chance);

/* From now on chance is that of a line, or (0) that of what all rounds begin or end with. */
void plan_draw_from(struct plan *plan, uint64_t chance);

/* One line on stderr, if the plan is shown. */
void plan_say(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the round. What it had in memory is lost. */
_Noreturn void plan_fail(struct plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the round unless it holds. */
#define plan_check(plan, holds, ...)                                                               \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            plan_fail(plan, __VA_ARGS__);                                                          \
        }                                                                                          \
    } while (false)

/* The names of events are those of events.h. */
void plan_write(const struct plan *plan, FILE *file);
/* False: the file is no plan; `line_out` is the number of the first bad line. */
bool plan_read(struct plan *plan, FILE *file, size_t *line_out);

#endif

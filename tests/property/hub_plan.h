/*
 * The plan of a round: what happens in it, a line for each event, and the way out when something
 * happens that never must. A round is run silently; the one that fails is run again with its plan
 * shown.
 */
#ifndef QUIRE_TESTS_HUB_PLAN_H
#define QUIRE_TESTS_HUB_PLAN_H

#include "lib/ot_random.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

struct plan {
    bool shown;
    unsigned event;  /* number of the last event */
    unsigned events; /* after so many the world heals */
    struct rng rng;
    jmp_buf failed;
    char reason[512];
};

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

#endif

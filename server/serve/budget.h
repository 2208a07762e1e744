/*
 * How much memory the process uses, against what it may. Before it is all used up, the server gives
 * up what it can do without, then takes nobody new, then ends whoever uses most: hub.h and gate.h
 * say what each stage means. What is freed, or refused, brings the stage down again.
 */
#ifndef QUIRE_SERVE_BUDGET_H
#define QUIRE_SERVE_BUDGET_H

#include "server/hub/hub.h"

#include <stdatomic.h>
#include <stdint.h>

/* Shares of the whole, in percent, from which a stage holds. */
#define BUDGET_TIGHT_PERCENT  80
#define BUDGET_SCARCE_PERCENT 90
#define BUDGET_OUT_PERCENT    95
/* So much less than that, and it is over. */
#define BUDGET_BACK_PERCENT 5

struct budget {
    uint64_t whole_bytes;
    int statm; /* /proc/self/statm, or -1 */
    atomic_uint_least64_t used_bytes;
    atomic_uint stage; /* enum hub_pressure */
};

/* `whole_bytes` 0: half of what the machine has, or of what the process's group may have. */
void budget_init(struct budget *budget, uint64_t whole_bytes);
void budget_deinit(struct budget *budget);
/* Takes the measure and moves to the stage that it leads to. One thread. */
enum hub_pressure budget_look(struct budget *budget);
/* The same with a measure that somebody else took. */
enum hub_pressure budget_move(struct budget *budget, uint64_t used_bytes);
/* As of the last look. Any thread. */
enum hub_pressure budget_stage(const struct budget *budget);

#endif

/* A round from its plan, and plans from chance. */
#ifndef QUIRE_TESTS_SIM_RUN_H
#define QUIRE_TESTS_SIM_RUN_H

#include "round.h"

/* Among so many seeds that follow each other, one gives a plan with a long history. */
#define RUN_LONG_EVERY 400

/* The plan of a seed. To be deinited. */
struct plan run_draw(uint64_t seed);
/* False: plan->reason says what was not as it must be, and what the round had in memory is lost. */
bool run_plan(struct plan *plan, struct tally *tally);

#endif

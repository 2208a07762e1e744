/* What can happen in a round, and how likely it is. */
#ifndef QUIRE_TESTS_SIM_EVENTS_H
#define QUIRE_TESTS_SIM_EVENTS_H

#include "round.h"

const char *event_name(unsigned event);
/* False: there is none of this name. */
bool event_find(const char *name, unsigned *event_out);

/* Adds `count` events to a plan, in one mood: some kinds often, some never. `gentle`: nobody comes,
 * goes or fails. */
void events_draw(struct rng *rng, bool gentle, size_t count, struct plan *plan);
/* Adds one event of a kind. */
void events_add(struct rng *rng, const char *name, struct plan *plan);

/* The event of a line of the plan. */
void event_happen(struct round *round, const struct plan_line *line);

#endif

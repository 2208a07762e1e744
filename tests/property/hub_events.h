/* What can happen in a round, and how likely it is. */
#ifndef QUIRE_TESTS_HUB_EVENTS_H
#define QUIRE_TESTS_HUB_EVENTS_H

#include "hub_round.h"

#define EVENT_COUNT 23

struct mood {
    unsigned weights[EVENT_COUNT];
    unsigned sum;
};

/* `gentle`: nobody comes, goes or fails. */
struct mood mood_draw(struct rng *rng, bool gentle);
/* One event. */
void mood_happen(const struct mood *mood, struct round *round);

/* Somebody makes so many edits, each of which is saved at once, while others' messages wait. */
void event_burst(struct round *round, struct seat *seat, unsigned edits);

#endif

/* A round: a server, some people with their editors, and how everything comes to rest in the end.
 */
#ifndef QUIRE_TESTS_SIM_ROUND_H
#define QUIRE_TESTS_SIM_ROUND_H

#include "person.h"

struct round {
    struct plan *plan;
    struct server *server;
    struct tokens tokens[SERVER_DOCUMENTS];
    struct person persons[PERSONS_MAX];
    unsigned person_count;
    struct manner manner;
};

/* A server with new documents, its database in a directory of its own in `base`, and people who
 * know nothing of them. */
void round_start(struct round *round, struct plan *plan, struct server *server, const char *base);
void round_stop(struct round *round);

struct rng *round_rng(struct round *round);
/* To be called when the server may have closed connections. */
void round_notice(struct round *round);
/* Cuts the connections of everybody. */
void round_cut_all(struct round *round);
/* Begins the server anew, if it has failed, or was asked to stop and has. */
void round_restart(struct round *round);

/* Everything works again and everybody comes back; returns when nothing is left to be done. */
void round_heal(struct round *round);
void round_come_to_rest(struct round *round);
/* Somebody who was never there before. */
void round_add_person(struct round *round);
/* At rest: everybody has the same documents, each token is where it should be, everything that was
 * acknowledged is in the store, and everybody sees everybody else. */
void round_look(struct round *round);

#endif

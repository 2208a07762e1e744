/*
 * In which order a trace can be played through a server.
 *
 * A server puts all edits into one order, and a client's view is always a beginning of that order
 * and its own edits. So a trace can be played, each edit on exactly what its author had seen, if
 * there is an order in which every author's view is that. Two things follow for each transaction t
 * of author a:
 *
 *   1. what t has seen comes before t;
 *   2. of the others' transactions, those t has seen come before those it has not.
 *
 * These are all the conditions there are, and any order that keeps them will do. With two authors
 * the second follows from the first. The plan holds the conditions, by which transactions become
 * free as others are done, and one order that keeps them: the closest to that of the file.
 */
#ifndef QUIRE_REPLAY_PLAN_H
#define QUIRE_REPLAY_PLAN_H

#include "tools/replay/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most numbers in `seen`. */
#define PLAN_CELLS_MAX (1u << 26)

/* Nodes are the transactions, and for each of them a border, which stands between what it has seen
 * of the others and what it has not. */
struct plan_graph {
    size_t nodes;
    uint32_t *waits; /* [node]: nodes before it that are not done */
    uint32_t *edges; /* the nodes after a node: edges[first[node] .. first[node + 1]) */
    uint32_t *first;
    uint32_t *borders; /* space for those that are gone over */
};

struct plan {
    size_t txn_count;
    uint32_t agents;
    uint32_t *seen; /* [txn * agents + agent]: how many of the agent's transactions txn has seen */
    uint32_t **own; /* [agent]: its transactions in order */
    uint32_t *own_count;
    uint32_t *order; /* [rank]: the transactions in an order in which they can be committed */
    struct plan_graph graph;
};

/* 0, or -1 and a sentence: no order exists, and the trace is no session of a server. */
int plan_make(const struct trace *trace, struct plan *plan_out, char *error, size_t error_size);
void plan_free(struct plan *plan);

/* May be committed now: everything that has to come before it is done. */
bool plan_is_free(const struct plan *plan, uint32_t txn);
/* It has been committed. Once for each, and only when it was free. */
void plan_done(struct plan *plan, uint32_t txn);

#endif

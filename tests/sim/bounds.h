/* The bounds of a store and of a hub, narrow in most rounds, so that what happens rarely happens
 * often. */
#ifndef QUIRE_TESTS_SIM_BOUNDS_H
#define QUIRE_TESTS_SIM_BOUNDS_H

#include "lib/rng.h"
#include "server/hub/hub.h"
#include "storage/store.h"

struct bounds {
    size_t tail_kept, wal_pages;
    int64_t log_rows;
    uint64_t log_bytes;
};

/* That of a hub to whom all documents are large, in most rounds; else the usual one. */
struct hub_pace *pace_draw(struct rng *rng, struct hub_pace *out);

struct bounds bounds_draw(struct rng *rng);
void bounds_set(const struct bounds *bounds, struct store *store);

#endif

/* The bounds of a store, narrow in most rounds, so that what happens rarely happens often. */
#ifndef QUIRE_TESTS_SIM_BOUNDS_H
#define QUIRE_TESTS_SIM_BOUNDS_H

#include "lib/rng.h"
#include "storage/store.h"

struct bounds {
    size_t tail_kept, wal_pages;
    int64_t log_rows;
    uint64_t log_bytes;
};

struct bounds bounds_draw(struct rng *rng);
void bounds_set(const struct bounds *bounds, struct store *store);

#endif

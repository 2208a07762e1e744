#include "bounds.h"

#include "storage/sqlite/database.h"
#include "storage/sqlite/limits.h"

struct bounds bounds_draw(struct rng *rng)
{
    if (rng_percent(rng, 30)) {
        return (struct bounds){TAIL_KEPT_MAX, WAL_MAX_PAGES, LOG_ROWS_MAX, LOG_BYTES_MAX};
    }
    return (struct bounds){.tail_kept = rng_below(rng, 3) * 1000,
                           .wal_pages = 8 + rng_below(rng, 200),
                           .log_rows = 20 + rng_below(rng, 300),
                           .log_bytes = 50000 + rng_below(rng, 300000)};
}

struct hub_pace *pace_draw(struct rng *rng, struct hub_pace *out)
{
    if (rng_percent(rng, 30)) {
        return NULL;
    }
    *out = (struct hub_pace){.little_bytes = rng_below(rng, 200),
                             .large_bytes = 8 + rng_below(rng, 20000),
                             .snapshot_bytes = 1 + rng_below(rng, 20),
                             .edits_percent = 25 + rng_below(rng, 2000)};
    return out;
}

void bounds_set(const struct bounds *bounds, struct store *store)
{
    store->tail.kept_max = bounds->tail_kept;
    store->log_rows_max = bounds->log_rows;
    store->log_bytes_max = bounds->log_bytes;
    store->wal_pages_max = bounds->wal_pages;
}

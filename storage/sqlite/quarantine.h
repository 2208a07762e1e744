/*
 * The documents that have a damaged row in the log, and the rows that stay there because of them:
 * none of it is served, settled, overwritten or removed. The scan of the log fills it; after that
 * it does not change.
 */
#ifndef QUIRE_QUARANTINE_H
#define QUIRE_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quarantined {
    int64_t key;
    int64_t row;      /* the first that is damaged, or comes after one that is */
    uint64_t version; /* the last that the log has a row of */
};

struct quarantine {
    struct quarantined *documents; /* by their keys */
    size_t count;
    size_t capacity;
    int64_t *rows; /* ascending once the scan has sorted them */
    size_t row_count;
    size_t row_capacity;
};

void quarantine_deinit(struct quarantine *quarantine);

/* NULL when the document is not in it. It lives until another is added. */
struct quarantined *quarantine_find(const struct quarantine *quarantine, int64_t key);
/* Adds a document that is not in it; NULL when there is no memory. */
struct quarantined *quarantine_add(struct quarantine *quarantine, int64_t key, int64_t row,
                                   uint64_t version);
/* The row stays in the log; false when there is no memory. */
bool quarantine_keep(struct quarantine *quarantine, int64_t row);

void quarantine_sort(struct quarantine *quarantine);
/* How many of the sorted rows are below this one: the next that stays is at that place. */
size_t quarantine_below(const struct quarantine *quarantine, int64_t row);
/* The lowest row from `row` on that stays, or `end` when none below that does. */
int64_t quarantine_next(const struct quarantine *quarantine, int64_t row, int64_t end);

#endif

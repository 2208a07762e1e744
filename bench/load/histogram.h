/*
 * Latencies in microseconds: exact below 128, then in steps of less than one per cent of the value.
 */
#ifndef QUIRE_LOAD_HISTOGRAM_H
#define QUIRE_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 7
#define HISTOGRAM_BUCKETS   ((40 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS)

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max_us;
};

void histogram_reset(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t us);
/* The value that `share` (0 to 1) of all values do not pass; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif

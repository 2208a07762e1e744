#include "bench/load/histogram.h"

#include <string.h>

#define STEPS (1u << HISTOGRAM_STEP_BITS)

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

/* The top bits of the value: the exponent, then the steps within it. */
static uint32_t bucket_of(uint64_t us)
{
    if (us < STEPS)
        return (uint32_t)us;
    unsigned shift = 63u - (unsigned)__builtin_clzll(us) - HISTOGRAM_STEP_BITS;
    uint64_t bucket = ((uint64_t)(shift + 1) << HISTOGRAM_STEP_BITS) + (us >> shift) - STEPS;
    return bucket < HISTOGRAM_BUCKETS ? (uint32_t)bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t value_of(uint32_t bucket)
{
    if (bucket < STEPS)
        return bucket;
    unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    return (uint64_t)(bucket % STEPS + STEPS) << shift;
}

void histogram_add(struct histogram *histogram, uint64_t us)
{
    histogram->buckets[bucket_of(us)]++;
    histogram->count++;
    if (us > histogram->max_us)
        histogram->max_us = us;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->count * share + 0.5), seen = 0;

    if (wanted == 0)
        wanted = 1;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (histogram->buckets[i] > 0 && seen >= wanted)
            return value_of(i);
    }
    return 0;
}

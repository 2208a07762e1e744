/*
 * Token buckets. A rate is a count in a time: that many may come at once, and then as many come
 * back, evenly, in each such time. A bucket is one number: when it would be full again. It has no
 * clock and no timer; time only goes on.
 */
#ifndef QUIRE_RATE_BUCKET_H
#define QUIRE_RATE_BUCKET_H

#include <stdint.h>

struct rate {
    uint64_t count; /* 1 to 10^9 */
    uint32_t window_ms;
};

/* Zero-initialised it is full. */
struct bucket {
    uint64_t full_at_us;
};

/* How long to wait until `cost` can be taken: 0 now. More than the whole bucket counts as that. */
uint64_t bucket_wait_ms(const struct bucket *bucket, struct rate rate, uint64_t cost,
                        uint64_t now_ms);
/* Takes it if it is there now. Returns what bucket_wait_ms does; nothing was taken if that is not
 * 0. */
uint64_t bucket_take(struct bucket *bucket, struct rate rate, uint64_t cost, uint64_t now_ms);

#endif

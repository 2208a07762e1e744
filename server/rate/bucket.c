#include "server/rate/bucket.h"

#define US_PER_MS UINT64_C(1000)

/* When the bucket would be full again if `cost` were taken now. */
static uint64_t full_at_us(const struct bucket *bucket, struct rate rate, uint64_t cost,
                           uint64_t now_us)
{
    uint64_t from = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
    uint64_t most = cost < rate.count ? cost : rate.count;
    return from + most * (rate.window_ms * US_PER_MS) / rate.count;
}

static uint64_t wait_ms(uint64_t full_at, struct rate rate, uint64_t now_us)
{
    uint64_t latest = now_us + rate.window_ms * US_PER_MS;
    return full_at <= latest ? 0 : (full_at - latest + US_PER_MS - 1) / US_PER_MS;
}

uint64_t bucket_wait_ms(const struct bucket *bucket, struct rate rate, uint64_t cost,
                        uint64_t now_ms)
{
    uint64_t now_us = now_ms * US_PER_MS;
    return wait_ms(full_at_us(bucket, rate, cost, now_us), rate, now_us);
}

uint64_t bucket_take(struct bucket *bucket, struct rate rate, uint64_t cost, uint64_t now_ms)
{
    uint64_t now_us = now_ms * US_PER_MS;
    uint64_t full_at = full_at_us(bucket, rate, cost, now_us);
    uint64_t wait = wait_ms(full_at, rate, now_us);
    if (wait == 0)
        bucket->full_at_us = full_at;
    return wait;
}

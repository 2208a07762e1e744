#include "server/thread/clock.h"

#include <time.h>

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 * CLOCK_NS_PER_MS + now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return (uint64_t)now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / CLOCK_NS_PER_MS;
}

int64_t clock_unix_ms(void)
{
    return now_ns(CLOCK_REALTIME) / CLOCK_NS_PER_MS;
}

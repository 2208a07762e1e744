#include "lib/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct rng rng_start(const char *test_name)
{
    const char *given = getenv("QUIRE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    printf("%s: QUIRE_SEED=%llu\n", test_name, (unsigned long long)seed);
    fflush(stdout);
    return (struct rng){seed};
}

uint64_t rng_next(struct rng *rng)
{
    /* splitmix64 */
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t rng_below(struct rng *rng, uint32_t count)
{
    return (uint32_t)((rng_next(rng) >> 32) * count >> 32);
}

bool rng_percent(struct rng *rng, uint32_t percent)
{
    return rng_below(rng, 100) < percent;
}

/* Where random tests have their randomness from: a seed that is printed, and that QUIRE_SEED
 * repeats. */
#ifndef QUIRE_TESTS_RNG_H
#define QUIRE_TESTS_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

/* Prints the seed it starts from. */
struct rng rng_start(const char *test_name);
uint64_t rng_next(struct rng *rng);
/* 0 to `count` - 1. */
uint32_t rng_below(struct rng *rng, uint32_t count);
bool rng_percent(struct rng *rng, uint32_t percent);

#endif

/* xorshift64*: the same load again for the same seed. */
#ifndef QUIRE_LOAD_RANDOM_H
#define QUIRE_LOAD_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* 0 to count - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t count)
{
    return (random_next(state) >> 32) * count >> 32;
}

#endif

#include "hash.h"

#include <string.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static void absorb(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    s->v0 ^= word;
}

uint32_t ot_hash_bytes(uint64_t key, struct ot_slice bytes)
{
    uint64_t other = rotate(key, 29) * 0x9e3779b97f4a7c15u;
    struct sip s = {key ^ 0x736f6d6570736575u, other ^ 0x646f72616e646f6du,
                    key ^ 0x6c7967656e657261u, other ^ 0x7465646279746573u};
    size_t i = 0;
    for (; i + 8 <= bytes.size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes.data + i, 8);
        absorb(&s, word);
    }
    uint64_t last = (uint64_t)bytes.size << 56;
    for (unsigned shift = 0; i < bytes.size; i++, shift += 8) {
        last |= (uint64_t)bytes.data[i] << shift;
    }
    absorb(&s, last);
    s.v2 ^= 0xff;
    mix(&s);
    mix(&s);
    mix(&s);
    uint64_t hash = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return (uint32_t)(hash ^ hash >> 32);
}

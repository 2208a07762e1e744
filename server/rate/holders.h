/*
 * Those whom rates are counted for beyond one connection: users, addresses. A holder is there as
 * long as it holds something, and then until HOLDERS_KEPT others have let go after it: so coming
 * back does not fill its buckets, and what is kept is bounded. One thread at a time.
 */
#ifndef QUIRE_RATE_HOLDERS_H
#define QUIRE_RATE_HOLDERS_H

#include "server/rate/bucket.h"

#include <stddef.h>
#include <stdint.h>

#define HOLDER_KEY_MAX 128
#define HOLDER_BUCKETS 8
#define HOLDERS_KEPT   4096

struct holder {
    struct holder *same_hash;
    struct holder *newer, *older; /* of those that hold nothing */
    uint64_t hash;
    uint32_t count; /* of what it holds */
    struct bucket buckets[HOLDER_BUCKETS];
    uint8_t key_size;
    uint8_t key[];
};

struct holders {
    struct holder **heads;
    size_t head_count, count, kept;
    struct holder *newest, *oldest; /* of those that hold nothing */
    uint64_t seed;                  /* keys come from outside */
};

void holders_init(struct holders *holders, uint64_t seed);
void holders_deinit(struct holders *holders);
/* The holder with this key (at most HOLDER_KEY_MAX bytes), holding one more. */
struct holder *holders_take(struct holders *holders, const void *key, size_t size);
/* It holds one less. NULL does nothing. */
void holders_release(struct holders *holders, struct holder *holder);

#endif

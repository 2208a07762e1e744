/*
 * Values held once each and named by a number; 0 names none. A document has few different
 * formats, and comparing them is then comparing numbers.
 */
#ifndef OT_POOL_H
#define OT_POOL_H

#include "memory.h"

struct pool_entry {
    uint8_t *bytes; /* NULL: free */
    uint32_t size;
    uint32_t hash;
    uint32_t uses;
    uint32_t next; /* in its bucket, or of the free entries */
    uint32_t kept; /* the entry kept before this one, itself if none was; 0: this is not kept */
    uint32_t patched;
    uint64_t patch; /* by which patch this becomes `patched`, if that is still under way */
};

struct pool {
    struct pool_entry *entries; /* entry 0 names no value */
    uint32_t *buckets;
    uint32_t count; /* entries ever used, with entry 0 */
    uint32_t room;
    uint32_t free;
    uint32_t buckets_count; /* 0 or a power of two */
    uint32_t latest;        /* asked for last; may be free by now */
    uint32_t kept;          /* the last entry that is kept; 0: none */
    uint64_t patches;       /* how many there have been */
    uint64_t uses;          /* of all values */
    uint64_t spelled;       /* bytes of all values, each as often as it is used */
    uint32_t largest;       /* bytes of the largest value that there ever was */
    struct memory memory;   /* of the pool and of the leaves that use it */
};

void ot_pool_deinit(struct pool *pool);
/* The number of `value`, with one more use; of an empty one: 0. OT_OK or OT_E_MEMORY. */
int ot_pool_use(struct pool *pool, struct ot_slice value, uint32_t *id_out);
void ot_pool_drop_last(struct pool *pool, uint32_t id);
/* Uses a value once more until ot_pool_unkeep, which ends that for all. */
void ot_pool_keep(struct pool *pool, uint32_t id);
void ot_pool_unkeep(struct pool *pool);

static inline void pool_use_again(struct pool *pool, uint32_t id)
{
    if (id != 0) {
        struct pool_entry *entry = &pool->entries[id];
        entry->uses++;
        pool->uses++;
        pool->spelled += entry->size;
    }
}

static inline void pool_drop(struct pool *pool, uint32_t id)
{
    if (id != 0) {
        struct pool_entry *entry = &pool->entries[id];
        pool->uses--;
        pool->spelled -= entry->size;
        if (--entry->uses == 0) {
            ot_pool_drop_last(pool, id);
        }
    }
}

static inline struct ot_slice pool_get(const struct pool *pool, uint32_t id)
{
    return id == 0 ? (struct ot_slice){0}
                   : (struct ot_slice){pool->entries[id].bytes, pool->entries[id].size};
}

#endif

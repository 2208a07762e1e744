#include "server/rate/holders.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEADS_FIRST 64

static void *memory(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* Seeded FNV-1a. */
static uint64_t hash_of(const struct holders *holders, const uint8_t *key, size_t size)
{
    uint64_t hash = holders->seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static struct holder **head_of(const struct holders *holders, uint64_t hash)
{
    return &holders->heads[hash & (holders->head_count - 1)];
}

void holders_init(struct holders *holders, uint64_t seed)
{
    *holders = (struct holders){.heads = memory(HEADS_FIRST, sizeof(struct holder *)),
                                .head_count = HEADS_FIRST,
                                .seed = seed};
}

void holders_deinit(struct holders *holders)
{
    for (size_t i = 0; i < holders->head_count; i++) {
        struct holder *next;
        for (struct holder *holder = holders->heads[i]; holder != NULL; holder = next) {
            next = holder->same_hash;
            free(holder);
        }
    }
    free(holders->heads);
    *holders = (struct holders){0};
}

static void grow(struct holders *holders)
{
    struct holders old = *holders;
    holders->head_count *= 2;
    holders->heads = memory(holders->head_count, sizeof(struct holder *));
    for (size_t i = 0; i < old.head_count; i++) {
        struct holder *next;
        for (struct holder *holder = old.heads[i]; holder != NULL; holder = next) {
            next = holder->same_hash;
            struct holder **head = head_of(holders, holder->hash);
            holder->same_hash = *head;
            *head = holder;
        }
    }
    free(old.heads);
}

/* ---- those that hold nothing ---- */

static void unlink_kept(struct holders *holders, struct holder *holder)
{
    *(holder->newer ? &holder->newer->older : &holders->newest) = holder->older;
    *(holder->older ? &holder->older->newer : &holders->oldest) = holder->newer;
    holder->newer = holder->older = NULL;
    holders->kept--;
}

static void forget_oldest(struct holders *holders)
{
    struct holder *oldest = holders->oldest;
    struct holder **link = head_of(holders, oldest->hash);
    while (*link != oldest)
        link = &(*link)->same_hash;
    *link = oldest->same_hash;
    unlink_kept(holders, oldest);
    holders->count--;
    free(oldest);
}

/* ---- the face ---- */

struct holder *holders_take(struct holders *holders, const void *key, size_t size)
{
    assert(size <= HOLDER_KEY_MAX);
    uint64_t hash = hash_of(holders, key, size);
    struct holder *holder = *head_of(holders, hash);
    while (holder != NULL && (holder->hash != hash || holder->key_size != size ||
                              memcmp(holder->key, key, size) != 0))
        holder = holder->same_hash;
    if (holder == NULL) {
        if (holders->count >= holders->head_count)
            grow(holders);
        holder = memory(1, sizeof(*holder) + size);
        struct holder **head = head_of(holders, hash);
        holder->hash = hash;
        holder->key_size = (uint8_t)size;
        memcpy(holder->key, key, size);
        holder->same_hash = *head;
        *head = holder;
        holders->count++;
    } else if (holder->count == 0) {
        unlink_kept(holders, holder);
    }
    holder->count++;
    return holder;
}

void holders_release(struct holders *holders, struct holder *holder)
{
    if (holder == NULL || --holder->count > 0)
        return;
    holder->older = holders->newest;
    *(holder->older ? &holder->older->newer : &holders->oldest) = holder;
    holders->newest = holder;
    if (++holders->kept > HOLDERS_KEPT)
        forget_oldest(holders);
}

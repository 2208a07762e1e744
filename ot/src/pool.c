#include "pool.h"

#include <string.h>

#include "hash.h"

enum { POOL_ROOM_MIN = 8 };

void ot_pool_deinit(struct pool *pool)
{
    for (uint32_t id = 1; id < pool->count; id++) {
        ot_memory_give(&pool->memory, pool->entries[id].bytes, pool->entries[id].size);
    }
    ot_memory_give(&pool->memory, pool->entries, pool->room * sizeof *pool->entries);
    ot_memory_give(&pool->memory, pool->buckets, pool->buckets_count * sizeof *pool->buckets);
    *pool = (struct pool){.memory = pool->memory};
}

static bool entry_is(const struct pool_entry *entry, struct ot_slice value)
{
    return entry->size == value.size && entry->bytes != NULL &&
           memcmp(entry->bytes, value.data, value.size) == 0;
}

/* As many buckets as entries, so that chains stay short. */
static void rehash(struct pool *pool)
{
    memset(pool->buckets, 0, pool->buckets_count * sizeof *pool->buckets);
    for (uint32_t id = 1; id < pool->count; id++) {
        struct pool_entry *entry = &pool->entries[id];
        if (entry->bytes != NULL) {
            uint32_t *bucket = &pool->buckets[entry->hash & (pool->buckets_count - 1)];
            entry->next = *bucket;
            *bucket = id;
        }
    }
}

static int grow(struct pool *pool)
{
    uint32_t room = pool->room == 0 ? POOL_ROOM_MIN : pool->room * 2;
    if (room > UINT32_MAX / 4) {
        return OT_E_MEMORY;
    }
    struct pool_entry *entries = ot_memory_resize(
        &pool->memory, pool->entries, pool->room * sizeof *entries, room * sizeof *entries);
    if (entries == NULL) {
        return OT_E_MEMORY;
    }
    pool->entries = entries;
    pool->room = room;
    if (pool->count == 0) {
        entries[0] = (struct pool_entry){0};
        pool->count = 1;
    }
    return OT_OK;
}

/* Makes room for one more value, and buckets for as many as there is room for. */
static int reserve(struct pool *pool)
{
    if (pool->free == 0 && pool->count >= pool->room && grow(pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    if (pool->buckets_count == pool->room) {
        return OT_OK;
    }
    uint32_t *buckets =
        ot_memory_resize(&pool->memory, pool->buckets, pool->buckets_count * sizeof *buckets,
                         pool->room * sizeof *buckets);
    if (buckets == NULL) {
        return OT_E_MEMORY;
    }
    pool->buckets = buckets;
    pool->buckets_count = pool->room;
    rehash(pool);
    return OT_OK;
}

static int add(struct pool *pool, struct ot_slice value, uint32_t hash, uint32_t *id_out)
{
    if (reserve(pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    uint8_t *bytes = ot_memory_take(&pool->memory, value.size);
    if (bytes == NULL) {
        return OT_E_MEMORY;
    }
    memcpy(bytes, value.data, value.size);
    uint32_t id = pool->free;
    if (id != 0) {
        pool->free = pool->entries[id].next;
    } else {
        id = pool->count++;
    }
    uint32_t *bucket = &pool->buckets[hash & (pool->buckets_count - 1)];
    pool->entries[id] =
        (struct pool_entry){bytes, (uint32_t)value.size, hash, .uses = 0, .next = *bucket};
    *bucket = id;
    pool_use_again(pool, id);
    if (value.size > pool->largest) {
        pool->largest = (uint32_t)value.size;
    }
    *id_out = id;
    return OT_OK;
}

int ot_pool_use(struct pool *pool, struct ot_slice value, uint32_t *id_out)
{
    *id_out = 0;
    if (value.size == 0) {
        return OT_OK;
    }
    uint32_t id = pool->latest;
    if (id == 0 || !entry_is(&pool->entries[id], value)) {
        /* Keyed by an address that nobody outside knows, so that chains cannot be made long. */
        uint32_t hash = ot_hash_bytes((uintptr_t)pool, value);
        id = pool->buckets_count > 0 ? pool->buckets[hash & (pool->buckets_count - 1)] : 0;
        while (id != 0 && !entry_is(&pool->entries[id], value)) {
            id = pool->entries[id].next;
        }
        if (id == 0) {
            int error = add(pool, value, hash, &pool->latest);
            *id_out = error == OT_OK ? pool->latest : 0;
            return error;
        }
        pool->latest = id;
    }
    pool_use_again(pool, id);
    *id_out = id;
    return OT_OK;
}

void ot_pool_drop_last(struct pool *pool, uint32_t id)
{
    struct pool_entry *entry = &pool->entries[id];
    uint32_t *link = &pool->buckets[entry->hash & (pool->buckets_count - 1)];
    while (*link != id) {
        link = &pool->entries[*link].next;
    }
    *link = entry->next;
    ot_memory_give(&pool->memory, entry->bytes, entry->size);
    *entry = (struct pool_entry){.next = pool->free};
    pool->free = id;
}

void ot_pool_keep(struct pool *pool, uint32_t id)
{
    if (id != 0 && pool->entries[id].kept == 0) {
        pool_use_again(pool, id);
        pool->entries[id].kept = pool->kept != 0 ? pool->kept : id;
        pool->kept = id;
    }
}

void ot_pool_unkeep(struct pool *pool)
{
    for (uint32_t id = pool->kept; id != 0;) {
        uint32_t before = pool->entries[id].kept;
        pool->entries[id].kept = 0;
        pool_drop(pool, id);
        id = before != id ? before : 0;
    }
    pool->kept = 0;
}

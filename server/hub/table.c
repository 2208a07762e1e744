#include "server/hub/table.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_FIRST 16

/* The finaliser of splitmix64: spreads keys that were counted up. */
static size_t slot_of(const struct table *table, uint64_t key)
{
    key ^= key >> 30;
    key *= UINT64_C(0xbf58476d1ce4e5b9);
    key ^= key >> 27;
    key *= UINT64_C(0x94d049bb133111eb);
    key ^= key >> 31;
    return (size_t)key & (table->capacity - 1);
}

void table_deinit(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

/* The slot of `key`, or the empty slot where it would go. */
static struct table_slot *find(const struct table *table, uint64_t key)
{
    size_t i = slot_of(table, key);
    while (table->slots[i].key != 0 && table->slots[i].key != key) {
        i = (i + 1) & (table->capacity - 1);
    }
    return &table->slots[i];
}

void *table_get(const struct table *table, uint64_t key)
{
    return table->count == 0 ? NULL : find(table, key)->value;
}

static void grow(struct table *table)
{
    struct table bigger = {.capacity = table->capacity == 0 ? CAPACITY_FIRST : table->capacity * 2,
                           .count = table->count};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (bigger.slots == NULL) {
        abort();
    }
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].key != 0) {
            *find(&bigger, table->slots[i].key) = table->slots[i];
        }
    }
    free(table->slots);
    *table = bigger;
}

void table_put(struct table *table, uint64_t key, void *value)
{
    assert(key != 0);
    if ((table->count + 1) * 4 > table->capacity * 3) {
        grow(table);
    }
    struct table_slot *slot = find(table, key);
    table->count += slot->key == 0;
    *slot = (struct table_slot){key, value};
}

void *table_remove(struct table *table, uint64_t key)
{
    if (table->count == 0) {
        return NULL;
    }
    struct table_slot *slot = find(table, key);
    if (slot->key == 0) {
        return NULL;
    }
    void *value = slot->value;
    size_t mask = table->capacity - 1;
    size_t hole = (size_t)(slot - table->slots);
    /* Close the hole with later slots of the same run that may lie here. */
    for (size_t i = (hole + 1) & mask; table->slots[i].key != 0; i = (i + 1) & mask) {
        size_t home = slot_of(table, table->slots[i].key);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = (struct table_slot){0};
    table->count--;
    return value;
}

void *table_next(const struct table *table, size_t *at)
{
    while (*at < table->capacity) {
        const struct table_slot *slot = &table->slots[(*at)++];
        if (slot->key != 0) {
            return slot->value;
        }
    }
    return NULL;
}

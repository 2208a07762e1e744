/* A hash table from 64-bit keys to pointers: open addressing, linear probing. Key 0 is not allowed.
 */
#ifndef QUIRE_HUB_TABLE_H
#define QUIRE_HUB_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_slot {
    uint64_t key; /* 0: empty */
    void *value;
};

/* Zero-initialise. */
struct table {
    struct table_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void table_deinit(struct table *table);
/* The value, or NULL. */
void *table_get(const struct table *table, uint64_t key);
/* Sets or replaces. Out of memory ends the process. */
void table_put(struct table *table, uint64_t key, void *value);
/* Removes and returns the value, or NULL. */
void *table_remove(struct table *table, uint64_t key);
/* Walks over all values: start with *at = 0; NULL at the end. The table must not change meanwhile.
 */
void *table_next(const struct table *table, size_t *at);

#endif

/*
 * Connections by number: the gate in the top byte, then a serial number that is never used twice,
 * then the place in a table. Also how many messages of each place wait for the hub, counted down
 * from any thread.
 */
#ifndef QUIRE_GATE_SLOTS_H
#define QUIRE_GATE_SLOTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of a number that are the place. */
#define SLOTS_BITS 20
#define SLOTS_MAX  (1u << SLOTS_BITS)

struct slots {
    void **items;
    uint64_t *numbers;
    atomic_uint *waiting; /* messages in the hub's inbox; of the place, not of its present holder */
    uint32_t *vacant;     /* places to be used again */
    uint32_t vacant_count;
    uint32_t used; /* places that were ever used */
    uint32_t max;
    uint32_t count;
    uint64_t serial;
    uint64_t gate;
};

/* For at most `max` (1 to SLOTS_MAX) connections at once. */
void slots_init(struct slots *slots, unsigned gate, uint32_t max);
void slots_deinit(struct slots *slots);
/* Gives `item` a number; 0 when all places are taken. */
uint64_t slots_add(struct slots *slots, void *item);
void slots_remove(struct slots *slots, uint64_t number);
/* NULL when the number is nobody's (any more). */
void *slots_find(const struct slots *slots, uint64_t number);
/* The item at a place below `used`, or NULL: to walk over all. */
void *slots_at(const struct slots *slots, uint32_t place);
/* Of any number that was ever given. */
atomic_uint *slots_waiting(const struct slots *slots, uint64_t number);

#endif

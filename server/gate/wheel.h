/*
 * Timers of connections: a wheel of slots, each a ring of the entries that fall due in that tick.
 * Setting, moving and cancelling one costs the same whatever their number; an entry fires up to two
 * ticks late and never early. Entries live in their owners.
 */
#ifndef QUIRE_GATE_WHEEL_H
#define QUIRE_GATE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_TICK_MS 500
#define WHEEL_SLOTS   128

struct wheel_entry {
    struct wheel_entry *prev, *next; /* in its slot; NULL: not set */
    uint64_t due_ms;
};

struct wheel {
    struct wheel_entry slots[WHEEL_SLOTS];
    uint64_t served; /* ticks up to here have fired */
};

/* Called for an entry that is no longer set; it may set and cancel any entry, this one too. */
typedef void wheel_fire(void *context, struct wheel_entry *entry);

void wheel_init(struct wheel *wheel, uint64_t now_ms);
/* Sets a zero-initialised entry, or moves one that is set. */
void wheel_set(struct wheel *wheel, struct wheel_entry *entry, uint64_t due_ms);
/* An entry that is not set stays so. */
void wheel_cancel(struct wheel_entry *entry);
bool wheel_is_set(const struct wheel_entry *entry);
/* Fires all that is due. */
void wheel_advance(struct wheel *wheel, uint64_t now_ms, wheel_fire *fire, void *context);

#endif

#include "server/gate/wheel.h"

#include <stddef.h>

static void ring_init(struct wheel_entry *ring)
{
    ring->prev = ring->next = ring;
}

static void ring_append(struct wheel_entry *ring, struct wheel_entry *entry)
{
    entry->prev = ring->prev;
    entry->next = ring;
    ring->prev->next = entry;
    ring->prev = entry;
}

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
    for (size_t i = 0; i < WHEEL_SLOTS; i++) {
        ring_init(&wheel->slots[i]);
    }
    wheel->served = now_ms / WHEEL_TICK_MS;
}

bool wheel_is_set(const struct wheel_entry *entry)
{
    return entry->next != NULL;
}

void wheel_cancel(struct wheel_entry *entry)
{
    if (!wheel_is_set(entry)) {
        return;
    }
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    entry->prev = entry->next = NULL;
}

/* The tick at whose serving an entry fires: the first one that begins no earlier than its time and
 * has not been served yet. */
static uint64_t tick_of(const struct wheel *wheel, uint64_t due_ms)
{
    uint64_t tick = due_ms / WHEEL_TICK_MS + (due_ms % WHEEL_TICK_MS != 0);
    return tick > wheel->served ? tick : wheel->served + 1;
}

void wheel_set(struct wheel *wheel, struct wheel_entry *entry, uint64_t due_ms)
{
    wheel_cancel(entry);
    entry->due_ms = due_ms;
    ring_append(&wheel->slots[tick_of(wheel, due_ms) % WHEEL_SLOTS], entry);
}

/* Moves what is due out of a slot; entries of a later turn of the wheel stay. */
static void take_due(struct wheel_entry *slot, uint64_t now_ms, struct wheel_entry *due)
{
    for (struct wheel_entry *entry = slot->next; entry != slot;) {
        struct wheel_entry *next = entry->next;
        if (entry->due_ms <= now_ms) {
            wheel_cancel(entry);
            ring_append(due, entry);
        }
        entry = next;
    }
}

void wheel_advance(struct wheel *wheel, uint64_t now_ms, wheel_fire *fire, void *context)
{
    uint64_t now = now_ms / WHEEL_TICK_MS;
    if (now <= wheel->served) {
        return;
    }
    struct wheel_entry due;
    ring_init(&due);
    uint64_t slots = now - wheel->served < WHEEL_SLOTS ? now - wheel->served : WHEEL_SLOTS;
    for (uint64_t tick = now - slots + 1; tick <= now; tick++) {
        take_due(&wheel->slots[tick % WHEEL_SLOTS], now_ms, &due);
    }
    wheel->served = now;
    while (due.next != &due) {
        struct wheel_entry *entry = due.next;
        wheel_cancel(entry);
        fire(context, entry);
    }
}

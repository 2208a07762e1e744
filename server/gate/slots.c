#include "server/gate/slots.h"

#include "server/gate/memory.h"

#include <assert.h>
#include <stdlib.h>

#define GATE_SHIFT 56
#define PLACE_MASK (SLOTS_MAX - 1)

static uint32_t place_of(uint64_t number)
{
    return (uint32_t)(number & PLACE_MASK);
}

void slots_init(struct slots *slots, unsigned gate, uint32_t max)
{
    assert(max > 0 && max <= SLOTS_MAX);
    /* Pages of these that are never used are never there. */
    *slots = (struct slots){.items = memory_new(max * sizeof(void *)),
                            .numbers = memory_new(max * sizeof(uint64_t)),
                            .waiting = memory_new(max * sizeof(atomic_uint)),
                            .vacant = memory_new(max * sizeof(uint32_t)),
                            .max = max,
                            .gate = gate};
}

void slots_deinit(struct slots *slots)
{
    free(slots->items);
    free(slots->numbers);
    free(slots->waiting);
    free(slots->vacant);
}

uint64_t slots_add(struct slots *slots, void *item)
{
    uint32_t place;
    if (slots->vacant_count > 0) {
        place = slots->vacant[--slots->vacant_count];
    } else if (slots->used < slots->max) {
        place = slots->used++;
    } else {
        return 0;
    }
    uint64_t number = slots->gate << GATE_SHIFT | ++slots->serial << SLOTS_BITS | place;
    slots->items[place] = item;
    slots->numbers[place] = number;
    slots->count++;
    return number;
}

void *slots_find(const struct slots *slots, uint64_t number)
{
    uint32_t place = place_of(number);
    return place < slots->used && slots->numbers[place] == number ? slots->items[place] : NULL;
}

void slots_remove(struct slots *slots, uint64_t number)
{
    assert(slots_find(slots, number) != NULL);
    uint32_t place = place_of(number);
    slots->items[place] = NULL;
    slots->numbers[place] = 0;
    slots->vacant[slots->vacant_count++] = place;
    slots->count--;
}

void *slots_at(const struct slots *slots, uint32_t place)
{
    return slots->items[place];
}

atomic_uint *slots_waiting(const struct slots *slots, uint64_t number)
{
    assert(place_of(number) < slots->max);
    return &slots->waiting[place_of(number)];
}

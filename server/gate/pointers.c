#include "server/gate/pointers.h"

#include "server/gate/memory.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

size_t pointers_add(struct pointers *pointers, void *item)
{
    if (pointers->count == pointers->capacity) {
        pointers->capacity = pointers->capacity == 0 ? FIRST_CAPACITY : pointers->capacity * 2;
        pointers->items = memory_array(pointers->items, pointers->capacity, sizeof(void *));
    }
    pointers->items[pointers->count++] = item;
    return pointers->count;
}

void *pointers_at(const struct pointers *pointers, size_t place)
{
    assert(place > 0 && place <= pointers->count);
    return pointers->items[place - 1];
}

void pointers_strike(struct pointers *pointers, size_t place)
{
    assert(place > 0 && place <= pointers->count);
    pointers->items[place - 1] = NULL;
}

void pointers_clear(struct pointers *pointers)
{
    pointers->count = 0;
}

void pointers_deinit(struct pointers *pointers)
{
    free(pointers->items);
    *pointers = (struct pointers){0};
}

#include "server/gate/window.h"

#include "server/gate/memory.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 4
/* An empty ring up to this size is kept for what comes next. */
#define KEPT_CAPACITY 64

void window_init(struct window *window, uint64_t position)
{
    *window = (struct window){.tail = position, .head = position};
}

static struct window_item *slot_of(const struct window *window, uint64_t position)
{
    return &window->items[position & (window->capacity - 1)];
}

static void drop_oldest(struct window *window)
{
    struct window_item *item = slot_of(window, window->tail++);
    window->bytes -= item->blob->size;
    blob_unref(item->blob);
}

void window_reset(struct window *window, uint64_t position)
{
    while (window->tail < window->head) {
        drop_oldest(window);
    }
    if (window->capacity > KEPT_CAPACITY) {
        free(window->items);
        window->items = NULL;
        window->capacity = 0;
    }
    window->tail = window->head = position;
}

void window_deinit(struct window *window)
{
    window_reset(window, window->head);
    free(window->items);
}

static void grow(struct window *window)
{
    struct window old = *window;
    window->capacity = old.capacity == 0 ? FIRST_CAPACITY : old.capacity * 2;
    window->items = memory_array(NULL, window->capacity, sizeof(struct window_item));
    for (uint64_t position = old.tail; position < old.head; position++) {
        *slot_of(window, position) = *slot_of(&old, position);
    }
    free(old.items);
}

void window_push(struct window *window, const struct window_item *item)
{
    size_t size = item->blob->size;
    while (window->tail < window->head && (window->head - window->tail >= LIMIT_WINDOW_ITEMS ||
                                           window->bytes + size > LIMIT_WINDOW_BYTES)) {
        drop_oldest(window);
    }
    if (window->head - window->tail == window->capacity) {
        grow(window);
    }
    *slot_of(window, window->head++) = *item;
    window->bytes += size;
}

const struct window_item *window_at(const struct window *window, uint64_t position)
{
    assert(position >= window->tail && position < window->head);
    return slot_of(window, position);
}

void ticks_reset(struct ticks *ticks, uint64_t tick)
{
    while (ticks->count > 0) {
        blob_unref(ticks->pieces[(ticks->last - --ticks->count) % LIMIT_TICKS]);
    }
    ticks->last = tick;
}

void ticks_push(struct ticks *ticks, uint64_t tick, struct blob *piece)
{
    if (tick <= ticks->last) {
        blob_unref(piece);
        return;
    }
    if (tick != ticks->last + 1) {
        ticks_reset(ticks, tick - 1);
    }
    if (ticks->count == LIMIT_TICKS) {
        blob_unref(ticks->pieces[tick % LIMIT_TICKS]);
        ticks->count--;
    }
    ticks->pieces[tick % LIMIT_TICKS] = piece;
    ticks->last = tick;
    ticks->count++;
}

struct blob *ticks_at(const struct ticks *ticks, uint64_t tick)
{
    if (tick > ticks->last || ticks->last - tick >= ticks->count) {
        return NULL;
    }
    return ticks->pieces[tick % LIMIT_TICKS];
}

/*
 * The end of a room's stream that a gate keeps for those who have not got it yet: items at
 * positions from `tail` to before `head`, without a gap, within LIMIT_WINDOW_ITEMS and
 * LIMIT_WINDOW_BYTES (one item is kept whatever its size). And the last changes of presence,
 * LIMIT_TICKS of them.
 */
#ifndef QUIRE_GATE_WINDOW_H
#define QUIRE_GATE_WINDOW_H

#include "server/limits.h"
#include "server/wire/blob.h"

#include <stddef.h>
#include <stdint.h>

struct window_item {
    struct blob *blob;
    uint64_t version; /* of an edit, else 0 */
    uint64_t chat;    /* of a chat message, else 0 */
    uint64_t author;  /* the connection that made the edit, else 0 */
    uint64_t seq;
};

struct window {
    struct window_item *items; /* ring; position p is at p % capacity */
    size_t capacity;           /* a power of two, or 0 */
    uint64_t tail, head;
    size_t bytes;
};

/* An empty window whose first item will be at `position`. */
void window_init(struct window *window, uint64_t position);
void window_deinit(struct window *window);
/* Adds the item at `head` and takes its reference; drops the oldest beyond the limits. */
void window_push(struct window *window, const struct window_item *item);
/* `position` lies within the window. */
const struct window_item *window_at(const struct window *window, uint64_t position);
/* Drops everything; the next item will be at `position`. */
void window_reset(struct window *window, uint64_t position);

/* Zero-initialise. */
struct ticks {
    struct blob *pieces[LIMIT_TICKS]; /* tick t is at t % LIMIT_TICKS */
    uint64_t last;
    size_t count; /* kept: last - count + 1 to last */
};

/* Adds the piece that leads from tick - 1 to `tick` and takes its reference. Old ones are ignored;
 * a gap makes all before it unknown. */
void ticks_push(struct ticks *ticks, uint64_t tick, struct blob *piece);
/* NULL when it is not kept any more. */
struct blob *ticks_at(const struct ticks *ticks, uint64_t tick);
/* Drops the pieces; `last` becomes `tick`. */
void ticks_reset(struct ticks *ticks, uint64_t tick);

#endif

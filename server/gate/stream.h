/*
 * What a gate knows of a room: the window of its stream, the last ticks of its presence, and its
 * subscribers, each a position and a tick. A subscriber is behind while it has not been given all
 * of it; as soon as none is, nothing is kept.
 */
#ifndef QUIRE_GATE_STREAM_H
#define QUIRE_GATE_STREAM_H

#include "server/gate/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox;
struct stream;

/* One channel of a connection that reads a room. */
struct subscriber {
    struct stream *stream;
    struct outbox *outbox;
    struct subscriber *next; /* of the outbox */
    uint64_t position;       /* of the next item it gets */
    uint64_t tick;           /* of the presence it has */
    uint64_t version, chat;  /* the last ones it was given */
    uint64_t attachment;     /* its number, for the hub */
    struct blob *full;       /* full presence to be given first, as of full_tick; or NULL */
    uint64_t full_tick;
    uint32_t index; /* in the stream's subscribers */
    uint8_t channel;
    bool asked; /* for the full presence */
};

struct stream {
    uint64_t room;
    struct stream *next; /* in its bucket */
    struct window window;
    struct ticks ticks;
    struct subscriber **subscribers;
    size_t count, capacity;
    size_t behind;
    size_t fresh_items, fresh_bytes; /* pushed since the last flush */
    size_t dirty_at;                 /* for the list of those with news; 0: not in it */
    uint64_t rests_until_ms;         /* its next flush is not due before */
};

/* Where a new subscriber begins. */
struct stream_start {
    uint8_t channel;
    uint64_t position, tick, version, chat, attachment;
    struct blob *full; /* may be NULL */
};

/* Makes a subscriber of `outbox`, which must have none on that channel, and takes `full`. */
struct subscriber *stream_subscribe(struct stream *stream, struct outbox *outbox,
                                    const struct stream_start *start);
void stream_unsubscribe(struct subscriber *subscriber);

bool subscriber_is_behind(const struct subscriber *subscriber);
/* To be called after what a subscriber was given has moved it on; `was_behind` is of before. */
void subscriber_moved(struct subscriber *subscriber, bool was_behind);

/* True when this push could drop an item before anybody was offered it: flush the stream first. */
bool stream_is_pressed(const struct stream *stream, size_t size);
/* Adds the item at `position` and takes its reference. One that is already there is ignored; after
 * a gap the window begins anew. */
void stream_push(struct stream *stream, uint64_t position, const struct window_item *item);
/* Adds the piece of presence that leads to `tick` and takes its reference. */
void stream_tick(struct stream *stream, uint64_t tick, struct blob *piece);
/* Gives a subscriber the full presence as of `tick` and takes its reference. */
void subscriber_full(struct subscriber *subscriber, uint64_t tick, struct blob *full);
/* Everything so far has been offered to everybody. */
void stream_flushed(struct stream *stream);

/* All streams of a gate by room. Zero-initialise. */
struct streams {
    struct stream **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
};

/* NULL when the room is not known. */
struct stream *streams_find(const struct streams *streams, uint64_t room);
/* Makes one, whose first item will be at `position` and whose presence is at `tick`, if there is
 * none. */
struct stream *streams_get(struct streams *streams, uint64_t room, uint64_t position,
                           uint64_t tick);
/* Frees the stream and its subscribers. */
void streams_forget(struct streams *streams, struct stream *stream);
void streams_deinit(struct streams *streams);

#endif

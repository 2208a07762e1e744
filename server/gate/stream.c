#include "server/gate/stream.h"

#include "server/gate/memory.h"
#include "server/gate/outbox.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SUBSCRIBERS 2
#define FIRST_BUCKETS     64

bool subscriber_is_behind(const struct subscriber *subscriber)
{
    const struct stream *stream = subscriber->stream;
    return subscriber->position < stream->window.head || subscriber->full != NULL ||
           subscriber->tick < stream->ticks.last;
}

/* Drops what is kept once nobody needs it. */
static void trim(struct stream *stream)
{
    if (stream->behind == 0) {
        window_reset(&stream->window, stream->window.head);
        ticks_reset(&stream->ticks, stream->ticks.last);
    }
}

void subscriber_moved(struct subscriber *subscriber, bool was_behind)
{
    struct stream *stream = subscriber->stream;
    bool is_behind = subscriber_is_behind(subscriber);
    if (was_behind && !is_behind) {
        stream->behind--;
        trim(stream);
    } else if (!was_behind && is_behind) {
        stream->behind++;
    }
}

struct subscriber *stream_subscribe(struct stream *stream, struct outbox *outbox,
                                    const struct stream_start *start)
{
    if (start->position > stream->window.head) {
        window_reset(&stream->window, start->position);
        stream->behind = stream->count;
    }
    if (start->tick > stream->ticks.last) {
        ticks_reset(&stream->ticks, start->tick);
        stream->behind = stream->count;
    }
    if (stream->count == stream->capacity) {
        stream->capacity = stream->capacity == 0 ? FIRST_SUBSCRIBERS : stream->capacity * 2;
        stream->subscribers =
            memory_array(stream->subscribers, stream->capacity, sizeof(*stream->subscribers));
    }
    struct subscriber *subscriber = memory_new(sizeof(*subscriber));
    *subscriber = (struct subscriber){.stream = stream,
                                      .outbox = outbox,
                                      .next = outbox->subscribers,
                                      .position = start->position,
                                      .tick = start->tick,
                                      .version = start->version,
                                      .chat = start->chat,
                                      .attachment = start->attachment,
                                      .full = start->full,
                                      .full_tick = start->tick,
                                      .index = (uint32_t)stream->count,
                                      .channel = start->channel};
    outbox->subscribers = subscriber;
    stream->subscribers[stream->count++] = subscriber;
    stream->behind += subscriber_is_behind(subscriber);
    return subscriber;
}

static void unlink_from_outbox(struct subscriber *subscriber)
{
    struct subscriber **link = &subscriber->outbox->subscribers;
    while (*link != subscriber) {
        link = &(*link)->next;
    }
    *link = subscriber->next;
}

void stream_unsubscribe(struct subscriber *subscriber)
{
    struct stream *stream = subscriber->stream;
    unlink_from_outbox(subscriber);
    struct subscriber *last = stream->subscribers[--stream->count];
    stream->subscribers[subscriber->index] = last;
    last->index = subscriber->index;
    if (subscriber_is_behind(subscriber)) {
        stream->behind--;
        trim(stream);
    }
    blob_unref(subscriber->full);
    free(subscriber);
}

bool stream_is_pressed(const struct stream *stream, size_t size)
{
    return stream->fresh_items > 0 && (stream->fresh_items >= LIMIT_WINDOW_ITEMS / 2 ||
                                       stream->fresh_bytes + size > LIMIT_WINDOW_BYTES / 2);
}

void stream_push(struct stream *stream, uint64_t position, const struct window_item *item)
{
    if (position < stream->window.head) {
        blob_unref(item->blob);
        return;
    }
    if (position > stream->window.head) {
        window_reset(&stream->window, position);
    }
    if (stream->count == 0) {
        blob_unref(item->blob);
        window_reset(&stream->window, position + 1);
        return;
    }
    stream->fresh_items++;
    stream->fresh_bytes += item->blob->size;
    window_push(&stream->window, item);
    stream->behind = stream->count;
}

void stream_tick(struct stream *stream, uint64_t tick, struct blob *piece)
{
    if (stream->count == 0) {
        blob_unref(piece);
        ticks_reset(&stream->ticks, tick > stream->ticks.last ? tick : stream->ticks.last);
        return;
    }
    if (tick <= stream->ticks.last) {
        blob_unref(piece);
        return;
    }
    ticks_push(&stream->ticks, tick, piece);
    stream->behind = stream->count;
}

void subscriber_full(struct subscriber *subscriber, uint64_t tick, struct blob *full)
{
    bool was_behind = subscriber_is_behind(subscriber);
    blob_unref(subscriber->full);
    subscriber->full = full;
    subscriber->full_tick = tick;
    subscriber->asked = false;
    if (tick > subscriber->stream->ticks.last) {
        ticks_reset(&subscriber->stream->ticks, tick);
        subscriber->stream->behind = subscriber->stream->count;
        return;
    }
    subscriber_moved(subscriber, was_behind);
}

void stream_flushed(struct stream *stream)
{
    stream->fresh_items = stream->fresh_bytes = 0;
}

/* ---- by room -----------------------------------------------------------------------------------
 */

/* Rooms are numbered one after the other: their low bits are spread already. */
static struct stream **bucket_of(const struct streams *streams, uint64_t room)
{
    return &streams->buckets[room & (streams->bucket_count - 1)];
}

static void streams_grow(struct streams *streams)
{
    struct streams old = *streams;
    streams->bucket_count = old.bucket_count == 0 ? FIRST_BUCKETS : old.bucket_count * 2;
    streams->buckets = memory_new(streams->bucket_count * sizeof(*streams->buckets));
    for (size_t i = 0; i < old.bucket_count; i++) {
        for (struct stream *stream = old.buckets[i]; stream != NULL;) {
            struct stream *next = stream->next;
            struct stream **bucket = bucket_of(streams, stream->room);
            stream->next = *bucket;
            *bucket = stream;
            stream = next;
        }
    }
    free(old.buckets);
}

struct stream *streams_find(const struct streams *streams, uint64_t room)
{
    if (streams->bucket_count == 0) {
        return NULL;
    }
    struct stream *stream = *bucket_of(streams, room);
    while (stream != NULL && stream->room != room) {
        stream = stream->next;
    }
    return stream;
}

struct stream *streams_get(struct streams *streams, uint64_t room, uint64_t position, uint64_t tick)
{
    struct stream *stream = streams_find(streams, room);
    if (stream != NULL) {
        return stream;
    }
    if (streams->count == streams->bucket_count) {
        streams_grow(streams);
    }
    stream = memory_new(sizeof(*stream));
    stream->room = room;
    window_init(&stream->window, position);
    stream->ticks.last = tick;
    struct stream **bucket = bucket_of(streams, room);
    stream->next = *bucket;
    *bucket = stream;
    streams->count++;
    return stream;
}

static void stream_free(struct stream *stream)
{
    while (stream->count > 0) {
        stream_unsubscribe(stream->subscribers[stream->count - 1]);
    }
    window_deinit(&stream->window);
    ticks_reset(&stream->ticks, stream->ticks.last);
    free(stream->subscribers);
    free(stream);
}

void streams_forget(struct streams *streams, struct stream *stream)
{
    struct stream **link = bucket_of(streams, stream->room);
    while (*link != stream) {
        link = &(*link)->next;
    }
    *link = stream->next;
    streams->count--;
    stream_free(stream);
}

void streams_deinit(struct streams *streams)
{
    for (size_t i = 0; i < streams->bucket_count; i++) {
        for (struct stream *stream = streams->buckets[i]; stream != NULL;) {
            struct stream *next = stream->next;
            stream_free(stream);
            stream = next;
        }
    }
    free(streams->buckets);
}

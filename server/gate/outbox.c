#include "server/gate/outbox.h"

#include "server/gate/frame.h"
#include "server/gate/memory.h"
#include "server/wire/encode.h"

#include <stdlib.h>
#include <string.h>

/* [37, ch, version, seq]: head, kind, channel and two numbers of up to 9 bytes. */
#define ACK_BYTES_MAX 21
/* Two pieces of the heap beside the bytes. */
#define MESSAGE_COST 64
#define ARRAY_OF_4   0x94

struct outbox_message {
    struct outbox_message *next;
    struct parts parts;
};

/* What a message costs while it waits: small ones are many. */
static size_t cost_of(const struct parts *parts)
{
    return parts_size(parts) + MESSAGE_COST;
}

static bool is_sending_large(const struct outbox *outbox)
{
    return outbox->large.outer != NULL;
}

/* The payload of a frame as it fills. */
struct filling {
    uint8_t *data;
    size_t size;
};

void outbox_init(struct outbox *outbox, uint64_t connection)
{
    *outbox = (struct outbox){.connection = connection};
}

static void drop_first(struct outbox *outbox)
{
    struct outbox_message *message = outbox->first;
    outbox->first = message->next;
    if (outbox->first == NULL) {
        outbox->last = NULL;
    }
    outbox->bytes -= cost_of(&message->parts);
    parts_unref(&message->parts);
    free(message);
}

void outbox_drop(struct outbox *outbox)
{
    while (outbox->first != NULL) {
        drop_first(outbox);
    }
}

void outbox_unsubscribe(struct outbox *outbox)
{
    while (outbox->subscribers != NULL) {
        stream_unsubscribe(outbox->subscribers);
    }
}

void outbox_deinit(struct outbox *outbox)
{
    outbox_unsubscribe(outbox);
    outbox_drop(outbox);
    parts_unref(&outbox->large);
}

void outbox_add(struct outbox *outbox, struct parts messages)
{
    struct outbox_message *message = memory_new(sizeof(*message));
    message->parts = messages;
    if (outbox->last == NULL) {
        outbox->first = message;
    } else {
        outbox->last->next = message;
    }
    outbox->last = message;
    outbox->bytes += cost_of(&messages);
}

size_t outbox_held_bytes(const struct outbox *outbox)
{
    size_t bytes = outbox->bytes;
    if (is_sending_large(outbox)) {
        bytes += parts_size(&outbox->large);
    }
    for (const struct subscriber *subscriber = outbox->subscribers; subscriber != NULL;
         subscriber = subscriber->next) {
        bytes += subscriber->full == NULL ? 0 : subscriber->full->size;
    }
    return bytes;
}

struct subscriber *outbox_subscriber(const struct outbox *outbox, uint8_t channel)
{
    struct subscriber *subscriber = outbox->subscribers;
    while (subscriber != NULL && subscriber->channel != channel) {
        subscriber = subscriber->next;
    }
    return subscriber;
}

/* ---- filling a frame ---------------------------------------------------------------------------
 */

static bool fits(const struct filling *filling, size_t size)
{
    return size <= LIMIT_FLUSH_BYTES - filling->size;
}

/* Appends `parts`, or begins to send them bit by bit if no frame could hold them. Then the frame at
 * hand is full. False: they need a frame of their own, or the next one. */
static bool put_parts(struct outbox *outbox, struct filling *filling, const struct parts *parts,
                      int channel)
{
    size_t size = parts_size(parts);
    if (fits(filling, size)) {
        uint8_t *start = filling->data + filling->size;
        parts_copy(parts, 0, size, start);
        if (channel >= 0) {
            start[ENCODE_CHANNEL_AT] = (uint8_t)channel;
        }
        filling->size += size;
        return true;
    }
    if (filling->size > 0) {
        return false;
    }
    outbox->large = parts_ref(parts);
    outbox->large_at = 0;
    outbox->large_channel = channel;
    return true;
}

static bool put(struct outbox *outbox, struct filling *filling, struct blob *blob, int channel)
{
    return put_parts(outbox, filling, &(struct parts){.outer = blob},
                     channel); /* its reference is the caller's */
}

static size_t put_uint(uint8_t *at, uint64_t value)
{
    if (value < 0x80) {
        at[0] = (uint8_t)value;
        return 1;
    }
    size_t bytes = value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    at[0] = (uint8_t)(bytes == 1 ? 0xcc : bytes == 2 ? 0xcd : bytes == 4 ? 0xce : 0xcf);
    for (size_t i = bytes; i > 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
    return 1 + bytes;
}

static bool put_ack(struct filling *filling, const struct window_item *item, uint8_t channel)
{
    if (!fits(filling, ACK_BYTES_MAX)) {
        return false;
    }
    uint8_t *start = filling->data + filling->size;
    uint8_t *at = start;
    *at++ = ARRAY_OF_4;
    *at++ = WIRE_ACK;
    *at++ = channel;
    at += put_uint(at, item->version);
    at += put_uint(at, item->seq);
    filling->size += (size_t)(at - start);
    return true;
}

/* Each of these puts what it can, and returns true when nothing of its kind is left for a later
 * frame. */

static bool take_messages(struct outbox *outbox, struct filling *filling)
{
    while (outbox->first != NULL) {
        if (is_sending_large(outbox) || !put_parts(outbox, filling, &outbox->first->parts, -1)) {
            return false;
        }
        drop_first(outbox);
    }
    return !is_sending_large(outbox);
}

static bool put_item(struct subscriber *subscriber, struct filling *filling)
{
    struct outbox *outbox = subscriber->outbox;
    const struct window_item *item = window_at(&subscriber->stream->window, subscriber->position);
    bool own = item->author != 0 && item->author == outbox->connection;
    bool done = own ? put_ack(filling, item, subscriber->channel)
                    : put(outbox, filling, item->blob, subscriber->channel);
    if (!done) {
        return false;
    }
    subscriber->position++;
    if (item->version > 0) {
        subscriber->version = item->version;
    }
    if (item->chat > 0) {
        subscriber->chat = item->chat;
    }
    return true;
}

static bool take_items(struct subscriber *subscriber, struct filling *filling)
{
    while (subscriber->position < subscriber->stream->window.head) {
        if (is_sending_large(subscriber->outbox) || !put_item(subscriber, filling)) {
            return false;
        }
    }
    return !is_sending_large(subscriber->outbox);
}

static bool take_full(struct subscriber *subscriber, struct filling *filling)
{
    if (subscriber->full == NULL) {
        return true;
    }
    if (!put(subscriber->outbox, filling, subscriber->full, subscriber->channel)) {
        return false;
    }
    blob_unref(subscriber->full);
    subscriber->full = NULL;
    subscriber->tick = subscriber->full_tick;
    return !is_sending_large(subscriber->outbox);
}

static bool take_ticks(struct subscriber *subscriber, const struct outbox_events *events,
                       struct filling *filling)
{
    const struct ticks *ticks = &subscriber->stream->ticks;
    while (subscriber->tick < ticks->last) {
        struct blob *piece = ticks_at(ticks, subscriber->tick + 1);
        if (piece == NULL) {
            if (!subscriber->asked) {
                subscriber->asked = true;
                events->presence(events->context, subscriber);
            }
            return true;
        }
        if (is_sending_large(subscriber->outbox) ||
            !put(subscriber->outbox, filling, piece, subscriber->channel)) {
            return false;
        }
        subscriber->tick++;
    }
    return !is_sending_large(subscriber->outbox);
}

static bool take_channel(struct subscriber *subscriber, const struct outbox_events *events,
                         struct filling *filling)
{
    bool was_behind = subscriber_is_behind(subscriber);
    if (!was_behind) {
        return true;
    }
    bool all = take_items(subscriber, filling) && take_full(subscriber, filling) &&
               take_ticks(subscriber, events, filling);
    subscriber_moved(subscriber, was_behind);
    return all;
}

static bool take_channels(struct outbox *outbox, const struct outbox_events *events,
                          struct filling *filling)
{
    for (struct subscriber *subscriber = outbox->subscribers; subscriber != NULL;) {
        struct subscriber *next = subscriber->next;
        if (subscriber->position < subscriber->stream->window.tail) {
            events->lagged(events->context, subscriber);
            stream_unsubscribe(subscriber);
        } else if (!take_channel(subscriber, events, filling)) {
            return false;
        }
        subscriber = next;
    }
    return true;
}

/* The next part of the message that is too large for one frame. */
static struct outbox_frame take_large(struct outbox *outbox, uint8_t *payload)
{
    size_t at = outbox->large_at;
    size_t left = parts_size(&outbox->large) - at;
    bool last = left <= LIMIT_FLUSH_BYTES;
    size_t size = last ? left : LIMIT_FLUSH_BYTES;
    parts_copy(&outbox->large, at, size, payload);
    if (at == 0 && outbox->large_channel >= 0) {
        payload[ENCODE_CHANNEL_AT] = (uint8_t)outbox->large_channel;
    }
    enum frame_opcode opcode = at == 0 ? FRAME_BINARY : FRAME_CONTINUATION;
    uint8_t *frame = frame_begin(payload, size, opcode, last);
    outbox->large_at += size;
    if (last) {
        parts_unref(&outbox->large);
    }
    return (struct outbox_frame){frame, (size_t)(payload - frame) + size, .more = true};
}

struct outbox_frame outbox_take(struct outbox *outbox, const struct outbox_events *events,
                                uint8_t *payload)
{
    if (is_sending_large(outbox)) {
        return take_large(outbox, payload);
    }
    struct filling filling = {payload, 0};
    bool all = take_messages(outbox, &filling) && take_channels(outbox, events, &filling);
    if (is_sending_large(outbox)) {
        return take_large(outbox, payload);
    }
    if (filling.size == 0) {
        return (struct outbox_frame){0};
    }
    uint8_t *frame = frame_begin(payload, filling.size, FRAME_BINARY, true);
    return (struct outbox_frame){frame, (size_t)(payload - frame) + filling.size, .more = !all};
}

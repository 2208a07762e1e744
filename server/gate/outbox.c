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
    struct blob *blob;
};

/* What a message costs while it waits: small ones are many. */
static size_t cost_of(const struct blob *blob)
{
    return blob->size + MESSAGE_COST;
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

static struct blob *pop(struct outbox *outbox)
{
    struct outbox_message *message = outbox->first;
    struct blob *blob = message->blob;
    outbox->first = message->next;
    if (outbox->first == NULL) {
        outbox->last = NULL;
    }
    outbox->bytes -= cost_of(blob);
    free(message);
    return blob;
}

void outbox_drop(struct outbox *outbox)
{
    while (outbox->first != NULL) {
        blob_unref(pop(outbox));
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
    blob_unref(outbox->large);
}

void outbox_add(struct outbox *outbox, struct blob *blob)
{
    struct outbox_message *message = memory_new(sizeof(*message));
    message->blob = blob;
    if (outbox->last == NULL) {
        outbox->first = message;
    } else {
        outbox->last->next = message;
    }
    outbox->last = message;
    outbox->bytes += cost_of(blob);
}

size_t outbox_held_bytes(const struct outbox *outbox)
{
    size_t bytes = outbox->bytes;
    if (outbox->large != NULL) {
        bytes += outbox->large->size;
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

/* Appends `blob`, or begins to send it in parts if no frame could hold it. Then the frame at hand
 * is full. False: it needs a frame of its own, or the next one. */
static bool put(struct outbox *outbox, struct filling *filling, struct blob *blob, int channel)
{
    if (fits(filling, blob->size)) {
        uint8_t *start = filling->data + filling->size;
        memcpy(start, blob->data, blob->size);
        if (channel >= 0) {
            start[ENCODE_CHANNEL_AT] = (uint8_t)channel;
        }
        filling->size += blob->size;
        return true;
    }
    if (filling->size > 0) {
        return false;
    }
    outbox->large = blob_ref(blob);
    outbox->large_at = 0;
    outbox->large_channel = channel;
    return true;
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
        if (outbox->large != NULL || !put(outbox, filling, outbox->first->blob, -1)) {
            return false;
        }
        blob_unref(pop(outbox));
    }
    return outbox->large == NULL;
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
        if (subscriber->outbox->large != NULL || !put_item(subscriber, filling)) {
            return false;
        }
    }
    return subscriber->outbox->large == NULL;
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
    return subscriber->outbox->large == NULL;
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
        if (subscriber->outbox->large != NULL ||
            !put(subscriber->outbox, filling, piece, subscriber->channel)) {
            return false;
        }
        subscriber->tick++;
    }
    return subscriber->outbox->large == NULL;
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
    struct blob *blob = outbox->large;
    size_t at = outbox->large_at;
    size_t left = blob->size - at;
    bool last = left <= LIMIT_FLUSH_BYTES;
    size_t size = last ? left : LIMIT_FLUSH_BYTES;
    memcpy(payload, blob->data + at, size);
    if (at == 0 && outbox->large_channel >= 0) {
        payload[ENCODE_CHANNEL_AT] = (uint8_t)outbox->large_channel;
    }
    enum frame_opcode opcode = at == 0 ? FRAME_BINARY : FRAME_CONTINUATION;
    uint8_t *frame = frame_begin(payload, size, opcode, last);
    outbox->large_at += size;
    if (last) {
        blob_unref(blob);
        outbox->large = NULL;
    }
    return (struct outbox_frame){frame, (size_t)(payload - frame) + size, .more = true};
}

struct outbox_frame outbox_take(struct outbox *outbox, const struct outbox_events *events,
                                uint8_t *payload)
{
    if (outbox->large != NULL) {
        return take_large(outbox, payload);
    }
    struct filling filling = {payload, 0};
    bool all = take_messages(outbox, &filling) && take_channels(outbox, events, &filling);
    if (outbox->large != NULL) {
        return take_large(outbox, payload);
    }
    if (filling.size == 0) {
        return (struct outbox_frame){0};
    }
    uint8_t *frame = frame_begin(payload, filling.size, FRAME_BINARY, true);
    return (struct outbox_frame){frame, (size_t)(payload - frame) + filling.size, .more = !all};
}

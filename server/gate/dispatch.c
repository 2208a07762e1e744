#include "server/gate/dispatch.h"

#include "server/gate/flush.h"
#include "server/gate/peer.h"

#include <assert.h>
#include <stdlib.h>

/* Hands over a blob of `out`. */
static struct blob *take(struct blob **blob)
{
    struct blob *taken = *blob;
    *blob = NULL;
    return taken;
}

static void out_free(struct hub_out *out)
{
    blob_unref(out->blob);
    blob_unref(out->snapshot);
    blob_unref(out->extra);
    free(out);
}

/* NULL also for one that is closing: it is told nothing more. */
static struct peer *receiver(const struct gate *gate, const struct hub_out *out)
{
    struct peer *peer = peer_find(gate, out->connection);
    return peer != NULL && peer->state < PEER_CLOSING ? peer : NULL;
}

static void send_blob(struct peer *peer, struct hub_out *out)
{
    if (out->blob != NULL) {
        struct parts parts = {take(&out->blob), take(&out->snapshot), out->snapshot_at};
        peer_send(peer, parts);
    }
}

static void end_channel(struct peer *peer, uint8_t channel)
{
    struct subscriber *subscriber = outbox_subscriber(&peer->outbox, channel);
    if (subscriber != NULL) {
        stream_unsubscribe(subscriber);
    }
}

static void do_attach(struct gate *gate, struct peer *peer, struct hub_out *out)
{
    end_channel(peer, out->channel);
    struct stream *stream = streams_get(&gate->streams, out->room, out->position, out->tick);
    stream_subscribe(stream, &peer->outbox,
                     &(struct stream_start){.channel = out->channel,
                                            .position = out->position,
                                            .tick = out->tick,
                                            .version = out->version,
                                            .chat = out->chat,
                                            .attachment = out->attachment,
                                            .full = take(&out->extra)});
    peer_touch(peer);
    send_blob(peer, out);
}

static void do_full(struct peer *peer, struct hub_out *out)
{
    struct subscriber *subscriber = outbox_subscriber(&peer->outbox, out->channel);
    if (subscriber != NULL && subscriber->stream->room == out->room) {
        subscriber_full(subscriber, out->tick, take(&out->blob));
        peer_touch(peer);
    }
}

static void do_item(struct gate *gate, struct hub_out *out)
{
    struct stream *stream = streams_find(&gate->streams, out->room);
    if (stream == NULL) {
        return;
    }
    assert(out->blob != NULL);
    if (stream_is_pressed(stream, out->blob->size)) {
        stream->rests_until_ms = 0;
        gate_flush(gate);
    }
    struct window_item item = {take(&out->blob), out->version, out->chat, out->author, out->seq};
    stream_push(stream, out->position, &item);
    gate_touch_stream(gate, stream);
}

static void do_presence(struct gate *gate, struct hub_out *out)
{
    struct stream *stream = streams_find(&gate->streams, out->room);
    if (stream != NULL) {
        stream_tick(stream, out->tick, take(&out->blob));
        gate_touch_stream(gate, stream);
    }
}

static void do_forget(struct gate *gate, struct hub_out *out)
{
    struct stream *stream = streams_find(&gate->streams, out->room);
    if (stream == NULL) {
        return;
    }
    if (stream->dirty_at > 0) {
        pointers_strike(&gate->dirty_streams, stream->dirty_at);
    }
    streams_forget(&gate->streams, stream);
}

static void do_to_peer(struct gate *gate, struct peer *peer, struct hub_out *out)
{
    switch (out->kind) {
    case HUB_OUT_SEND:
        send_blob(peer, out);
        break;
    case HUB_OUT_ATTACH:
        do_attach(gate, peer, out);
        break;
    case HUB_OUT_DETACH:
        end_channel(peer, out->channel);
        send_blob(peer, out);
        break;
    case HUB_OUT_FULL:
        do_full(peer, out);
        break;
    case HUB_OUT_BAD_LINK:
        addresses_take(&gate->gates->addresses, peer->holder, ADDRESS_BAD_LINKS, gate_now_ms(gate));
        break;
    case HUB_OUT_CLOSE:
        if (out->is_bad_token) {
            addresses_take(&gate->gates->addresses, peer->holder, ADDRESS_BAD_TOKENS,
                           gate_now_ms(gate));
        }
        send_blob(peer, out);
        peer_close(peer, out->code);
        break;
    default:
        break;
    }
}

static void do_out(struct gate *gate, struct hub_out *out)
{
    switch (out->kind) {
    case HUB_OUT_ITEM:
        do_item(gate, out);
        return;
    case HUB_OUT_PRESENCE:
        do_presence(gate, out);
        return;
    case HUB_OUT_FORGET:
        do_forget(gate, out);
        return;
    default:
        break;
    }
    struct peer *peer = receiver(gate, out);
    if (peer != NULL) {
        do_to_peer(gate, peer, out);
    }
}

void dispatch(struct gate *gate, struct hub_out *chain)
{
    while (chain != NULL) {
        struct hub_out *next = chain->next;
        do_out(gate, chain);
        out_free(chain);
        chain = next;
    }
}

void dispatch_drop(struct hub_out *chain)
{
    while (chain != NULL) {
        struct hub_out *next = chain->next;
        out_free(chain);
        chain = next;
    }
}

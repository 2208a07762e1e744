#include "server/gate/flush.h"

#include "server/gate/frame.h"
#include "server/gate/peer.h"

/* The rest of a stream after a flush. */
#define REST_SUBSCRIBERS_PER_MS 8
#define REST_MAX_MS             15

/* A ping carries a byte: libwebsockets does not tell of pongs without any. */
#define PING_BYTES (2 + 1)

static void on_lagged(void *context, const struct subscriber *subscriber)
{
    peer_tell(context, HUB_IN_LAGGED, subscriber);
}

static void on_presence(void *context, const struct subscriber *subscriber)
{
    peer_tell(context, HUB_IN_PRESENCE, subscriber);
}

/* Puts a ping before the frame, which may be empty. */
static void add_ping(struct outbox_frame *frame, uint8_t *payload)
{
    uint8_t *byte = (frame->size == 0 ? payload : frame->data) - 1;
    *byte = 0;
    uint8_t *ping = frame_begin(byte, 1, FRAME_PING, true);
    frame->data = ping;
    frame->size += PING_BYTES;
}

/* Puts a goodbye after the frame, which may be empty. */
static void add_goodbye(struct outbox_frame *frame, uint8_t *payload, unsigned code)
{
    if (frame->size == 0) {
        frame->data = payload;
    }
    frame_close(frame->data + frame->size, code);
    frame->size += FRAME_CLOSE_SIZE;
}

/* One write, straight to the socket. Raw, since it holds whole frames. */
static bool write_frame(struct peer *peer, const struct outbox_frame *frame)
{
    struct gate *gate = peer->gate;
    if (lws_write(peer->wsi, frame->data, frame->size, LWS_WRITE_RAW) < 0) {
        peer_cut(peer);
        return false;
    }
    metrics_add(&gate->metrics, METRIC_FRAMES_OUT, 1);
    metrics_add(&gate->metrics, METRIC_BYTES_OUT, frame->size);
    return true;
}

/* Waits for the socket if it took not all, or if there is more for it. */
static void go_on_later(struct peer *peer, bool more)
{
    if (lws_partial_buffered(peer->wsi)) {
        peer_block(peer);
    } else if (more) {
        lws_callback_on_writable(peer->wsi);
        peer_block(peer);
    }
}

/*
 * Gives a connection its next frame, unless it had one in this flush or its socket is full. While
 * libwebsockets holds a rest of an earlier write, it calls by itself when that is gone.
 */
static void serve(struct peer *peer)
{
    struct gate *gate = peer->gate;
    if (peer->turn == gate->turn || peer->blocked || peer->state == PEER_CLOSED) {
        return;
    }
    peer->turn = gate->turn;
    if (lws_partial_buffered(peer->wsi)) {
        peer_block(peer);
        return;
    }
    const struct outbox_events events = {peer, on_lagged, on_presence};
    struct outbox_frame frame = outbox_take(&peer->outbox, &events, gate->payload);
    bool is_last = peer->state == PEER_CLOSING && !frame.more;
    if (peer->ping_wanted) {
        peer->ping_wanted = false;
        add_ping(&frame, gate->payload);
    }
    if (is_last) {
        add_goodbye(&frame, gate->payload, peer->close_code);
    }
    if (frame.size == 0 || !write_frame(peer, &frame)) {
        return;
    }
    if (is_last) {
        peer_leave(peer);
    } else {
        go_on_later(peer, frame.more);
    }
}

static void serve_peers(struct gate *gate)
{
    for (size_t place = 1; place <= gate->dirty_peers.count; place++) {
        struct peer *peer = pointers_at(&gate->dirty_peers, place);
        if (peer != NULL) {
            peer->dirty_at = 0;
            serve(peer);
        }
    }
    pointers_clear(&gate->dirty_peers);
}

/* From the last subscriber to the first: serving one may end it and others of its connection, and
 * the last ones take their places. */
static void serve_stream(struct stream *stream)
{
    stream_flushed(stream);
    for (size_t i = stream->count; i-- > 0;) {
        if (i < stream->count) {
            serve(peer_of_outbox(stream->subscribers[i]->outbox));
        }
    }
}

/*
 * A write costs about the same whatever it carries, so a stream that has just been written to all
 * its subscribers rests for about as long as that took: what comes meanwhile shares the next frame.
 * What comes after a rest goes at once.
 */
static uint64_t rest_ms(const struct stream *stream)
{
    uint64_t rest = stream->count / REST_SUBSCRIBERS_PER_MS;
    return rest < REST_MAX_MS ? rest : REST_MAX_MS;
}

/* Streams that have rested are due: their turn comes with the end of this one. */
static void on_later(uv_timer_t *handle)
{
    (void)handle;
}

static void serve_streams(struct gate *gate)
{
    struct pointers dirty = gate->dirty_streams;
    uint64_t now = gate_now_ms(gate);
    uint64_t next = UINT64_MAX;
    gate->dirty_streams = (struct pointers){0};
    for (size_t place = 1; place <= dirty.count; place++) {
        struct stream *stream = pointers_at(&dirty, place);
        if (stream == NULL) {
            continue;
        }
        stream->dirty_at = 0;
        if (now < stream->rests_until_ms && !gate->stopping) {
            stream->dirty_at = pointers_add(&gate->dirty_streams, stream);
            next = stream->rests_until_ms < next ? stream->rests_until_ms : next;
        } else {
            stream->rests_until_ms = now + rest_ms(stream);
            serve_stream(stream);
        }
    }
    pointers_deinit(&dirty);
    if (next != UINT64_MAX) {
        uv_timer_start(&gate->later, on_later, next - now, 0);
    }
}

void gate_touch_stream(struct gate *gate, struct stream *stream)
{
    if (stream->dirty_at == 0) {
        stream->dirty_at = pointers_add(&gate->dirty_streams, stream);
    }
}

void gate_flush(struct gate *gate)
{
    if (gate->dirty_peers.count == 0 && gate->dirty_streams.count == 0) {
        return;
    }
    gate->turn++;
    serve_peers(gate);
    serve_streams(gate);
}

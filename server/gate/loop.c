#include "server/gate/loop.h"

#include "server/gate/dispatch.h"
#include "server/gate/flush.h"
#include "server/gate/frame.h"
#include "server/gate/http.h"
#include "server/gate/listen.h"
#include "server/gate/memory.h"
#include "server/gate/peer.h"
#include "server/gate/protocols.h"
#include "server/gate/receive.h"
#include "server/gate/unseen.h"
#include "server/thread/clock.h"
#include "server/wire/encode.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Before the payload of a frame: its header, a ping, and what libwebsockets wants free. */
#define HEADROOM (LWS_PRE + FRAME_HEADER_MAX + 16)
/* Of LIMIT_DRAIN_MS: for answers to our goodbyes. The rest is for what is queued. */
#define GOODBYE_MS 1000

#define THREAD_NAME_MAX 16

/* Of messages that have begun to come, ended in a tick when memory is short. */
#define ROOM_BYTES 16777216

uint64_t gate_now_ms(const struct gate *gate)
{
    return uv_now(&gate->loop);
}

void gate_wake(struct gate *gate)
{
    uv_async_send(&gate->wake);
}

/* ---- going and stopping ---- */

/* Runs over all connections; `act` may not end any at once. */
static void each_peer(struct gate *gate, void (*act)(struct peer *peer))
{
    for (uint32_t place = 0; place < gate->slots.used; place++) {
        struct peer *peer = slots_at(&gate->slots, place);
        if (peer != NULL) {
            act(peer);
        }
    }
}

/* xorshift64: spreads those who come back; nothing depends on its being hard to guess. */
static uint64_t random_below(struct gate *gate, uint64_t bound)
{
    gate->random ^= gate->random << 13;
    gate->random ^= gate->random >> 7;
    gate->random ^= gate->random << 17;
    return gate->random % bound;
}

static void say_going(struct peer *peer)
{
    struct gate *gate = peer->gate;
    if (peer->state >= PEER_CLOSING) {
        return;
    }
    uint64_t retry_ms = atomic_load(&gate->gates->drain_retry_ms);
    uint64_t half = retry_ms / 2;
    encode_going(&gate->encoded, half + random_below(gate, retry_ms - half + 1));
    peer_send(peer, parts_of(encode_blob(&gate->encoded)));
}

static void close_going(struct peer *peer)
{
    peer_close_gently(peer, WIRE_CLOSE_GOING);
}

static void drain(struct gate *gate)
{
    gate->drained = true;
    if (gate->index == 0) {
        listen_stop(gate);
    }
    each_peer(gate, say_going);
}

static void stop(struct gate *gate)
{
    gate->stopping = true;
    gate->stop_by_ms = gate_now_ms(gate) + LIMIT_DRAIN_MS;
    if (gate->index == 0) {
        listen_stop(gate);
    }
    each_peer(gate, close_going);
}

static void count_open(struct peer *peer)
{
    if (peer->state == PEER_CLOSED && !lws_partial_buffered(peer->wsi)) {
        peer->gate->closed++;
    }
}

/* Ends the loop when everybody is gone, or all have been told and have had a second to answer, or
 * time is up. */
static void finish(struct gate *gate)
{
    uint64_t now = gate_now_ms(gate);
    gate->closed = 0;
    each_peer(gate, count_open);
    if (gate->closed < gate->slots.count) {
        gate->told_ms = now;
    }
    if (gate->slots.count == 0 || now >= gate->stop_by_ms || now >= gate->told_ms + GOODBYE_MS) {
        uv_stop(&gate->loop);
    }
}

/* ---- the loop ---- */

static void on_wake(uv_async_t *handle)
{
    struct gate *gate = handle->data;
    const struct gates *gates = gate->gates;
    listen_take(gate);
    dispatch(gate, mailbox_take(&gate->mailbox));
    if (atomic_load(&gates->draining) && !gate->drained) {
        drain(gate);
    }
    if (atomic_load(&gates->stopping) && !gate->stopping) {
        stop(gate);
    }
}

static void on_turn_end(uv_prepare_t *handle)
{
    struct gate *gate = handle->data;
    const struct gate_env *env = &gate->gates->env;
    unseen_turn(gate);
    gate_flush(gate);
    if (gate->posted > 0 && env->posted != NULL) {
        env->posted(env->context);
    }
    if (busy_rests(&gate->busy, gate_now_ms(gate), gate->slots.count, gate->posted)) {
        nanosleep(&(struct timespec){.tv_nsec = BUSY_REST_NS}, NULL);
    }
    gate->posted = 0;
    if (gate->stopping) {
        finish(gate);
    }
}

enum hub_pressure gate_pressure(const struct gate *gate)
{
    const struct gate_env *env = &gate->gates->env;
    return env->pressure == NULL ? HUB_EASY : env->pressure(env->context);
}

/* ---- when memory is short ---- */

/* Of a message that has begun to come. */
static size_t begun_bytes(const struct peer *peer)
{
    return assembly_bytes(peer->assembly);
}

static size_t held_bytes(const struct peer *peer)
{
    return begun_bytes(peer) + outbox_held_bytes(&peer->outbox);
}

/* Gives how much it held; 0: none holds much. */
static size_t end_heaviest(struct gate *gate, size_t (*bytes_of)(const struct peer *peer))
{
    struct peer *heaviest = NULL;
    size_t most = LIMIT_HEAVY_BYTES;
    for (uint32_t place = 0; place < gate->slots.used; place++) {
        struct peer *peer = slots_at(&gate->slots, place);
        if (peer != NULL && peer->state < PEER_CLOSING && bytes_of(peer) > most) {
            most = bytes_of(peer);
            heaviest = peer;
        }
    }
    if (heaviest == NULL) {
        return 0;
    }
    outbox_drop(&heaviest->outbox);
    assembly_free(heaviest->assembly);
    heaviest->assembly = NULL;
    peer_close(heaviest, WIRE_CLOSE_OVERLOADED);
    return most;
}

/* What somebody has begun to send nobody waits for: it is the first to go. What waits for somebody
 * who does not take it others may have, too, so that it may be little that is gained by it. */
static void make_room(struct gate *gate)
{
    enum hub_pressure pressure = gate_pressure(gate);
    size_t ended = 0, bytes = pressure >= HUB_SCARCE;
    while (bytes > 0 && ended < ROOM_BYTES) {
        bytes = end_heaviest(gate, begun_bytes);
        ended += bytes;
    }
    if (ended == 0 && pressure >= HUB_OUT) {
        end_heaviest(gate, held_bytes);
    }
}

static void on_tick(uv_timer_t *handle)
{
    struct gate *gate = handle->data;
    uint64_t now = gate_now_ms(gate);
    atomic_store(&gate->turned_ms, clock_monotonic_ms());
    wheel_advance(&gate->wheel, now, peer_expired, gate);
    http_tick(gate, now);
    make_room(gate);
    unseen_look(gate);
    if (gate->index == 0) {
        listen_tick(gate);
    }
}

void *gate_run(void *context)
{
    struct gate *gate = context;
    char name[THREAD_NAME_MAX];
    snprintf(name, sizeof(name), "gate-%u", gate->index);
    pthread_setname_np(pthread_self(), name);
    uv_run(&gate->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* ---- making and freeing ---- */

static void open_handles(struct gate *gate)
{
    uv_async_init(&gate->loop, &gate->wake, on_wake);
    uv_prepare_init(&gate->loop, &gate->turn_end);
    uv_timer_init(&gate->loop, &gate->tick);
    uv_timer_init(&gate->loop, &gate->later);
    gate->wake.data = gate->turn_end.data = gate->tick.data = gate;
    uv_prepare_start(&gate->turn_end, on_turn_end);
    uv_timer_start(&gate->tick, on_tick, WHEEL_TICK_MS, WHEEL_TICK_MS);
    if (gate->index == 0) {
        uv_poll_init(&gate->loop, &gate->listening, gate->gates->listener);
        gate->listening.data = gate;
        listen_start(gate);
    }
}

struct gate *gate_new(struct gates *gates, unsigned index, char *message_out, size_t message_size)
{
    struct gate *gate = memory_new(sizeof(*gate));
    gate->gates = gates;
    gate->index = index;
    if (uv_loop_init(&gate->loop) != 0) {
        snprintf(message_out, message_size, "no descriptors are left for another thread");
        free(gate);
        return NULL;
    }
    if (protocols_open(gate) != 0) {
        snprintf(message_out, message_size,
                 "libwebsockets cannot start: is its libuv plugin installed?");
        uv_loop_close(&gate->loop);
        free(gate);
        return NULL;
    }
    open_handles(gate);
    if (getrandom(&gate->random, sizeof(gate->random), 0) != sizeof(gate->random) ||
        gate->random == 0) {
        gate->random = 1;
    }
    gate->payload_memory = memory_new(HEADROOM + LIMIT_FLUSH_BYTES + FRAME_CLOSE_SIZE);
    gate->payload = gate->payload_memory + HEADROOM;
    slots_init(&gate->slots, index, gates->connections_max);
    wheel_init(&gate->wheel, gate_now_ms(gate));
    atomic_store(&gate->turned_ms, clock_monotonic_ms());
    return gate;
}

/* libwebsockets closes in two steps, with turns of the loop in between. */
static void close_loop(struct gate *gate)
{
    lws_context_destroy(gate->context);
    uv_close((uv_handle_t *)&gate->wake, NULL);
    uv_close((uv_handle_t *)&gate->turn_end, NULL);
    uv_close((uv_handle_t *)&gate->tick, NULL);
    uv_close((uv_handle_t *)&gate->later, NULL);
    if (gate->index == 0) {
        listen_stop(gate);
    }
    uv_run(&gate->loop, UV_RUN_DEFAULT);
    lws_context_destroy(gate->context);
    uv_run(&gate->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&gate->loop);
    assert(left == 0);
}

void gate_free(struct gate *gate)
{
    close_loop(gate);
    listen_drop(gate);
    dispatch_drop(mailbox_take(&gate->mailbox));
    streams_deinit(&gate->streams);
    slots_deinit(&gate->slots);
    pointers_deinit(&gate->dirty_peers);
    pointers_deinit(&gate->dirty_streams);
    ot_buf_deinit(&gate->encoded);
    free(gate->payload_memory);
    free(gate);
}

#include "server/gate/peer.h"

#include "server/gate/frame.h"
#include "server/gate/memory.h"
#include "server/gate/receive.h"
#include "server/gate/request.h"
#include "server/gate/unseen.h"
#include "server/wire/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PEER_OF_TIMER(entry) ((struct peer *)((char *)(entry)-offsetof(struct peer, timer)))

static const struct gate_options *options_of(const struct peer *peer)
{
    return &peer->gate->gates->options;
}

/* ---- timers ------------------------------------------------------------------------------------
 */

static uint64_t due_ms(const struct peer *peer)
{
    const struct gate_options *options = options_of(peer);
    if (peer->state >= PEER_CLOSING) {
        return peer->deaf ? peer->close_by_ms : peer->deaf_at_ms;
    }
    uint64_t due = peer->heard_ms + (peer->state == PEER_GREETING ? options->hello_ms
                                     : peer->pinged               ? options->silence_ms
                                                                  : options->ping_ms);
    if (peer->blocked && peer->blocked_ms + options->stall_ms < due) {
        due = peer->blocked_ms + options->stall_ms;
    }
    return due;
}

static void arm(struct peer *peer)
{
    wheel_set(&peer->gate->wheel, &peer->timer, due_ms(peer));
}

/* Closed for something that it did or did not do, and that an operator may want to act on. */
static bool is_to_blame(unsigned code)
{
    return code < WIRE_CLOSE_INTERNAL ? code != WIRE_CLOSE_REPLACED : code == WIRE_CLOSE_OVERLOADED;
}

static void log_close(const struct peer *peer)
{
    bool told = is_to_blame(peer->close_code) && request_may_log(peer->gate);
    const struct gate_env *env = &peer->gate->gates->env;
    char fields[64 + IP_TEXT_MAX], ip[IP_TEXT_MAX];
    snprintf(fields, sizeof(fields), "connection=%llu ip=%s code=%u",
             (unsigned long long)peer->outbox.connection, ip_text(&peer->ip, ip), peer->close_code);
    env->log(env->context, told ? HUB_LOG_INFO : HUB_LOG_DEBUG, "connection_closing", fields);
}

/* Whoever floods goes on with it when told to go; to look for an answer to our goodbye in all of
 * that would take the others' time. */
void peer_deafen(struct peer *peer)
{
    unseen_trust(peer);
    peer->deaf = true;
    lws_rx_flow_control(peer->wsi, 0);
    arm(peer);
}

void peer_expired(void *gate, struct wheel_entry *timer)
{
    struct peer *peer = PEER_OF_TIMER(timer);
    const struct gate_options *options = options_of(peer);
    uint64_t now = gate_now_ms(gate);
    if (peer->state >= PEER_CLOSING && now < peer->close_by_ms) {
        peer_deafen(peer);
        return;
    }
    if (peer->state >= PEER_CLOSING) {
        peer_cut(peer);
        return;
    }
    if (peer->state == PEER_GREETING && now >= peer->heard_ms + options->hello_ms) {
        peer_close(peer, WIRE_CLOSE_NO_HELLO);
        return;
    }
    if (now >= peer->heard_ms + options->silence_ms) {
        peer_close(peer, WIRE_CLOSE_IDLE);
        return;
    }
    if (peer->blocked && now >= peer->blocked_ms + options->stall_ms) {
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
        return;
    }
    if (!peer->pinged && now >= peer->heard_ms + options->ping_ms) {
        peer->pinged = peer->ping_wanted = true;
        peer_touch(peer);
    }
    arm(peer);
}

/* ---- life --------------------------------------------------------------------------------------
 */

struct peer *peer_new(struct gate *gate, struct lws *wsi, const struct ip *ip)
{
    struct peer *peer = memory_new(sizeof(*peer));
    uint64_t number = slots_add(&gate->slots, peer);
    if (number == 0) {
        free(peer);
        return NULL;
    }
    outbox_init(&peer->outbox, number);
    peer->gate = gate;
    peer->wsi = wsi;
    peer->ip = *ip;
    peer->heard_ms = gate_now_ms(gate);
    unseen_suspect(peer);
    arm(peer);
    metrics_add(&gate->metrics, METRIC_CONNECTIONS, 1);
    metrics_add(&gate->metrics, METRIC_CONNECTIONS_OPENED, 1);
    return peer;
}

static void forget(struct peer *peer)
{
    if (peer->known) {
        peer->known = false;
        peer_tell(peer, HUB_IN_GONE, NULL);
    }
}

void peer_free(struct peer *peer)
{
    struct gate *gate = peer->gate;
    forget(peer);
    unseen_trust(peer);
    if (peer->dirty_at > 0) {
        pointers_strike(&gate->dirty_peers, peer->dirty_at);
    }
    wheel_cancel(&peer->timer);
    outbox_deinit(&peer->outbox);
    assembly_free(peer->assembly);
    slots_remove(&gate->slots, peer->outbox.connection);
    metrics_add(&gate->metrics, METRIC_CONNECTIONS, UINT64_MAX);
    free(peer);
}

struct peer *peer_find(const struct gate *gate, uint64_t number)
{
    return slots_find(&gate->slots, number);
}

void peer_greeted(struct peer *peer)
{
    unseen_trust(peer);
    peer->state = PEER_READY;
    peer->known = true;
    peer->heard_ms = gate_now_ms(peer->gate);
    arm(peer);
}

/* The timer is left where it is: it finds out when it fires. */
void peer_heard(struct peer *peer)
{
    if (peer->state == PEER_GREETING) {
        return;
    }
    peer->heard_ms = gate_now_ms(peer->gate);
    if (peer->pinged) {
        peer->pinged = false;
        arm(peer);
    }
}

void peer_noise(struct peer *peer)
{
    if (peer->state == PEER_GREETING) {
        peer_close(peer, WIRE_CLOSE_UNAUTHORIZED);
        return;
    }
    uint64_t second = gate_now_ms(peer->gate) / 1000;
    if (second != peer->noise_second) {
        peer->noise_second = second;
        peer->noise = 0;
    }
    if (++peer->noise > LIMIT_NOISE) {
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
    }
}

void peer_ponged(struct peer *peer)
{
    if (peer->pinged) {
        peer_heard(peer);
    } else {
        peer_noise(peer);
    }
}

void peer_touch(struct peer *peer)
{
    if (peer->dirty_at == 0) {
        peer->dirty_at = pointers_add(&peer->gate->dirty_peers, peer);
    }
}

void peer_send(struct peer *peer, struct parts messages)
{
    if (peer->state == PEER_CLOSED) {
        parts_unref(&messages);
        return;
    }
    outbox_add(&peer->outbox, messages);
    peer_touch(peer);
    if (peer->outbox.bytes > LIMIT_OUTBOX_BYTES) {
        outbox_drop(&peer->outbox);
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
    }
}

void peer_tell(const struct peer *peer, enum hub_in_kind kind, const struct subscriber *subscriber)
{
    const struct gates *gates = peer->gate->gates;
    if (atomic_load_explicit(&gates->stopping, memory_order_relaxed)) {
        return;
    }
    struct hub_in *in = memory_new(sizeof(*in));
    in->kind = kind;
    in->connection = peer->outbox.connection;
    if (subscriber != NULL) {
        in->channel = subscriber->channel;
        in->attachment = subscriber->attachment;
        in->version = subscriber->version;
        in->chat = subscriber->chat;
    }
    peer->gate->posted++;
    gates->env.post(gates->env.context, in);
}

/* ---- flow --------------------------------------------------------------------------------------
 */

void peer_block(struct peer *peer)
{
    peer->blocked = true;
    peer->blocked_ms = gate_now_ms(peer->gate);
    if (due_ms(peer) < peer->timer.due_ms) {
        arm(peer);
    }
}

void peer_unblock(struct peer *peer)
{
    peer->blocked = false;
    peer_touch(peer);
}

/* ---- ends --------------------------------------------------------------------------------------
 */

static void set_end(struct peer *peer)
{
    uint64_t now = gate_now_ms(peer->gate);
    peer->deaf_at_ms = now + LIMIT_ANSWER_MS;
    peer->close_by_ms = now + options_of(peer)->close_ms;
    if (!peer->deaf) {
        peer->read_bytes = 0; /* counted from the next glance on */
        unseen_suspect(peer);
    }
}

void peer_close_gently(struct peer *peer, unsigned code)
{
    if (peer->state >= PEER_CLOSING) {
        return;
    }
    peer->state = PEER_CLOSING;
    peer->close_code = (uint16_t)code;
    set_end(peer);
    metrics_closed(&peer->gate->metrics, code);
    log_close(peer);
    forget(peer);
    arm(peer);
    peer_touch(peer);
}

void peer_close(struct peer *peer, unsigned code)
{
    outbox_unsubscribe(&peer->outbox);
    peer_close_gently(peer, code);
}

void peer_leave(struct peer *peer)
{
    outbox_unsubscribe(&peer->outbox);
    forget(peer);
    peer->state = PEER_CLOSED;
    set_end(peer);
    arm(peer);
}

void peer_answer_goodbye(struct peer *peer, unsigned code)
{
    uint8_t *frame = peer->gate->payload;
    peer_leave(peer);
    if (!lws_partial_buffered(peer->wsi)) {
        frame_close(frame, code);
        /* A failure shows when the connection is closed, which is next. */
        (void)lws_write(peer->wsi, frame, FRAME_CLOSE_SIZE, LWS_WRITE_RAW);
    }
}

void peer_cut(struct peer *peer)
{
    peer_leave(peer);
    /* The loop finds the socket dead, if it reads, and ends the connection. */
    shutdown(lws_get_socket_fd(peer->wsi), SHUT_RDWR);
    lws_rx_flow_control(peer->wsi, 1);
    lws_callback_on_writable(peer->wsi);
}

#include "server/gate/receive.h"

#include "server/gate/memory.h"
#include "server/gate/request.h"
#include "server/gate/unseen.h"
#include "server/wire/encode.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4096

struct assembly {
    size_t size, capacity;
    uint8_t bytes[];
};

void assembly_free(struct assembly *assembly)
{
    free(assembly);
}

size_t assembly_bytes(const struct assembly *assembly)
{
    return assembly == NULL ? 0 : assembly->capacity;
}

/* Grows with what has come, not with what is promised. */
static struct assembly *assembly_append(struct assembly *assembly, struct ot_slice bytes)
{
    size_t size = assembly == NULL ? 0 : assembly->size;
    size_t capacity = assembly == NULL ? 0 : assembly->capacity;
    if (capacity - size < bytes.size || assembly == NULL) {
        capacity = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
        if (capacity - size < bytes.size) {
            capacity = size + bytes.size;
        }
        assembly = memory_array(assembly, 1, sizeof(*assembly) + capacity);
        assembly->capacity = capacity;
        assembly->size = size;
    }
    if (bytes.size > 0) {
        memcpy(assembly->bytes + size, bytes.data, bytes.size);
    }
    assembly->size += bytes.size;
    return assembly;
}

/* ---- one message -------------------------------------------------------------------------------
 */

static void send_error(struct peer *peer, const struct wire_error *error, uint64_t retry_ms)
{
    struct ot_buf *out = &peer->gate->encoded;
    metrics_refused(&peer->gate->metrics, error->code);
    encode_error(out, &(struct encode_error){.ref = error->ref,
                                             .channel = error->channel,
                                             .code = error->code,
                                             .text = error->text,
                                             .retry_ms = retry_ms,
                                             .at = error->at});
    peer_send(peer, parts_of(encode_blob(out)));
}

/* What it was is not logged. */
static void log_refusal(const struct peer *peer, const struct wire_error *error)
{
    const struct gate_env *env = &peer->gate->gates->env;
    char fields[96 + IP_TEXT_MAX], ip[IP_TEXT_MAX];
    if (request_may_log(peer->gate)) {
        snprintf(fields, sizeof(fields), "connection=%llu ip=%s code=%s",
                 (unsigned long long)peer->outbox.connection, ip_text(&peer->ip, ip), error->code);
        env->log(env->context, HUB_LOG_INFO, "message_refused", fields);
    }
}

static void refuse(struct peer *peer, const struct wire_error *error)
{
    log_refusal(peer, error);
    send_error(peer, error, WIRE_NONE);
    if (strcmp(error->code, "bad_message") == 0) {
        peer->bad_messages++;
    }
    if (peer->bad_messages >= LIMIT_BAD_MESSAGES) {
        peer_close(peer, WIRE_CLOSE_BAD_MESSAGE);
    }
}

/* How long the address of somebody who shows a link has to wait until that is looked at. */
static uint64_t link_wait_ms(const struct peer *peer, const struct message *message)
{
    struct gate *gate = peer->gate;
    bool shows_link = message->kind == WIRE_OPEN && message->open.link.data != NULL;
    return shows_link ? addresses_wait_ms(&gate->gates->addresses, peer->holder, ADDRESS_BAD_LINKS,
                                          gate_now_ms(gate))
                      : 0;
}

/* What it says points into its own bytes: it is read anew, but for an operation, which has been
 * looked through and may be long. */
static void place_message(struct hub_in *in, const struct message *message, const uint8_t *from)
{
    size_t offset = 0;
    struct wire_error error;
    if (message->kind == WIRE_EDIT) {
        in->message = *message;
        in->message.edit.op.data = in->bytes + (message->edit.op.data - from);
        return;
    }
    int result = wire_read((struct ot_slice){in->bytes, in->size}, &offset, &in->message, &error);
    assert(result == 0 && offset == in->size);
}

/* A copy for the hub. */
static struct hub_in *copy_message(const struct peer *peer, const struct message *message,
                                   struct ot_slice bytes)
{
    struct hub_in *in = memory_new(sizeof(*in) + bytes.size);
    in->kind = HUB_IN_MESSAGE;
    in->connection = peer->outbox.connection;
    in->size = bytes.size;
    in->wait_ms = link_wait_ms(peer, message);
    memcpy(in->bytes, bytes.data, bytes.size);
    place_message(in, message, bytes.data);
    return in;
}

static void post_message(struct peer *peer, const struct message *message, struct ot_slice bytes)
{
    struct gates *gates = peer->gate->gates;
    if (atomic_load_explicit(&gates->stopping, memory_order_relaxed)) {
        return;
    }
    atomic_uint *waiting = slots_waiting(&peer->gate->slots, peer->outbox.connection);
    if (atomic_fetch_add(waiting, 1) >= LIMIT_CONNECTION_INBOX) {
        atomic_fetch_sub(waiting, 1);
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
        return;
    }
    peer->gate->posted++;
    busy_heard(&peer->gate->busy, &peer->busy_ms);
    if (!gates->env.post(gates->env.context, copy_message(peer, message, bytes))) {
        atomic_fetch_sub(waiting, 1);
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
    }
}

/* Whoever tries tokens out, or cannot do otherwise, is not given the work of looking at more. */
static bool has_bad_tokens(struct peer *peer)
{
    const struct gate *gate = peer->gate;
    uint64_t wait_ms = addresses_wait_ms(&gate->gates->addresses, peer->holder, ADDRESS_BAD_TOKENS,
                                         gate_now_ms(gate));
    if (wait_ms == 0) {
        return false;
    }
    send_error(peer,
               &(struct wire_error){.code = "rate_limited",
                                    .text = "too many bad tokens come from this address",
                                    .at = WIRE_NONE,
                                    .ref = WIRE_NONE,
                                    .channel = -1},
               wait_ms);
    peer_close(peer, WIRE_CLOSE_OVERLOADED);
    return true;
}

static void greet(struct peer *peer, const struct message *message, struct ot_slice bytes)
{
    if (message->kind != WIRE_HELLO) {
        peer_close(peer, WIRE_CLOSE_UNAUTHORIZED);
        return;
    }
    if (has_bad_tokens(peer)) {
        return;
    }
    peer_greeted(peer);
    post_message(peer, message, bytes);
}

static void answer_ping(struct peer *peer, uint64_t n)
{
    encode_pong(&peer->gate->encoded, n);
    peer_send(peer, parts_of(encode_blob(&peer->gate->encoded)));
}

/* One more message, or part of a frame that came in several. False: too many, and it is closed. */
static bool allows_more(struct peer *peer)
{
    struct gate *gate = peer->gate;
    if (bucket_take(&peer->messages, limits_rate(&gate->gates->limits, SETTING_RATE_MESSAGES), 1,
                    gate_now_ms(gate)) == 0) {
        return true;
    }
    peer_close(peer, WIRE_CLOSE_OVERLOADED);
    return false;
}

static void take_message(struct peer *peer, const struct message *message, struct ot_slice bytes)
{
    metrics_add(&peer->gate->metrics, METRIC_MESSAGES_IN, 1);
    if (peer->state == PEER_GREETING) {
        greet(peer, message, bytes);
    } else if (message->kind == WIRE_PING) {
        answer_ping(peer, message->ping.n);
    } else if (message->kind == WIRE_HELLO) {
        refuse(peer, &(struct wire_error){.code = "bad_message",
                                          .text = "hello was said already",
                                          .at = 0,
                                          .ref = WIRE_NONE,
                                          .channel = -1});
    } else {
        post_message(peer, message, bytes);
    }
}

/* ---- a whole frame -----------------------------------------------------------------------------
 */

static void take_frame(struct peer *peer, struct ot_slice frame)
{
    size_t offset = 0;
    do {
        size_t start = offset;
        struct message message;
        struct wire_error error;
        if (!allows_more(peer)) {
            return;
        }
        if (wire_read(frame, &offset, &message, &error) != 0) {
            refuse(peer, &error);
            if (error.lost) {
                return;
            }
        } else {
            take_message(peer, &message, (struct ot_slice){frame.data + start, offset - start});
        }
    } while (offset < frame.size && peer->state < PEER_CLOSING);
}

/* Who has not said who they are is given little memory. */
static uint64_t most_bytes(const struct peer *peer)
{
    return peer->state == PEER_GREETING ? LIMIT_HELLO_BYTES
                                        : peer->gate->gates->limits.values[SETTING_FRAME_BYTES];
}

void receive_piece(struct peer *peer, const struct piece *piece)
{
    peer_heard(peer);
    metrics_add(&peer->gate->metrics, METRIC_FRAMES_IN, piece->last);
    metrics_add(&peer->gate->metrics, METRIC_BYTES_IN, piece->bytes.size);
    unseen_told(peer, piece->bytes.size, piece->left == 0);
    if (peer->state >= PEER_CLOSING) {
        return;
    }
    if (!piece->binary) {
        peer_close(peer, WIRE_CLOSE_TEXT);
        return;
    }
    if (piece->left == 0 && ++peer->fragments > LIMIT_FRAGMENTS) {
        peer_close(peer, WIRE_CLOSE_TOO_LARGE);
        return;
    }
    if (piece->last) {
        peer->fragments = 0;
    }
    size_t before = peer->assembly == NULL ? 0 : peer->assembly->size;
    uint64_t most = most_bytes(peer);
    if (piece->left > most || before + piece->bytes.size + piece->left > most) {
        peer_close(peer, WIRE_CLOSE_TOO_LARGE);
        return;
    }
    if (!piece->last && piece->left == 0 && !allows_more(peer)) {
        return;
    }
    if (piece->first && piece->last) {
        take_frame(peer, piece->bytes);
        return;
    }
    peer->assembly = assembly_append(peer->assembly, piece->bytes);
    if (piece->last) {
        struct assembly *whole = peer->assembly;
        peer->assembly = NULL;
        take_frame(peer, (struct ot_slice){whole->bytes, whole->size});
        assembly_free(whole);
    }
}

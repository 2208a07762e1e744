/*
 * A gate from inside: its thread, its libuv loop with a libwebsockets context in it, and what that
 * thread alone holds: connections, streams, timers. Work of a turn of the loop only notes who has
 * something to send; it goes out once, just before the loop sleeps.
 */
#ifndef QUIRE_GATE_LOOP_H
#define QUIRE_GATE_LOOP_H

#include "server/gate/addresses.h"
#include "server/gate/admission.h"
#include "server/gate/busy.h"
#include "server/gate/gate.h"
#include "server/gate/outbox.h"
#include "server/gate/pointers.h"
#include "server/gate/proxies.h"
#include "server/gate/slots.h"
#include "server/gate/stream.h"
#include "server/gate/tls.h"
#include "server/gate/wheel.h"
#include "server/limits.h"
#include "server/thread/mailbox.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#define GATE_SUBPROTOCOL "quire.v1"
#define GATE_PATH        "/ws"

/* A path of the options that is set. */
static inline bool option_is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* All gates, and what they share. Constant while threads run but for the atomics. */
struct gates {
    struct gate_env env;
    struct gate_options options; /* without zeros */
    struct admission admission;
    struct proxies proxies;
    struct addresses addresses;
    struct tls tls;
    struct limits limits;
    unsigned connections_max; /* never more than descriptors allow */
    struct gate *gate[HUB_GATES_MAX];
    unsigned count, running; /* made; of those, with a thread */
    int listener;
    unsigned port;
    atomic_uint sockets; /* open ones, handshakes and pages too */
    atomic_bool stopping;
    atomic_bool draining;
    atomic_uint_fast64_t drain_retry_ms;
};

struct http_transfer;

struct gate {
    struct gates *gates;
    unsigned index;
    pthread_t thread;

    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t turn_end;
    uv_timer_t tick;
    uv_poll_t listening;   /* gate 0 */
    bool accept_paused;    /* until the next tick */
    uint32_t looks;        /* at what came and was told of to nobody */
    uint32_t glances;      /* turns since one at the suspects: those who ... */
    struct peer *suspects; /* ... are read and have not said HELLO, or have been told to go */
    unsigned next_gate;    /* that gets an accepted socket */
    struct lws_context *context;
    struct lws_vhost *vhost;
    bool adopted; /* libwebsockets made something of the last socket it was given */

    size_t posted; /* to the hub in this turn */
    struct busy busy;

    struct mailbox mailbox;         /* struct hub_out */
    struct mailbox arrivals;        /* accepted sockets */
    atomic_uint_fast64_t turned_ms; /* of the last tick; others read it */

    struct slots slots; /* of connections */
    struct streams streams;
    struct wheel wheel;
    struct http_transfer *transfers; /* pages being sent */

    uint64_t turn;                 /* number of the last flush */
    struct pointers dirty_peers;   /* with messages of their own */
    struct pointers dirty_streams; /* with news */
    uv_timer_t later;              /* when the first of those that wait is due */
    uint8_t *payload;              /* where frames are put together, within ... */
    uint8_t *payload_memory;
    struct ot_buf encoded;

    bool drained;  /* everybody was told GOING */
    bool stopping; /* everybody is being closed */
    uint64_t stop_by_ms, told_ms;
    uint32_t closed; /* of those that are left when stopping */
    uint64_t random;
    uint64_t refusals_second; /* the one of which so many have been logged: */
    unsigned refusals_logged;
    uint64_t refusals_untold; /* since the last that was */
    struct metrics metrics;
};

/* Makes gate `index` in a thread-less state: loop and context. NULL with a sentence on error. */
struct gate *gate_new(struct gates *gates, unsigned index, char *message_out, size_t message_size);
/* Its thread has ended, or was never started. */
void gate_free(struct gate *gate);
/* The thread: runs the loop until it has been stopped. */
void *gate_run(void *gate);
/* Any thread. */
void gate_wake(struct gate *gate);
enum hub_pressure gate_pressure(const struct gate *gate);
/* The time of this turn of the loop. */
uint64_t gate_now_ms(const struct gate *gate);

#endif

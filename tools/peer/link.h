/*
 * Connections to a server on one epoll loop: each is a WebSocket that has said HELLO and keeps
 * itself alive. What arrives is told to its holder one message at a time; what the holder sends
 * during a turn of the loop leaves in one write at the end of it.
 */
#ifndef QUIRE_PEER_LINK_H
#define QUIRE_PEER_LINK_H

#include "tools/peer/wire.h"
#include "tools/peer/ws.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* After this long without a word from the server PING is sent, and after this long more the link is
 * dropped. */
#define LINK_SILENCE_MS 25000
#define LINK_ANSWER_MS  10000

/* Monotonic time in microseconds. */
uint64_t link_now_us(void);

struct loop;
struct link;

struct loop *loop_new(void);
/* Every link must have been freed. */
void loop_free(struct loop *loop);
/* One turn: waits at most until `until_us` for something to arrive, takes it in, sends what is due.
 */
void loop_turn(struct loop *loop, uint64_t until_us);
/* The time at which the turn under way began to take in what had arrived. */
uint64_t loop_woke_us(const struct loop *loop);

/* What a link tells. None of these may free a link. */
struct link_events {
    void (*ready)(struct link *link, const struct peer_message *welcome);
    void (*message)(struct link *link, const struct peer_message *message);
    /* The last word. `error` may be NULL; `code` is 0 without a close frame. */
    void (*closed)(struct link *link, unsigned code, const char *error);
};

struct link_hello {
    struct ot_slice token; /* data NULL: none */
    struct ot_slice name, color;
    uint64_t client; /* PEER_NONE: a new one */
    struct ot_slice key;
};

struct link {
    struct loop *loop;
    const struct link_events *events;
    void *holder;
    struct ws ws;
    bool ready;
    bool dirty;
    bool watched_write;
    bool pinged;
    uint64_t heard_ms, said_ms;
    size_t index; /* in the loop's list */
    uint64_t frames_in;
    struct ot_buf hello; /* until it has been sent */
};

/* Begins to connect; `closed` tells when that fails. */
void link_open(struct link *link, struct loop *loop, const struct ws_url *url,
               const struct link_hello *hello, const struct link_events *events, void *holder);
/* Sends at the end of this turn. Ignored once closed. */
void link_send(struct link *link, struct ot_slice message);
/* Ends at once, without telling. Allowed outside of the callbacks only; harmless if repeated. */
void link_drop(struct link *link);

#endif

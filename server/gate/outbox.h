/*
 * What a connection is to be sent: first its own messages in their order, then for each of its
 * channels what lies between the subscriber's position and the head of the stream, then presence.
 * It holds no copy of what rooms say: only positions. Knows nothing of sockets.
 */
#ifndef QUIRE_GATE_OUTBOX_H
#define QUIRE_GATE_OUTBOX_H

#include "server/gate/parts.h"
#include "server/gate/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox_message;

struct outbox {
    uint64_t connection; /* items it is the author of are given to it as ACK */
    struct subscriber *subscribers;
    struct outbox_message *first, *last; /* its own messages */
    size_t bytes;                        /* of memory that those take */
    struct parts large;                  /* too large for one frame: on its way bit by bit */
    size_t large_at;
    int large_channel; /* negative: it carries no channel to be put in */
};

struct outbox_events {
    void *context;
    /* The subscriber is out of the window. It ends when this returns. */
    void (*lagged)(void *context, const struct subscriber *subscriber);
    /* The subscriber needs the full presence. */
    void (*presence)(void *context, const struct subscriber *subscriber);
};

struct outbox_frame {
    uint8_t *data; /* a whole frame, header included */
    size_t size;   /* 0: there is nothing to send */
    bool more;     /* there is more than went into the frame */
};

void outbox_init(struct outbox *outbox, uint64_t connection);
/* Also ends the subscribers. */
void outbox_deinit(struct outbox *outbox);
/* Adds whole messages, and takes over the references. */
void outbox_add(struct outbox *outbox, struct parts messages);
/* Forgets its own messages that have not begun to go out. */
void outbox_drop(struct outbox *outbox);
/* The memory of all that waits only for it, also of what it may share with others. */
size_t outbox_held_bytes(const struct outbox *outbox);
/* NULL: nothing is read on that channel. */
struct subscriber *outbox_subscriber(const struct outbox *outbox, uint8_t channel);
void outbox_unsubscribe(struct outbox *outbox);

/*
 * Takes what comes next, as one frame with a payload of at most LIMIT_FLUSH_BYTES; a single larger
 * message goes in several frames, one a call. `payload` has room for that, with FRAME_HEADER_MAX
 * bytes before it. What it gives must be sent.
 */
struct outbox_frame outbox_take(struct outbox *outbox, const struct outbox_events *events,
                                uint8_t *payload);

#endif

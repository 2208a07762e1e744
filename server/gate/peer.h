/*
 * A gate's end of one client's WebSocket: its states, what it is to be sent, its timers. Only its
 * gate's thread touches it.
 */
#ifndef QUIRE_GATE_PEER_H
#define QUIRE_GATE_PEER_H

#include "server/gate/loop.h"

enum peer_state {
    PEER_GREETING, /* no HELLO yet */
    PEER_READY,
    PEER_CLOSING, /* what is left is going out, then goodbye is said; hears nothing more */
    PEER_CLOSED /* goodbye has been said, by either side, or will not be: only the end is awaited */
};

struct peer {
    struct outbox outbox; /* first: the peer of an outbox is at the same address */
    struct gate *gate;
    struct lws *wsi;
    struct holder *holder; /* of its address; may be NULL */
    struct ip ip;          /* the client's, behind trusted proxies too */
    struct wheel_entry timer;
    struct assembly *assembly; /* of a frame that came in parts, or NULL */
    uint64_t heard_ms;
    uint64_t blocked_ms;              /* since when */
    uint64_t busy_ms;                 /* the window in which it sent something last */
    uint64_t turn;                    /* of the flush that served it last */
    size_t dirty_at;                  /* in the gate's dirty peers; 0: not there */
    uint64_t deaf_at_ms, close_by_ms; /* when it is being closed */
    uint16_t close_code;
    struct bucket messages;
    uint8_t bad_messages;
    uint16_t fragments;    /* frames of the message that is coming */
    uint16_t noise;        /* frames that say nothing, of ... */
    uint64_t noise_second; /* ... this second */
    uint64_t read_bytes;   /* of its socket, when it was looked at last; or when told to go */
    uint64_t told_bytes;   /* since then, and what may go with them */
    uint8_t state;         /* enum peer_state */
    bool known;            /* the hub has heard of it and not yet of its end */
    bool blocked;          /* until the socket takes more */
    bool pinged;           /* since it was heard last */
    bool ping_wanted;
    bool deaf;      /* it is read no more */
    bool suspected; /* is among the gate's suspects: */
    struct peer *suspect_before, *suspect_after;
};

/* NULL when there is no room for one more. */
struct peer *peer_new(struct gate *gate, struct lws *wsi, const struct ip *ip);
/* Its socket is gone. Tells the hub, frees. */
void peer_free(struct peer *peer);

static inline struct peer *peer_of_outbox(struct outbox *outbox)
{
    return (struct peer *)outbox;
}

struct peer *peer_find(const struct gate *gate, uint64_t number);
/* It has said HELLO. */
void peer_greeted(struct peer *peer);
/* Something has come from it. */
void peer_heard(struct peer *peer);
/* A pong has come: a sign of life if there was a ping. */
void peer_ponged(struct peer *peer);
/* A frame that says nothing has come: too many in a second end it. */
void peer_noise(struct peer *peer);
/* It has something to be sent at the end of the turn. */
void peer_touch(struct peer *peer);
/* Sends messages of its own; takes over the references. */
void peer_send(struct peer *peer, struct parts messages);
/* It is read no more, and told to go already. */
void peer_deafen(struct peer *peer);
/* Ends it with this code after its own messages have gone out. It hears and reads nothing more, and
 * the hub is told. */
void peer_close(struct peer *peer, unsigned code);
/* The same, but what its channels have not been given yet goes out too. */
void peer_close_gently(struct peer *peer, unsigned code);
/* The socket takes nothing for now, or takes something again. */
void peer_block(struct peer *peer);
void peer_unblock(struct peer *peer);
/* Goodbye has been said: reads nothing more, and the hub is told. peer_free follows later. */
void peer_leave(struct peer *peer);
/* The client has said goodbye: says it too, if nothing else is on its way out. */
void peer_answer_goodbye(struct peer *peer, unsigned code);
/* Goodbye cannot be said or is not answered: cuts the connection. */
void peer_cut(struct peer *peer);
/* Gives the hub something other than a message. `subscriber` may be NULL. */
void peer_tell(const struct peer *peer, enum hub_in_kind kind, const struct subscriber *subscriber);
/* wheel_fire of a gate's wheel. */
void peer_expired(void *gate, struct wheel_entry *timer);

#endif

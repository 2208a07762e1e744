/*
 * An accepted socket from its first moment to its last, whatever becomes of it: a page, a
 * WebSocket, a refusal, nothing. libwebsockets' opaque user data of every connection.
 */
#ifndef QUIRE_GATE_VISITOR_H
#define QUIRE_GATE_VISITOR_H

#include "server/gate/loop.h"

struct peer;

struct visitor {
    struct ip from;        /* the other end of the socket: a client, or a proxy */
    struct ip ip;          /* the client; `from` until the request of a trusted proxy is there */
    struct holder *holder; /* of the client's address; NULL: of a proxy, or it has too many */
    bool crowded;          /* the address has too many */
    struct peer *peer;     /* its WebSocket, or NULL */
    enum scheme scheme;    /* that the client speaks, as far as it is known */
    bool asked;            /* there was a request */
};

/* NULL: its address has too many. */
struct visitor *visitor_new(struct gate *gate, const struct ip *from);
void visitor_free(struct gate *gate, struct visitor *visitor);
/* Of any connection that has been adopted. */
struct visitor *visitor_of(struct lws *wsi);
/* The request's headers are there: looks what proxies say of the client. */
void visitor_read(struct gate *gate, struct lws *wsi);

#endif

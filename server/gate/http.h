/*
 * The editor's files and the health pages. One request a connection: every answer closes. What does
 * not fit into one write goes on whenever the socket takes more.
 */
#ifndef QUIRE_GATE_HTTP_H
#define QUIRE_GATE_HTTP_H

#include "server/gate/loop.h"

/* A page that is being sent; memory of libwebsockets, zeroed, one a connection. */
struct http_transfer {
    struct http_transfer *prev,
        *next; /* of the gate; both NULL at its only one or when not listed */
    struct lws *wsi;
    const uint8_t *data;
    size_t left;
    uint64_t moved_ms; /* when the socket last took something */
    bool listed;
};

/* For LWS_CALLBACK_HTTP, LWS_CALLBACK_HTTP_WRITEABLE: 0 to go on, -1 to close. `path` ends with 0.
 */
int http_request(struct gate *gate, struct lws *wsi, struct http_transfer *transfer,
                 const char *path);
int http_writeable(struct gate *gate, struct http_transfer *transfer);
/* The connection has ended; more than once does no harm. */
void http_ended(struct gate *gate, struct http_transfer *transfer);
/* Ends transfers that do not move, and those whose client goes on talking. */
void http_tick(struct gate *gate, uint64_t now_ms);

/* Answers with a short text, to be closed then. `header`: a further header line or "". */
void http_refuse(struct gate *gate, struct lws *wsi, unsigned status, const char *header,
                 const char *text);

#endif

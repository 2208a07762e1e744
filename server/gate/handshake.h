/*
 * Who may upgrade to a WebSocket. libwebsockets lets nearly everybody (other versions and methods,
 * h2c, any protocol); this guard stands before all of that.
 */
#ifndef QUIRE_GATE_HANDSHAKE_H
#define QUIRE_GATE_HANDSHAKE_H

#include "server/gate/loop.h"

/* For LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: 0 to go on; else the request has been answered and the
 * connection is to be closed. */
int handshake_check(struct gate *gate, struct lws *wsi);

#endif

/* The listening socket, and where accepted ones go. */
#ifndef QUIRE_GATE_LISTEN_H
#define QUIRE_GATE_LISTEN_H

#include "server/gate/loop.h"

/* Binds and listens. Sets `listener` and `port`; or -1 with a sentence. */
int listen_open(struct gates *gates, char *message_out, size_t message_size);
/* Gate 0's loop accepts from now on. */
void listen_start(struct gate *gate);
/* Accepts no more; the port is given up. */
void listen_stop(struct gate *gate);
/* Accepts again after a pause for want of descriptors. */
void listen_tick(struct gate *gate);
/* Sockets that other gates' turn has brought to this one. */
/* Too many: ends an accepted socket, which has been counted. */
void listen_turn_away(struct gate *gate, int socket);
void listen_take(struct gate *gate);
/* Closes those that came too late. */
void listen_drop(struct gate *gate);

#endif

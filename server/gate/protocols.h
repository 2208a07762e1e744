/* The callbacks of libwebsockets, and how a context of it is set up. */
#ifndef QUIRE_GATE_PROTOCOLS_H
#define QUIRE_GATE_PROTOCOLS_H

#include "server/gate/loop.h"

/* Makes the gate's context and vhost on its loop. 0 or -1. */
int protocols_open(struct gate *gate);
/* Gives an accepted socket, whose other end is at `from`, to the gate, and takes it over. */
void protocols_adopt(struct gate *gate, int socket, const struct ip *from);

#endif

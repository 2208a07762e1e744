/*
 * From the bytes of a client's frames to messages for the hub. Most frames come whole and are read
 * where they lie; others are put together first.
 */
#ifndef QUIRE_GATE_RECEIVE_H
#define QUIRE_GATE_RECEIVE_H

#include "server/gate/peer.h"

struct assembly;

/* NULL does nothing. */
void assembly_free(struct assembly *assembly);

/* The memory it takes. */
size_t assembly_bytes(const struct assembly *assembly);

/* A piece of a frame, as libwebsockets gives them. */
struct piece {
    struct ot_slice bytes;
    size_t left; /* bytes of this piece's frame that are still to come */
    bool binary, first, last;
};

void receive_piece(struct peer *peer, const struct piece *piece);

#endif

/*
 * Bytes that came and were told of to nobody. libwebsockets answers pings by itself, and of those
 * that come without a gap it tells nothing at all; so now and then what the kernel says was read is
 * held against what was given to receive_piece.
 */
#ifndef QUIRE_GATE_UNSEEN_H
#define QUIRE_GATE_UNSEEN_H

#include "server/gate/peer.h"

/* A piece of so many bytes was given, the last of its frame or not. */
void unseen_told(struct peer *peer, size_t bytes, bool ends_frame);

/* Of this connection nothing is to come for a while that it is told of, and little may; or that is
 * over. Doing either again does nothing. */
void unseen_suspect(struct peer *peer);
void unseen_trust(struct peer *peer);

/* A turn of the loop is over: every 32 of them looks at all suspects. Those who have not said HELLO
 * and have sent too much are ended, and of those who have been told to go nothing more is read. */
void unseen_turn(struct gate *gate);

/* Looks at some of the gate's connections, so that each has its turn every 8 calls, and ends those
 * of whom too much came. */
void unseen_look(struct gate *gate);

#endif

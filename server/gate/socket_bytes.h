/*
 * What the kernel says of a TCP socket.
 */
#ifndef QUIRE_GATE_SOCKET_BYTES_H
#define QUIRE_GATE_SOCKET_BYTES_H

#include <stdint.h>

/* What was read of it since its beginning; UINT64_MAX: the kernel does not say. */
uint64_t socket_read_bytes(int socket);

#endif

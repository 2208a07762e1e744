/* Frames of a WebSocket server (RFC 6455): never masked. */
#ifndef QUIRE_GATE_FRAME_H
#define QUIRE_GATE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_MAX 10

/* A whole close frame with a code and no words. */
#define FRAME_CLOSE_SIZE 4

enum frame_opcode {
    FRAME_CONTINUATION = 0x0,
    FRAME_BINARY = 0x2,
    FRAME_CLOSE = 0x8,
    FRAME_PING = 0x9
};

/* Writes the header of a frame of `size` bytes directly before `payload`, where FRAME_HEADER_MAX
 * bytes must be free. Returns where the frame begins. */
uint8_t *frame_begin(uint8_t *payload, size_t size, enum frame_opcode opcode, bool final);
/* Writes a close frame of FRAME_CLOSE_SIZE bytes. */
void frame_close(uint8_t *out, unsigned code);

#endif

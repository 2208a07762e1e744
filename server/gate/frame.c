#include "server/gate/frame.h"

#define FINAL          0x80
#define LENGTH_16_BITS 126
#define LENGTH_64_BITS 127

/* Writes the last `bytes` bytes of `value` before `at`, most significant first. */
static uint8_t *put_before(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        *--at = (uint8_t)value;
        value >>= 8;
    }
    return at;
}

uint8_t *frame_begin(uint8_t *payload, size_t size, enum frame_opcode opcode, bool final)
{
    uint8_t *at = payload;
    if (size < LENGTH_16_BITS) {
        *--at = (uint8_t)size;
    } else if (size <= UINT16_MAX) {
        at = put_before(at, size, 2);
        *--at = LENGTH_16_BITS;
    } else {
        at = put_before(at, size, 8);
        *--at = LENGTH_64_BITS;
    }
    *--at = (uint8_t)((unsigned)opcode | (final ? FINAL : 0));
    return at;
}

void frame_close(uint8_t *out, unsigned code)
{
    out[0] = FINAL | FRAME_CLOSE;
    out[1] = 2;
    out[2] = (uint8_t)(code >> 8);
    out[3] = (uint8_t)code;
}

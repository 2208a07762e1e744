/* Little-endian base 128, below 2^32, in the fewest bytes. */
#ifndef OT_VARINT_H
#define OT_VARINT_H

#include "quire/ot.h"

enum { VARINT_SIZE_MAX = 5 };

static inline size_t varint_size(uint32_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static inline uint8_t *varint_put(uint8_t *at, uint32_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Of checked bytes. */
static inline uint32_t varint_take(const uint8_t **at)
{
    const uint8_t *p = *at;
    uint32_t value = *p & 0x7fu;
    for (unsigned shift = 7; *p++ & 0x80; shift += 7) {
        value |= (uint32_t)(*p & 0x7fu) << shift;
    }
    *at = p;
    return value;
}

/* Of bytes from outside: OT_OK, OT_E_TRUNCATED, OT_E_FORM or OT_E_LENGTH. */
static inline int varint_read(const uint8_t **at, const uint8_t *end, uint32_t *value_out)
{
    const uint8_t *p = *at;
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_SIZE_MAX; shift += 7) {
        if (p == end) {
            return OT_E_TRUNCATED;
        }
        uint8_t byte = *p++;
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80) {
            *at = p;
            *value_out = (uint32_t)value;
            if (value > UINT32_MAX) {
                return OT_E_LENGTH;
            }
            return byte == 0 && shift > 0 ? OT_E_FORM : OT_OK;
        }
    }
    return OT_E_FORM;
}

#endif

#include "bench/load/stamp.h"

#include <string.h>

#define BASE    36
#define DIGITS  (STAMP_SIZE - 1)
#define MODULUS UINT64_C(2176782336) /* 36^6 */

void stamp_write(uint64_t us, uint8_t out[STAMP_SIZE])
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    us %= MODULUS;
    out[0] = '~';
    for (unsigned i = DIGITS; i > 0; i--, us /= BASE)
        out[i] = (uint8_t)digits[us % BASE];
}

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
}

static bool read_stamp(const uint8_t *at, uint64_t *value_out)
{
    uint64_t value = 0;

    for (unsigned i = 1; i <= DIGITS; i++) {
        int digit = digit_of(at[i]);
        if (digit < 0)
            return false;
        value = value * BASE + (uint64_t)digit;
    }
    *value_out = value;
    return true;
}

bool stamp_next(struct ot_slice *text, uint64_t now_us, uint64_t *age_us_out)
{
    const uint8_t *end = text->data + text->size, *at;
    uint64_t value;

    while (text->size >= STAMP_SIZE && (at = memchr(text->data, '~', text->size)) != NULL &&
           end - at >= STAMP_SIZE) {
        bool whole = read_stamp(at, &value);
        at += whole ? STAMP_SIZE : 1;
        *text = (struct ot_slice){at, (size_t)(end - at)};
        if (whole) {
            *age_us_out = (now_us % MODULUS + MODULUS - value) % MODULUS;
            return true;
        }
    }
    return false;
}

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value_out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; *at < end && shift < 35; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value_out = value;
            return true;
        }
    }
    return false;
}

bool op_shape_read(struct ot_slice op, struct op_shape *shape_out)
{
    const uint8_t *at = op.data, *end = op.data + op.size;
    uint64_t head, more;

    *shape_out = (struct op_shape){0};
    if (!read_varint(&at, end, &head) || head >> 1 > (uint64_t)(end - at))
        return false;
    const uint8_t *comps_end = at + (head >> 1);
    while (at < comps_end) {
        uint8_t tag = *at++;
        uint64_t length = tag >> 3 & 15;
        if (tag & 0x80) {
            if (!read_varint(&at, comps_end, &more))
                return false;
            length |= more << 4;
        }
        if (tag & 4 || (tag & 3) == OT_EMBED)
            return false;
        shape_out->inserted += (tag & 3) == OT_INSERT ? length : 0;
        shape_out->deleted += (tag & 3) == OT_DELETE ? length : 0;
    }
    shape_out->text = (struct ot_slice){comps_end, (size_t)(end - comps_end)};
    return true;
}

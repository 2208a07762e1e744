#include <math.h>
#include <string.h>

#include "quire/ot.h"
#include "utf8.h"
#include "value.h"

static int append_big_endian(struct ot_buf *out, uint8_t tag, uint64_t number, unsigned size)
{
    uint8_t bytes[9] = {tag};
    for (unsigned i = 0; i < size; i++) {
        bytes[1 + i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    return ot_buf_append(out, bytes, 1 + size);
}

int ot_value_nil(struct ot_buf *out)
{
    return ot_buf_append(out, "\xc0", 1);
}

int ot_value_bool(struct ot_buf *out, bool value)
{
    return ot_buf_append(out, value ? "\xc3" : "\xc2", 1);
}

static int append_natural(struct ot_buf *out, uint64_t value)
{
    if (value < 0x80) {
        return append_big_endian(out, (uint8_t)value, 0, 0);
    }
    if (value <= UINT8_MAX) {
        return append_big_endian(out, 0xcc, value, 1);
    }
    if (value <= UINT16_MAX) {
        return append_big_endian(out, 0xcd, value, 2);
    }
    if (value <= UINT32_MAX) {
        return append_big_endian(out, 0xce, value, 4);
    }
    return append_big_endian(out, 0xcf, value, 8);
}

int ot_value_int(struct ot_buf *out, int64_t value)
{
    if (value > VALUE_INT_MAX || value < -VALUE_INT_MAX) {
        return OT_E_VALUE;
    }
    if (value >= 0) {
        return append_natural(out, (uint64_t)value);
    }
    if (value >= -32) {
        return append_big_endian(out, (uint8_t)value, 0, 0);
    }
    if (value >= INT8_MIN) {
        return append_big_endian(out, 0xd0, (uint64_t)value, 1);
    }
    if (value >= INT16_MIN) {
        return append_big_endian(out, 0xd1, (uint64_t)value, 2);
    }
    if (value >= INT32_MIN) {
        return append_big_endian(out, 0xd2, (uint64_t)value, 4);
    }
    return append_big_endian(out, 0xd3, (uint64_t)value, 8);
}

int ot_value_double(struct ot_buf *out, double value)
{
    if (!isfinite(value)) {
        return OT_E_VALUE;
    }
    if (value_is_int(value)) {
        return ot_value_int(out, (int64_t)value);
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return append_big_endian(out, 0xcb, bits, 8);
}

int ot_value_string(struct ot_buf *out, struct ot_slice utf8)
{
    const uint8_t *at = utf8.data;
    uint64_t units;
    if (utf8.size > UINT32_MAX) {
        return OT_E_VALUE;
    }
    if (utf8.size > 0 && ot_utf8_check(&at, utf8.data + utf8.size, UINT64_MAX, &units) != OT_OK) {
        return OT_E_UTF8;
    }
    if (utf8.size > 0 && memchr(utf8.data, 0, utf8.size) != NULL) {
        return OT_E_VALUE;
    }
    if (ot_buf_reserve(out, 5 + utf8.size) != OT_OK) {
        return OT_E_MEMORY;
    }
    if (utf8.size < 32) {
        append_big_endian(out, (uint8_t)(0xa0 | utf8.size), 0, 0);
    } else if (utf8.size <= UINT8_MAX) {
        append_big_endian(out, 0xd9, utf8.size, 1);
    } else if (utf8.size <= UINT16_MAX) {
        append_big_endian(out, 0xda, utf8.size, 2);
    } else {
        append_big_endian(out, 0xdb, utf8.size, 4);
    }
    return ot_buf_append(out, utf8.data, utf8.size);
}

static int append_count(struct ot_buf *out, uint8_t fix, uint8_t wide, uint32_t count)
{
    if (count < 16) {
        return append_big_endian(out, (uint8_t)(fix | count), 0, 0);
    }
    if (count <= UINT16_MAX) {
        return append_big_endian(out, wide, count, 2);
    }
    return append_big_endian(out, (uint8_t)(wide + 1), count, 4);
}

int ot_value_array(struct ot_buf *out, uint32_t count)
{
    return append_count(out, 0x90, 0xdc, count);
}

int ot_value_map(struct ot_buf *out, uint32_t count)
{
    return append_count(out, 0x80, 0xde, count);
}

#include "server/wire/reader.h"

#include "server/wire/message.h"
#include "server/wire/utf8.h"

static bool take_be(struct reader *reader, size_t at, size_t bytes, uint64_t *value_out)
{
    if (at > reader->size || reader->size - at < bytes) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | reader->data[at + i];
    }
    *value_out = value;
    return true;
}

/* A header byte that carries a size: small ones within the byte itself, others in 1, 2 or 4 bytes
 * after `wide`, `wide` + 1 and `wide` + 2. `small_bits` 0: there is no small form. */
struct sized {
    uint8_t small;
    uint8_t small_bits;
    uint8_t wide;
    uint8_t first_bytes; /* size of the size for `wide` */
};

static bool take_size(struct reader *reader, struct sized form, uint64_t *size_out,
                      size_t *after_out)
{
    if (reader->at >= reader->size) {
        return false;
    }
    uint8_t head = reader->data[reader->at];
    size_t at = reader->at + 1;
    uint8_t mask = (uint8_t)((1u << form.small_bits) - 1);
    if (form.small_bits > 0 && (head & (uint8_t)~mask) == form.small) {
        *size_out = head & mask;
        *after_out = at;
        return true;
    }
    size_t bytes = form.first_bytes;
    for (uint8_t wide = form.wide; bytes <= 4; wide++, bytes *= 2) {
        if (head == wide) {
            *after_out = at + bytes;
            return take_be(reader, at, bytes, size_out);
        }
    }
    return false;
}

static const struct sized array_form = {0x90, 4, 0xdc, 2};
static const struct sized string_form = {0xa0, 5, 0xd9, 1};
static const struct sized bin_form = {0, 0, 0xc4, 1};

bool reader_array(struct reader *reader, uint32_t *count_out)
{
    uint64_t count;
    size_t after;
    if (!take_size(reader, array_form, &count, &after) || count > reader->size - after) {
        return false;
    }
    *count_out = (uint32_t)count;
    reader->at = after;
    return true;
}

static bool take_bytes(struct reader *reader, struct sized form, struct ot_slice *out)
{
    uint64_t size;
    size_t after;
    if (!take_size(reader, form, &size, &after) || size > reader->size - after) {
        return false;
    }
    *out = (struct ot_slice){reader->data + after, (size_t)size};
    reader->at = after + (size_t)size;
    return true;
}

bool reader_bytes(struct reader *reader, struct ot_slice *bytes_out)
{
    return take_bytes(reader, bin_form, bytes_out);
}

bool reader_string(struct reader *reader, struct ot_slice *string_out)
{
    size_t start = reader->at;
    if (!take_bytes(reader, string_form, string_out)) {
        return false;
    }
    if (!wire_utf8_check(string_out->data, string_out->size, NULL, NULL)) {
        reader->at = start;
        return false;
    }
    return true;
}

bool reader_uint(struct reader *reader, uint64_t *value_out)
{
    if (reader->at >= reader->size) {
        return false;
    }
    uint8_t head = reader->data[reader->at];
    size_t bytes = 0;
    uint64_t value = head;
    if (head >= 0xcc && head <= 0xcf) {
        bytes = (size_t)1 << (head - 0xcc);
    } else if (head >= 0xd0 && head <= 0xd3) {
        bytes = (size_t)1 << (head - 0xd0);
    } else if (head > 0x7f) {
        return false;
    }
    if (bytes > 0 && !take_be(reader, reader->at + 1, bytes, &value)) {
        return false;
    }
    bool negative = head >= 0xd0 && head <= 0xd3 && value >> (bytes * 8 - 1) != 0;
    if (negative || value > WIRE_UINT_MAX) {
        return false;
    }
    *value_out = value;
    reader->at += 1 + bytes;
    return true;
}

bool reader_nil(struct reader *reader)
{
    if (reader->at >= reader->size || reader->data[reader->at] != 0xc0) {
        return false;
    }
    reader->at++;
    return true;
}

bool reader_uint_or_nil(struct reader *reader, uint64_t *value_out)
{
    if (reader_nil(reader)) {
        *value_out = WIRE_NONE;
        return true;
    }
    return reader_uint(reader, value_out);
}

bool reader_bool(struct reader *reader, bool *value_out)
{
    if (reader->at >= reader->size || (reader->data[reader->at] & 0xfe) != 0xc2) {
        return false;
    }
    *value_out = reader->data[reader->at] == 0xc3;
    reader->at++;
    return true;
}

/* Moves past an integer of any value: out of range is for reader_uint to refuse. */
static bool skip_integer(struct reader *reader)
{
    uint8_t head = reader->data[reader->at];
    size_t bytes = 0;
    if (head >= 0xcc && head <= 0xd3) {
        bytes = (size_t)1 << ((head - 0xcc) % 4);
    } else if (head > 0x7f && head < 0xe0) {
        return false;
    }
    if (reader->size - reader->at - 1 < bytes) {
        return false;
    }
    reader->at += 1 + bytes;
    return true;
}

bool reader_skip(struct reader *reader)
{
    uint32_t left[READER_DEPTH_MAX + 1] = {1};
    size_t depth = 0;
    size_t start = reader->at;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return true;
            }
            depth--;
        }
        left[depth]--;
        uint32_t count;
        struct ot_slice bytes;
        bool flag;
        if (reader_array(reader, &count)) {
            if (depth == READER_DEPTH_MAX) {
                break;
            }
            left[++depth] = count;
        } else if (reader->at >= reader->size ||
                   !(reader_nil(reader) || reader_bool(reader, &flag) ||
                     take_bytes(reader, string_form, &bytes) || reader_bytes(reader, &bytes) ||
                     skip_integer(reader))) {
            break;
        }
    }
    reader->at = start;
    return false;
}

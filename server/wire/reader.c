#include "server/wire/reader.h"

#include "server/wire/message.h"
#include "server/wire/utf8.h"

#define CUT_OFF      "the bytes end inside an item"
#define FOREIGN      "an item of a type that quire.v1 does not have"
#define TOO_DEEP     "arrays are nested too deeply"
#define WRONG_TYPE   "an item of another type belongs here"
#define NOT_SHORTEST "an item is not in its shortest encoding"
#define NOT_UTF8     "a string is not valid UTF-8, or holds U+0000"
#define NOT_IN_RANGE "an integer is not within 0 to 2^53 - 1"

static bool refuse(struct reader *reader, const char *why)
{
    reader->why = why;
    return false;
}

/* An item's head, and the number behind it: a size, or an integer. */
struct head {
    uint64_t value;
    uint64_t beyond; /* shorter encodings hold values up to this one, or none if 0 */
    size_t after;
};

/* Heads that carry a number: small ones within the byte itself, others in 1, 2, 4 or 8 bytes
 * behind. `small_bits` 0: there is no small form. */
struct form {
    uint8_t small;
    uint8_t small_bits;
    uint8_t wide; /* the head whose number takes `first_bytes`; those after it take twice as many */
    uint8_t first_bytes;
    uint8_t last_bytes;
};

static const struct form array_form = {0x90, 4, 0xdc, 2, 4};
static const struct form string_form = {0xa0, 5, 0xd9, 1, 4};
static const struct form bin_form = {0, 0, 0xc4, 1, 4};
static const struct form uint_form = {0x00, 7, 0xcc, 1, 8};
static const struct form int_form = {0, 0, 0xd0, 1, 8};

static uint64_t ones(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

static bool take_be(const struct reader *reader, size_t at, size_t bytes, uint64_t *value_out)
{
    if (reader->size - at < bytes) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | reader->data[at + i];
    }
    *value_out = value;
    return true;
}

/* Looks at the head of an item of this form, without moving past it. */
static bool take_head(struct reader *reader, struct form form, struct head *head_out)
{
    if (reader->at >= reader->size) {
        return refuse(reader, CUT_OFF);
    }
    uint8_t byte = reader->data[reader->at];
    size_t at = reader->at + 1;
    uint64_t beyond = 0;
    if (form.small_bits > 0) {
        beyond = ones(form.small_bits);
        if ((byte & ~beyond & 0xff) == form.small) {
            *head_out = (struct head){.value = byte & beyond, .after = at};
            return true;
        }
    }
    uint8_t wide = form.wide;
    for (unsigned bytes = form.first_bytes; bytes <= form.last_bytes; bytes *= 2, wide++) {
        if (byte == wide) {
            *head_out = (struct head){.beyond = beyond, .after = at + bytes};
            return take_be(reader, at, bytes, &head_out->value) || refuse(reader, CUT_OFF);
        }
        beyond = ones(bytes * 8);
    }
    return refuse(reader, WRONG_TYPE);
}

static bool is_shortest(const struct head *head)
{
    return head->beyond == 0 || head->value > head->beyond;
}

/* A head that says how many follow, of which each takes a byte at least. */
static bool take_count(struct reader *reader, struct form form, struct head *head_out)
{
    return take_head(reader, form, head_out) &&
           (head_out->value <= reader->size - head_out->after || refuse(reader, CUT_OFF));
}

bool reader_array(struct reader *reader, uint32_t *count_out)
{
    struct head head;
    if (!take_count(reader, array_form, &head)) {
        return false;
    }
    if (!is_shortest(&head)) {
        return refuse(reader, NOT_SHORTEST);
    }
    *count_out = (uint32_t)head.value;
    reader->at = head.after;
    return true;
}

static bool take_bytes(struct reader *reader, struct form form, struct ot_slice *out)
{
    struct head head;
    if (!take_count(reader, form, &head)) {
        return false;
    }
    if (!is_shortest(&head)) {
        return refuse(reader, NOT_SHORTEST);
    }
    *out = (struct ot_slice){reader->data + head.after, (size_t)head.value};
    reader->at = head.after + (size_t)head.value;
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
        return refuse(reader, NOT_UTF8);
    }
    return true;
}

/* The signed forms are for negative numbers, of which there are none. */
static bool refuse_signed(struct reader *reader)
{
    struct head head;
    uint8_t byte = reader->at < reader->size ? reader->data[reader->at] : 0;
    if (byte >= 0xe0) {
        return refuse(reader, NOT_IN_RANGE);
    }
    if (!take_head(reader, int_form, &head)) {
        return false;
    }
    unsigned bits = 8u << (byte - int_form.wide);
    return refuse(reader, head.value >> (bits - 1) != 0 ? NOT_IN_RANGE : NOT_SHORTEST);
}

bool reader_uint(struct reader *reader, uint64_t *value_out)
{
    struct head head;
    if (!take_head(reader, uint_form, &head)) {
        return refuse_signed(reader);
    }
    if (!is_shortest(&head)) {
        return refuse(reader, NOT_SHORTEST);
    }
    if (head.value > WIRE_UINT_MAX) {
        return refuse(reader, NOT_IN_RANGE);
    }
    *value_out = head.value;
    reader->at = head.after;
    return true;
}

static bool take_byte(struct reader *reader, uint8_t mask, uint8_t byte)
{
    if (reader->at >= reader->size) {
        return refuse(reader, CUT_OFF);
    }
    if ((reader->data[reader->at] & mask) != byte) {
        return refuse(reader, WRONG_TYPE);
    }
    reader->at++;
    return true;
}

bool reader_nil(struct reader *reader)
{
    return take_byte(reader, 0xff, 0xc0);
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
    if (!take_byte(reader, 0xfe, 0xc2)) {
        return false;
    }
    *value_out = reader->data[reader->at - 1] == 0xc3;
    return true;
}

/* NULL: no item that begins so has a number behind its head. */
static const struct form *form_of(uint8_t byte)
{
    if (byte < 0x80 || (byte >= 0xcc && byte <= 0xcf)) {
        return &uint_form;
    }
    if (byte >= 0xd0 && byte <= 0xd3) {
        return &int_form;
    }
    if ((byte & 0xe0) == 0xa0 || (byte >= 0xd9 && byte <= 0xdb)) {
        return &string_form;
    }
    if (byte >= 0xc4 && byte <= 0xc6) {
        return &bin_form;
    }
    return (byte & 0xf0) == 0x90 || byte == 0xdc || byte == 0xdd ? &array_form : NULL;
}

/* Moves past one item, of an array past its head only, and says how many items follow. What it
 * holds, and whether in the shortest encoding, is for those to refuse who ask for it by type. */
static bool skip_one(struct reader *reader, uint32_t *items_out)
{
    *items_out = 0;
    if (reader->at >= reader->size) {
        return refuse(reader, CUT_OFF);
    }
    uint8_t byte = reader->data[reader->at];
    const struct form *form = form_of(byte);
    struct head head;
    if (byte == 0xc0 || byte == 0xc2 || byte == 0xc3 || byte >= 0xe0) {
        reader->at++;
        return true;
    }
    if (form == NULL) {
        return refuse(reader, FOREIGN);
    }
    if (form == &uint_form || form == &int_form) {
        if (!take_head(reader, *form, &head)) {
            return false;
        }
        reader->at = head.after;
        return true;
    }
    if (!take_count(reader, *form, &head)) {
        return false;
    }
    bool is_array = form == &array_form;
    *items_out = is_array ? (uint32_t)head.value : 0;
    reader->at = head.after + (is_array ? 0 : (size_t)head.value);
    return true;
}

bool reader_skip(struct reader *reader)
{
    uint32_t left[READER_DEPTH_MAX + 1] = {1};
    size_t depth = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return true;
            }
            depth--;
        }
        left[depth]--;
        size_t start = reader->at;
        uint32_t items;
        if (!skip_one(reader, &items)) {
            return false;
        }
        if (form_of(reader->data[start]) == &array_form) {
            if (depth == READER_DEPTH_MAX) {
                reader->at = start;
                return refuse(reader, TOO_DEEP);
            }
            left[++depth] = items;
        }
    }
}

#include "tools/peer/pack.h"

#include "server/wire/message.h"
#include "tools/peer/bytes.h"

/* ---- writing ----------------------------------------------------------------------------------
 */

static void put_head(struct ot_buf *out, uint8_t tag, uint64_t value, unsigned bytes)
{
    uint8_t *at = bytes_extend(out, 1 + bytes);
    *at++ = tag;
    for (unsigned i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static void pack_nil(struct ot_buf *out)
{
    put_head(out, 0xc0, 0, 0);
}

void pack_bool(struct ot_buf *out, bool value)
{
    put_head(out, value ? 0xc3 : 0xc2, 0, 0);
}

void pack_uint(struct ot_buf *out, uint64_t value)
{
    if (value == WIRE_NONE)
        pack_nil(out);
    else if (value < 0x80)
        put_head(out, (uint8_t)value, 0, 0);
    else if (value <= UINT8_MAX)
        put_head(out, 0xcc, value, 1);
    else if (value <= UINT16_MAX)
        put_head(out, 0xcd, value, 2);
    else if (value <= UINT32_MAX)
        put_head(out, 0xce, value, 4);
    else
        put_head(out, 0xcf, value, 8);
}

void pack_str(struct ot_buf *out, struct ot_slice text)
{
    if (text.data == NULL) {
        pack_nil(out);
        return;
    }
    if (text.size < 32)
        put_head(out, (uint8_t)(0xa0 | text.size), 0, 0);
    else if (text.size <= UINT8_MAX)
        put_head(out, 0xd9, text.size, 1);
    else if (text.size <= UINT16_MAX)
        put_head(out, 0xda, text.size, 2);
    else
        put_head(out, 0xdb, text.size, 4);
    bytes_put(out, text.data, text.size);
}

void pack_bin(struct ot_buf *out, struct ot_slice bytes)
{
    if (bytes.data == NULL) {
        pack_nil(out);
        return;
    }
    if (bytes.size <= UINT8_MAX)
        put_head(out, 0xc4, bytes.size, 1);
    else if (bytes.size <= UINT16_MAX)
        put_head(out, 0xc5, bytes.size, 2);
    else
        put_head(out, 0xc6, bytes.size, 4);
    bytes_put(out, bytes.data, bytes.size);
}

void pack_array(struct ot_buf *out, uint32_t count)
{
    if (count < 16)
        put_head(out, (uint8_t)(0x90 | count), 0, 0);
    else if (count <= UINT16_MAX)
        put_head(out, 0xdc, count, 2);
    else
        put_head(out, 0xdd, count, 4);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static int peek(const struct unpack *in)
{
    return in->bad || in->rest.size == 0 ? -1 : in->rest.data[0];
}

static struct ot_slice take(struct unpack *in, uint64_t size)
{
    if (in->bad || in->rest.size < size) {
        in->bad = true;
        return (struct ot_slice){0};
    }
    struct ot_slice taken = {in->rest.data, (size_t)size};
    in->rest.data += size;
    in->rest.size -= (size_t)size;
    return taken;
}

static uint64_t take_number(struct unpack *in, unsigned bytes)
{
    struct ot_slice taken = take(in, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < taken.size; i++)
        value = value << 8 | taken.data[i];
    return value;
}

static uint64_t mistake(struct unpack *in)
{
    in->bad = true;
    return 0;
}

uint64_t unpack_uint(struct unpack *in)
{
    int tag = peek(in);
    if (tag < 0 || (tag >= 0x80 && (tag < 0xcc || tag > 0xcf)))
        return mistake(in);
    take(in, 1);
    uint64_t value = tag < 0x80 ? (uint64_t)tag : take_number(in, 1u << (tag - 0xcc));
    return value > WIRE_UINT_MAX ? mistake(in) : value;
}

bool unpack_is_str(const struct unpack *in)
{
    int tag = peek(in);
    return (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb);
}

static bool take_nil(struct unpack *in)
{
    return peek(in) == 0xc0 && take(in, 1).size == 1;
}

uint64_t unpack_uint_or_nil(struct unpack *in)
{
    return take_nil(in) ? WIRE_NONE : unpack_uint(in);
}

bool unpack_bool(struct unpack *in)
{
    int tag = peek(in);
    if (tag != 0xc2 && tag != 0xc3)
        return mistake(in) != 0;
    take(in, 1);
    return tag == 0xc3;
}

struct ot_slice unpack_str(struct unpack *in)
{
    if (!unpack_is_str(in)) {
        mistake(in);
        return (struct ot_slice){0};
    }
    int tag = peek(in);
    take(in, 1);
    return take(in, tag < 0xc0 ? (uint64_t)(tag & 31) : take_number(in, 1u << (tag - 0xd9)));
}

struct ot_slice unpack_bin(struct unpack *in)
{
    int tag = peek(in);
    if (tag < 0xc4 || tag > 0xc6) {
        mistake(in);
        return (struct ot_slice){0};
    }
    take(in, 1);
    return take(in, take_number(in, 1u << (tag - 0xc4)));
}

struct ot_slice unpack_str_or_nil(struct unpack *in)
{
    return take_nil(in) ? (struct ot_slice){0} : unpack_str(in);
}

struct ot_slice unpack_bin_or_nil(struct unpack *in)
{
    return take_nil(in) ? (struct ot_slice){0} : unpack_bin(in);
}

uint32_t unpack_array(struct unpack *in)
{
    int tag = peek(in);
    uint64_t count;

    if (tag < 0 || ((tag & 0xf0) != 0x90 && tag != 0xdc && tag != 0xdd))
        return (uint32_t)mistake(in);
    take(in, 1);
    count = tag < 0xc0 ? (uint64_t)(tag & 15) : take_number(in, tag == 0xdc ? 2 : 4);
    return count > in->rest.size ? (uint32_t)mistake(in) : (uint32_t)count;
}

/* Size of what follows a tag in bytes, and how many values it holds. */
struct extent {
    unsigned number_bytes; /* of a size or count that comes first */
    unsigned fixed;        /* bytes after that */
    uint64_t bytes_each;   /* bytes for each of the number */
    uint64_t values_each;  /* values for each of the number */
    uint64_t values;       /* values in any case */
};

static struct extent extent_of(int tag)
{
    if (tag < 0x80 || tag >= 0xe0)
        return (struct extent){0};
    if (tag < 0x90)
        return (struct extent){.values = 2u * (unsigned)(tag & 15)};
    if (tag < 0xa0)
        return (struct extent){.values = (unsigned)(tag & 15)};
    if (tag < 0xc0)
        return (struct extent){.fixed = (unsigned)(tag & 31)};
    if (tag <= 0xc3)
        return (struct extent){0};
    if (tag <= 0xc6)
        return (struct extent){.number_bytes = 1u << (tag - 0xc4), .bytes_each = 1};
    if (tag <= 0xc9)
        return (struct extent){.number_bytes = 1u << (tag - 0xc7), .fixed = 1, .bytes_each = 1};
    if (tag <= 0xcb)
        return (struct extent){.fixed = tag == 0xca ? 4 : 8};
    if (tag <= 0xcf)
        return (struct extent){.fixed = 1u << (tag - 0xcc)};
    if (tag <= 0xd3)
        return (struct extent){.fixed = 1u << (tag - 0xd0)};
    if (tag <= 0xd8)
        return (struct extent){.fixed = 1 + (1u << (tag - 0xd4))};
    if (tag <= 0xdb)
        return (struct extent){.number_bytes = 1u << (tag - 0xd9), .bytes_each = 1};
    return (struct extent){.number_bytes = tag & 1 ? 4 : 2, .values_each = tag < 0xde ? 1 : 2};
}

/* Without recursion: what is nested is merely more values to pass over. */
void unpack_skip(struct unpack *in, uint64_t count)
{
    while (count > 0 && !in->bad) {
        int tag = peek(in);
        if (tag < 0 || tag == 0xc1) {
            mistake(in);
            return;
        }
        take(in, 1);
        struct extent extent = extent_of(tag);
        uint64_t number = take_number(in, extent.number_bytes);
        take(in, extent.fixed + number * extent.bytes_each);
        count += extent.values + number * extent.values_each - 1;
        if (count > in->rest.size)
            mistake(in);
    }
}

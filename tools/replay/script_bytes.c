/* Any bytes as a script, by the rule in docs/replay.md. */
#include "tools/replay/script.h"

#include "tools/peer/bytes.h"
#include "tools/replay/parts.h"

#include <string.h>

#define BEHIND_MASK      3u
#define COMPONENTS_SHIFT 2
#define COMPONENTS_MASK  7u
#define HAS_ATTRIBUTES   4u
#define LENGTH_SHIFT     3
#define LENGTH_SHORT_MAX 32u
#define ATTRIBUTE_COUNT  4u
#define VALUE_COUNT      8u
#define CHARACTER_COUNT  16u

static const char *const names[ATTRIBUTE_COUNT] = {"bold", "constructor", "link", "\u00e9"};
/* Canonical values: nil, true, false, 0, -1, 1.5, "", {"x": nil}. */
static const struct ot_slice values[VALUE_COUNT] = {
    {(const uint8_t *)"\xc0", 1}, {(const uint8_t *)"\xc3", 1},
    {(const uint8_t *)"\xc2", 1}, {(const uint8_t *)"\x00", 1},
    {(const uint8_t *)"\xff", 1}, {(const uint8_t *)"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9},
    {(const uint8_t *)"\xa0", 1}, {(const uint8_t *)"\x81\xa1x\xc0", 4},
};
/* What bytes from 0x80 on stand for in text. */
static const char *const characters[CHARACTER_COUNT] = {
    "\u00e9", "\u00df", "\u07ff", "\u0800",     "\u20ac",     "\u6f22",     "\ufffd",     "\uffff",
    "\n",     "\u0301", "\u00a0", "\U0001f600", "\U0001d4b3", "\U00010000", "\U0010ffff", "\r",
};

struct input {
    const uint8_t *at, *end;
};

/* The next byte, or 0 at the end. */
static unsigned take(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static void take_attributes(struct input *in, struct ot_buf *out)
{
    unsigned byte = take(in), chosen = byte & 15, first = byte >> 4;

    if (chosen == 0)
        return;
    bytes_must(ot_value_map(out, (uint32_t)__builtin_popcount(chosen)));
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        if ((chosen >> i & 1) == 0)
            continue;
        const struct ot_slice *value = &values[(first + i) % VALUE_COUNT];
        bytes_must(ot_value_string(out, bytes_of(names[i])));
        bytes_put(out, value->data, value->size);
    }
}

static void take_text(struct input *in, unsigned count, struct ot_buf *out)
{
    for (; count > 0 && in->at < in->end; count--) {
        uint8_t byte = (uint8_t)take(in);
        const char *character = characters[byte % CHARACTER_COUNT];
        if (byte < 0x80)
            bytes_put(out, &byte, 1);
        else
            bytes_put(out, character, strlen(character));
    }
}

static void take_embed(struct input *in, struct ot_buf *out)
{
    unsigned byte = take(in);

    bytes_must(ot_value_map(out, 1));
    bytes_must(ot_value_string(out, bytes_of(byte & 1 ? "mention" : "image")));
    bytes_must(ot_value_int(out, byte >> 1));
}

static void take_component(struct input *in, struct ot_builder *builder)
{
    struct ot_buf attributes = {0}, content = {0};
    unsigned head = take(in), length = 1 + (head >> LENGTH_SHIFT);
    enum ot_kind kind = (enum ot_kind)(head & 3);

    if (head & HAS_ATTRIBUTES)
        take_attributes(in, &attributes);
    if ((kind == OT_RETAIN || kind == OT_DELETE) && length == LENGTH_SHORT_MAX)
        length += LENGTH_SHORT_MAX * take(in);
    if (kind == OT_RETAIN) {
        ot_builder_retain(builder, length, ot_buf_slice(&attributes));
    } else if (kind == OT_DELETE) {
        ot_builder_delete(builder, length);
    } else if (kind == OT_INSERT) {
        take_text(in, length, &content);
        ot_builder_insert(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    } else {
        take_embed(in, &content);
        ot_builder_embed(builder, ot_buf_slice(&content), ot_buf_slice(&attributes));
    }
    ot_buf_deinit(&attributes);
    ot_buf_deinit(&content);
}

void script_from_bytes(struct script *script, struct ot_slice bytes)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct input in = {bytes.data, bytes.data + bytes.size};
    struct ot_buf op = {0};

    while (in.at < in.end) {
        unsigned head = take(&in), behind = head & BEHIND_MASK;
        unsigned components = 1 + (head >> COMPONENTS_SHIFT & COMPONENTS_MASK);
        while (components-- > 0 && in.at < in.end)
            take_component(&in, builder);
        ot_buf_clear(&op);
        bytes_must(ot_builder_finish(builder, &op));
        script_add(script, behind < script->count ? script->count - behind : 0, ot_buf_slice(&op));
    }
    ot_builder_free(builder);
    ot_buf_deinit(&op);
}

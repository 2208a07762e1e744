/* One component of a checked operation, as it stands in its bytes; its text is elsewhere. */
#ifndef OT_COMPONENT_H
#define OT_COMPONENT_H

#include "quire/ot.h"
#include "varint.h"

enum {
    TAG_KIND = 0x03,
    TAG_ATTRIBUTES = 0x04,
    TAG_LENGTH_SHIFT = 3,
    TAG_LENGTH = 0x0f,
    TAG_MORE = 0x80,
    LENGTH_BITS = 4, /* of a length in its tag */
    HEAD_SIZE_MAX = 1 + VARINT_SIZE_MAX,
};

struct part {
    enum ot_kind kind;
    uint32_t length;
    struct ot_slice attributes;
    struct ot_slice value; /* of an embed */
};

/* Does it put something in, text or an embed? */
static inline bool kind_adds(enum ot_kind kind)
{
    return (kind & OT_INSERT) != 0;
}

static inline struct ot_slice sized_take(const uint8_t **at)
{
    size_t size = varint_take(at);
    struct ot_slice slice = {*at, size};
    *at += size;
    return slice;
}

/* Has the component more than a tag and a length? */
static inline bool tag_is_rich(unsigned tag)
{
    return (tag & (TAG_KIND | TAG_ATTRIBUTES)) >= OT_EMBED;
}

/* The attributes and the embed after the head. */
static inline const uint8_t *part_read_rich(const uint8_t *at, unsigned tag, struct part *part)
{
    if (tag & TAG_ATTRIBUTES) {
        part->attributes = sized_take(&at);
    }
    if (part->kind == OT_EMBED) {
        part->value = (struct ot_slice){at, part->length};
        at += part->length;
        part->length = 1;
    }
    return at;
}

/* Reads the component at `at`; returns where the next one begins. */
static inline const uint8_t *part_read(const uint8_t *at, struct part *part_out)
{
    unsigned tag = *at;
    unsigned more = tag >> 7;
    uint32_t length = tag >> TAG_LENGTH_SHIFT & TAG_LENGTH;
    /* Without a branch while the rest of the length is one byte or none. */
    uint32_t rest = at[more] & (0u - more);
    at += 1 + more;
    if (rest >= 0x80) {
        rest = (rest & 0x7f) | varint_take(&at) << 7;
    }
    part_out->kind = (enum ot_kind)(tag & TAG_KIND);
    part_out->length = length | rest << LENGTH_BITS;
    part_out->attributes = (struct ot_slice){0};
    return tag_is_rich(tag) ? part_read_rich(at, tag, part_out) : at;
}

/* Writes tag and length; `length` of an embed is the size of its value. */
static inline uint8_t *head_put(uint8_t *at, enum ot_kind kind, bool has_attributes,
                                uint64_t length)
{
    uint64_t rest = length >> LENGTH_BITS;
    unsigned more = rest != 0;
    at[0] = (uint8_t)((unsigned)kind | (has_attributes ? TAG_ATTRIBUTES : 0u) |
                      (unsigned)(length & TAG_LENGTH) << TAG_LENGTH_SHIFT | more << 7);
    at[1] = (uint8_t)rest;
    if (rest < 0x80) {
        return at + 1 + more;
    }
    at[1] |= 0x80;
    return varint_put(at + 2, (uint32_t)(rest >> 7));
}

/* The areas of an operation. */
struct areas {
    const uint8_t *comps;
    const uint8_t *comps_end;
    const uint8_t *text;
    const uint8_t *text_end;
    bool is_wide; /* there is text beyond ASCII */
};

static inline struct areas areas_of(struct ot_slice op)
{
    const uint8_t *at = op.data;
    uint32_t header = varint_take(&at);
    return (struct areas){.comps = at,
                          .comps_end = at + (header >> 1),
                          .text = at + (header >> 1),
                          .text_end = op.data + op.size,
                          .is_wide = header & 1};
}

static inline size_t areas_comps_size(const struct areas *areas)
{
    return (size_t)(areas->comps_end - areas->comps);
}

static inline size_t areas_text_size(const struct areas *areas)
{
    return (size_t)(areas->text_end - areas->text);
}

#endif

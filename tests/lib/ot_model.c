#include "lib/ot_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "ot_model: %s\n", what);
        abort();
    }
}

static void push(struct model *model, const struct model_unit *unit)
{
    if (model->count == model->room) {
        model->room = model->room * 2 + 16;
        model->units = realloc(model->units, model->room * sizeof *model->units);
        must(model->units != NULL, "out of memory");
    }
    model->units[model->count++] = *unit;
}

void model_free(struct model *model)
{
    free(model->units);
    *model = (struct model){0};
}

/* ---- bytes to units ---- */

struct bytes {
    const uint8_t *at;
};

static uint32_t read_varint(struct bytes *in)
{
    uint32_t value = 0;
    unsigned shift = 0;
    do {
        value |= (uint32_t)(*in->at & 0x7f) << shift;
        shift += 7;
    } while (*in->at++ & 0x80);
    return value;
}

static uint32_t read_number(struct bytes *in, unsigned size)
{
    uint32_t value = 0;
    while (size-- > 0) {
        value = value << 8 | *in->at++;
    }
    return value;
}

static void skip_value(struct bytes *in)
{
    static const uint8_t number_sizes[] = {1, 2, 4, 8, 1, 2, 4, 8};
    uint8_t byte = *in->at++;
    if (byte >= 0xa0 && byte < 0xc0) {
        in->at += byte & 31;
    } else if (byte >= 0xcc && byte <= 0xd3) {
        in->at += number_sizes[byte - 0xcc];
    } else if (byte == 0xcb) {
        in->at += 8;
    } else if (byte >= 0xd9 && byte <= 0xdb) {
        uint32_t size = read_number(in, 1u << (byte - 0xd9));
        in->at += size;
    } else if (byte >= 0x80 && byte < 0xa0) {
        unsigned items = (byte & 15u) * (byte < 0x90 ? 2u : 1u);
        while (items-- > 0) {
            skip_value(in);
        }
    } else {
        must(byte < 0x80 || byte >= 0xe0 || (byte >= 0xc0 && byte <= 0xc3), "unexpected value");
    }
}

static struct model_attributes read_attributes(struct bytes *in)
{
    struct model_attributes attributes = {0};
    read_varint(in);
    uint8_t head = *in->at++;
    must((head & 0xf0) == 0x80 && (head & 15) <= MODEL_PAIRS_MAX, "too many attributes");
    attributes.count = head & 15;
    for (unsigned i = 0; i < attributes.count; i++) {
        struct model_pair *pair = &attributes.pairs[i];
        must((*in->at & 0xe0) == 0xa0, "long attribute name");
        pair->key = (struct ot_slice){in->at + 1, *in->at & 31};
        in->at += 1 + pair->key.size;
        pair->value.data = in->at;
        skip_value(in);
        pair->value.size = (size_t)(in->at - pair->value.data);
    }
    return attributes;
}

/* The next character as one or two code units; how many. */
static unsigned read_character(struct bytes *in, uint16_t codes[2])
{
    static const uint8_t masks[] = {0, 0, 0x1f, 0x0f, 0x07};
    uint8_t lead = *in->at++;
    if (lead < 0x80) {
        codes[0] = lead;
        return 1;
    }
    unsigned size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t code = lead & masks[size];
    for (unsigned i = 1; i < size; i++) {
        code = code << 6 | (*in->at++ & 0x3f);
    }
    if (code < 0x10000) {
        codes[0] = (uint16_t)code;
        return 1;
    }
    codes[0] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
    codes[1] = (uint16_t)(0xdc00 + (code & 0x3ff));
    return 2;
}

static void read_text(struct model *model, struct model_unit *unit, struct bytes *text,
                      uint32_t length)
{
    uint16_t codes[2];
    while (length > 0) {
        unsigned count = read_character(text, codes);
        must(count <= length, "an insert cuts a character");
        for (unsigned i = 0; i < count; i++) {
            unit->code = codes[i];
            push(model, unit);
        }
        length -= count;
    }
}

struct model model_read(struct ot_slice op)
{
    struct model model = {0};
    struct bytes in = {op.data};
    uint32_t size = read_varint(&in) >> 1;
    struct bytes text = {in.at + size};
    const uint8_t *end = in.at + size;
    while (in.at < end) {
        uint8_t tag = *in.at++;
        struct model_unit unit = {.kind = (enum ot_kind)(tag & 3)};
        uint32_t length = tag >> 3 & 15;
        length |= tag & 0x80 ? read_varint(&in) << 4 : 0;
        if (tag & 4) {
            unit.attributes = read_attributes(&in);
        }
        if (unit.kind == OT_EMBED) {
            unit.embed = (struct ot_slice){in.at, length};
            in.at += length;
            push(&model, &unit);
        } else if (unit.kind == OT_INSERT) {
            read_text(&model, &unit, &text, length);
        } else {
            while (length-- > 0) {
                push(&model, &unit);
            }
        }
    }
    must(text.at == op.data + op.size, "text is left over");
    return model;
}

/* ---- attributes ---- */

static bool bytes_equal(struct ot_slice a, struct ot_slice b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool attributes_equal(const struct model_attributes *a, const struct model_attributes *b)
{
    bool equal = a->count == b->count;
    for (unsigned i = 0; equal && i < a->count; i++) {
        equal = bytes_equal(a->pairs[i].key, b->pairs[i].key) &&
                bytes_equal(a->pairs[i].value, b->pairs[i].value);
    }
    return equal;
}

static const struct model_pair *find(const struct model_attributes *attributes, struct ot_slice key)
{
    for (unsigned i = 0; i < attributes->count; i++) {
        if (bytes_equal(attributes->pairs[i].key, key)) {
            return &attributes->pairs[i];
        }
    }
    return NULL;
}

static bool key_is_before(struct ot_slice a, struct ot_slice b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i];
        }
    }
    return a.size < b.size;
}

static void add(struct model_attributes *attributes, struct ot_slice key, struct ot_slice value)
{
    must(attributes->count < MODEL_PAIRS_MAX, "too many attributes");
    unsigned at = attributes->count++;
    while (at > 0 && key_is_before(key, attributes->pairs[at - 1].key)) {
        attributes->pairs[at] = attributes->pairs[at - 1];
        at--;
    }
    attributes->pairs[at] = (struct model_pair){key, value};
}

static bool is_nil(const struct model_pair *pair)
{
    return pair->value.data[0] == 0xc0;
}

static struct model_attributes attributes_compose(const struct model_attributes *a,
                                                  const struct model_attributes *b, bool keep_nil)
{
    struct model_attributes result = {0};
    for (unsigned i = 0; i < b->count; i++) {
        if (keep_nil || !is_nil(&b->pairs[i])) {
            add(&result, b->pairs[i].key, b->pairs[i].value);
        }
    }
    for (unsigned i = 0; i < a->count; i++) {
        if (find(b, a->pairs[i].key) == NULL) {
            add(&result, a->pairs[i].key, a->pairs[i].value);
        }
    }
    return result;
}

static struct model_attributes attributes_transform(const struct model_attributes *op,
                                                    const struct model_attributes *over,
                                                    enum ot_side side)
{
    struct model_attributes result = {0};
    for (unsigned i = 0; i < op->count; i++) {
        if (side == OT_LEFT || find(over, op->pairs[i].key) == NULL) {
            add(&result, op->pairs[i].key, op->pairs[i].value);
        }
    }
    return result;
}

static struct model_attributes attributes_invert(const struct model_attributes *patch,
                                                 const struct model_attributes *base)
{
    static const uint8_t nil = 0xc0;
    struct model_attributes result = {0};
    for (unsigned i = 0; i < patch->count; i++) {
        const struct model_pair *old = find(base, patch->pairs[i].key);
        if (old == NULL) {
            add(&result, patch->pairs[i].key, (struct ot_slice){&nil, 1});
        } else if (!bytes_equal(old->value, patch->pairs[i].value)) {
            add(&result, old->key, old->value);
        }
    }
    return result;
}

/* ---- units to bytes ---- */

static bool inserts(const struct model_unit *unit)
{
    return unit->kind == OT_INSERT || unit->kind == OT_EMBED;
}

/* A component: so many equal neighbours among the units, which need not be neighbours in the
 * operation: an insert may have stepped over deletes. */
struct component {
    struct model_unit unit; /* kind and attributes, and the embed */
    struct ot_buf text;
    uint32_t length;
    bool has_high; /* a high surrogate waits for its other half */
    uint16_t high;
};

struct components {
    struct component *list;
    size_t count;
    size_t room;
};

static void append(struct ot_buf *out, uint8_t byte)
{
    must(ot_buf_append(out, &byte, 1) == OT_OK, "out of memory");
}

static void append_code(struct component *component, uint16_t unit)
{
    struct ot_buf *out = &component->text;
    uint32_t code = unit;
    if (unit >= 0xd800 && unit < 0xdc00) {
        component->high = unit;
        component->has_high = true;
        return;
    }
    must(component->has_high == (unit >= 0xdc00 && unit < 0xe000), "half a pair");
    if (component->has_high) {
        code = 0x10000 + ((uint32_t)(component->high - 0xd800) << 10) + (unit - 0xdc00u);
        component->has_high = false;
    }
    if (code < 0x80) {
        append(out, (uint8_t)code);
        return;
    }
    if (code < 0x800) {
        append(out, (uint8_t)(0xc0 | code >> 6));
    } else if (code < 0x10000) {
        append(out, (uint8_t)(0xe0 | code >> 12));
        append(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
    } else {
        append(out, (uint8_t)(0xf0 | code >> 18));
        append(out, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
        append(out, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
    }
    append(out, (uint8_t)(0x80 | (code & 0x3f)));
}

static void extend(struct component *component, const struct model_unit *unit)
{
    component->length++;
    if (unit->kind == OT_INSERT) {
        append_code(component, unit->code);
    }
}

static bool merges(const struct component *component, const struct model_unit *unit)
{
    return component->unit.kind == unit->kind && unit->kind != OT_EMBED &&
           attributes_equal(&component->unit.attributes, &unit->attributes);
}

static void components_push(struct components *all, const struct model_unit *unit,
                            enum ot_order order)
{
    size_t at = all->count;
    if (order == OT_CANONICAL && inserts(unit) && at > 0 &&
        all->list[at - 1].unit.kind == OT_DELETE) {
        at--;
    }
    if (at > 0 && merges(&all->list[at - 1], unit)) {
        extend(&all->list[at - 1], unit);
        return;
    }
    if (all->count == all->room) {
        all->room = all->room * 2 + 8;
        all->list = realloc(all->list, all->room * sizeof *all->list);
        must(all->list != NULL, "out of memory");
    }
    memmove(all->list + at + 1, all->list + at, (all->count - at) * sizeof *all->list);
    all->count++;
    all->list[at] = (struct component){.unit = *unit};
    extend(&all->list[at], unit);
}

static void append_varint(struct ot_buf *out, uint32_t value)
{
    for (; value > 0x7f; value >>= 7) {
        append(out, (uint8_t)(0x80 | (value & 0x7f)));
    }
    append(out, (uint8_t)value);
}

static void append_slice(struct ot_buf *out, struct ot_slice slice)
{
    must(ot_buf_append(out, slice.data, slice.size) == OT_OK, "out of memory");
}

static void append_attributes(struct ot_buf *out, const struct model_attributes *attributes)
{
    struct ot_buf map = {0};
    append(&map, (uint8_t)(0x80 | attributes->count));
    for (unsigned i = 0; i < attributes->count; i++) {
        append(&map, (uint8_t)(0xa0 | attributes->pairs[i].key.size));
        append_slice(&map, attributes->pairs[i].key);
        append_slice(&map, attributes->pairs[i].value);
    }
    append_varint(out, (uint32_t)map.size);
    append_slice(out, ot_buf_slice(&map));
    ot_buf_deinit(&map);
}

static void append_component(struct ot_buf *out, const struct component *component)
{
    const struct model_unit *unit = &component->unit;
    uint32_t length = unit->kind == OT_EMBED ? (uint32_t)unit->embed.size : component->length;
    bool has_attributes = unit->attributes.count > 0;
    append(out, (uint8_t)((unsigned)unit->kind | (has_attributes ? 4u : 0u) | (length & 15) << 3 |
                          (length > 15 ? 0x80u : 0u)));
    if (length > 15) {
        append_varint(out, length >> 4);
    }
    if (has_attributes) {
        append_attributes(out, &unit->attributes);
    }
    if (unit->kind == OT_EMBED) {
        append_slice(out, unit->embed);
    }
}

static struct components components_of(const struct model *model, enum ot_order order)
{
    struct components all = {0};
    for (size_t i = 0; i < model->count; i++) {
        components_push(&all, &model->units[i], order);
    }
    if (all.count > 0 && all.list[all.count - 1].unit.kind == OT_RETAIN &&
        all.list[all.count - 1].unit.attributes.count == 0) {
        all.count--;
    }
    return all;
}

void model_write(const struct model *model, enum ot_order order, struct ot_buf *out)
{
    struct components all = components_of(model, order);
    struct ot_buf comps = {0};
    struct ot_buf text = {0};
    bool is_wide = false;
    for (size_t i = 0; i < all.count; i++) {
        append_component(&comps, &all.list[i]);
        append_slice(&text, ot_buf_slice(&all.list[i].text));
        ot_buf_deinit(&all.list[i].text);
    }
    for (size_t i = 0; i < text.size; i++) {
        is_wide = is_wide || text.data[i] > 0x7f;
    }
    append_varint(out, (uint32_t)comps.size << 1 | is_wide);
    append_slice(out, ot_buf_slice(&comps));
    append_slice(out, ot_buf_slice(&text));
    ot_buf_deinit(&comps);
    ot_buf_deinit(&text);
    free(all.list);
}

/* ---- the rules ---- */

static const struct model_unit idle = {.kind = OT_RETAIN};

/* Unit `at`, or beyond the end a plain retain. */
static const struct model_unit *unit_at(const struct model *model, size_t at)
{
    return at < model->count ? &model->units[at] : &idle;
}

struct model model_compose(const struct model *a, const struct model *b)
{
    struct model result = {0};
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        const struct model_unit *first = unit_at(a, i);
        const struct model_unit *second = unit_at(b, j);
        if (inserts(second)) {
            push(&result, second);
            j++;
            continue;
        }
        i++;
        if (first->kind == OT_DELETE) {
            push(&result, first);
            continue;
        }
        j++;
        if (second->kind == OT_DELETE) {
            if (first->kind == OT_RETAIN) {
                push(&result, second);
            }
            continue;
        }
        struct model_unit unit = *first;
        unit.attributes =
            attributes_compose(&first->attributes, &second->attributes, first->kind == OT_RETAIN);
        push(&result, &unit);
    }
    return result;
}

struct model model_transform(const struct model *op, const struct model *over, enum ot_side side)
{
    struct model result = {0};
    size_t i = 0;
    size_t j = 0;
    while (i < op->count || j < over->count) {
        const struct model_unit *mine = unit_at(op, i);
        const struct model_unit *theirs = unit_at(over, j);
        if (inserts(theirs) && (side == OT_RIGHT || !inserts(mine))) {
            push(&result, &idle);
            j++;
            continue;
        }
        i++;
        if (inserts(mine)) {
            push(&result, mine);
            continue;
        }
        j++;
        if (theirs->kind == OT_DELETE) {
            continue;
        }
        struct model_unit unit = *mine;
        unit.attributes = attributes_transform(&mine->attributes, &theirs->attributes, side);
        push(&result, &unit);
    }
    return result;
}

struct model model_invert(const struct model *op, const struct model *document)
{
    struct model result = {0};
    size_t pos = 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct model_unit *unit = &op->units[i];
        struct model_unit inverse = {.kind = OT_DELETE};
        if (!inserts(unit)) {
            must(pos < document->count, "the operation reaches past the document");
            const struct model_unit *old = &document->units[pos++];
            if (unit->kind == OT_DELETE) {
                inverse = *old;
            } else {
                inverse.kind = OT_RETAIN;
                inverse.attributes = attributes_invert(&unit->attributes, &old->attributes);
            }
        }
        push(&result, &inverse);
    }
    return result;
}

uint64_t model_position(const struct model *op, uint64_t pos, enum ot_side side)
{
    uint64_t offset = 0;
    for (size_t i = 0; i < op->count && offset <= pos; i++) {
        const struct model_unit *unit = &op->units[i];
        /* A component of several units is at one place: only its first unit can be the tie. */
        bool ties = offset == pos && side == OT_LEFT;
        if (inserts(unit) && ties) {
            return pos;
        }
        if (unit->kind == OT_DELETE) {
            pos -= pos > offset ? 1 : 0;
        } else {
            pos += inserts(unit) ? 1 : 0;
            offset++;
        }
    }
    return pos;
}

bool model_fits(const struct model *op, const struct model *document)
{
    size_t pos = 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct model_unit *unit = &op->units[i];
        const struct model_unit *next = unit_at(op, i + 1);
        if (inserts(unit)) {
            continue;
        }
        if (++pos > document->count) {
            return false;
        }
        bool is_same = i + 1 < op->count && next->kind == unit->kind &&
                       attributes_equal(&next->attributes, &unit->attributes);
        const struct model_unit *after = pos < document->count ? &document->units[pos] : NULL;
        bool is_half = after != NULL && after->kind == OT_INSERT && after->code >= 0xdc00 &&
                       after->code < 0xe000;
        if (is_half && !is_same) {
            return false;
        }
    }
    return true;
}

#include "tools/peer/difference.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>

/* A snapshot's components as an array, to walk them from both ends. */
struct parts {
    struct ot_component *items;
    size_t count, capacity;
};

/* A place in a document from one of its ends: so many whole components, and so many bytes of text
 * of the next one. */
struct place {
    size_t part;
    size_t bytes;
};

static void parts_init(struct parts *parts, struct ot_slice snapshot)
{
    struct ot_iter iter;
    struct ot_component component;

    *parts = (struct parts){0};
    ot_iter_init(&iter, snapshot);
    while (ot_iter_next(&iter, &component)) {
        parts->items =
            bytes_grow(parts->items, &parts->capacity, parts->count + 1, sizeof *parts->items);
        parts->items[parts->count++] = component;
    }
}

static bool mergeable(const struct ot_component *a, const struct ot_component *b)
{
    return a->kind == b->kind && bytes_equal(a->attributes, b->attributes);
}

static bool same(const struct ot_component *a, const struct ot_component *b)
{
    return mergeable(a, b) && bytes_equal(a->content, b->content);
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes that both texts have in common at their start, in whole characters. */
static size_t common_start(struct ot_slice a, struct ot_slice b)
{
    size_t most = a.size < b.size ? a.size : b.size, at = 0;

    while (at < most && a.data[at] == b.data[at])
        at++;
    while (at > 0 && ((at < a.size && is_continuation(a.data[at])) ||
                      (at < b.size && is_continuation(b.data[at]))))
        at--;
    return at;
}

/* The same at their end, in at most `most` bytes. */
static size_t common_end(struct ot_slice a, struct ot_slice b, size_t most)
{
    size_t at = 0;

    while (at < most && a.data[a.size - 1 - at] == b.data[b.size - 1 - at])
        at++;
    while (at > 0 && is_continuation(a.data[a.size - at]))
        at--;
    return at;
}

static struct place find_start(const struct parts *a, const struct parts *b)
{
    struct place place = {0};

    while (place.part < a->count && place.part < b->count &&
           same(&a->items[place.part], &b->items[place.part]))
        place.part++;
    if (place.part == a->count || place.part == b->count)
        return place;
    const struct ot_component *x = &a->items[place.part], *y = &b->items[place.part];
    if (x->kind == OT_INSERT && mergeable(x, y))
        place.bytes = common_start(x->content, y->content);
    return place;
}

/* What of component `part` lies after the common start. */
static size_t bytes_after(const struct parts *parts, size_t part, struct place start)
{
    return parts->items[part].content.size - (part == start.part ? start.bytes : 0);
}

static struct place find_end(const struct parts *a, const struct parts *b, struct place start)
{
    size_t i = a->count, j = b->count;
    struct place place = {0};

    while (i > start.part && j > start.part && same(&a->items[i - 1], &b->items[j - 1]) &&
           !(start.bytes > 0 && (i - 1 == start.part || j - 1 == start.part))) {
        i--;
        j--;
        place.part++;
    }
    if (i == start.part || j == start.part)
        return place;
    const struct ot_component *x = &a->items[i - 1], *y = &b->items[j - 1];
    if (x->kind == OT_INSERT && mergeable(x, y)) {
        size_t most_x = bytes_after(a, i - 1, start), most_y = bytes_after(b, j - 1, start);
        place.bytes = common_end(x->content, y->content, most_x < most_y ? most_x : most_y);
    }
    return place;
}

/* UTF-16 units of valid UTF-8. */
static uint64_t units_of(struct ot_slice text)
{
    uint64_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        units += (uint64_t)!is_continuation(text.data[i]) + (text.data[i] >= 0xf0);
    return units;
}

static uint64_t units_up_to(const struct parts *parts, struct place start)
{
    uint64_t units = 0;

    for (size_t i = 0; i < start.part; i++)
        units += parts->items[i].length;
    if (start.bytes > 0)
        units += units_of((struct ot_slice){parts->items[start.part].content.data, start.bytes});
    return units;
}

/* Component `part` without what belongs to the common start and end; false if nothing is left. */
static bool middle_part(const struct parts *parts, size_t part, struct place start,
                        struct place end, struct ot_component *out)
{
    size_t skip = part == start.part ? start.bytes : 0;
    size_t drop = part + 1 + end.part == parts->count ? end.bytes : 0;

    *out = parts->items[part];
    if (out->kind != OT_INSERT)
        return true;
    out->content.data += skip;
    out->content.size -= skip + drop;
    out->length = (uint32_t)units_of(out->content);
    return out->length > 0;
}

static void build(struct ot_builder *builder, const struct parts *from, const struct parts *to,
                  struct place start, struct place end)
{
    struct ot_component part;

    ot_builder_retain(builder, units_up_to(from, start), (struct ot_slice){0});
    for (size_t i = start.part; i < from->count - end.part; i++)
        if (middle_part(from, i, start, end, &part))
            ot_builder_delete(builder, part.length);
    for (size_t i = start.part; i < to->count - end.part; i++) {
        if (!middle_part(to, i, start, end, &part))
            continue;
        if (part.kind == OT_EMBED)
            ot_builder_embed(builder, part.content, part.attributes);
        else
            ot_builder_insert(builder, part.content, part.attributes);
    }
}

int difference(struct ot_slice from, struct ot_slice to, struct ot_buf *out)
{
    struct parts a, b;
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    int code = OT_E_MEMORY;

    parts_init(&a, from);
    parts_init(&b, to);
    if (builder != NULL) {
        struct place start = find_start(&a, &b);
        struct place end = find_end(&a, &b, start);
        build(builder, &a, &b, start, end);
        code = ot_builder_finish(builder, out);
    }
    ot_builder_free(builder);
    free(a.items);
    free(b.items);
    return code;
}

int difference_to(const struct ot_doc *from, struct ot_slice to, struct ot_buf *out)
{
    struct ot_buf snapshot = {0};
    int code = ot_doc_snapshot(from, &snapshot);
    if (code == OT_OK)
        code = difference(ot_buf_slice(&snapshot), to, out);
    ot_buf_deinit(&snapshot);
    return code;
}

#include "tools/replay/plain.h"

#include "tools/peer/bytes.h"
#include "tools/replay/parts.h"

#include <stdlib.h>

static void push(struct plain *plain, struct plain_unit unit)
{
    plain->units =
        bytes_grow(plain->units, &plain->capacity, plain->count + 1, sizeof *plain->units);
    plain->units[plain->count++] = unit;
}

/* The code point at `*at`, which is moved past it. The text is valid. */
static uint32_t next_character(const uint8_t **at)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint8_t lead = *(*at)++;
    unsigned size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t character = lead & lead_bits[size];

    while (--size > 0)
        character = character << 6 | (*(*at)++ & 0x3fu);
    return character;
}

static void push_text(struct plain *plain, const struct ot_component *component)
{
    const uint8_t *at = component->content.data, *end = at + component->content.size;

    while (at < end) {
        uint32_t character = next_character(&at);
        struct plain_unit unit = {.attributes = component->attributes};
        if (character >= 0x10000) {
            unit.code = (uint16_t)(0xd800 + ((character - 0x10000) >> 10));
            push(plain, unit);
            character = 0xdc00 + (character & 0x3ff);
        }
        unit.code = (uint16_t)character;
        push(plain, unit);
    }
}

static void push_component(struct plain *plain, const struct ot_component *component)
{
    struct plain_unit unit = {0, component->content, component->attributes};

    if (component->kind == OT_INSERT)
        push_text(plain, component);
    else if (component->kind == OT_EMBED)
        push(plain, unit);
}

void plain_init(struct plain *plain, struct ot_slice snapshot)
{
    struct ot_component component;
    struct ot_iter iter;

    *plain = (struct plain){0};
    for (ot_iter_init(&iter, snapshot); ot_iter_next(&iter, &component);)
        push_component(plain, &component);
}

void plain_deinit(struct plain *plain)
{
    free(plain->units);
    *plain = (struct plain){0};
}

/* ---- what fits ---- */

static bool is_inside_pair(const struct plain *plain, size_t pos)
{
    return pos < plain->count && plain->units[pos].code >= 0xdc00 &&
           plain->units[pos].code <= 0xdfff;
}

static bool passes_over(const struct ot_component *component)
{
    return component->kind == OT_RETAIN || component->kind == OT_DELETE;
}

bool plain_fits(const struct plain *plain, struct ot_slice op)
{
    struct ot_component component;
    struct ot_iter iter;
    size_t pos = 0;

    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &component);) {
        if (!passes_over(&component))
            continue;
        if (component.length > plain->count - pos)
            return false;
        pos += component.length;
        if (is_inside_pair(plain, pos))
            return false;
    }
    return true;
}

void plain_cut(const struct plain *plain, struct ot_slice op, struct ot_buf *out)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct ot_component component;
    struct ot_iter iter;
    size_t pos = 0;

    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &component);) {
        size_t end = pos;
        if (passes_over(&component)) {
            size_t left = plain->count - pos;
            end += component.length < left ? component.length : left;
            end += is_inside_pair(plain, end);
            component.length = (uint32_t)(end - pos);
        }
        parts_put(builder, &component);
        pos = end;
    }
    bytes_must(ot_builder_finish(builder, out));
    ot_builder_free(builder);
}

/* ---- attributes ---- */

struct pair {
    struct ot_slice key, value;
};

static struct pair next_pair(struct ot_slice *rest)
{
    struct pair pair = {.key = ot_value_next(rest).string, .value = *rest};
    parts_skip_value(rest);
    pair.value.size -= rest->size;
    return pair;
}

/* The value of `key`, or an empty slice. */
static struct ot_slice find(struct ot_slice attributes, struct ot_slice key)
{
    for (uint32_t left = parts_enter(&attributes); left > 0; left--) {
        struct pair pair = next_pair(&attributes);
        if (bytes_equal(pair.key, key))
            return pair.value;
    }
    return (struct ot_slice){0};
}

static bool is_nil(struct ot_slice value)
{
    return ot_value_next(&value).kind == OT_VALUE_NIL;
}

/* Is `after` what `patch` makes of `before`? Of each key: the patch's value, or else the old one.
 */
static bool attributes_follow(struct ot_slice before, struct ot_slice patch, struct ot_slice after)
{
    struct ot_slice old = before, change = patch, rest = after;
    uint32_t wanted = 0;

    for (uint32_t left = parts_enter(&change); left > 0; left--) {
        struct pair pair = next_pair(&change);
        bool is_removed = is_nil(pair.value);
        struct ot_slice value = find(after, pair.key);
        if (is_removed ? value.size > 0 : !bytes_equal(value, pair.value))
            return false;
        wanted += !is_removed;
    }
    for (uint32_t left = parts_enter(&old); left > 0; left--) {
        struct pair pair = next_pair(&old);
        if (find(patch, pair.key).size > 0)
            continue;
        if (!bytes_equal(find(after, pair.key), pair.value))
            return false;
        wanted++;
    }
    return parts_enter(&rest) == wanted;
}

/* ---- what follows ---- */

static bool is_same_unit(const struct plain_unit *a, const struct plain_unit *b)
{
    return a->code == b->code && bytes_equal(a->embed, b->embed);
}

static bool is_same(const struct plain *a, size_t a_at, const struct plain *b, size_t b_at,
                    size_t count, struct ot_slice patch)
{
    if (count > a->count - a_at || count > b->count - b_at)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct plain_unit *before = &a->units[a_at + i], *after = &b->units[b_at + i];
        if (!is_same_unit(before, after) ||
            !attributes_follow(before->attributes, patch, after->attributes))
            return false;
    }
    return true;
}

bool plain_follows(const struct plain *before, struct ot_slice op, const struct plain *after)
{
    struct ot_component component;
    struct ot_slice none = {0};
    struct ot_iter iter;
    size_t from = 0, to = 0;
    bool follows = true;

    for (ot_iter_init(&iter, op); follows && ot_iter_next(&iter, &component);) {
        struct plain inserted = {0};
        push_component(&inserted, &component);
        if (component.kind == OT_RETAIN)
            follows = is_same(before, from, after, to, component.length, component.attributes);
        else
            follows = is_same(&inserted, 0, after, to, inserted.count, none);
        from += passes_over(&component) ? component.length : 0;
        to += component.kind == OT_RETAIN ? component.length : inserted.count;
        plain_deinit(&inserted);
    }
    return follows && before->count - from == after->count - to &&
           is_same(before, from, after, to, before->count - from, none);
}

#include "attributes.h"

#include <string.h>

#include "value.h"

enum { HEAD_SIZE_MAX = 5 };

/* A map being written: pairs from `start`, its head put before them at the end. */
struct map {
    uint8_t *start;
    uint8_t *at;
    uint32_t count;
};

static struct map map_begin(uint8_t *room)
{
    return (struct map){room + HEAD_SIZE_MAX, room + HEAD_SIZE_MAX, 0};
}

static void map_add(struct map *map, struct ot_slice bytes)
{
    memcpy(map->at, bytes.data, bytes.size);
    map->at += bytes.size;
    map->count++;
}

static struct ot_slice map_end(struct map *map)
{
    uint8_t *head = map->start;
    if (map->count == 0) {
        return (struct ot_slice){0};
    }
    if (map->count < 16) {
        *--head = (uint8_t)(0x80 | map->count);
    } else {
        unsigned size = map->count <= UINT16_MAX ? 2 : 4;
        for (unsigned i = 0; i < size; i++) {
            *--head = (uint8_t)(map->count >> (8 * i));
        }
        *--head = size == 2 ? 0xde : 0xdf;
    }
    return (struct ot_slice){head, (size_t)(map->at - head)};
}

static bool is_nil(struct value_pair pair)
{
    return *pair.item.data == VALUE_NIL_BYTE;
}

/* Two maps walked together in the order of their keys. */
struct merge {
    struct value_pairs rest_a;
    struct value_pairs rest_b;
    struct value_pair a;
    struct value_pair b;
    bool has_a;
    bool has_b;
};

static struct merge merge_begin(struct ot_slice a, struct ot_slice b)
{
    struct merge merge = {.rest_a = ot_value_pairs(a), .rest_b = ot_value_pairs(b)};
    merge.has_a = ot_value_pairs_next(&merge.rest_a, &merge.a);
    merge.has_b = ot_value_pairs_next(&merge.rest_b, &merge.b);
    return merge;
}

/* Below 0: the next key is in `a` alone; above: in `b` alone; 0: in both. */
static int merge_order(const struct merge *merge)
{
    if (!merge->has_b) {
        return -1;
    }
    return merge->has_a ? slice_compare(merge->a.key, merge->b.key) : 1;
}

static void merge_next(struct merge *merge, int order)
{
    if (order <= 0) {
        merge->has_a = ot_value_pairs_next(&merge->rest_a, &merge->a);
    }
    if (order >= 0) {
        merge->has_b = ot_value_pairs_next(&merge->rest_b, &merge->b);
    }
}

struct ot_slice ot_attributes_compose(struct ot_slice a, struct ot_slice b, enum attributes_nil nil,
                                      uint8_t *room)
{
    if (b.size == 0 || (a.size == 0 && nil == NIL_KEEP)) {
        return b.size == 0 ? a : b;
    }
    struct merge merge = merge_begin(a, b);
    struct map map = map_begin(room);
    while (merge.has_a || merge.has_b) {
        int order = merge_order(&merge);
        if (order < 0) {
            map_add(&map, merge.a.both);
        } else if (nil == NIL_KEEP || !is_nil(merge.b)) {
            map_add(&map, merge.b.both);
        }
        merge_next(&merge, order);
    }
    return map_end(&map);
}

struct ot_slice ot_attributes_transform(struct ot_slice op, struct ot_slice over, enum ot_side side,
                                        uint8_t *room)
{
    if (op.size == 0 || over.size == 0 || side == OT_LEFT) {
        return op;
    }
    struct merge merge = merge_begin(op, over);
    struct map map = map_begin(room);
    while (merge.has_a) {
        int order = merge_order(&merge);
        if (order < 0) {
            map_add(&map, merge.a.both);
        }
        merge_next(&merge, order);
    }
    return map_end(&map);
}

struct ot_slice ot_attributes_invert(struct ot_slice patch, struct ot_slice base, uint8_t *room)
{
    struct merge merge = merge_begin(patch, base);
    struct map map = map_begin(room);
    while (merge.has_a) {
        int order = merge_order(&merge);
        if (order < 0) {
            struct ot_slice written = merge.a.both;
            written.size -= merge.a.item.size;
            map_add(&map, written);
            *map.at++ = VALUE_NIL_BYTE;
        } else if (order == 0 && !slice_equal(merge.a.item, merge.b.item)) {
            map_add(&map, merge.b.both);
        }
        merge_next(&merge, order);
    }
    return map_end(&map);
}

struct ot_slice ot_attributes_strip(struct ot_slice attributes, uint8_t *room)
{
    return ot_attributes_compose((struct ot_slice){0}, attributes, NIL_DROP, room);
}

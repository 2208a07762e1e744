#include "tools/replay/wide.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>

void wide_deinit(struct wide *wide)
{
    free(wide->at);
    free(wide->spare);
    *wide = (struct wide){0};
}

static void put(struct wide *wide, size_t *count, uint64_t at)
{
    wide->spare = bytes_grow(wide->spare, &wide->spare_capacity, *count + 1, sizeof *wide->spare);
    wide->spare[(*count)++] = at;
}

static void put_text(struct wide *wide, size_t *count, struct ot_slice text, uint64_t at)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] & 0xc0) == 0x80)
            continue;
        if (text.data[i] >= 0xf0)
            put(wide, count, at++);
        at++;
    }
}

void wide_apply(struct wide *wide, struct ot_slice op)
{
    struct ot_iter iter;
    struct ot_component component;
    uint64_t before = 0, after = 0; /* positions in the old document and in the new one */
    size_t next = 0, count = 0;

    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        if (component.kind == OT_INSERT)
            put_text(wide, &count, component.content, after);
        if (component.kind == OT_INSERT || component.kind == OT_EMBED) {
            after += component.length;
            continue;
        }
        for (; next < wide->count && wide->at[next] < before + component.length; next++)
            if (component.kind == OT_RETAIN)
                put(wide, &count, wide->at[next] - before + after);
        before += component.length;
        after += component.kind == OT_RETAIN ? component.length : 0;
    }
    for (; next < wide->count; next++)
        put(wide, &count, wide->at[next] - before + after);

    uint64_t *at = wide->at;
    size_t capacity = wide->capacity;
    wide->at = wide->spare;
    wide->capacity = wide->spare_capacity;
    wide->count = count;
    wide->spare = at;
    wide->spare_capacity = capacity;
}

uint64_t wide_units(const struct wide *wide, uint64_t point)
{
    size_t low = 0, high = wide->count;

    /* at[i] - i is the number of that character in code points. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (wide->at[middle] - middle < point)
            low = middle + 1;
        else
            high = middle;
    }
    return point + low;
}

#include "tools/peer/trail.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

static void deinit_entry(struct trail_entry *entry)
{
    ot_buf_deinit(&entry->op);
    ot_buf_deinit(&entry->inverse);
}

void trail_clear(struct trail *trail)
{
    while (trail->count > 0)
        deinit_entry(&trail->entries[--trail->count]);
    trail->units = 0;
}

void trail_deinit(struct trail *trail)
{
    trail_clear(trail);
    free(trail->entries);
}

static uint64_t units_of(struct ot_slice op)
{
    struct ot_iter iter;
    struct ot_component component;
    uint64_t units = 0;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component))
        units += 1 + (component.kind == OT_INSERT ? component.length : 0);
    return units;
}

/* Nothing is kept of what came before the first own edit: nobody would need it. */
static void drop_oldest(struct trail *trail)
{
    size_t dropped = 0;
    while (dropped < trail->count &&
           (trail->count - dropped > TRAIL_ENTRIES_MAX || trail->units > TRAIL_UNITS_MAX ||
            trail->entries[dropped].seq == 0)) {
        trail->units -= trail->entries[dropped].units;
        deinit_entry(&trail->entries[dropped++]);
    }
    if (dropped > 0) {
        trail->count -= dropped;
        memmove(trail->entries, trail->entries + dropped, trail->count * sizeof *trail->entries);
    }
}

void trail_add(struct trail *trail, const struct ot_doc *doc, struct ot_slice op, uint64_t seq)
{
    struct trail_entry entry = {.seq = seq};

    if (trail->count == 0 && seq == 0)
        return;
    bytes_set(&entry.op, op);
    bytes_must(ot_doc_invert(doc, op, OT_STABLE, &entry.inverse));
    entry.units = units_of(op) + units_of(ot_buf_slice(&entry.inverse));
    trail->entries =
        bytes_grow(trail->entries, &trail->capacity, trail->count + 1, sizeof *trail->entries);
    trail->entries[trail->count++] = entry;
    trail->units += entry.units;
    drop_oldest(trail);
}

bool trail_take_after(struct trail *trail, uint64_t seq, struct ot_doc *doc, struct ot_buf *unsaved)
{
    struct ot_buf next = {0};
    size_t first = 0;

    while (first < trail->count && trail->entries[first].seq != seq + 1)
        first++;
    if (first == trail->count)
        return false;
    /* From the last to the first: an own edit comes before what follows it; what follows one of
     * others is rewritten as if that had been taken back. */
    while (trail->count > first) {
        struct trail_entry *entry = &trail->entries[--trail->count];
        struct ot_slice inverse = ot_buf_slice(&entry->inverse);
        ot_buf_clear(&next);
        if (entry->seq == 0)
            bytes_must(ot_transform(ot_buf_slice(unsaved), inverse, OT_RIGHT, OT_STABLE, &next));
        else
            bytes_must(
                ot_compose(ot_buf_slice(&entry->op), ot_buf_slice(unsaved), OT_STABLE, &next));
        bytes_swap(unsaved, &next);
        bytes_must(ot_doc_apply(doc, inverse, NULL));
        trail->units -= entry->units;
        deinit_entry(entry);
    }
    ot_buf_deinit(&next);
    return true;
}

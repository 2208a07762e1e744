#include "leaf.h"

#include <assert.h>
#include <string.h>

#include "utf8.h"

struct leaf *ot_leaf_new(struct pool *pool)
{
    struct leaf *leaf = ot_memory_take(&pool->memory, sizeof *leaf);
    if (leaf != NULL) {
        leaf->units = leaf->bytes = leaf->runs_count = 0;
        leaf->runs_room = LEAF_RUNS_FEW;
        leaf->runs = leaf->few;
    }
    return leaf;
}

static void run_drop(const struct run *run, struct pool *pool)
{
    pool_drop(pool, run->attributes);
    pool_drop(pool, run->embed);
}

static void run_use_again(const struct run *run, struct pool *pool)
{
    pool_use_again(pool, run->attributes);
    pool_use_again(pool, run->embed);
}

void ot_leaf_free(struct leaf *leaf, struct pool *pool)
{
    for (unsigned i = 0; i < leaf->runs_count; i++) {
        run_drop(&leaf->runs[i], pool);
    }
    if (leaf->runs != leaf->few) {
        ot_memory_give(&pool->memory, leaf->runs, leaf->runs_room * sizeof *leaf->runs);
    }
    ot_memory_give(&pool->memory, leaf, sizeof *leaf);
}

/* The byte at which unit `spot->units` begins, within the spot's run of text beyond ASCII. `known`
 * may lie in it, too. */
static const uint8_t *find_wide(const struct leaf *leaf, const struct spot *spot,
                                const struct spot *known)
{
    const struct run *run = &leaf->runs[spot->run];
    const uint8_t *start = leaf->text + spot->run_bytes;
    const uint8_t *end = start + run->bytes;
    unsigned inside = spot->units - spot->run_units;
    if (inside == run->units) {
        return end;
    }
    if (known->run != spot->run || known->units < spot->run_units) {
        return ot_utf8_skip(start, end, inside);
    }
    const uint8_t *near = leaf->text + known->bytes;
    if (spot->units >= known->units) {
        return ot_utf8_skip(near, end, spot->units - known->units);
    }
    unsigned back = known->units - spot->units;
    return back < inside ? ot_utf8_skip_back(start, near, back) : ot_utf8_skip(start, end, inside);
}

bool ot_leaf_find(const struct leaf *leaf, unsigned units, const struct spot *known,
                  struct spot *spot_out)
{
    struct spot spot = {known->run, known->run_units, known->run_bytes, units, 0};
    while (units <= spot.run_units && spot.run > 0) {
        spot.run--;
        spot.run_units -= leaf->runs[spot.run].units;
        spot.run_bytes -= leaf->runs[spot.run].bytes;
    }
    if (units == 0) {
        *spot_out = spot;
        return true;
    }
    const struct run *run = &leaf->runs[spot.run];
    for (; spot.run_units + run->units < units; run++) {
        spot.run_units += run->units;
        spot.run_bytes += run->bytes;
        spot.run++;
    }
    spot.bytes = spot.run_bytes + units - spot.run_units;
    if (run->bytes != run->units) {
        const uint8_t *at = find_wide(leaf, &spot, known);
        if (at == NULL) {
            return false;
        }
        spot.bytes = (unsigned)(at - leaf->text);
    }
    *spot_out = spot;
    return true;
}

/* Makes room for so many runs in all. */
static int runs_reserve(struct leaf *leaf, unsigned needed, struct pool *pool)
{
    if (needed <= leaf->runs_room) {
        return OT_OK;
    }
    unsigned room = needed + needed / 2;
    bool is_few = leaf->runs == leaf->few;
    size_t old_size = is_few ? 0 : leaf->runs_room * sizeof *leaf->runs;
    struct run *runs =
        ot_memory_resize(&pool->memory, is_few ? NULL : leaf->runs, old_size, room * sizeof *runs);
    if (runs == NULL) {
        return OT_E_MEMORY;
    }
    if (is_few) {
        memcpy(runs, leaf->few, sizeof leaf->few);
    }
    leaf->runs = runs;
    leaf->runs_room = (uint16_t)room;
    return OT_OK;
}

/* Opens a gap of `count` runs before run `at`, for which there is room. */
static void runs_open(struct leaf *leaf, unsigned at, unsigned count)
{
    memmove(leaf->runs + at + count, leaf->runs + at, (leaf->runs_count - at) * sizeof *leaf->runs);
    leaf->runs_count = (uint16_t)(leaf->runs_count + count);
}

static void runs_close(struct leaf *leaf, unsigned at, unsigned count)
{
    memmove(leaf->runs + at, leaf->runs + at + count,
            (leaf->runs_count - at - count) * sizeof *leaf->runs);
    leaf->runs_count = (uint16_t)(leaf->runs_count - count);
}

static bool run_takes(const struct run *run, const struct run *other)
{
    return run->attributes == other->attributes && (run->embed | other->embed) == 0;
}

/* Merges run `at` into the one before it if they are of one format. */
static void runs_merge(struct leaf *leaf, unsigned at, struct pool *pool)
{
    if (at == 0 || at >= leaf->runs_count || !run_takes(&leaf->runs[at - 1], &leaf->runs[at])) {
        return;
    }
    struct run *left = &leaf->runs[at - 1];
    left->units = (uint16_t)(left->units + leaf->runs[at].units);
    left->bytes = (uint16_t)(left->bytes + leaf->runs[at].bytes);
    run_drop(&leaf->runs[at], pool);
    runs_close(leaf, at, 1);
}

/* Is the spot within a run, not at an end of it? */
static bool is_inside(const struct leaf *leaf, const struct spot *spot)
{
    return spot->units > spot->run_units &&
           spot->units < spot->run_units + leaf->runs[spot->run].units;
}

/* Makes a run begin at the spot, for which there is room; which one, or where one put there would
 * be. */
static unsigned runs_cut(struct leaf *leaf, const struct spot *spot, struct pool *pool)
{
    if (is_inside(leaf, spot)) {
        runs_open(leaf, spot->run, 1);
        struct run *left = &leaf->runs[spot->run];
        struct run *right = left + 1;
        left->units = (uint16_t)(spot->units - spot->run_units);
        left->bytes = (uint16_t)(spot->bytes - spot->run_bytes);
        right->units = (uint16_t)(right->units - left->units);
        right->bytes = (uint16_t)(right->bytes - left->bytes);
        run_use_again(right, pool);
    }
    return spot->run + (spot->units > spot->run_units);
}

int ot_leaf_cut(struct leaf *leaf, const struct spot *spot, struct pool *pool)
{
    if (is_inside(leaf, spot)) {
        if (runs_reserve(leaf, leaf->runs_count + 1u, pool) != OT_OK) {
            return OT_E_MEMORY;
        }
        runs_cut(leaf, spot, pool);
    }
    return OT_OK;
}

void ot_leaf_merge(struct leaf *leaf, unsigned first, unsigned last, struct pool *pool)
{
    for (unsigned at = last + 2; at-- > first;) {
        runs_merge(leaf, at, pool);
    }
}

/* Does the run at the spot, or the one that begins there, take in text of the format of `run`? Then
 * the spot is moved into it. */
static bool run_takes_at(struct leaf *leaf, struct spot *spot, const struct run *run)
{
    if (leaf->runs_count == 0) {
        return false;
    }
    const struct run *here = &leaf->runs[spot->run];
    if (run_takes(here, run)) {
        return true;
    }
    bool is_end = spot->units == spot->run_units + here->units;
    if (!is_end || spot->run + 1u >= leaf->runs_count || !run_takes(here + 1, run)) {
        return false;
    }
    *spot = (struct spot){spot->run + 1, spot->units, spot->bytes, spot->units, spot->bytes};
    return true;
}

/* Puts a new run in at the spot, and the spot at its beginning. */
static int run_add(struct leaf *leaf, struct spot *spot, const struct run *run, struct pool *pool)
{
    unsigned needed = leaf->runs_count + (is_inside(leaf, spot) ? 2u : 1u);
    if (runs_reserve(leaf, needed, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    unsigned at = runs_cut(leaf, spot, pool);
    runs_open(leaf, at, 1);
    leaf->runs[at] = *run;
    run_use_again(run, pool);
    *spot = (struct spot){at, spot->units, spot->bytes, spot->units, spot->bytes};
    return OT_OK;
}

int ot_leaf_insert(struct leaf *leaf, struct spot *spot, const uint8_t *text, struct run run,
                   struct pool *pool)
{
    assert(leaf->bytes + run.bytes <= LEAF_TEXT);
    if (run_takes_at(leaf, spot, &run)) {
        struct run *taker = &leaf->runs[spot->run];
        taker->units = (uint16_t)(taker->units + run.units);
        taker->bytes = (uint16_t)(taker->bytes + run.bytes);
    } else if (run_add(leaf, spot, &run, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    if (run.bytes > 0) {
        uint8_t *at = leaf->text + spot->bytes;
        memmove(at + run.bytes, at, leaf->bytes - spot->bytes);
        memcpy(at, text, run.bytes);
    }
    leaf->units = (uint16_t)(leaf->units + run.units);
    leaf->bytes = (uint16_t)(leaf->bytes + run.bytes);
    spot->units += run.units;
    spot->bytes += run.bytes;
    return OT_OK;
}

/* Takes what lies between two spots off the runs in which they are, and out those between. */
static void runs_remove(struct leaf *leaf, const struct spot *from, const struct spot *to,
                        struct pool *pool)
{
    struct run *left = &leaf->runs[from->run];
    struct run *right = &leaf->runs[to->run];
    unsigned units_before = from->units - from->run_units;
    unsigned bytes_before = from->bytes - from->run_bytes;
    unsigned units_after = to->run_units + right->units - to->units;
    unsigned bytes_after = to->run_bytes + right->bytes - to->bytes;
    if (left == right && units_before + units_after > 0) {
        left->units = (uint16_t)(units_before + units_after);
        left->bytes = (uint16_t)(bytes_before + bytes_after);
        return;
    }
    left->units = (uint16_t)units_before;
    left->bytes = (uint16_t)bytes_before;
    unsigned first = from->run + (units_before > 0);
    unsigned last = to->run + (units_after == 0);
    if (units_after > 0) {
        right->units = (uint16_t)units_after;
        right->bytes = (uint16_t)bytes_after;
    }
    for (unsigned i = first; i < last; i++) {
        run_drop(&leaf->runs[i], pool);
    }
    runs_close(leaf, first, last - first);
    runs_merge(leaf, first, pool);
}

void ot_leaf_remove(struct leaf *leaf, const struct spot *from, const struct spot *to,
                    struct pool *pool)
{
    runs_remove(leaf, from, to, pool);
    memmove(leaf->text + from->bytes, leaf->text + to->bytes, leaf->bytes - to->bytes);
    leaf->units = (uint16_t)(leaf->units - (to->units - from->units));
    leaf->bytes = (uint16_t)(leaf->bytes - (to->bytes - from->bytes));
}

int ot_leaf_split(struct leaf *leaf, const struct spot *spot, struct leaf *right, struct pool *pool)
{
    if (runs_reserve(right, leaf->runs_count - spot->run, pool) != OT_OK ||
        ot_leaf_cut(leaf, spot, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    unsigned first = runs_cut(leaf, spot, pool);
    runs_open(right, 0, leaf->runs_count - first);
    memcpy(right->runs, leaf->runs + first, right->runs_count * sizeof *right->runs);
    right->bytes = (uint16_t)(leaf->bytes - spot->bytes);
    right->units = (uint16_t)(leaf->units - spot->units);
    memcpy(right->text, leaf->text + spot->bytes, right->bytes);
    leaf->runs_count = (uint16_t)first;
    leaf->bytes = (uint16_t)spot->bytes;
    leaf->units = (uint16_t)spot->units;
    return OT_OK;
}

int ot_leaf_join(struct leaf *leaf, struct leaf *right, struct pool *pool)
{
    unsigned seam = leaf->runs_count;
    if (runs_reserve(leaf, seam + right->runs_count, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    runs_open(leaf, seam, right->runs_count);
    memcpy(leaf->runs + seam, right->runs, right->runs_count * sizeof *right->runs);
    memcpy(leaf->text + leaf->bytes, right->text, right->bytes);
    leaf->bytes = (uint16_t)(leaf->bytes + right->bytes);
    leaf->units = (uint16_t)(leaf->units + right->units);
    right->runs_count = 0;
    runs_merge(leaf, seam, pool);
    return OT_OK;
}

#include "leaf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "utf8.h"

struct leaf *leaf_new(struct pool *pool)
{
    struct leaf *leaf = malloc(sizeof *leaf);
    if (leaf != NULL) {
        pool->memory += sizeof *leaf;
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

void leaf_free(struct leaf *leaf, struct pool *pool)
{
    for (unsigned i = 0; i < leaf->runs_count; i++) {
        run_drop(&leaf->runs[i], pool);
    }
    if (leaf->runs != leaf->few) {
        pool->memory -= leaf->runs_room * sizeof *leaf->runs;
        free(leaf->runs);
    }
    pool->memory -= sizeof *leaf;
    free(leaf);
}

bool leaf_find(const struct leaf *leaf, unsigned units, struct spot *spot_out)
{
    if (units == 0) {
        *spot_out = (struct spot){0};
        return true;
    }
    unsigned run = 0;
    unsigned run_units = 0;
    unsigned run_bytes = 0;
    while (run_units + leaf->runs[run].units < units) {
        run_units += leaf->runs[run].units;
        run_bytes += leaf->runs[run].bytes;
        run++;
    }
    *spot_out = (struct spot){run, run_units, run_bytes, units, run_bytes};
    unsigned inside = units - run_units;
    if (leaf->runs[run].bytes == leaf->runs[run].units) {
        spot_out->bytes += inside;
        return true;
    }
    if (inside == leaf->runs[run].units) {
        spot_out->bytes += leaf->runs[run].bytes;
        return true;
    }
    const uint8_t *text = leaf->text + run_bytes;
    const uint8_t *end = utf8_skip(text, text + leaf->runs[run].bytes, inside);
    spot_out->bytes = end == NULL ? 0 : (unsigned)(end - leaf->text);
    return end != NULL;
}

/* Opens a gap of `count` runs before run `at`. */
static int runs_open(struct leaf *leaf, unsigned at, unsigned count, struct pool *pool)
{
    unsigned needed = leaf->runs_count + count;
    if (needed > leaf->runs_room) {
        unsigned room = needed + needed / 2;
        bool is_few = leaf->runs == leaf->few;
        struct run *runs = realloc(is_few ? NULL : leaf->runs, room * sizeof *runs);
        if (runs == NULL) {
            return OT_E_MEMORY;
        }
        if (is_few) {
            memcpy(runs, leaf->few, sizeof leaf->few);
        }
        pool->memory += (room - (is_few ? 0u : leaf->runs_room)) * sizeof *runs;
        leaf->runs = runs;
        leaf->runs_room = (uint16_t)room;
    }
    memmove(leaf->runs + at + count, leaf->runs + at, (leaf->runs_count - at) * sizeof *leaf->runs);
    leaf->runs_count = (uint16_t)needed;
    return OT_OK;
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

/* Makes a run begin at the spot; which one, or where one put there would be. */
static int runs_cut(struct leaf *leaf, const struct spot *spot, struct pool *pool,
                    unsigned *run_out)
{
    unsigned inside = spot->units - spot->run_units;
    *run_out = spot->run;
    if (inside == 0) {
        return OT_OK;
    }
    *run_out = spot->run + 1;
    if (inside == leaf->runs[spot->run].units) {
        return OT_OK;
    }
    if (runs_open(leaf, spot->run, 1, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    struct run *left = &leaf->runs[spot->run];
    struct run *right = left + 1;
    left->units = (uint16_t)inside;
    left->bytes = (uint16_t)(spot->bytes - spot->run_bytes);
    right->units = (uint16_t)(right->units - left->units);
    right->bytes = (uint16_t)(right->bytes - left->bytes);
    run_use_again(right, pool);
    return OT_OK;
}

/* The run that takes in text of the format of `run` at the spot, or NULL. */
static struct run *run_at(struct leaf *leaf, const struct spot *spot, const struct run *run)
{
    if (leaf->runs_count == 0) {
        return NULL;
    }
    struct run *here = &leaf->runs[spot->run];
    if (run_takes(here, run)) {
        return here;
    }
    bool is_end = spot->units == spot->run_units + here->units;
    bool has_next = spot->run + 1u < leaf->runs_count;
    return is_end && has_next && run_takes(here + 1, run) ? here + 1 : NULL;
}

int leaf_insert(struct leaf *leaf, const struct spot *spot, const uint8_t *text, struct run run,
                struct pool *pool)
{
    assert(leaf->bytes + run.bytes <= LEAF_TEXT);
    struct run *taker = run_at(leaf, spot, &run);
    if (taker != NULL) {
        taker->units = (uint16_t)(taker->units + run.units);
        taker->bytes = (uint16_t)(taker->bytes + run.bytes);
    } else {
        unsigned at;
        if (runs_cut(leaf, spot, pool, &at) != OT_OK || runs_open(leaf, at, 1, pool) != OT_OK) {
            return OT_E_MEMORY;
        }
        leaf->runs[at] = run;
        run_use_again(&run, pool);
    }
    if (run.bytes > 0) {
        uint8_t *at = leaf->text + spot->bytes;
        memmove(at + run.bytes, at, leaf->bytes - spot->bytes);
        memcpy(at, text, run.bytes);
    }
    leaf->units = (uint16_t)(leaf->units + run.units);
    leaf->bytes = (uint16_t)(leaf->bytes + run.bytes);
    return OT_OK;
}

int leaf_remove(struct leaf *leaf, const struct spot *from, const struct spot *to,
                struct pool *pool)
{
    unsigned units = to->units - from->units;
    unsigned bytes = to->bytes - from->bytes;
    struct run *run = &leaf->runs[to->run];
    if (from->units >= to->run_units && units < run->units) {
        run->units = (uint16_t)(run->units - units);
        run->bytes = (uint16_t)(run->bytes - bytes);
    } else {
        unsigned first;
        unsigned last;
        if (runs_cut(leaf, to, pool, &last) != OT_OK) {
            return OT_E_MEMORY;
        }
        unsigned before = leaf->runs_count;
        if (runs_cut(leaf, from, pool, &first) != OT_OK) {
            return OT_E_MEMORY;
        }
        last += leaf->runs_count - before;
        for (unsigned i = first; i < last; i++) {
            run_drop(&leaf->runs[i], pool);
        }
        runs_close(leaf, first, last - first);
        runs_merge(leaf, first, pool);
    }
    memmove(leaf->text + from->bytes, leaf->text + to->bytes, leaf->bytes - to->bytes);
    leaf->units = (uint16_t)(leaf->units - units);
    leaf->bytes = (uint16_t)(leaf->bytes - bytes);
    return OT_OK;
}

static int run_format(struct run *run, struct ot_slice patch, struct pool *pool, uint8_t *room)
{
    struct ot_slice made =
        attributes_compose(pool_get(pool, run->attributes), patch, NIL_DROP, room);
    uint32_t id;
    if (pool_use(pool, made, &id) != OT_OK) {
        return OT_E_MEMORY;
    }
    pool_drop(pool, run->attributes);
    run->attributes = id;
    return OT_OK;
}

static int runs_format(struct leaf *leaf, unsigned first, unsigned last, struct ot_slice patch,
                       struct pool *pool)
{
    uint8_t local[256];
    struct ot_buf heap = {0};
    int error = OT_OK;
    for (unsigned i = first; error == OT_OK && i < last; i++) {
        size_t size = ATTRIBUTES_ROOM(pool_get(pool, leaf->runs[i].attributes), patch);
        error = size <= sizeof local ? OT_OK : ot_buf_reserve(&heap, size);
        if (error == OT_OK) {
            error =
                run_format(&leaf->runs[i], patch, pool, size <= sizeof local ? local : heap.data);
        }
    }
    ot_buf_deinit(&heap);
    return error;
}

int leaf_format(struct leaf *leaf, const struct spot *from, const struct spot *to,
                struct ot_slice patch, struct pool *pool)
{
    unsigned first;
    unsigned last;
    if (runs_cut(leaf, to, pool, &last) != OT_OK) {
        return OT_E_MEMORY;
    }
    unsigned before = leaf->runs_count;
    if (runs_cut(leaf, from, pool, &first) != OT_OK) {
        return OT_E_MEMORY;
    }
    last += leaf->runs_count - before;
    int error = runs_format(leaf, first, last, patch, pool);
    for (unsigned at = last + 1; at-- > first;) {
        runs_merge(leaf, at, pool);
    }
    return error;
}

int leaf_split(struct leaf *leaf, const struct spot *spot, struct leaf *right, struct pool *pool)
{
    unsigned first;
    if (runs_cut(leaf, spot, pool, &first) != OT_OK ||
        runs_open(right, 0, leaf->runs_count - first, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    memcpy(right->runs, leaf->runs + first, right->runs_count * sizeof *right->runs);
    right->bytes = (uint16_t)(leaf->bytes - spot->bytes);
    right->units = (uint16_t)(leaf->units - spot->units);
    memcpy(right->text, leaf->text + spot->bytes, right->bytes);
    leaf->runs_count = (uint16_t)first;
    leaf->bytes = (uint16_t)spot->bytes;
    leaf->units = (uint16_t)spot->units;
    return OT_OK;
}

int leaf_join(struct leaf *leaf, struct leaf *right, struct pool *pool)
{
    unsigned seam = leaf->runs_count;
    if (runs_open(leaf, seam, right->runs_count, pool) != OT_OK) {
        return OT_E_MEMORY;
    }
    memcpy(leaf->runs + seam, right->runs, right->runs_count * sizeof *right->runs);
    memcpy(leaf->text + leaf->bytes, right->text, right->bytes);
    leaf->bytes = (uint16_t)(leaf->bytes + right->bytes);
    leaf->units = (uint16_t)(leaf->units + right->units);
    right->runs_count = 0;
    runs_merge(leaf, seam, pool);
    return OT_OK;
}

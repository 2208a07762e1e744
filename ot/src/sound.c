#include <string.h>

#include "doc.h"
#include "utf8.h"
#include "value.h"

/* What has been counted on a walk over the whole structure. */
struct tally {
    const struct tree *tree;
    uint64_t units;
    uint64_t bytes;
    uint64_t pairs;
    size_t memory;
    uint32_t *uses; /* by number of the pool */
};

static bool run_is_sound(struct tally *tally, const struct run *run)
{
    const struct pool *pool = &tally->tree->pool;
    if (run->attributes >= (pool->count | 1) || run->embed >= (pool->count | 1)) {
        return false;
    }
    tally->uses[run->attributes]++;
    tally->uses[run->embed]++;
    return run->embed != 0 ? run->units == 1 && run->bytes == 0 : run->units > 0 && run->bytes > 0;
}

static bool runs_are_sound(struct tally *tally, const struct leaf *leaf)
{
    const uint8_t *text = leaf->text;
    unsigned units = 0;
    for (unsigned i = 0; i < leaf->runs_count; i++) {
        const struct run *run = &leaf->runs[i];
        const struct run *last = i > 0 ? run - 1 : NULL;
        uint64_t found;
        if (!run_is_sound(tally, run) || run->bytes > leaf->text + leaf->bytes - text) {
            return false;
        }
        const uint8_t *end = text + run->bytes;
        if (ot_utf8_check(&text, end, UINT64_MAX, &found) != OT_OK) {
            return false;
        }
        if (run->embed == 0 && found != run->units) {
            return false;
        }
        if (last != NULL && (last->embed | run->embed) == 0 &&
            last->attributes == run->attributes) {
            return false;
        }
        units += run->units;
    }
    return units == leaf->units && text == leaf->text + leaf->bytes;
}

static bool leaf_is_sound(struct tally *tally, const struct leaf *leaf)
{
    bool is_alone = tally->tree->height == 0;
    if (leaf->bytes > LEAF_TEXT || leaf->runs_count > LEAF_RUNS_MAX ||
        leaf->runs_count > leaf->runs_room || (leaf->units == 0 && !is_alone)) {
        return false;
    }
    tally->units += leaf->units;
    tally->bytes += leaf->bytes;
    tally->pairs += ot_utf8_pairs(leaf->text, leaf->text + leaf->bytes);
    tally->memory += sizeof *leaf;
    if (leaf->runs != leaf->few) {
        tally->memory += leaf->runs_room * sizeof *leaf->runs;
    }
    return runs_are_sound(tally, leaf);
}

static bool subtree_is_sound(struct tally *tally, const void *child, unsigned height)
{
    const struct node *node = child;
    if (height == 0) {
        return leaf_is_sound(tally, child);
    }
    if (node->count == 0 || node->count > NODE_CHILDREN) {
        return false;
    }
    tally->memory += sizeof *node;
    for (unsigned i = 0; i < node->count; i++) {
        uint64_t before = tally->units;
        if (!subtree_is_sound(tally, node->children[i], height - 1) ||
            tally->units - before != node->units[i]) {
            return false;
        }
    }
    return true;
}

/* Every value is used as often as it is counted to be, found by its bytes, and there once. */
static bool pool_is_sound(struct tally *tally)
{
    const struct pool *pool = &tally->tree->pool;
    uint32_t live = 0;
    uint32_t chained = 0;
    uint64_t uses = 0, spelled = 0;
    for (uint32_t id = 1; id < pool->count; id++) {
        const struct pool_entry *entry = &pool->entries[id];
        bool is_live = entry->bytes != NULL;
        if (entry->uses != tally->uses[id] || is_live != (entry->uses > 0)) {
            return false;
        }
        uses += entry->uses;
        spelled += (uint64_t)entry->uses * entry->size;
        live += is_live;
        tally->memory += is_live ? entry->size : 0;
        struct ot_slice value = pool_get(pool, id);
        if (is_live && ot_value_check(value, NULL) != OT_OK) {
            return false;
        }
    }
    for (uint32_t i = 0; i < pool->buckets_count; i++) {
        for (uint32_t id = pool->buckets[i]; id != 0; id = pool->entries[id].next) {
            chained++;
            for (uint32_t other = pool->entries[id].next; other != 0;
                 other = pool->entries[other].next) {
                if (slice_equal(pool_get(pool, id), pool_get(pool, other))) {
                    return false;
                }
            }
        }
    }
    tally->memory += pool->room * sizeof *pool->entries;
    tally->memory += pool->buckets_count * sizeof *pool->buckets;
    return live == chained && pool->kept == 0 && pool->uses == uses && pool->spelled == spelled;
}

/* The known spot is in its run; at the right byte, unless that follows from the unit alone. */
static bool spot_is_sound(const struct place *place)
{
    static const struct spot start = {0};
    const struct spot *spot = &place->spot;
    struct spot found;
    if (leaf_is_simple(place->leaf)) {
        return spot->run == 0 && spot->run_units == 0 && spot->run_bytes == 0;
    }
    return spot->units <= place->leaf->units &&
           ot_leaf_find(place->leaf, spot->units, &start, &found) && found.bytes == spot->bytes &&
           (spot->units == 0 || (found.run == spot->run && found.run_units == spot->run_units &&
                                 found.run_bytes == spot->run_bytes));
}

static bool place_is_sound(const struct tree *tree)
{
    const struct place *place = &tree->place;
    struct place found;
    if (place->leaf == NULL) {
        return true;
    }
    ot_tree_descend(tree, place->start, TREE_AFTER, &found);
    for (unsigned level = 0; level < tree->height; level++) {
        if (found.path[level].node != place->path[level].node ||
            found.path[level].slot != place->path[level].slot) {
            return false;
        }
    }
    return found.leaf == place->leaf && found.start == place->start && spot_is_sound(place);
}

bool ot_doc_sound(const struct ot_doc *doc)
{
    const struct tree *tree = &doc->tree;
    const struct node *root = tree->root;
    struct tally tally = {.tree = tree, .memory = sizeof *doc};
    struct memory memory = ot_memory(tree->pool.memory.allocator);
    size_t size = (tree->pool.count | 1) * sizeof *tally.uses;
    tally.uses = ot_memory_take(&memory, size);
    if (tally.uses != NULL) {
        memset(tally.uses, 0, size);
    }
    bool is_sound = tally.uses != NULL && subtree_is_sound(&tally, tree->root, tree->height) &&
                    (tree->height == 0 || root->count > 1) && tally.units == tree->units &&
                    tally.bytes == tree->text_bytes && tally.pairs == tree->pairs &&
                    pool_is_sound(&tally) && tally.memory == tree->pool.memory.used &&
                    (tree->units == 0 || place_is_sound(tree));
    ot_memory_give(&memory, tally.uses, size);
    return is_sound;
}

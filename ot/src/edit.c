#include "edit.h"

#include <assert.h>
#include <string.h>

#include "attributes.h"
#include "copy.h"
#include "utf8.h"

/* Text of one format that is being put in. */
struct piece {
    const uint8_t *text;
    size_t size;
    uint64_t units;
    uint32_t attributes;
};

/* Where `pos` is in the tree's leaf. */
static struct spot find(const struct tree *tree, uint64_t pos)
{
    const struct place *place = &tree->place;
    struct spot spot;
    bool found = ot_leaf_find(place->leaf, (unsigned)(pos - place->start), &place->spot, &spot);
    assert(found);
    (void)found;
    return spot;
}

/* Moves what follows the spot of the tree's leaf to a new one. */
static int split_at(struct tree *tree, const struct spot *spot)
{
    struct leaf *right = ot_leaf_new(&tree->pool);
    if (right == NULL) {
        return OT_E_MEMORY;
    }
    struct leaf *left = tree->place.leaf;
    int error = ot_leaf_split(left, spot, right, &tree->pool);
    if (error == OT_OK) {
        error = ot_tree_split(tree, right);
        if (error != OT_OK) {
            ot_leaf_join(left, right, &tree->pool);
        }
    }
    if (error != OT_OK) {
        ot_leaf_free(right, &tree->pool);
    }
    return error;
}

/* The spot nearest to the middle of the leaf's text. */
static void find_middle(const struct leaf *leaf, struct spot *spot_out)
{
    const uint8_t *middle = leaf->text + leaf->bytes / 2;
    *spot_out = (struct spot){0};
    while (spot_out->run_bytes + leaf->runs[spot_out->run].bytes <= leaf->bytes / 2u) {
        spot_out->run_units += leaf->runs[spot_out->run].units;
        spot_out->run_bytes += leaf->runs[spot_out->run].bytes;
        spot_out->run++;
    }
    const uint8_t *start = leaf->text + spot_out->run_bytes;
    const uint8_t *at = utf8_align(start, middle, leaf->text + leaf->bytes);
    spot_out->bytes = (unsigned)(at - leaf->text);
    spot_out->units = spot_out->run_units + (unsigned)ot_utf8_units(start, at);
}

/* Splits a leaf that has come to have too many runs. */
static int runs_bound(struct tree *tree)
{
    const struct leaf *leaf = tree->place.leaf;
    if (leaf->runs_count <= LEAF_RUNS_MAX) {
        return OT_OK;
    }
    struct spot spot = {.run = leaf->runs_count / 2u};
    for (unsigned i = 0; i < spot.run; i++) {
        spot.run_units += leaf->runs[i].units;
        spot.run_bytes += leaf->runs[i].bytes;
    }
    spot.units = spot.run_units;
    spot.bytes = spot.run_bytes;
    return split_at(tree, &spot);
}

/* Puts the first `size` bytes of the piece, which fit, into the tree's leaf. */
static int put(struct tree *tree, struct spot spot, struct piece *piece, size_t size)
{
    uint64_t units = piece->units;
    if (size != piece->size) {
        units = piece->units == piece->size ? size : ot_utf8_units(piece->text, piece->text + size);
    }
    struct run run = {(uint16_t)units, (uint16_t)size, piece->attributes, 0};
    int error = ot_leaf_insert(tree->place.leaf, &spot, piece->text, run, &tree->pool);
    if (error != OT_OK) {
        return error;
    }
    tree->place.spot = spot;
    tree_resize(tree, (int64_t)units);
    tree->text_bytes += size;
    if (size != units) {
        tree->pairs += ot_utf8_pairs(piece->text, piece->text + size);
    }
    piece->text += size;
    piece->size -= size;
    piece->units -= units;
    return runs_bound(tree);
}

/* How much of the piece fits into so many bytes. */
static size_t share(const struct piece *piece, size_t room)
{
    if (piece->size <= room) {
        return piece->size;
    }
    const uint8_t *end = piece->text + piece->size;
    return (size_t)(utf8_align(piece->text, piece->text + room, end) - piece->text);
}

/* Starts a leaf after the tree's own with the beginning of the piece. */
static int put_apart(struct tree *tree, struct piece *piece)
{
    uint64_t end = tree->place.start + tree->place.leaf->units;
    struct leaf *leaf = ot_leaf_new(&tree->pool);
    if (leaf == NULL) {
        return OT_E_MEMORY;
    }
    int error = ot_tree_split(tree, leaf);
    if (error != OT_OK) {
        ot_leaf_free(leaf, &tree->pool);
        return error;
    }
    ot_tree_descend(tree, end, TREE_BEFORE, &tree->place);
    bool moved = ot_tree_next(tree, &tree->place);
    assert(moved && tree->place.leaf == leaf);
    (void)moved;
    return put(tree, tree->place.spot, piece, share(piece, LEAF_FILL));
}

/* The tree's leaf is too full for the piece, which belongs at its end. */
static int put_after(struct tree *tree, struct spot spot, struct piece *piece)
{
    const struct step *step = &tree->place.path[0];
    unsigned bytes = tree->place.leaf->bytes;
    size_t fits = bytes < LEAF_FILL ? share(piece, LEAF_FILL - bytes) : 0;
    if (piece->size > LEAF_TEXT / 2 && fits > 0) {
        return put(tree, spot, piece, fits);
    }
    if (tree->height > 0 && step->slot + 1 < step->node->count) {
        const struct leaf *next = step->node->children[step->slot + 1];
        if (next->bytes + piece->size <= LEAF_TEXT) {
            ot_tree_next(tree, &tree->place);
            return put(tree, tree->place.spot, piece, piece->size);
        }
    }
    return put_apart(tree, piece);
}

/* Makes room for a piece that the tree's leaf cannot take, and may put a part of it in. */
static int put_large(struct tree *tree, struct spot spot, struct piece *piece)
{
    if (spot.units == tree->place.leaf->units) {
        return put_after(tree, spot, piece);
    }
    if (spot.units == 0 && tree->place.start > 0) {
        /* Not here: at the end of the leaf before. */
        ot_tree_descend(tree, tree->place.start, TREE_BEFORE, &tree->place);
        return OT_OK;
    }
    if (piece->size <= LEAF_TEXT / 2) {
        find_middle(tree->place.leaf, &spot);
    }
    return split_at(tree, &spot);
}

/* Is the place of `pos` in the tree's leaf known without looking? In ASCII of one run it always is,
 * else where the last edit ended. */
static inline bool is_known(const struct place *place, uint64_t pos, struct spot *spot_out)
{
    unsigned inside = (unsigned)(pos - place->start);
    *spot_out = place->spot;
    if (leaf_is_simple(place->leaf)) {
        *spot_out = (struct spot){.units = inside, .bytes = inside};
    }
    return spot_out->units == inside && place->leaf->runs_count > 0;
}

/* The most frequent case: a few more letters where the place is known, and of the format there. */
static inline bool insert_simply(struct tree *tree, uint64_t pos, struct ot_slice text,
                                 uint64_t units, uint32_t attributes)
{
    struct leaf *leaf = tree->place.leaf;
    struct spot spot;
    if (text.size != units || leaf->bytes + text.size > LEAF_TEXT ||
        !is_known(&tree->place, pos, &spot)) {
        return false;
    }
    struct run *run = &leaf->runs[spot.run];
    if (run->attributes != attributes || run->embed != 0) {
        return false;
    }
    uint8_t *at = leaf->text + spot.bytes;
    memmove(at + units, at, leaf->bytes - spot.bytes);
    copy_few(at, text.data, units);
    run->units = (uint16_t)(run->units + units);
    run->bytes = (uint16_t)(run->bytes + units);
    leaf->units = (uint16_t)(leaf->units + units);
    leaf->bytes = (uint16_t)(leaf->bytes + units);
    spot.units += (unsigned)units;
    spot.bytes += (unsigned)units;
    tree->place.spot = spot;
    tree_resize(tree, (int64_t)units);
    tree->text_bytes += units;
    return true;
}

int ot_edit_insert(struct tree *tree, uint64_t pos, struct ot_slice text, uint64_t units,
                   uint32_t attributes)
{
    tree_seek(tree, pos, TREE_BEFORE);
    if (insert_simply(tree, pos, text, units, attributes)) {
        return OT_OK;
    }
    struct piece piece = {text.data, text.size, units, attributes};
    uint64_t end = pos + units;
    int error = OT_OK;
    while (error == OT_OK && piece.size > 0) {
        pos = end - piece.units;
        tree_seek(tree, pos, TREE_BEFORE);
        struct spot spot = find(tree, pos);
        if (tree->place.leaf->bytes + piece.size <= LEAF_TEXT) {
            return put(tree, spot, &piece, piece.size);
        }
        error = put_large(tree, spot, &piece);
    }
    return error;
}

int ot_edit_embed(struct tree *tree, uint64_t pos, uint32_t embed, uint32_t attributes)
{
    struct run run = {1, 0, attributes, embed};
    tree_seek(tree, pos, TREE_BEFORE);
    struct spot spot = find(tree, pos);
    int error = ot_leaf_insert(tree->place.leaf, &spot, NULL, run, &tree->pool);
    if (error == OT_OK) {
        tree->place.spot = spot;
        tree_resize(tree, 1);
        error = runs_bound(tree);
    }
    return error;
}

/* Deletes what lies in the tree's leaf, a run of ASCII of which something is left. */
static bool delete_simply(struct tree *tree, uint64_t pos, uint64_t units)
{
    struct leaf *leaf = tree->place.leaf;
    if (!leaf_is_simple(leaf) || units == leaf->units) {
        return false;
    }
    uint8_t *at = leaf->text + (pos - tree->place.start);
    memmove(at, at + units, (size_t)(leaf->text + leaf->bytes - at) - units);
    leaf->runs[0].units = leaf->runs[0].bytes = leaf->units = leaf->bytes =
        (uint16_t)(leaf->bytes - units);
    tree_resize(tree, -(int64_t)units);
    tree->text_bytes -= units;
    return true;
}

/* Deletes what lies in the tree's leaf. */
static void delete_within(struct tree *tree, uint64_t pos, uint64_t units)
{
    struct leaf *leaf = tree->place.leaf;
    struct spot from = find(tree, pos);
    struct spot to;
    bool found = ot_leaf_find(leaf, from.units + (unsigned)units, &from, &to);
    assert(found);
    (void)found;
    if (tree->pairs > 0) {
        tree->pairs -= ot_utf8_pairs(leaf->text + from.bytes, leaf->text + to.bytes);
    }
    tree->text_bytes -= to.bytes - from.bytes;
    tree_resize(tree, -(int64_t)units);
    /* Whichever runs go or merge, it stays where it is. */
    tree->place.spot = from;
    ot_leaf_remove(leaf, &from, &to, &tree->pool);
}

/* Moves the tree's place to where `pos` is followed by something; how much of `units` is in that
 * leaf. */
static uint64_t seek_stretch(struct tree *tree, uint64_t pos, uint64_t units)
{
    tree_seek(tree, pos, TREE_AFTER);
    uint64_t most = tree->place.start + tree->place.leaf->units - pos;
    return most < units ? most : units;
}

void ot_edit_delete(struct tree *tree, uint64_t pos, uint64_t units)
{
    while (units > 0) {
        uint64_t count = seek_stretch(tree, pos, units);
        const struct leaf *leaf = tree->place.leaf;
        if (!delete_simply(tree, pos, count)) {
            delete_within(tree, pos, count);
        }
        units -= count;
        if (leaf_is_small(leaf)) {
            ot_tree_shrunk(tree);
        }
    }
}

/* ---- formatting ---- */

/* Has a run end at `pos`. */
static int cut(struct tree *tree, uint64_t pos)
{
    tree_seek(tree, pos, TREE_BEFORE);
    struct spot spot = find(tree, pos);
    tree->place.spot = spot;
    int error = ot_leaf_cut(tree->place.leaf, &spot, &tree->pool);
    return error == OT_OK ? runs_bound(tree) : error;
}

static uint8_t *room_of(struct edit_room *room, size_t size)
{
    if (size <= sizeof room->local) {
        return room->local;
    }
    return ot_buf_reserve(&room->heap, size) == OT_OK ? room->heap.data : NULL;
}

/* What `id` becomes by the patch, the pool's latest; kept there. With enough room for that and the
 * value known no memory is needed. */
static int patched(struct pool *pool, uint32_t id, struct ot_slice patch, struct edit_room *room,
                   uint32_t *id_out)
{
    uint32_t made;
    if (pool->room > 0 && pool->entries[id].patch == pool->patches) {
        *id_out = pool->entries[id].patched;
        return OT_OK;
    }
    struct ot_slice base = pool_get(pool, id);
    uint8_t *at = room_of(room, ATTRIBUTES_ROOM(base, patch));
    if (at == NULL ||
        ot_pool_use(pool, ot_attributes_compose(base, patch, NIL_DROP, at), &made) != OT_OK) {
        return OT_E_MEMORY;
    }
    ot_pool_keep(pool, made);
    pool_drop(pool, made);
    if (pool->room > 0) {
        pool->entries[id].patch = pool->patches;
        pool->entries[id].patched = made;
    }
    *id_out = made;
    return OT_OK;
}

/* The runs of the tree's leaf from `pos` on, where one begins, that are `units` long together. */
struct range {
    unsigned first;
    unsigned end;
};

static struct range runs_between(const struct tree *tree, uint64_t pos, uint64_t units)
{
    const struct leaf *leaf = tree->place.leaf;
    const struct spot *spot = &tree->place.spot;
    uint64_t at = tree->place.start;
    struct range range = {0, 0};
    if (at + spot->units == pos) {
        /* Where the last cut was. */
        range.first = spot->run + (spot->units > 0);
        at = pos;
    }
    for (; at < pos; range.first++) {
        at += leaf->runs[range.first].units;
    }
    for (range.end = range.first; at < pos + units; range.end++) {
        at += leaf->runs[range.end].units;
    }
    assert(at == pos + units);
    return range;
}

int ot_edit_prepare(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch,
                    struct edit_room *room)
{
    int error = cut(tree, pos + units);
    if (error == OT_OK) {
        error = cut(tree, pos);
    }
    tree->pool.patches++;
    while (error == OT_OK && units > 0) {
        uint64_t count = seek_stretch(tree, pos, units);
        struct range range = runs_between(tree, pos, count);
        for (unsigned i = range.first; error == OT_OK && i < range.end; i++) {
            uint32_t id;
            error = patched(&tree->pool, tree->place.leaf->runs[i].attributes, patch, room, &id);
        }
        pos += count;
        units -= count;
    }
    return error;
}

void ot_edit_format(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch,
                    bool is_next, struct edit_room *room)
{
    struct pool *pool = &tree->pool;
    int error = OT_OK;
    if (!is_next) {
        /* Formatting nearby may have merged what was cut: there is room for it. */
        error = cut(tree, pos + units) | cut(tree, pos);
        pool->patches++;
    }
    while (units > 0) {
        uint64_t count = seek_stretch(tree, pos, units);
        struct leaf *leaf = tree->place.leaf;
        struct range range = runs_between(tree, pos, count);
        for (unsigned i = range.first; i < range.end; i++) {
            uint32_t id = 0;
            error |= patched(pool, leaf->runs[i].attributes, patch, room, &id);
            pool_use_again(pool, id);
            pool_drop(pool, leaf->runs[i].attributes);
            leaf->runs[i].attributes = id;
        }
        ot_leaf_merge(leaf, range.first, range.end - 1, pool);
        tree->place.spot = (struct spot){0};
        pos += count;
        units -= count;
    }
    assert(error == OT_OK);
    (void)error;
}

static void merge_at(struct tree *tree, uint64_t pos)
{
    tree_seek(tree, pos, TREE_BEFORE);
    ot_leaf_merge(tree->place.leaf, 0, tree->place.leaf->runs_count, &tree->pool);
    tree->place.spot = (struct spot){0};
}

void ot_edit_merge(struct tree *tree, uint64_t pos, uint64_t units)
{
    merge_at(tree, pos);
    merge_at(tree, pos + units);
}

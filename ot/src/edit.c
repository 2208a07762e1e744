#include "edit.h"

#include <assert.h>

#include "utf8.h"

/* Text of one format that is being put in. */
struct piece {
    const uint8_t *text;
    size_t size;
    uint64_t units;
    uint32_t attributes;
};

static void find(const struct leaf *leaf, uint64_t units, struct spot *spot_out)
{
    bool found = leaf_find(leaf, (unsigned)units, spot_out);
    assert(found);
    (void)found;
}

/* Moves what follows the spot of the tree's leaf to a new one. */
static int split_at(struct tree *tree, const struct spot *spot)
{
    struct leaf *right = leaf_new(&tree->pool);
    if (right == NULL) {
        return OT_E_MEMORY;
    }
    int error = leaf_split(tree->place.leaf, spot, right, &tree->pool);
    if (error == OT_OK) {
        error = tree_split(tree, right);
    }
    if (error != OT_OK) {
        leaf_free(right, &tree->pool);
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
    spot_out->units = spot_out->run_units + (unsigned)utf8_units(start, at);
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
static int put(struct tree *tree, const struct spot *spot, struct piece *piece, size_t size)
{
    uint64_t units = size == piece->size           ? piece->units
                     : piece->units == piece->size ? size
                                                   : utf8_units(piece->text, piece->text + size);
    struct run run = {(uint16_t)units, (uint16_t)size, piece->attributes, 0};
    int error = leaf_insert(tree->place.leaf, spot, piece->text, run, &tree->pool);
    if (error != OT_OK) {
        return error;
    }
    tree_resize(tree, (int64_t)units);
    tree->text_bytes += size;
    if (size != units) {
        tree->pairs += utf8_pairs(piece->text, piece->text + size);
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
    struct spot start = {0};
    struct leaf *leaf = leaf_new(&tree->pool);
    if (leaf == NULL) {
        return OT_E_MEMORY;
    }
    int error = tree_split(tree, leaf);
    if (error != OT_OK) {
        leaf_free(leaf, &tree->pool);
        return error;
    }
    tree_descend(tree, end, TREE_BEFORE, &tree->place);
    bool moved = tree_next(tree, &tree->place);
    assert(moved && tree->place.leaf == leaf);
    (void)moved;
    return put(tree, &start, piece, share(piece, LEAF_TEXT));
}

/* The tree's leaf is too full for the piece, which belongs at its end. */
static int put_after(struct tree *tree, const struct spot *spot, struct piece *piece)
{
    const struct step *step = &tree->place.path[0];
    size_t fits = share(piece, (size_t)(LEAF_TEXT - tree->place.leaf->bytes));
    if (piece->size > LEAF_TEXT / 2 && fits > 0) {
        return put(tree, spot, piece, fits);
    }
    if (tree->height > 0 && step->slot + 1 < step->node->count) {
        const struct leaf *next = step->node->children[step->slot + 1];
        if (next->bytes + piece->size <= LEAF_TEXT) {
            struct spot start = {0};
            tree_next(tree, &tree->place);
            return put(tree, &start, piece, piece->size);
        }
    }
    return put_apart(tree, piece);
}

int edit_insert(struct tree *tree, uint64_t pos, struct ot_slice text, uint64_t units,
                uint32_t attributes)
{
    struct piece piece = {text.data, text.size, units, attributes};
    uint64_t end = pos + units;
    int error = OT_OK;
    while (error == OT_OK && piece.size > 0) {
        tree_seek(tree, end - piece.units, TREE_BEFORE);
        struct leaf *leaf = tree->place.leaf;
        struct spot spot;
        find(leaf, end - piece.units - tree->place.start, &spot);
        if (leaf->bytes + piece.size <= LEAF_TEXT) {
            return put(tree, &spot, &piece, piece.size);
        }
        if (spot.units == leaf->units) {
            error = put_after(tree, &spot, &piece);
        } else if (spot.units == 0 && tree->place.start > 0) {
            /* Not here: at the end of the leaf before. */
            tree_descend(tree, tree->place.start, TREE_BEFORE, &tree->place);
        } else {
            if (piece.size <= LEAF_TEXT / 2) {
                find_middle(leaf, &spot);
            }
            error = split_at(tree, &spot);
        }
    }
    return error;
}

int edit_embed(struct tree *tree, uint64_t pos, uint32_t embed, uint32_t attributes)
{
    struct spot spot;
    struct run run = {1, 0, attributes, embed};
    tree_seek(tree, pos, TREE_BEFORE);
    find(tree->place.leaf, pos - tree->place.start, &spot);
    int error = leaf_insert(tree->place.leaf, &spot, NULL, run, &tree->pool);
    if (error == OT_OK) {
        tree_resize(tree, 1);
        error = runs_bound(tree);
    }
    return error;
}

int edit_delete(struct tree *tree, uint64_t pos, uint64_t units)
{
    int error = OT_OK;
    while (error == OT_OK && units > 0) {
        tree_seek(tree, pos, TREE_AFTER);
        struct leaf *leaf = tree->place.leaf;
        uint64_t from = pos - tree->place.start;
        uint64_t count = leaf->units - from < units ? leaf->units - from : units;
        struct spot first;
        struct spot last;
        find(leaf, from, &first);
        find(leaf, from + count, &last);
        if (tree->pairs > 0) {
            tree->pairs -= utf8_pairs(leaf->text + first.bytes, leaf->text + last.bytes);
        }
        tree->text_bytes -= last.bytes - first.bytes;
        error = leaf_remove(leaf, &first, &last, &tree->pool);
        tree_resize(tree, -(int64_t)count);
        units -= count;
        if (error == OT_OK && leaf->units == 0) {
            tree_remove(tree);
        } else if (error == OT_OK) {
            error = tree_join(tree);
        }
    }
    return error;
}

int edit_format(struct tree *tree, uint64_t pos, uint64_t units, struct ot_slice patch)
{
    int error = OT_OK;
    while (error == OT_OK && units > 0) {
        tree_seek(tree, pos, TREE_AFTER);
        struct leaf *leaf = tree->place.leaf;
        uint64_t from = pos - tree->place.start;
        uint64_t count = leaf->units - from < units ? leaf->units - from : units;
        struct spot first;
        struct spot last;
        find(leaf, from, &first);
        find(leaf, from + count, &last);
        error = leaf_format(leaf, &first, &last, patch, &tree->pool);
        if (error == OT_OK) {
            error = runs_bound(tree);
        }
        pos += count;
        units -= count;
    }
    return error;
}

#include <assert.h>
#include <string.h>

#include "checked.h"
#include "crc32.h"
#include "doc.h"
#include "invert.h"
#include "utf8.h"
#include "writer.h"

/* Bytes for one run, and for the end. */
enum { READ_STEP = 48 };

static int leaf_write(struct writer *writer, const struct leaf *leaf, const struct pool *pool,
                      bool *is_wide)
{
    if (!ot_writer_reserve(writer, leaf->runs_count * (size_t)HEAD_SIZE_MAX + READ_STEP, 0)) {
        return OT_E_MEMORY;
    }
    for (unsigned i = 0; i < leaf->runs_count; i++) {
        const struct run *run = &leaf->runs[i];
        struct ot_slice attributes = pool_get(pool, run->attributes);
        if (run->embed != 0) {
            writer_embed(writer, pool_get(pool, run->embed), attributes);
        } else {
            writer_insert(writer, run->units, attributes);
            *is_wide = *is_wide || run->bytes != run->units;
        }
    }
    return OT_OK;
}

/* Appends the snapshot up to its text. */
static int components_append(const struct tree *tree, struct ot_buf *out)
{
    struct writer writer;
    struct place place;
    bool is_wide = false;
    int error = writer_begin(&writer, out, OT_CANONICAL, READ_STEP, 0);
    if (error != OT_OK) {
        return error;
    }
    ot_tree_descend(tree, 0, TREE_BEFORE, &place);
    do {
        error = leaf_write(&writer, place.leaf, &tree->pool, &is_wide);
    } while (error == OT_OK && ot_tree_next(tree, &place));
    return ot_writer_end_apart(&writer, is_wide);
}

int ot_doc_text(const struct ot_doc *doc, struct ot_buf *out)
{
    const struct tree *tree = &doc->tree;
    struct place place;
    if (ot_buf_reserve(out, tree->text_bytes) != OT_OK) {
        return OT_E_MEMORY;
    }
    ot_tree_descend(tree, 0, TREE_BEFORE, &place);
    do {
        if (place.leaf->bytes > 0) {
            memcpy(out->data + out->size, place.leaf->text, place.leaf->bytes);
            out->size += place.leaf->bytes;
        }
    } while (ot_tree_next(tree, &place));
    return OT_OK;
}

int ot_doc_snapshot(const struct ot_doc *doc, struct ot_buf *out)
{
    size_t size = out->size;
    int error = components_append(&doc->tree, out);
    if (error == OT_OK) {
        error = ot_doc_text(doc, out);
    }
    if (error != OT_OK) {
        out->size = size;
    }
    return error;
}

int ot_doc_hash(const struct ot_doc *doc, uint32_t *hash_out)
{
    struct ot_buf buf = {.allocator = doc->tree.pool.memory.allocator};
    struct place place;
    int error = components_append(&doc->tree, &buf);
    if (error != OT_OK) {
        ot_buf_deinit(&buf);
        return error;
    }
    uint32_t hash = ot_crc32_update(0, buf.data, buf.size);
    ot_buf_deinit(&buf);
    ot_tree_descend(&doc->tree, 0, TREE_BEFORE, &place);
    do {
        hash = ot_crc32_update(hash, place.leaf->text, place.leaf->bytes);
    } while (ot_tree_next(&doc->tree, &place));
    *hash_out = hash;
    return OT_OK;
}

uint32_t ot_hash(struct ot_slice snapshot)
{
    return ot_crc32_update(0, snapshot.data, snapshot.size);
}

/* ---- invert ---- */

/* The document read run by run. */
struct doc_stretches {
    struct stretches base;
    const struct tree *tree;
    struct place place; /* its spot is where the reading stands */
};

/* Moves on to the next run if the spot is at the end of one. False at the document's end. */
static bool run_find(struct doc_stretches *doc)
{
    struct spot *spot = &doc->place.spot;
    if (spot->units == doc->place.leaf->units) {
        return ot_tree_next(doc->tree, &doc->place);
    }
    const struct run *run = &doc->place.leaf->runs[spot->run];
    if (spot->units == spot->run_units + run->units) {
        spot->run++;
        spot->run_units = spot->units;
        spot->run_bytes = spot->bytes;
    }
    return true;
}

static int doc_next(struct stretches *stretches, uint32_t max, struct ot_component *stretch_out)
{
    struct doc_stretches *doc = (struct doc_stretches *)stretches;
    const struct pool *pool = &doc->tree->pool;
    *stretch_out = (struct ot_component){.kind = OT_INSERT};
    if (doc->tree->units == 0 || !run_find(doc)) {
        return OT_OK;
    }
    const struct leaf *leaf = doc->place.leaf;
    const struct spot from = doc->place.spot;
    const struct run *run = &leaf->runs[from.run];
    unsigned left = from.run_units + run->units - from.units;
    unsigned length = left < max ? left : max;
    if (!ot_leaf_find(leaf, from.units + length, &from, &doc->place.spot)) {
        return OT_E_SURROGATE;
    }
    stretch_out->attributes = pool_get(pool, run->attributes);
    stretch_out->length = length;
    stretch_out->content =
        (struct ot_slice){leaf->text + from.bytes, doc->place.spot.bytes - from.bytes};
    if (run->embed != 0) {
        stretch_out->kind = OT_EMBED;
        stretch_out->content = pool_get(pool, run->embed);
    }
    return OT_OK;
}

static int doc_skip(struct stretches *stretches, uint32_t length)
{
    struct doc_stretches *doc = (struct doc_stretches *)stretches;
    struct place *place = &doc->place;
    uint64_t pos = place->start + place->spot.units + length;
    pos = pos < doc->tree->units ? pos : doc->tree->units;
    if (pos > place->start + place->leaf->units) {
        ot_tree_descend(doc->tree, pos, TREE_BEFORE, place);
    }
    bool found =
        ot_leaf_find(place->leaf, (unsigned)(pos - place->start), &place->spot, &place->spot);
    return found ? OT_OK : OT_E_SURROGATE;
}

int ot_doc_invert(const struct ot_doc *doc, struct ot_slice op, enum ot_order order,
                  struct ot_buf *out)
{
    struct doc_stretches stretches = {.base = {doc_next, doc_skip}, .tree = &doc->tree};
    assert_checked(op);
    ot_tree_descend(&doc->tree, 0, TREE_BEFORE, &stretches.place);
    return ot_invert_from(op, &stretches.base, order, out);
}

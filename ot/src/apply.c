#include "apply.h"

#include "checked.h"
#include "doc.h"
#include "edit.h"
#include "stroke.h"
#include "utf8.h"

/* ---- check ---- */

static bool cuts_pair(const struct tree *tree, uint64_t pos)
{
    const struct place *near = &tree->place;
    struct place place;
    struct spot spot;
    if (near->leaf == NULL || pos < near->start || pos > near->start + near->leaf->units) {
        ot_tree_descend(tree, pos, TREE_BEFORE, &place);
        near = &place;
    }
    return !ot_leaf_find(near->leaf, (unsigned)(pos - near->start), &near->spot, &spot);
}

static inline struct ot_error check_lengths(const struct tree *tree, const struct areas *areas,
                                            unsigned *tags_out)
{
    uint64_t base_length = 0;
    uint64_t result_length = tree->units;
    unsigned tags = 0;
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        tags |= apply_tag(*at);
        at = part_read(at, &part);
        if (part.kind == OT_INSERT || part.kind == OT_EMBED) {
            result_length += part.length;
        } else {
            base_length += part.length;
            result_length -= part.kind == OT_DELETE ? part.length : 0;
        }
    }
    *tags_out = tags;
    if (base_length > tree->units) {
        return (struct ot_error){OT_E_RANGE, tree->units};
    }
    return (struct ot_error){result_length > OT_LENGTH_MAX ? OT_E_LENGTH : OT_OK, tree->units};
}

static struct ot_error check_boundaries(const struct tree *tree, const struct areas *areas)
{
    uint64_t pos = 0;
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind != OT_RETAIN && part.kind != OT_DELETE) {
            continue;
        }
        pos += part.length;
        if (cuts_pair(tree, pos)) {
            return (struct ot_error){OT_E_SURROGATE, pos};
        }
    }
    return (struct ot_error){OT_OK, 0};
}

static struct ot_error check(const struct tree *tree, const struct areas *areas, unsigned *tags_out)
{
    struct ot_error error = check_lengths(tree, areas, tags_out);
    return error.code == OT_OK && tree->pairs > 0 ? check_boundaries(tree, areas) : error;
}

static inline int report(struct ot_error error, struct ot_error *error_out)
{
    if (error.code != OT_OK && error_out != NULL) {
        *error_out = error;
    }
    return error.code;
}

/* ---- inserts ---- */

/* Where in the document and in the operation's text the inserting has come. */
struct progress {
    struct tree *tree;
    uint64_t pos;
    const uint8_t *text;
    const uint8_t *text_end;
    bool is_wide;
};

static int insert_embed(struct progress *progress, const struct part *part, uint32_t attributes)
{
    struct tree *tree = progress->tree;
    uint32_t embed;
    int error = ot_pool_use(&tree->pool, part->value, &embed);
    if (error == OT_OK) {
        error = ot_edit_embed(tree, progress->pos, embed, attributes);
    }
    pool_drop(&tree->pool, embed);
    return error;
}

static int insert_text(struct progress *progress, const struct part *part, uint32_t attributes)
{
    const uint8_t *start = progress->text;
    progress->text = progress->is_wide ? ot_utf8_skip(start, progress->text_end, part->length)
                                       : start + part->length;
    struct ot_slice text = {start, (size_t)(progress->text - start)};
    return ot_edit_insert(progress->tree, progress->pos, text, part->length, attributes);
}

static int insert_part(struct progress *progress, const struct part *part)
{
    uint32_t attributes;
    struct pool *pool = &progress->tree->pool;
    if (part->kind == OT_INSERT && part->attributes.size == 0) {
        return insert_text(progress, part, 0);
    }
    if (ot_pool_use(pool, part->attributes, &attributes) != OT_OK) {
        return OT_E_MEMORY;
    }
    int error = part->kind == OT_EMBED ? insert_embed(progress, part, attributes)
                                       : insert_text(progress, part, attributes);
    pool_drop(pool, attributes);
    return error;
}

static inline int insert_all(struct tree *tree, const struct areas *areas)
{
    struct progress progress = {tree, 0, areas->text, areas->text_end, areas->is_wide};
    int error = OT_OK;
    for (const uint8_t *at = areas->comps; error == OT_OK && at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (kind_adds(part.kind)) {
            error = insert_part(&progress, &part);
        }
        progress.pos += part.length;
    }
    return error;
}

/* Deletes what has been inserted, `units` in all. */
static void insert_undo(struct tree *tree, const struct areas *areas, uint64_t units)
{
    uint64_t pos = 0;
    for (const uint8_t *at = areas->comps; units > 0;) {
        struct part part;
        at = part_read(at, &part);
        if (kind_adds(part.kind)) {
            uint64_t count = part.length < units ? part.length : units;
            ot_edit_delete(tree, pos, count);
            units -= count;
        } else {
            pos += part.length;
        }
    }
}

/* ---- patches ---- */

/* The next component that formats, and where; what is deleted is still there. */
struct patches {
    const uint8_t *at;
    const uint8_t *end;
    uint64_t pos;
    struct part part;
};

static struct patches patches_begin(const struct areas *areas)
{
    return (struct patches){.at = areas->comps, .end = areas->comps_end};
}

static bool patches_next(struct patches *patches)
{
    patches->pos += patches->part.length;
    while (patches->at < patches->end) {
        patches->at = part_read(patches->at, &patches->part);
        if (patches->part.kind == OT_RETAIN && patches->part.attributes.size > 0) {
            return true;
        }
        patches->pos += patches->part.length;
    }
    return false;
}

/* Takes the preparation of so many patches back. */
static void prepare_undo(struct tree *tree, const struct areas *areas, size_t count)
{
    struct patches patches = patches_begin(areas);
    for (; count > 0; count--) {
        patches_next(&patches);
        ot_edit_merge(tree, patches.pos, patches.part.length);
    }
}

static int format_all(struct tree *tree, const struct areas *areas)
{
    struct edit_room room;
    room.heap = (struct ot_buf){.allocator = tree->pool.memory.allocator};
    struct patches patches = patches_begin(areas);
    size_t count = 0;
    int error = OT_OK;
    while (error == OT_OK && patches_next(&patches)) {
        const struct part *part = &patches.part;
        error = ot_edit_prepare(tree, patches.pos, part->length, part->attributes, &room);
        count++;
    }
    if (error == OT_OK) {
        patches = patches_begin(areas);
        while (patches_next(&patches)) {
            const struct part *part = &patches.part;
            ot_edit_format(tree, patches.pos, part->length, part->attributes, count == 1, &room);
        }
    } else {
        prepare_undo(tree, areas, count);
    }
    ot_pool_unkeep(&tree->pool);
    ot_buf_deinit(&room.heap);
    return error;
}

/* ---- deletes ---- */

static inline void delete_all(struct tree *tree, const struct areas *areas)
{
    uint64_t pos = 0;
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind == OT_DELETE) {
            ot_edit_delete(tree, pos, part.length);
        } else {
            pos += part.length;
        }
    }
}

int ot_apply(struct tree *tree, const struct areas *areas, unsigned tags)
{
    uint64_t units = tree->units;
    int error = OT_OK;
    if (tags & APPLY_ADDS) {
        error = insert_all(tree, areas);
    }
    if (error == OT_OK && (tags & APPLY_FORMATS)) {
        error = format_all(tree, areas);
    }
    if (error != OT_OK) {
        insert_undo(tree, areas, tree->units - units);
        return error;
    }
    if (tags & APPLY_DELETES) {
        delete_all(tree, areas);
    }
    return OT_OK;
}

/* ---- one stroke ---- */

static inline struct ot_error stroke_check(const struct tree *tree, const struct stroke *stroke)
{
    bool adds = stroke->part.kind == OT_INSERT;
    uint64_t end = stroke->pos + (adds ? 0 : stroke->part.length);
    if (end > tree->units) {
        return (struct ot_error){OT_E_RANGE, tree->units};
    }
    if (adds && tree->units + stroke->part.length > OT_LENGTH_MAX) {
        return (struct ot_error){OT_E_LENGTH, tree->units};
    }
    if (tree->pairs > 0 && cuts_pair(tree, stroke->pos)) {
        return (struct ot_error){OT_E_SURROGATE, stroke->pos};
    }
    bool cuts = tree->pairs > 0 && !adds && cuts_pair(tree, end);
    return (struct ot_error){cuts ? OT_E_SURROGATE : OT_OK, end};
}

static inline int stroke_apply(struct tree *tree, const struct stroke *stroke)
{
    const struct part *part = &stroke->part;
    uint64_t units = tree->units;
    uint32_t attributes = 0;
    if (part->kind == OT_DELETE) {
        ot_edit_delete(tree, stroke->pos, part->length);
        return OT_OK;
    }
    if (part->attributes.size > 0 &&
        ot_pool_use(&tree->pool, part->attributes, &attributes) != OT_OK) {
        return OT_E_MEMORY;
    }
    int error = ot_edit_insert(tree, stroke->pos, stroke->text, part->length, attributes);
    pool_drop(&tree->pool, attributes);
    if (error != OT_OK) {
        ot_edit_delete(tree, stroke->pos, tree->units - units);
    }
    return error;
}

/* ---- documents ---- */

int ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    struct areas areas = areas_of(op);
    unsigned tags;
    assert_checked(op);
    return report(check(&doc->tree, &areas, &tags), error_out);
}

int ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    struct tree *tree = &doc->tree;
    struct areas areas = areas_of(op);
    struct stroke stroke;
    struct ot_error error;
    assert_checked(op);
    if (stroke_read(areas, &stroke)) {
        error = stroke_check(tree, &stroke);
        if (error.code == OT_OK) {
            error = (struct ot_error){stroke_apply(tree, &stroke), 0};
        }
    } else {
        unsigned tags;
        error = check(tree, &areas, &tags);
        if (error.code == OT_OK) {
            error = (struct ot_error){ot_apply(tree, &areas, tags), 0};
        }
    }
    return report(error, error_out);
}

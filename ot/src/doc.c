#include "doc.h"

#include <stdlib.h>

#include "checked.h"
#include "component.h"
#include "edit.h"
#include "utf8.h"

struct ot_doc *ot_doc_new(void)
{
    struct ot_doc *doc = malloc(sizeof *doc);
    if (doc != NULL && ot_tree_init(&doc->tree) != OT_OK) {
        free(doc);
        doc = NULL;
    }
    return doc;
}

void ot_doc_free(struct ot_doc *doc)
{
    if (doc != NULL) {
        ot_tree_deinit(&doc->tree);
        free(doc);
    }
}

uint64_t ot_doc_length(const struct ot_doc *doc)
{
    return doc->tree.units;
}

uint64_t ot_doc_text_bytes(const struct ot_doc *doc)
{
    return doc->tree.text_bytes;
}

size_t ot_doc_memory(const struct ot_doc *doc)
{
    return sizeof *doc + doc->tree.pool.memory;
}

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

static inline struct ot_error check_lengths(const struct tree *tree, const struct areas *areas)
{
    uint64_t base_length = 0;
    uint64_t result_length = tree->units;
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind == OT_INSERT || part.kind == OT_EMBED) {
            result_length += part.length;
        } else {
            base_length += part.length;
            result_length -= part.kind == OT_DELETE ? part.length : 0;
        }
    }
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

static inline int check(const struct tree *tree, const struct areas *areas,
                        struct ot_error *error_out)
{
    struct ot_error error = check_lengths(tree, areas);
    if (error.code == OT_OK && tree->pairs > 0) {
        error = check_boundaries(tree, areas);
    }
    if (error.code != OT_OK && error_out != NULL) {
        *error_out = error;
    }
    return error.code;
}

int ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    struct areas areas = areas_of(op);
    assert_checked(op);
    return check(&doc->tree, &areas, error_out);
}

/* ---- apply ---- */

/* Where in the document and in the operation's text the applying has come. */
struct progress {
    struct tree *tree;
    uint64_t pos;
    const uint8_t *text;
    const uint8_t *text_end;
    bool is_wide;
};

static int apply_embed(struct progress *progress, const struct part *part, uint32_t attributes)
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

static int apply_text(struct progress *progress, const struct part *part, uint32_t attributes)
{
    const uint8_t *start = progress->text;
    progress->text = progress->is_wide ? ot_utf8_skip(start, progress->text_end, part->length)
                                       : start + part->length;
    struct ot_slice text = {start, (size_t)(progress->text - start)};
    return ot_edit_insert(progress->tree, progress->pos, text, part->length, attributes);
}

static int apply_insert(struct progress *progress, const struct part *part)
{
    uint32_t attributes;
    struct pool *pool = &progress->tree->pool;
    if (part->kind == OT_INSERT && part->attributes.size == 0) {
        return apply_text(progress, part, 0);
    }
    if (ot_pool_use(pool, part->attributes, &attributes) != OT_OK) {
        return OT_E_MEMORY;
    }
    int error = part->kind == OT_EMBED ? apply_embed(progress, part, attributes)
                                       : apply_text(progress, part, attributes);
    pool_drop(pool, attributes);
    return error;
}

static inline int apply_part(struct progress *progress, const struct part *part)
{
    int error = OT_OK;
    switch (part->kind) {
    case OT_DELETE:
        return ot_edit_delete(progress->tree, progress->pos, part->length);
    case OT_RETAIN:
        if (part->attributes.size > 0) {
            error = ot_edit_format(progress->tree, progress->pos, part->length, part->attributes);
        }
        break;
    default:
        error = apply_insert(progress, part);
        break;
    }
    progress->pos += part->length;
    return error;
}

/* Applies an operation that fits. */
static inline int apply(struct tree *tree, const struct areas *areas)
{
    struct progress progress = {tree, 0, areas->text, areas->text_end, areas->is_wide};
    int error = OT_OK;
    for (const uint8_t *at = areas->comps; error == OT_OK && at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        error = apply_part(&progress, &part);
    }
    return error;
}

int ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    struct areas areas = areas_of(op);
    assert_checked(op);
    int error = check(&doc->tree, &areas, error_out);
    if (error != OT_OK) {
        return error;
    }
    error = apply(&doc->tree, &areas);
    if (error != OT_OK && error_out != NULL) {
        *error_out = (struct ot_error){error, 0};
    }
    return error;
}

static bool only_inserts(const struct areas *areas)
{
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind == OT_RETAIN || part.kind == OT_DELETE) {
            return false;
        }
    }
    return true;
}

int ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out)
{
    struct areas areas = areas_of(snapshot);
    assert_checked(snapshot);
    *doc_out = NULL;
    if (!only_inserts(&areas)) {
        return OT_E_DOCUMENT;
    }
    struct ot_doc *doc = ot_doc_new();
    if (doc == NULL) {
        return OT_E_MEMORY;
    }
    int error = apply(&doc->tree, &areas);
    if (error != OT_OK) {
        ot_doc_free(doc);
        return error;
    }
    *doc_out = doc;
    return OT_OK;
}

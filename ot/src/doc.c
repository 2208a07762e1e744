#include "doc.h"

#include <stdlib.h>

#include "checked.h"
#include "component.h"
#include "edit.h"
#include "utf8.h"

struct ot_doc *ot_doc_new(void)
{
    struct ot_doc *doc = malloc(sizeof *doc);
    if (doc != NULL && tree_init(&doc->tree) != OT_OK) {
        free(doc);
        doc = NULL;
    }
    return doc;
}

void ot_doc_free(struct ot_doc *doc)
{
    if (doc != NULL) {
        tree_deinit(&doc->tree);
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
    struct place place;
    struct spot spot;
    tree_descend(tree, pos, TREE_BEFORE, &place);
    return !leaf_find(place.leaf, (unsigned)(pos - place.start), &spot);
}

static struct ot_error check_lengths(const struct tree *tree, const struct areas *areas)
{
    uint64_t base_length = 0;
    uint64_t result_length = tree->units;
    for (const uint8_t *at = areas->comps; at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        switch (part.kind) {
        case OT_RETAIN:
            base_length += part.length;
            break;
        case OT_DELETE:
            base_length += part.length;
            result_length -= part.length;
            break;
        case OT_INSERT:
        case OT_EMBED:
            result_length += part.length;
            break;
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

int ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    struct areas areas = areas_of(op);
    assert_checked(op);
    struct ot_error error = check_lengths(&doc->tree, &areas);
    if (error.code == OT_OK && doc->tree.pairs > 0) {
        error = check_boundaries(&doc->tree, &areas);
    }
    if (error.code != OT_OK && error_out != NULL) {
        *error_out = error;
    }
    return error.code;
}

/* ---- apply ---- */

/* An insert or embed at `pos`; the text of an insert is at `*text`, which is moved past it. */
static int apply_insert(struct tree *tree, uint64_t pos, const struct part *part,
                        const struct areas *areas, const uint8_t **text)
{
    uint32_t attributes;
    uint32_t embed = 0;
    int error = pool_use(&tree->pool, part->attributes, &attributes);
    if (error != OT_OK) {
        return error;
    }
    if (part->kind == OT_EMBED) {
        error = pool_use(&tree->pool, part->value, &embed);
        if (error == OT_OK) {
            error = edit_embed(tree, pos, embed, attributes);
        }
    } else {
        const uint8_t *end =
            areas->is_wide ? utf8_skip(*text, areas->text_end, part->length) : *text + part->length;
        struct ot_slice slice = {*text, (size_t)(end - *text)};
        error = edit_insert(tree, pos, slice, part->length, attributes);
        *text = end;
    }
    pool_drop(&tree->pool, embed);
    pool_drop(&tree->pool, attributes);
    return error;
}

/* Applies an operation that fits. */
static int apply(struct tree *tree, const struct areas *areas)
{
    const uint8_t *text = areas->text;
    uint64_t pos = 0;
    int error = OT_OK;
    for (const uint8_t *at = areas->comps; error == OT_OK && at < areas->comps_end;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind == OT_DELETE) {
            error = edit_delete(tree, pos, part.length);
            continue;
        }
        if (part.kind != OT_RETAIN) {
            error = apply_insert(tree, pos, &part, areas, &text);
        } else if (part.attributes.size > 0) {
            error = edit_format(tree, pos, part.length, part.attributes);
        }
        pos += part.length;
    }
    return error;
}

int ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    int error = ot_doc_check(doc, op, error_out);
    if (error != OT_OK) {
        return error;
    }
    struct areas areas = areas_of(op);
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

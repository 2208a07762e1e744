#include "invert.h"

#include "attributes.h"
#include "checked.h"
#include "utf8.h"
#include "writer.h"

/* Room for a component, the one before it, deletes between them and the end. */
enum { INVERT_STEP = 48 };

static void restore(struct writer *writer, const struct ot_component *stretch)
{
    if (stretch->kind == OT_EMBED) {
        writer_embed(writer, stretch->content, stretch->attributes);
        return;
    }
    writer_insert(writer, stretch->length, stretch->attributes);
    writer_text(writer, stretch->content.data, stretch->content.size);
}

static void reformat(struct writer *writer, const struct ot_component *stretch,
                     struct ot_slice patch)
{
    uint8_t *room = ot_writer_room(writer, ATTRIBUTES_ROOM(patch, stretch->attributes));
    if (room != NULL) {
        writer_retain(writer, stretch->length,
                      ot_attributes_invert(patch, stretch->attributes, room));
    }
}

/* Takes back a change of `part->length` units of the document. */
static int take_back(struct writer *writer, const struct part *part, struct stretches *document)
{
    uint32_t left = part->length;
    while (left > 0) {
        struct ot_component stretch;
        int error = document->next(document, left, &stretch);
        if (error != OT_OK || stretch.length == 0) {
            return error;
        }
        if (!ot_writer_reserve(writer, INVERT_STEP, stretch.content.size)) {
            return OT_E_MEMORY;
        }
        if (part->kind == OT_DELETE) {
            restore(writer, &stretch);
        } else {
            reformat(writer, &stretch, part->attributes);
        }
        left -= stretch.length;
    }
    return OT_OK;
}

static int invert_part(struct writer *writer, const struct part *part, struct stretches *document)
{
    if (!ot_writer_reserve(writer, INVERT_STEP, 0)) {
        return OT_E_MEMORY;
    }
    if (part->kind == OT_INSERT || part->kind == OT_EMBED) {
        writer_delete(writer, part->length);
        return OT_OK;
    }
    if (part->kind == OT_RETAIN && part->attributes.size == 0) {
        writer_retain(writer, part->length, part->attributes);
        return document->skip(document, part->length);
    }
    return take_back(writer, part, document);
}

int ot_invert_from(struct ot_slice op, struct stretches *document, enum ot_order order,
                   struct ot_buf *out)
{
    struct writer writer;
    struct areas areas = areas_of(op);
    const uint8_t *at = areas.comps;
    int error = writer_begin(&writer, out, order, INVERT_STEP, 0);
    if (error != OT_OK) {
        return error;
    }
    while (error == OT_OK && at < areas.comps_end) {
        struct part part;
        at = part_read(at, &part);
        error = invert_part(&writer, &part, document);
    }
    if (error != OT_OK) {
        ot_writer_abandon(&writer);
        return error;
    }
    return ot_writer_end(&writer, true);
}

/* A document as a snapshot. */
struct snapshot {
    struct stretches base;
    struct ot_iter iter;
    struct ot_component rest; /* of the component at hand */
};

static int snapshot_next(struct stretches *stretches, uint32_t max,
                         struct ot_component *stretch_out)
{
    struct snapshot *snapshot = (struct snapshot *)stretches;
    struct ot_component *rest = &snapshot->rest;
    if (rest->length == 0 && !ot_iter_next(&snapshot->iter, rest)) {
        *stretch_out = (struct ot_component){.kind = OT_INSERT};
        return OT_OK;
    }
    *stretch_out = *rest;
    if (rest->length <= max) {
        rest->length = 0;
        return OT_OK;
    }
    /* Only text is longer than 1. */
    const uint8_t *text = rest->content.data;
    const uint8_t *cut = ot_utf8_skip(text, text + rest->content.size, max);
    if (cut == NULL) {
        return OT_E_SURROGATE;
    }
    stretch_out->length = max;
    stretch_out->content.size = (size_t)(cut - text);
    rest->length -= max;
    rest->content = (struct ot_slice){cut, rest->content.size - stretch_out->content.size};
    return OT_OK;
}

static int snapshot_skip(struct stretches *stretches, uint32_t length)
{
    struct ot_component stretch;
    int error;
    do {
        error = snapshot_next(stretches, length, &stretch);
        length -= stretch.length;
    } while (error == OT_OK && length > 0 && stretch.length > 0);
    return error;
}

int ot_invert(struct ot_slice op, struct ot_slice document, enum ot_order order, struct ot_buf *out)
{
    struct snapshot snapshot = {.base = {snapshot_next, snapshot_skip}};
    assert_checked(op);
    assert_checked(document);
    ot_iter_init(&snapshot.iter, document);
    return ot_invert_from(op, &snapshot.base, order, out);
}

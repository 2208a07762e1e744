#include "attributes.h"
#include "checked.h"
#include "source.h"
#include "utf8.h"
#include "writer.h"

/* Text of one of the two, as far as it is not used yet. */
struct text {
    const uint8_t *at;
    const uint8_t *end;
    bool is_wide;
};

static struct text text_of(const struct areas *areas)
{
    return (struct text){areas->text, areas->text_end, areas->is_wide};
}

/* Where the next `length` units end. Only where `b` cuts a pair of `a` there is no such place: then
 * nowhere further. */
static inline const uint8_t *text_skip(struct writer *writer, const struct text *text,
                                       uint32_t length)
{
    if (!text->is_wide) {
        return text->at + length;
    }
    const uint8_t *end = ot_utf8_skip(text->at, text->end, length);
    if (end == NULL) {
        writer->error = OT_E_SURROGATE;
        return text->at;
    }
    return end;
}

static inline void text_copy(struct writer *writer, struct text *text, uint32_t length)
{
    const uint8_t *end = text_skip(writer, text, length);
    size_t size = (size_t)(end - text->at);
    copy_padded(writer->text, text->at, size, (size_t)(text->end - text->at));
    writer->text += size;
    text->at = end;
}

static struct ot_slice both(struct writer *writer, struct ot_slice a, struct ot_slice b,
                            enum attributes_nil nil)
{
    uint8_t *room = ot_writer_room(writer, ATTRIBUTES_ROOM(a, b));
    return room == NULL ? (struct ot_slice){0} : ot_attributes_compose(a, b, nil, room);
}

/* The attributes of `a` after the patch of `b`. */
static inline struct ot_slice patched(struct writer *writer, const struct part *a,
                                      const struct part *b, enum attributes_nil nil)
{
    return b->attributes.size == 0 ? a->attributes
                                   : both(writer, a->attributes, b->attributes, nil);
}

/* One side is at its end and leaves the rest of the other as it is. */
static void rest_copy(struct writer *writer, struct source source, struct text text)
{
    while (!source.is_over) {
        writer_part(writer, &source.part);
        source_next(&source);
    }
    writer_text(writer, text.at, (size_t)(text.end - text.at));
}

/* `b` retains so much of `a`. */
static inline void keep(struct writer *writer, const struct part *a, const struct part *b,
                        uint32_t length, struct text *text)
{
    switch (a->kind) {
    case OT_RETAIN:
        writer_retain(writer, length, patched(writer, a, b, NIL_KEEP));
        break;
    case OT_INSERT:
        writer_insert(writer, length, patched(writer, a, b, NIL_DROP));
        text_copy(writer, text, length);
        break;
    default:
        writer_embed(writer, a->value, patched(writer, a, b, NIL_DROP));
        break;
    }
}

/* `b` deletes so much of `a`. */
static inline void drop(struct writer *writer, const struct part *a, uint32_t length,
                        struct text *text)
{
    if (a->kind == OT_RETAIN) {
        writer_delete(writer, length);
    } else if (a->kind == OT_INSERT) {
        text->at = text_skip(writer, text, length);
    }
}

static void run(struct writer *writer, const struct areas *areas_a, const struct areas *areas_b)
{
    struct source a = source_begin(areas_a);
    struct source b = source_begin(areas_b);
    struct text text_a = text_of(areas_a);
    struct text text_b = text_of(areas_b);
    while (!a.is_over && !b.is_over && writer->error == OT_OK) {
        if (kind_adds(b.part.kind)) {
            writer_part(writer, &b.part);
            if (b.part.kind == OT_INSERT) {
                text_copy(writer, &text_b, b.part.length);
            }
            source_next(&b);
        } else if (a.part.kind == OT_DELETE) {
            writer_delete(writer, a.part.length);
            source_next(&a);
        } else {
            uint32_t length = source_shorter(&a, &b);
            if (b.part.kind == OT_RETAIN) {
                keep(writer, &a.part, &b.part, length, &text_a);
            } else {
                drop(writer, &a.part, length, &text_a);
            }
            sources_take(&a, &b, length);
        }
    }
    if (writer->error == OT_OK) {
        rest_copy(writer, a.is_over ? b : a, a.is_over ? text_b : text_a);
    }
}

int ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order, struct ot_buf *out)
{
    struct areas areas_a = areas_of(a);
    struct areas areas_b = areas_of(b);
    struct writer writer;
    assert_checked(a);
    assert_checked(b);
    int error =
        writer_begin(&writer, out, order, areas_comps_size(&areas_a) + areas_comps_size(&areas_b),
                     areas_text_size(&areas_a) + areas_text_size(&areas_b));
    if (error != OT_OK) {
        return error;
    }
    run(&writer, &areas_a, &areas_b);
    return ot_writer_end(&writer, areas_a.is_wide || areas_b.is_wide);
}

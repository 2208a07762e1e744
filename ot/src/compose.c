#include "attributes.h"
#include "checked.h"
#include "source.h"
#include "utf8.h"
#include "writer.h"

/* A source, and where its text stands. */
struct reader {
    struct source source;
    const uint8_t *text;
    const uint8_t *text_end;
    bool is_wide;
};

struct compose {
    struct writer writer;
    struct reader a;
    struct reader b;
};

static void reader_begin(struct reader *reader, const struct areas *areas)
{
    source_begin(&reader->source, areas);
    reader->text = areas->text;
    reader->text_end = areas->text_end;
    reader->is_wide = areas->is_wide;
}

/* Where the next `length` units of text end. Only where `b` cuts a pair of `a` there is no such
 * place. */
static const uint8_t *text_skip(struct compose *compose, struct reader *reader, uint32_t length)
{
    if (!reader->is_wide) {
        return reader->text + length;
    }
    const uint8_t *end = utf8_skip(reader->text, reader->text_end, length);
    if (end == NULL) {
        compose->writer.error = OT_E_SURROGATE;
    }
    return end;
}

static void text_copy(struct compose *compose, struct reader *reader, uint32_t length)
{
    const uint8_t *end = text_skip(compose, reader, length);
    if (end != NULL) {
        writer_text(&compose->writer, reader->text, (size_t)(end - reader->text), reader->text_end);
        reader->text = end;
    }
}

static void text_drop(struct compose *compose, struct reader *reader, uint32_t length)
{
    const uint8_t *end = text_skip(compose, reader, length);
    if (end != NULL) {
        reader->text = end;
    }
}

static struct ot_slice attributes_of_both(struct compose *compose, enum attributes_nil nil)
{
    struct ot_slice a = compose->a.source.part.attributes;
    struct ot_slice b = compose->b.source.part.attributes;
    if (b.size == 0) {
        return a;
    }
    uint8_t *room = writer_room(&compose->writer, ATTRIBUTES_ROOM(a, b));
    return room == NULL ? (struct ot_slice){0} : attributes_compose(a, b, nil, room);
}

/* `b` retains the next `length` of what `a` leaves. */
static void keep(struct compose *compose, uint32_t length)
{
    struct writer *writer = &compose->writer;
    const struct part *part = &compose->a.source.part;
    switch (part->kind) {
    case OT_INSERT:
        writer_insert(writer, length, attributes_of_both(compose, NIL_DROP));
        text_copy(compose, &compose->a, length);
        break;
    case OT_EMBED:
        writer_embed(writer, part->value, attributes_of_both(compose, NIL_DROP));
        break;
    default:
        writer_retain(writer, length, attributes_of_both(compose, NIL_KEEP));
        break;
    }
}

/* `b` deletes the next `length` of what `a` leaves. */
static void drop(struct compose *compose, uint32_t length)
{
    switch (compose->a.source.part.kind) {
    case OT_INSERT:
        text_drop(compose, &compose->a, length);
        break;
    case OT_EMBED:
        break;
    default:
        writer_delete(&compose->writer, length);
        break;
    }
}

/* One side is at its end and leaves the rest of the other as it is. */
static void rest_copy(struct compose *compose, struct reader *reader)
{
    while (!reader->source.is_over) {
        writer_part(&compose->writer, &reader->source.part);
        source_next(&reader->source);
    }
    writer_text(&compose->writer, reader->text, (size_t)(reader->text_end - reader->text),
                reader->text_end);
}

static void run(struct compose *compose)
{
    struct writer *writer = &compose->writer;
    struct source *a = &compose->a.source;
    struct source *b = &compose->b.source;
    while (writer->error == OT_OK) {
        if (part_inserts(&b->part)) {
            writer_part(writer, &b->part);
            if (b->part.kind == OT_INSERT) {
                text_copy(compose, &compose->b, b->part.length);
            }
            source_next(b);
        } else if (a->part.kind == OT_DELETE) {
            writer_delete(writer, a->part.length);
            source_next(a);
        } else if (a->is_over || b->is_over) {
            rest_copy(compose, a->is_over ? &compose->b : &compose->a);
            break;
        } else {
            uint32_t length = a->part.length < b->part.length ? a->part.length : b->part.length;
            if (b->part.kind == OT_DELETE) {
                drop(compose, length);
            } else {
                keep(compose, length);
            }
            source_take(a, length);
            source_take(b, length);
        }
    }
}

int ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order, struct ot_buf *out)
{
    struct areas areas_a = areas_of(a);
    struct areas areas_b = areas_of(b);
    struct compose compose;
    assert_checked(a);
    assert_checked(b);
    int error = writer_begin(&compose.writer, out, order,
                             areas_comps_size(&areas_a) + areas_comps_size(&areas_b),
                             areas_text_size(&areas_a) + areas_text_size(&areas_b));
    if (error != OT_OK) {
        return error;
    }
    reader_begin(&compose.a, &areas_a);
    reader_begin(&compose.b, &areas_b);
    run(&compose);
    return writer_end(&compose.writer);
}

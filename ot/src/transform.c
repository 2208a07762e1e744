#include <string.h>

#include "attributes.h"
#include "checked.h"
#include "source.h"
#include "writer.h"

struct transform {
    struct writer writer;
    struct source op;
    struct source over;
    enum ot_side side;
};

static struct ot_slice attributes_left(struct transform *transform)
{
    struct ot_slice op = transform->op.part.attributes;
    struct ot_slice over = transform->over.part.attributes;
    if (op.size == 0 || over.size == 0 || transform->side == OT_LEFT) {
        return op;
    }
    uint8_t *room = writer_room(&transform->writer, ATTRIBUTES_ROOM(op, over));
    return room == NULL ? (struct ot_slice){0}
                        : attributes_transform(op, over, transform->side, room);
}

/* Both are at something that was there before. */
static void meet(struct transform *transform, uint32_t length)
{
    if (transform->over.part.kind == OT_DELETE) {
        return;
    }
    if (transform->op.part.kind == OT_DELETE) {
        writer_delete(&transform->writer, length);
    } else {
        writer_retain(&transform->writer, length, attributes_left(transform));
    }
}

static void run(struct transform *transform)
{
    struct writer *writer = &transform->writer;
    struct source *op = &transform->op;
    struct source *over = &transform->over;
    while (!op->is_over) {
        bool inserts = part_inserts(&op->part);
        if (part_inserts(&over->part) && (transform->side == OT_RIGHT || !inserts)) {
            writer_retain(writer, over->part.length, (struct ot_slice){0});
            source_next(over);
        } else if (inserts || over->is_over) {
            writer_part(writer, &op->part);
            source_next(op);
        } else {
            uint32_t length =
                op->part.length < over->part.length ? op->part.length : over->part.length;
            meet(transform, length);
            source_take(op, length);
            source_take(over, length);
        }
    }
}

int ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side, enum ot_order order,
                 struct ot_buf *out)
{
    struct areas areas_op = areas_of(op);
    struct areas areas_over = areas_of(over);
    struct transform transform;
    size_t text_size = areas_text_size(&areas_op);
    assert_checked(op);
    assert_checked(over);
    int error =
        writer_begin(&transform.writer, out, order,
                     areas_comps_size(&areas_op) + areas_comps_size(&areas_over), text_size);
    if (error != OT_OK) {
        return error;
    }
    transform.side = side;
    source_begin(&transform.op, &areas_op);
    source_begin(&transform.over, &areas_over);
    run(&transform);
    error = writer_end_apart(&transform.writer, text_size);
    if (error == OT_OK && text_size > 0) {
        /* Every insert lives on, in its order. */
        memcpy(out->data + out->size, areas_op.text, text_size);
        out->size += text_size;
    }
    return error;
}

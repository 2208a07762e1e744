#include <string.h>

#include "attributes.h"
#include "checked.h"
#include "source.h"
#include "writer.h"

static struct ot_slice attributes_left(struct writer *writer, struct ot_slice op,
                                       struct ot_slice over, enum ot_side side)
{
    if (op.size == 0 || over.size == 0 || side == OT_LEFT) {
        return op;
    }
    uint8_t *room = ot_writer_room(writer, ATTRIBUTES_ROOM(op, over));
    return room == NULL ? (struct ot_slice){0} : ot_attributes_transform(op, over, side, room);
}

/* What both keep or delete, as far as the shorter one goes. */
static inline void pass(struct writer *writer, struct source *op, struct source *over,
                        enum ot_side side)
{
    uint32_t length = source_shorter(op, over);
    if (over->part.kind == OT_RETAIN) {
        if (op->part.kind == OT_DELETE) {
            writer_delete(writer, length);
        } else {
            writer_retain(
                writer, length,
                attributes_left(writer, op->part.attributes, over->part.attributes, side));
        }
    }
    sources_take(op, over, length);
}

static void run(struct writer *writer, const struct areas *areas_op, const struct areas *areas_over,
                enum ot_side side)
{
    struct source op = source_begin(areas_op);
    struct source over = source_begin(areas_over);
    while (!op.is_over) {
        if (kind_adds(op.part.kind) && (side == OT_LEFT || !kind_adds(over.part.kind))) {
            writer_part(writer, &op.part);
            source_next(&op);
        } else if (kind_adds(over.part.kind)) {
            writer_retain(writer, over.part.length, (struct ot_slice){0});
            source_next(&over);
        } else {
            pass(writer, &op, &over, side);
        }
    }
}

int ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side, enum ot_order order,
                 struct ot_buf *out)
{
    struct areas areas_op = areas_of(op);
    struct areas areas_over = areas_of(over);
    struct writer writer;
    size_t text_size = areas_text_size(&areas_op);
    assert_checked(op);
    assert_checked(over);
    int error =
        writer_begin(&writer, out, order,
                     areas_comps_size(&areas_op) + areas_comps_size(&areas_over), text_size);
    if (error != OT_OK) {
        return error;
    }
    run(&writer, &areas_op, &areas_over, side);
    error = ot_writer_end_apart(&writer, areas_op.is_wide);
    if (error == OT_OK && text_size > 0) {
        /* Every insert lives on, in its order. */
        memcpy(out->data + out->size, areas_op.text, text_size);
        out->size += text_size;
    }
    return error;
}

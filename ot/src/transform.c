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

static void run(struct writer *writer, const struct areas *areas_op, const struct areas *areas_over,
                enum ot_side side)
{
    struct source op = source_begin(areas_op);
    struct source over = source_begin(areas_over);
    while (!op.is_over) {
        uint32_t length;
        switch (KINDS(over.part.kind, op.part.kind)) {
        case KINDS(OT_INSERT, OT_INSERT):
        case KINDS(OT_INSERT, OT_EMBED):
        case KINDS(OT_EMBED, OT_INSERT):
        case KINDS(OT_EMBED, OT_EMBED):
            if (side == OT_LEFT) {
                writer_part(writer, &op.part);
                source_next(&op);
                break;
            }
            /* fall through */
        case KINDS(OT_INSERT, OT_RETAIN):
        case KINDS(OT_INSERT, OT_DELETE):
        case KINDS(OT_EMBED, OT_RETAIN):
        case KINDS(OT_EMBED, OT_DELETE):
            writer_retain(writer, over.part.length, (struct ot_slice){0});
            source_next(&over);
            break;
        case KINDS(OT_RETAIN, OT_INSERT):
        case KINDS(OT_DELETE, OT_INSERT):
            writer_insert(writer, op.part.length, op.part.attributes);
            source_next(&op);
            break;
        case KINDS(OT_RETAIN, OT_EMBED):
        case KINDS(OT_DELETE, OT_EMBED):
            writer_embed(writer, op.part.value, op.part.attributes);
            source_next(&op);
            break;
        case KINDS(OT_RETAIN, OT_RETAIN):
            length = source_shorter(&op, &over);
            writer_retain(writer, length,
                          attributes_left(writer, op.part.attributes, over.part.attributes, side));
            sources_take(&op, &over, length);
            break;
        case KINDS(OT_RETAIN, OT_DELETE):
            length = source_shorter(&op, &over);
            writer_delete(writer, length);
            sources_take(&op, &over, length);
            break;
        default:
            length = source_shorter(&op, &over);
            sources_take(&op, &over, length);
            break;
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

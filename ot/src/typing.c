#include "typing.h"

#include "stroke.h"
#include "utf8.h"
#include "writer.h"

void ot_typing_deinit(struct typing *typing)
{
    ot_buf_deinit(&typing->text);
}

static int insert(struct typing *typing, const struct stroke *stroke, bool *added_out)
{
    *added_out = stroke->pos == typing->pos + typing->units &&
                 (typing->units == 0 || slice_equal(stroke->part.attributes, typing->attributes));
    if (!*added_out) {
        return OT_OK;
    }
    typing->attributes = stroke->part.attributes;
    typing->units += stroke->part.length;
    return ot_buf_append(&typing->text, stroke->text.data, stroke->text.size);
}

/* Takes the last `units` of the text away. False if that would cut a pair. */
static bool take_back(struct typing *typing, uint64_t units)
{
    const uint8_t *start = typing->text.data;
    const uint8_t *end = start + typing->text.size;
    const uint8_t *at =
        typing->text.size == typing->units ? end - units : ot_utf8_skip_back(start, end, units);
    if (at == NULL) {
        return false;
    }
    typing->text.size = (size_t)(at - start);
    typing->units -= units;
    if (typing->units == 0) {
        typing->after += typing->before;
        typing->before = 0;
    }
    return true;
}

static bool erase(struct typing *typing, uint64_t pos, uint64_t units)
{
    uint64_t end = typing->pos + typing->units;
    if (pos + units == end && units <= typing->units) {
        return take_back(typing, units);
    }
    if (pos == end) {
        typing->after += units;
        return true;
    }
    if (pos + units == typing->pos) {
        typing->pos = pos;
        *(typing->units > 0 ? &typing->before : &typing->after) += units;
        return true;
    }
    return false;
}

int ot_typing_add(struct typing *typing, struct ot_slice op, bool *added_out)
{
    struct stroke stroke;
    *added_out = false;
    if (!stroke_read(areas_of(op), &stroke)) {
        return OT_OK;
    }
    if (!typing->is_open) {
        typing->is_open = true;
        typing->pos = stroke.pos;
        typing->before = typing->after = typing->units = 0;
        ot_buf_clear(&typing->text);
    }
    if (stroke.part.kind == OT_INSERT) {
        return insert(typing, &stroke, added_out);
    }
    *added_out = erase(typing, stroke.pos, stroke.part.length);
    return OT_OK;
}

int ot_typing_end(struct typing *typing, enum ot_order order, struct ot_buf *out)
{
    /* Four components, each of so many bytes at most. */
    enum { COMPONENTS_SIZE = 4 * HEAD_SIZE_MAX };
    struct writer writer;
    struct ot_slice none = {0};
    typing->is_open = false;
    int error = writer_begin(&writer, out, order, COMPONENTS_SIZE, typing->text.size);
    if (error != OT_OK) {
        return error;
    }
    writer_retain(&writer, typing->pos, none);
    if (typing->before > 0) {
        writer_delete(&writer, typing->before);
    }
    if (typing->units > 0) {
        writer_insert(&writer, typing->units, typing->attributes);
        writer_text(&writer, typing->text.data, typing->text.size);
    }
    if (typing->after > 0) {
        writer_delete(&writer, typing->after);
    }
    return ot_writer_end(&writer, typing->text.size != typing->units);
}

#include <string.h>

#include "attributes.h"
#include "memory.h"
#include "utf8.h"
#include "writer.h"

/* Room for components that need none of their own: the slot, the deletes after it and the end. */
enum { BUILDER_STEP = 48 };

struct ot_builder {
    struct ot_buf buf;
    struct writer writer;
    enum ot_order order;
    bool is_open;    /* the writer has begun */
    uint64_t length; /* of all components */
    int error;
};

struct ot_builder *ot_builder_new_in(const struct ot_allocator *allocator, enum ot_order order)
{
    struct memory memory = ot_memory(allocator);
    struct ot_builder *builder = ot_memory_take(&memory, sizeof *builder);
    if (builder != NULL) {
        memset(builder, 0, sizeof *builder);
        builder->buf.allocator = allocator;
        builder->order = order;
    }
    return builder;
}

struct ot_builder *ot_builder_new(enum ot_order order)
{
    return ot_builder_new_in(NULL, order);
}

void ot_builder_reset(struct ot_builder *builder)
{
    if (builder->is_open) {
        ot_writer_abandon(&builder->writer);
    }
    builder->is_open = false;
    builder->length = 0;
    builder->error = OT_OK;
    ot_buf_clear(&builder->buf);
}

void ot_builder_free(struct ot_builder *builder)
{
    if (builder != NULL) {
        ot_builder_reset(builder);
        ot_buf_deinit(&builder->buf);
        struct memory memory = ot_memory(builder->buf.allocator);
        ot_memory_give(&memory, builder, sizeof *builder);
    }
}

/* False if there was an error, now or before. */
static bool note(struct ot_builder *builder, int error)
{
    if (builder->error == OT_OK) {
        builder->error = error;
    }
    return builder->error == OT_OK;
}

static bool prepare(struct ot_builder *builder, size_t text_size)
{
    if (builder->error == OT_OK && !builder->is_open) {
        int error = writer_begin(&builder->writer, &builder->buf, builder->order, BUILDER_STEP, 0);
        builder->is_open = error == OT_OK;
        builder->error = error;
    }
    if (builder->error == OT_OK && !ot_writer_reserve(&builder->writer, BUILDER_STEP, text_size)) {
        builder->error = OT_E_MEMORY;
    }
    return builder->error == OT_OK;
}

/* Copies what a rich component holds to where the writer may keep it: `value` and, put in order,
 * the attributes. */
static bool hold(struct ot_builder *builder, enum ot_kind kind, struct ot_slice *value,
                 struct ot_slice *attributes)
{
    if (attributes->size > 0) {
        struct ot_error error = {0};
        /* The empty map is the one map that is not allowed but means something: none. */
        if (attributes->size == 1 && attributes->data[0] == 0x80) {
            *attributes = (struct ot_slice){0};
        } else if (ot_attributes_check(*attributes, &error) != OT_OK) {
            return note(builder, error.code);
        }
    }
    size_t size = value->size + ATTRIBUTES_ROOM(*attributes, *attributes);
    if (attributes->size + value->size == 0) {
        return true;
    }
    uint8_t *room = ot_writer_room(&builder->writer, size);
    if (room == NULL) {
        return note(builder, OT_E_MEMORY);
    }
    if (value->size > 0) {
        memcpy(room, value->data, value->size);
        *value = (struct ot_slice){room, value->size};
        room += value->size;
    }
    if (kind != OT_RETAIN) {
        *attributes = ot_attributes_strip(*attributes, room);
    } else if (attributes->size > 0) {
        memcpy(room, attributes->data, attributes->size);
        attributes->data = room;
    }
    return true;
}

/* Notes what is too long for any operation, before the sums of the writer could be. */
static bool length_fits(struct ot_builder *builder, uint64_t length)
{
    bool fits = length <= OT_LENGTH_MAX && builder->length + length <= 2 * (uint64_t)OT_LENGTH_MAX;
    builder->length += fits ? length : 0;
    return note(builder, fits ? OT_OK : OT_E_LENGTH);
}

void ot_builder_retain(struct ot_builder *builder, uint64_t length, struct ot_slice attributes)
{
    struct ot_slice none = {0};
    if (length > 0 && length_fits(builder, length) && prepare(builder, 0) &&
        hold(builder, OT_RETAIN, &none, &attributes)) {
        writer_retain(&builder->writer, length, attributes);
    }
}

void ot_builder_delete(struct ot_builder *builder, uint64_t length)
{
    if (length > 0 && length_fits(builder, length) && prepare(builder, 0)) {
        writer_delete(&builder->writer, length);
    }
}

void ot_builder_insert(struct ot_builder *builder, struct ot_slice text, struct ot_slice attributes)
{
    struct ot_slice none = {0};
    const uint8_t *at = text.data;
    uint64_t units;
    if (text.size == 0) {
        return;
    }
    if (note(builder, ot_utf8_check(&at, text.data + text.size, UINT64_MAX, &units)) &&
        length_fits(builder, units) && prepare(builder, text.size) &&
        hold(builder, OT_INSERT, &none, &attributes)) {
        writer_insert(&builder->writer, units, attributes);
        writer_text(&builder->writer, text.data, text.size);
    }
}

void ot_builder_embed(struct ot_builder *builder, struct ot_slice value, struct ot_slice attributes)
{
    struct ot_error error = {0};
    ot_embed_check(value, &error);
    if (note(builder, error.code) && length_fits(builder, value.size) && prepare(builder, 0) &&
        hold(builder, OT_EMBED, &value, &attributes)) {
        writer_embed(&builder->writer, value, attributes);
    }
}

int ot_builder_finish(struct ot_builder *builder, struct ot_buf *out)
{
    if (prepare(builder, 0)) {
        builder->is_open = false;
        note(builder, ot_writer_end(&builder->writer, true));
    }
    int error = builder->error;
    if (error == OT_OK) {
        error = ot_buf_append(out, builder->buf.data, builder->buf.size);
    }
    ot_builder_reset(builder);
    return error;
}

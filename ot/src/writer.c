#include "writer.h"

#include <string.h>

#include "utf8.h"

/* Lays the areas out anew with room for that many bytes in each, moving what they hold. */
static int lay_out(struct writer *writer, size_t comps_room, size_t text_room)
{
    struct ot_buf *out = writer->out;
    size_t comps_size = (size_t)(writer->comp - writer->comps);
    size_t text_size = (size_t)(writer->text - writer->texts);
    size_t comps_from = comps_size > 0 ? (size_t)(writer->comps - out->data) : 0;
    size_t text_from = text_size > 0 ? (size_t)(writer->texts - out->data) : 0;
    size_t header = writer_header_room(comps_room);
    if (ot_buf_reserve(out, header + comps_room + text_room) != OT_OK) {
        return OT_E_MEMORY;
    }
    uint8_t *comps = out->data + out->size + header;
    uint8_t *texts = comps + comps_room;
    /* Areas only grow, so each one moves up, the upper one first. */
    if (text_size > 0) {
        memmove(texts, out->data + text_from, text_size);
    }
    if (comps_size > 0) {
        memmove(comps, out->data + comps_from, comps_size);
    }
    writer->comps = comps;
    writer->comp = comps + comps_size;
    writer->comps_end = texts;
    writer->texts = texts;
    writer->text = texts + text_size;
    writer->texts_end = texts + text_room;
    return OT_OK;
}

bool ot_writer_reserve(struct writer *writer, size_t comps_size, size_t text_size)
{
    size_t comps_left = (size_t)(writer->comps_end - writer->comp);
    size_t text_left = (size_t)(writer->texts_end - writer->text);
    if (comps_size <= comps_left && text_size + WRITER_SLACK <= text_left) {
        return true;
    }
    size_t comps_room = (size_t)(writer->comps_end - writer->comps);
    size_t text_room = (size_t)(writer->texts_end - writer->texts);
    if (comps_size > comps_left) {
        comps_room += comps_room / 2 + comps_size;
    }
    if (text_size + WRITER_SLACK > text_left) {
        text_room += text_room / 2 + text_size + WRITER_SLACK;
    }
    if (lay_out(writer, comps_room, text_room) != OT_OK) {
        writer->error = OT_E_MEMORY;
        return false;
    }
    return true;
}

uint8_t *ot_writer_room(struct writer *writer, size_t size)
{
    struct ot_buf *heap = &writer->heap[writer->next];
    if (size <= WRITER_LOCAL) {
        return writer->local[writer->next];
    }
    if (!writer->has_heap) {
        writer->heap[0] = writer->heap[1] = (struct ot_buf){.allocator = writer->out->allocator};
        writer->has_heap = true;
    }
    if (ot_buf_reserve(heap, size) != OT_OK) {
        writer->error = OT_E_MEMORY;
        return NULL;
    }
    return heap->data;
}

static void put_bytes(struct writer *writer, struct ot_slice bytes)
{
    memcpy(writer->comp, bytes.data, bytes.size);
    writer->comp += bytes.size;
}

void ot_writer_emit_rich(struct writer *writer)
{
    const struct part *slot = &writer->slot;
    struct ot_slice value = slot->kind == OT_EMBED ? slot->value : (struct ot_slice){0};
    uint64_t length = slot->kind == OT_EMBED ? value.size : writer->length;
    size_t size = HEAD_SIZE_MAX + VARINT_SIZE_MAX + slot->attributes.size + value.size;
    if (!ot_writer_reserve(writer, size + writer->bound, 0)) {
        return;
    }
    writer->comp = head_put(writer->comp, slot->kind, slot->attributes.size > 0, length);
    if (slot->attributes.size > 0) {
        writer->comp = varint_put(writer->comp, (uint32_t)slot->attributes.size);
        put_bytes(writer, slot->attributes);
    }
    if (value.size > 0) {
        put_bytes(writer, value);
    }
    writer->sum += writer->length;
}

/* Moves bytes down within the buffer. */
static void move_down(uint8_t *to, const uint8_t *from, size_t size)
{
    if (to == from) {
        return;
    }
    if (size <= 16) {
        copy_short(to, from, size);
    } else {
        memmove(to, from, size);
    }
}

/* Adds up what has been written, which is long enough for that to matter. */
static int totals_check(const struct writer *writer)
{
    uint64_t base_length = 0;
    uint64_t inserted_length = 0;
    for (const uint8_t *at = writer->comps; at < writer->comp;) {
        struct part part;
        at = part_read(at, &part);
        if (part.kind == OT_INSERT || part.kind == OT_EMBED) {
            inserted_length += part.length;
        } else {
            base_length += part.length;
        }
    }
    return base_length > OT_LENGTH_MAX || inserted_length > OT_LENGTH_MAX ? OT_E_LENGTH : OT_OK;
}

/* Writes what the slots hold, unless nothing but a plain retain is left. */
static int slots_end(struct writer *writer)
{
    bool is_idle = writer->slot.kind == OT_RETAIN && writer->slot.attributes.size == 0;
    if (writer->deletes > 0 || !is_idle) {
        writer_emit(writer);
        writer_emit_deletes(writer);
    }
    if (writer->error != OT_OK) {
        return writer->error;
    }
    if (writer->comp - writer->comps > INT32_MAX) {
        return OT_E_LENGTH;
    }
    return writer->sum > OT_LENGTH_MAX ? totals_check(writer) : OT_OK;
}

/* Moves the components to where they belong, behind a header. */
static void close_up(struct writer *writer, bool is_wide)
{
    struct ot_buf *out = writer->out;
    size_t comps_size = (size_t)(writer->comp - writer->comps);
    uint8_t *start = out->data + out->size;
    uint8_t *at = varint_put(start, (uint32_t)comps_size << 1 | is_wide);
    move_down(at, writer->comps, comps_size);
    out->size += (size_t)(at - start) + comps_size;
}

int ot_writer_end(struct writer *writer, bool may_be_wide)
{
    int error = slots_end(writer);
    if (error == OT_OK) {
        struct ot_buf *out = writer->out;
        size_t text_size = (size_t)(writer->text - writer->texts);
        close_up(writer, may_be_wide && !ot_utf8_is_ascii(writer->texts, writer->text));
        move_down(out->data + out->size, writer->texts, text_size);
        out->size += text_size;
    }
    ot_writer_abandon(writer);
    return error;
}

int ot_writer_end_apart(struct writer *writer, bool is_wide)
{
    int error = slots_end(writer);
    if (error == OT_OK) {
        close_up(writer, is_wide);
    }
    ot_writer_abandon(writer);
    return error;
}

void ot_writer_abandon(struct writer *writer)
{
    if (writer->has_heap) {
        ot_buf_deinit(&writer->heap[0]);
        ot_buf_deinit(&writer->heap[1]);
    }
}

/*
 * The streaming writer: components go in, an operation in normal form comes out at the end of a
 * buffer. It never looks back, since all that can still change is held in two slots: the last
 * component, and (in canonical order) the deletes after it, which a later insert steps over.
 * Deletes own no text, so the text area keeps its order all the same.
 *
 * While it writes, components and text lie in two areas of the buffer with room between them; they
 * are closed up at the end.
 *
 * The hot paths below write plain components without asking for room. They may, because of what
 * `writer_begin` is told: the components written never take more bytes than those read, as
 * long as each one written is (part of) one that was read, or several merged. Attributes and embeds
 * ask for room of their own.
 */
#ifndef OT_WRITER_H
#define OT_WRITER_H

#include "component.h"
#include "copy.h"
#include "value.h"

enum { WRITER_LOCAL = 128, WRITER_SLACK = 16 };

struct writer {
    struct ot_buf *out;
    uint8_t *comps;     /* first component */
    uint8_t *comp;      /* next component */
    uint8_t *comps_end; /* of their area */
    uint8_t *texts;     /* the same of the text */
    uint8_t *text;
    uint8_t *texts_end;
    size_t bound; /* bytes that plain components may yet need */
    enum ot_order order;
    int error;
    struct part slot; /* of length 0: nothing, and then a retain */
    uint64_t length;  /* of the slot */
    uint64_t deletes; /* after the slot; canonical order only */
    uint64_t sum;     /* of all lengths written */
    /* Two places for attributes that are in no input: those of the slot, and the next ones. */
    uint8_t local[2][WRITER_LOCAL];
    struct ot_buf heap[2];
    unsigned next;
    bool has_heap;
};

/* How many bytes to leave for the header. */
static inline size_t writer_header_room(size_t comps_size)
{
    return comps_size < 0x40         ? 1
           : comps_size < 0x2000     ? 2
           : comps_size < 0x100000   ? 3
           : comps_size < 0x08000000 ? 4
                                     : 5;
}

/* Appends to `out`. `comps_bound`: bytes of the components to be read; `text_bound`: bytes of text
 * that will be appended without asking. OT_OK or OT_E_MEMORY; no ot_writer_end then. */
static inline int writer_begin(struct writer *writer, struct ot_buf *out, enum ot_order order,
                               size_t comps_bound, size_t text_bound)
{
    size_t comps_room = comps_bound + WRITER_SLACK;
    size_t text_room = text_bound + WRITER_SLACK;
    size_t header = writer_header_room(comps_room);
    size_t room = header + comps_room + text_room;
    if (room > out->capacity - out->size && ot_buf_reserve(out, room) != OT_OK) {
        return OT_E_MEMORY;
    }
    writer->out = out;
    writer->comps = writer->comp = out->data + out->size + header;
    writer->texts = writer->text = writer->comps_end = writer->comps + comps_room;
    writer->texts_end = writer->texts + text_room;
    writer->bound = comps_room;
    writer->order = order;
    writer->error = OT_OK;
    writer->slot = (struct part){.kind = OT_RETAIN};
    writer->length = 0;
    writer->deletes = 0;
    writer->sum = 0;
    writer->next = 0;
    writer->has_heap = false;
    return OT_OK;
}
/* Makes room for so much more. False: out of memory, noted. */
bool ot_writer_reserve(struct writer *writer, size_t comps_size, size_t text_size);
/* At least `size` bytes for attributes (or an embed) to be made in and then pushed; valid until the
 * next but one that is pushed. NULL: out of memory, noted. */
uint8_t *ot_writer_room(struct writer *writer, size_t size);
/* Puts the operation together: OT_OK or the error; `out` is unchanged then. Frees what the writer
 * holds. `may_be_wide`: false if all the text is known to be ASCII. */
int ot_writer_end(struct writer *writer, bool may_be_wide);
/* The same for an operation whose text the caller appends; the writer has none. There is room for
 * as much as `writer_begin` was told. */
int ot_writer_end_apart(struct writer *writer, bool is_wide);
/* Instead of ot_writer_end. */
void ot_writer_abandon(struct writer *writer);

/* The slot is followed by something else: writes it. */
void ot_writer_emit_rich(struct writer *writer);

static inline void writer_emit(struct writer *writer)
{
    if (writer->slot.attributes.size > 0 || writer->slot.kind == OT_EMBED) {
        ot_writer_emit_rich(writer);
    } else if (writer->length > 0) {
        writer->comp = head_put(writer->comp, writer->slot.kind, false, writer->length);
        writer->sum += writer->length;
    }
}

static inline void writer_emit_deletes(struct writer *writer)
{
    if (writer->deletes > 0) {
        writer->comp = head_put(writer->comp, OT_DELETE, false, writer->deletes);
        writer->sum += writer->deletes;
        writer->deletes = 0;
    }
}

/* Attributes that lie in the next place make it the slot's. */
static inline void writer_claim(struct writer *writer, struct ot_slice bytes)
{
    uintptr_t at = (uintptr_t)bytes.data;
    uintptr_t local = (uintptr_t)writer->local[writer->next];
    const struct ot_buf *heap = &writer->heap[writer->next];
    if (at - local < WRITER_LOCAL ||
        (writer->has_heap && at - (uintptr_t)heap->data < heap->capacity)) {
        writer->next ^= 1;
    }
}

static inline void writer_fill(struct writer *writer, enum ot_kind kind, uint64_t length,
                               struct ot_slice attributes)
{
    writer->slot.kind = kind;
    writer->slot.attributes = attributes;
    writer->length = length;
    if (attributes.size > 0) {
        writer_claim(writer, attributes);
    }
}

static inline void writer_push(struct writer *writer, enum ot_kind kind, uint64_t length,
                               struct ot_slice attributes)
{
    if (writer->slot.kind == kind && slice_equal(writer->slot.attributes, attributes)) {
        writer->length += length;
        return;
    }
    writer_emit(writer);
    writer_fill(writer, kind, length, attributes);
}

static inline void writer_retain(struct writer *writer, uint64_t length, struct ot_slice attributes)
{
    if (writer->deletes > 0) {
        writer_emit(writer);
        writer_emit_deletes(writer);
        writer_fill(writer, OT_RETAIN, length, attributes);
        return;
    }
    writer_push(writer, OT_RETAIN, length, attributes);
}

static inline void writer_delete(struct writer *writer, uint64_t length)
{
    if (writer->order == OT_CANONICAL) {
        writer->deletes += length;
    } else {
        writer_push(writer, OT_DELETE, length, (struct ot_slice){0});
    }
}

/* Its text is appended apart, by writer_text. */
static inline void writer_insert(struct writer *writer, uint64_t length, struct ot_slice attributes)
{
    writer_push(writer, OT_INSERT, length, attributes);
}

static inline void writer_embed(struct writer *writer, struct ot_slice value,
                                struct ot_slice attributes)
{
    writer_emit(writer);
    writer->slot = (struct part){OT_EMBED, 1, attributes, value};
    writer->length = 1;
    writer_claim(writer, attributes.size > 0 ? attributes : value);
}

/* Any component, without its text. */
static inline void writer_part(struct writer *writer, const struct part *part)
{
    switch (part->kind) {
    case OT_RETAIN:
        writer_retain(writer, part->length, part->attributes);
        break;
    case OT_INSERT:
        writer_insert(writer, part->length, part->attributes);
        break;
    case OT_DELETE:
        writer_delete(writer, part->length);
        break;
    case OT_EMBED:
        writer_embed(writer, part->value, part->attributes);
        break;
    }
}

/* Appends `size` bytes of text, for which there is room. */
static inline void writer_text(struct writer *writer, const uint8_t *text, size_t size)
{
    copy_few(writer->text, text, size);
    writer->text += size;
}

#endif

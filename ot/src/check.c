#include <string.h>

#include "component.h"
#include "utf8.h"
#include "value.h"

/* The component being read, and the one before it as far as it matters. */
struct reader {
    struct areas areas;
    const uint8_t *at;
    const uint8_t *text;
    struct part last; /* of length 0 at the start */
    struct part part;
    struct ot_op_info info;
};

static int length_read(struct reader *reader, unsigned tag)
{
    const uint8_t *start = reader->at;
    uint64_t length = tag >> TAG_LENGTH_SHIFT & TAG_LENGTH;
    if (tag & TAG_MORE) {
        uint32_t rest;
        int error = varint_read(&reader->at, reader->areas.comps_end, &rest);
        if (error == OT_OK && rest == 0) {
            error = OT_E_FORM;
        }
        if (error != OT_OK) {
            reader->at = start;
            return error;
        }
        length |= (uint64_t)rest << LENGTH_BITS;
    }
    if (length == 0 || length > OT_LENGTH_MAX) {
        reader->at = start - 1;
        return OT_E_LENGTH;
    }
    reader->part.length = (uint32_t)length;
    return OT_OK;
}

static int attributes_read(struct reader *reader)
{
    const uint8_t *start = reader->at;
    uint32_t size;
    int error = varint_read(&reader->at, reader->areas.comps_end, &size);
    if (error != OT_OK || size > (size_t)(reader->areas.comps_end - reader->at)) {
        reader->at = start;
        return error != OT_OK ? error : OT_E_TRUNCATED;
    }
    reader->part.attributes = (struct ot_slice){reader->at, size};
    reader->info.attributes_size += size;
    reader->info.has_attributes = true;
    return attributes_check(&reader->at, reader->at + size, reader->part.kind != OT_RETAIN);
}

static int embed_read(struct reader *reader)
{
    size_t size = reader->part.length;
    if (size > (size_t)(reader->areas.comps_end - reader->at)) {
        return OT_E_TRUNCATED;
    }
    reader->part.length = 1;
    reader->info.has_embeds = true;
    return embed_check(&reader->at, reader->at + size);
}

static int component_read(struct reader *reader)
{
    unsigned tag = *reader->at++;
    reader->part = (struct part){.kind = (enum ot_kind)(tag & TAG_KIND)};
    if (reader->part.kind == OT_DELETE && (tag & TAG_ATTRIBUTES)) {
        reader->at--;
        return OT_E_KIND;
    }
    int error = length_read(reader, tag);
    if (error == OT_OK && (tag & TAG_ATTRIBUTES)) {
        error = attributes_read(reader);
    }
    if (error == OT_OK && reader->part.kind == OT_EMBED) {
        error = embed_read(reader);
    }
    return error;
}

static bool could_merge(const struct part *a, const struct part *b)
{
    return a->length > 0 && a->kind == b->kind && a->kind != OT_EMBED &&
           slice_equal(a->attributes, b->attributes);
}

/* Adds the component up and, if the text is wide, walks over its share of it. */
static int component_count(struct reader *reader)
{
    struct ot_op_info *info = &reader->info;
    uint32_t length = reader->part.length;
    info->components++;
    switch (reader->part.kind) {
    case OT_RETAIN:
        info->base_length += length;
        break;
    case OT_DELETE:
        info->base_length += length;
        info->deleted_length += length;
        break;
    case OT_INSERT:
    case OT_EMBED:
        info->inserted_length += length;
        break;
    }
    return info->base_length > OT_LENGTH_MAX || info->inserted_length > OT_LENGTH_MAX ? OT_E_LENGTH
                                                                                      : OT_OK;
}

static int text_read(struct reader *reader)
{
    uint64_t units;
    if (reader->part.kind != OT_INSERT) {
        return OT_OK;
    }
    if (reader->areas.is_wide) {
        return utf8_check(&reader->text, reader->areas.text_end, reader->part.length, &units);
    }
    if (reader->part.length > (size_t)(reader->areas.text_end - reader->text)) {
        reader->text = reader->areas.text_end;
        return OT_E_TRUNCATED;
    }
    reader->text += reader->part.length;
    return OT_OK;
}

static int components_read(struct reader *reader, const uint8_t **failed_at)
{
    while (reader->at < reader->areas.comps_end) {
        const uint8_t *start = reader->at;
        int error = component_read(reader);
        *failed_at = reader->at;
        if (error != OT_OK) {
            return error;
        }
        *failed_at = start;
        if (could_merge(&reader->last, &reader->part)) {
            return OT_E_FORM;
        }
        error = component_count(reader);
        if (error != OT_OK) {
            return error;
        }
        error = text_read(reader);
        if (error != OT_OK) {
            *failed_at = reader->text;
            return error;
        }
        reader->last = reader->part;
        *failed_at = start;
    }
    bool ends_idle = reader->last.length > 0 && reader->last.kind == OT_RETAIN &&
                     reader->last.attributes.size == 0;
    return ends_idle ? OT_E_FORM : OT_OK;
}

/* That all text was used, and that the wide flag tells the truth about it. */
static int text_end_check(const struct reader *reader, const uint8_t **failed_at)
{
    const struct areas *areas = &reader->areas;
    *failed_at = reader->text;
    if (reader->text < areas->text_end) {
        return OT_E_TRAILING;
    }
    if (utf8_is_ascii(areas->text, areas->text_end) == areas->is_wide) {
        *failed_at = areas->text;
        return OT_E_FORM;
    }
    return OT_OK;
}

static int header_read(struct reader *reader, struct ot_slice op)
{
    const uint8_t *end = reader->at + op.size;
    uint32_t header;
    int error = varint_read(&reader->at, end, &header);
    if (error != OT_OK) {
        return error;
    }
    if (header >> 1 > (size_t)(end - reader->at)) {
        return OT_E_TRUNCATED;
    }
    reader->areas = areas_of(op);
    reader->text = reader->areas.text;
    return OT_OK;
}

int ot_op_check(struct ot_slice op, struct ot_op_info *info_out, struct ot_error *error_out)
{
    static const uint8_t nothing[1];
    const uint8_t *start = op.size > 0 ? op.data : nothing;
    struct reader reader = {.at = start};
    const uint8_t *failed_at = start;
    int error = header_read(&reader, op);
    if (error == OT_OK) {
        error = components_read(&reader, &failed_at);
    }
    if (error == OT_OK) {
        error = text_end_check(&reader, &failed_at);
    }
    if (error != OT_OK) {
        if (error_out != NULL) {
            *error_out = (struct ot_error){error, (uint64_t)(failed_at - start)};
        }
        return error;
    }
    reader.info.only_inserts = reader.info.base_length == 0;
    if (info_out != NULL) {
        *info_out = reader.info;
    }
    return OT_OK;
}

bool ot_op_is_empty(struct ot_slice op)
{
    return op.size == 1 && op.data[0] == 0;
}

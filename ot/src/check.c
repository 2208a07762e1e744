#include <string.h>

#include "component.h"
#include "utf8.h"
#include "value.h"

/* How far the reading has come. */
struct reader {
    struct areas areas;
    const uint8_t *at; /* at an error: what was refused */
    const uint8_t *text;
    struct ot_op_info info;
};

/* The component being read. */
struct item {
    unsigned kind;
    uint32_t length;
    struct ot_slice attributes;
};

/* The rest of a length that does not fit its tag. */
static int length_read(struct reader *reader, struct item *item)
{
    const uint8_t *start = reader->at;
    uint32_t rest;
    int error = varint_read(&reader->at, reader->areas.comps_end, &rest);
    if (error == OT_OK && rest == 0) {
        error = OT_E_FORM;
    }
    if (error == OT_OK && rest > OT_LENGTH_MAX >> LENGTH_BITS) {
        reader->at = start - 1;
        return OT_E_LENGTH;
    }
    if (error != OT_OK) {
        reader->at = start;
        return error;
    }
    item->length |= rest << LENGTH_BITS;
    return OT_OK;
}

static int attributes_read(struct reader *reader, struct item *item)
{
    const uint8_t *start = reader->at;
    uint32_t size;
    int error = varint_read(&reader->at, reader->areas.comps_end, &size);
    if (error != OT_OK || size > (size_t)(reader->areas.comps_end - reader->at)) {
        reader->at = start;
        return error != OT_OK ? error : OT_E_TRUNCATED;
    }
    item->attributes = (struct ot_slice){reader->at, size};
    reader->info.attributes_size += size;
    reader->info.has_attributes = true;
    return ot_attributes_scan(&reader->at, reader->at + size, item->kind != OT_RETAIN);
}

static int embed_read(struct reader *reader, struct item *item)
{
    size_t size = item->length;
    if (size > (size_t)(reader->areas.comps_end - reader->at)) {
        return OT_E_TRUNCATED;
    }
    item->length = 1;
    reader->info.has_embeds = true;
    return ot_embed_scan(&reader->at, reader->at + size);
}

/* The attributes and the embed. */
static int rich_read(struct reader *reader, unsigned tag, struct item *item)
{
    int error = tag & TAG_ATTRIBUTES ? attributes_read(reader, item) : OT_OK;
    return error == OT_OK && item->kind == OT_EMBED ? embed_read(reader, item) : error;
}

static inline int item_read(struct reader *reader, struct item *item)
{
    const uint8_t *start = reader->at;
    unsigned tag = *reader->at++;
    *item = (struct item){tag & TAG_KIND, tag >> TAG_LENGTH_SHIFT & TAG_LENGTH, {NULL, 0}};
    int error = OT_OK;
    if (item->kind == OT_DELETE && (tag & TAG_ATTRIBUTES)) {
        error = OT_E_KIND;
    } else if (tag & TAG_MORE) {
        return length_read(reader, item);
    } else if (item->length == 0) {
        error = OT_E_LENGTH;
    }
    if (error != OT_OK) {
        reader->at = start;
    }
    return error;
}

/* Adds the component up. */
static inline int item_count(struct ot_op_info *info, const struct item *item)
{
    info->components++;
    if (item->kind == OT_INSERT || item->kind == OT_EMBED) {
        info->inserted_length += item->length;
    } else {
        info->base_length += item->length;
        info->deleted_length += item->kind == OT_DELETE ? item->length : 0;
    }
    return (info->base_length | info->inserted_length) > OT_LENGTH_MAX ? OT_E_LENGTH : OT_OK;
}

/* Walks over the text of an insert. */
static inline int text_read(struct reader *reader, const struct item *item)
{
    uint64_t units;
    if (reader->areas.is_wide) {
        return ot_utf8_check(&reader->text, reader->areas.text_end, item->length, &units);
    }
    if (item->length > (size_t)(reader->areas.text_end - reader->text)) {
        reader->text = reader->areas.text_end;
        return OT_E_TRUNCATED;
    }
    reader->text += item->length;
    return OT_OK;
}

/* Could both be one component? */
static inline bool could_merge(const struct item *a, const struct item *b)
{
    return a->kind == b->kind && a->kind != OT_EMBED && slice_equal(a->attributes, b->attributes);
}

static int items_read(struct reader *reader)
{
    const uint8_t *start = reader->at;
    struct item last = {.kind = OT_EMBED};
    while (reader->at < reader->areas.comps_end) {
        struct item item;
        start = reader->at;
        int error = item_read(reader, &item);
        if (error == OT_OK && tag_is_rich(*start)) {
            error = rich_read(reader, *start, &item);
        }
        if (error != OT_OK) {
            return error;
        }
        error = could_merge(&last, &item) ? OT_E_FORM : item_count(&reader->info, &item);
        if (error != OT_OK) {
            reader->at = start;
            return error;
        }
        if (item.kind == OT_INSERT) {
            error = text_read(reader, &item);
        }
        if (error != OT_OK) {
            reader->at = reader->text;
            return error;
        }
        last = item;
    }
    if (last.kind == OT_RETAIN && last.attributes.size == 0) {
        reader->at = start;
        return OT_E_FORM;
    }
    return OT_OK;
}

/* That all text was used, and that the wide flag tells the truth about it. */
static int text_end_check(struct reader *reader)
{
    const struct areas *areas = &reader->areas;
    reader->at = reader->text;
    if (reader->text < areas->text_end) {
        return OT_E_TRAILING;
    }
    if (ot_utf8_is_ascii(areas->text, areas->text_end) == areas->is_wide) {
        reader->at = areas->text;
        return OT_E_FORM;
    }
    return OT_OK;
}

/* `op` begins at `reader->at`. */
static int header_read(struct reader *reader, struct ot_slice op)
{
    const uint8_t *start = reader->at;
    const uint8_t *end = start + op.size;
    uint32_t header;
    int error = varint_read(&reader->at, end, &header);
    if (error != OT_OK || header >> 1 > (size_t)(end - reader->at)) {
        reader->at = start;
        return error != OT_OK ? error : OT_E_TRUNCATED;
    }
    reader->text = reader->at + (header >> 1);
    reader->areas = (struct areas){reader->at, reader->text, reader->text, end, header & 1};
    return OT_OK;
}

int ot_op_check(struct ot_slice op, struct ot_op_info *info_out, struct ot_error *error_out)
{
    static const uint8_t nothing[1];
    const uint8_t *start = op.size > 0 ? op.data : nothing;
    struct reader reader = {.at = start};
    int error = header_read(&reader, op);
    if (error == OT_OK) {
        error = items_read(&reader);
    }
    if (error == OT_OK) {
        error = text_end_check(&reader);
    }
    if (error != OT_OK) {
        if (error_out != NULL) {
            *error_out = (struct ot_error){error, (uint64_t)(reader.at - start)};
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

#include "delta_json.h"

#include "delta_value.h"

#include <math.h>
#include <string.h>

#define LENGTH_REASON "a length is a whole number from 1 to 2147483647"

/* A Delta being read. The buffers hold the values of one component at a time. */
struct reader {
    struct ot_builder *builder;
    struct ot_buf attributes;
    struct ot_buf embed;
    uint64_t base_length; /* retained and deleted so far */
    struct delta_error error;
};

/* The members of one component; NULL: absent. */
struct members {
    const json_t *insert;
    const json_t *retain;
    const json_t *delete;
    const json_t *attributes;
};

const char *delta_error_name(int code)
{
    switch (code) {
#define DELTA_NAME(symbol, number, name, text)                                                     \
    case symbol:                                                                                   \
        return name;
        DELTA_ERRORS(DELTA_NAME)
#undef DELTA_NAME
    default:
        return ot_error_name(code);
    }
}

const char *delta_error_text(int code)
{
    switch (code) {
#define DELTA_TEXT(symbol, number, name, text)                                                     \
    case symbol:                                                                                   \
        return text;
        DELTA_ERRORS(DELTA_TEXT)
#undef DELTA_TEXT
    default:
        return ot_error_text(code);
    }
}

static int refuse(struct reader *reader, int code, const char *reason)
{
    reader->error.code = code;
    reader->error.reason = reason ? reason : delta_error_text(code);
    return code;
}

static int members_find(struct reader *reader, const json_t *component, struct members *members_out)
{
    static const char reason[] =
        "a component is an object with exactly one of insert, retain and delete";
    struct members members = {
        .insert = json_object_get(component, "insert"),
        .retain = json_object_get(component, "retain"),
        .delete = json_object_get(component, "delete"),
        .attributes = json_object_get(component, "attributes"),
    };
    int actions = !!members.insert + !!members.retain + !!members.delete;
    if (!json_is_object(component) || actions != 1)
        return refuse(reader, OT_E_KIND, reason);
    if (json_object_size(component) != (size_t)actions + !!members.attributes)
        return refuse(reader, OT_E_KIND, "a component has a member of unknown name");
    *members_out = members;
    return OT_OK;
}

static int length_read(struct reader *reader, const json_t *json, uint64_t *length_out)
{
    double length = json_is_number(json) ? json_number_value(json) : 0;
    if (!(length >= 1 && length <= OT_LENGTH_MAX) || trunc(length) != length)
        return refuse(reader, OT_E_LENGTH, LENGTH_REASON);
    *length_out = (uint64_t)length;
    reader->base_length += *length_out;
    if (reader->base_length > OT_LENGTH_MAX)
        return refuse(reader, OT_E_LENGTH, "the operation is longer than 2147483647");
    return OT_OK;
}

/* Leaves the attributes in reader->attributes, or that empty when nothing remains of them. */
static int attributes_read(struct reader *reader, const struct members *members)
{
    ot_buf_clear(&reader->attributes);
    if (!members->attributes)
        return OT_OK;
    if (!json_is_object(members->attributes) || members->delete)
        return refuse(reader, DELTA_E_ATTRIBUTES, NULL);
    enum delta_nulls nulls = members->insert ? DELTA_DROP_NULLS : DELTA_KEEP_NULLS;
    int code = delta_map_write(members->attributes, nulls, &reader->attributes);
    if (code != OT_OK)
        return refuse(reader, code, NULL);
    struct ot_slice map = ot_buf_slice(&reader->attributes);
    if (ot_value_next(&map).count == 0)
        ot_buf_clear(&reader->attributes);
    return OT_OK;
}

static int insert_read(struct reader *reader, const json_t *insert)
{
    struct ot_slice attributes = ot_buf_slice(&reader->attributes);
    if (json_is_string(insert)) {
        struct ot_slice text = {(const uint8_t *)json_string_value(insert),
                                json_string_length(insert)};
        if (text.size == 0)
            return refuse(reader, OT_E_LENGTH, "an insert of no text has no length");
        ot_builder_insert(reader->builder, text, attributes);
        return OT_OK;
    }
    if (!json_is_object(insert) || json_object_size(insert) != 1)
        return refuse(reader, DELTA_E_INSERT, NULL);
    ot_buf_clear(&reader->embed);
    int code = delta_map_write(insert, DELTA_KEEP_NULLS, &reader->embed);
    if (code != OT_OK)
        return refuse(reader, code, NULL);
    ot_builder_embed(reader->builder, ot_buf_slice(&reader->embed), attributes);
    return OT_OK;
}

static int retain_read(struct reader *reader, const json_t *retain)
{
    if (json_is_object(retain))
        return refuse(reader, DELTA_E_EMBED_CHANGE, NULL);
    uint64_t length = 0;
    int code = length_read(reader, retain, &length);
    if (code == OT_OK)
        ot_builder_retain(reader->builder, length, ot_buf_slice(&reader->attributes));
    return code;
}

static int delete_read(struct reader *reader, const json_t *delete)
{
    uint64_t length = 0;
    int code = length_read(reader, delete, &length);
    if (code == OT_OK)
        ot_builder_delete(reader->builder, length);
    return code;
}

static int component_read(struct reader *reader, const json_t *component)
{
    struct members members;
    int code = members_find(reader, component, &members);
    if (code == OT_OK)
        code = attributes_read(reader, &members);
    if (code != OT_OK)
        return code;
    if (members.insert)
        return insert_read(reader, members.insert);
    return members.retain ? retain_read(reader, members.retain)
                          : delete_read(reader, members.delete);
}

static int components_read(struct reader *reader, const json_t *components, struct ot_buf *out)
{
    if (!reader->builder)
        return refuse(reader, OT_E_MEMORY, NULL);
    if (!json_is_array(components))
        return refuse(reader, DELTA_E_LIST, NULL);
    size_t count = json_array_size(components);
    for (size_t i = 0; i < count; i++) {
        reader->error.at = i;
        int code = component_read(reader, json_array_get(components, i));
        if (code != OT_OK)
            return code;
    }
    int code = ot_builder_finish(reader->builder, out);
    return code == OT_OK ? OT_OK : refuse(reader, code, NULL);
}

int delta_from_json(const json_t *components, enum ot_order order, struct ot_buf *out,
                    struct delta_error *error_out)
{
    struct reader reader = {.builder = ot_builder_new(order)};
    int code = components_read(&reader, components, out);
    ot_builder_free(reader.builder);
    ot_buf_deinit(&reader.attributes);
    ot_buf_deinit(&reader.embed);
    if (error_out && code != OT_OK)
        *error_out = reader.error;
    return code;
}

static json_t *content_to_json(const struct ot_component *component)
{
    switch (component->kind) {
    case OT_INSERT:
        return json_stringn_nocheck((const char *)component->content.data, component->content.size);
    case OT_EMBED:
        return delta_value_to_json(component->content);
    case OT_RETAIN:
    case OT_DELETE:
        break;
    }
    return json_integer(component->length);
}

static json_t *component_to_json(const struct ot_component *component)
{
    static const char *const names[] = {[OT_RETAIN] = "retain",
                                        [OT_INSERT] = "insert",
                                        [OT_DELETE] = "delete",
                                        [OT_EMBED] = "insert"};
    json_t *object = json_object();
    if (json_object_set_new(object, names[component->kind], content_to_json(component)) < 0)
        goto drop;
    if (component->attributes.size > 0 &&
        json_object_set_new(object, "attributes", delta_value_to_json(component->attributes)) < 0)
        goto drop;
    return object;
drop:
    json_decref(object);
    return NULL;
}

json_t *delta_to_json(struct ot_slice op)
{
    json_t *components = json_array();
    struct ot_component component;
    struct ot_iter iter;
    ot_iter_init(&iter, op);
    while (components && ot_iter_next(&iter, &component)) {
        if (json_array_append_new(components, component_to_json(&component)) < 0) {
            json_decref(components);
            components = NULL;
        }
    }
    return components;
}

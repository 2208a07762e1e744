#include "delta_value.h"

#include <stdlib.h>
#include <string.h>

struct member {
    const char *key;
    const json_t *value;
};

static int value_write(const json_t *json, unsigned depth, struct ot_buf *out);

static struct ot_slice slice_of(const char *data, size_t size)
{
    return (struct ot_slice){(const uint8_t *)data, size};
}

/* By the bytes of the keys; jansson's keys hold no NUL. */
static int member_compare(const void *left, const void *right)
{
    return strcmp(((const struct member *)left)->key, ((const struct member *)right)->key);
}

static size_t members_collect(const json_t *object, enum delta_nulls nulls, struct member *members)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (nulls == DELTA_KEEP_NULLS || !json_is_null(value))
            members[count++] = (struct member){key, value};
    }
    qsort(members, count, sizeof *members, member_compare);
    return count;
}

static int members_write(const struct member *members, size_t count, unsigned depth,
                         struct ot_buf *out)
{
    int code = ot_value_map(out, (uint32_t)count);
    for (size_t i = 0; i < count && code == OT_OK; i++) {
        if (strcmp(members[i].key, "__proto__") == 0)
            return OT_E_KEY;
        code = ot_value_string(out, slice_of(members[i].key, strlen(members[i].key)));
        if (code == OT_OK)
            code = value_write(members[i].value, depth, out);
    }
    return code;
}

static int map_write(const json_t *object, enum delta_nulls nulls, unsigned depth,
                     struct ot_buf *out)
{
    if (depth == OT_VALUE_DEPTH_MAX)
        return OT_E_DEPTH;
    size_t room = json_object_size(object);
    if (room > UINT32_MAX)
        return OT_E_VALUE;
    struct member *members = calloc(room + 1, sizeof *members);
    if (!members)
        return OT_E_MEMORY;
    size_t count = members_collect(object, nulls, members);
    int code = members_write(members, count, depth + 1, out);
    free(members);
    return code;
}

static int array_write(const json_t *array, unsigned depth, struct ot_buf *out)
{
    if (depth == OT_VALUE_DEPTH_MAX)
        return OT_E_DEPTH;
    size_t count = json_array_size(array);
    if (count > UINT32_MAX)
        return OT_E_VALUE;
    int code = ot_value_array(out, (uint32_t)count);
    for (size_t i = 0; i < count && code == OT_OK; i++)
        code = value_write(json_array_get(array, i), depth + 1, out);
    return code;
}

/* `depth`: how many arrays and maps are around it. */
static int value_write(const json_t *json, unsigned depth, struct ot_buf *out)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return map_write(json, DELTA_KEEP_NULLS, depth, out);
    case JSON_ARRAY:
        return array_write(json, depth, out);
    case JSON_STRING:
        return ot_value_string(out, slice_of(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
    case JSON_REAL:
        return ot_value_double(out, json_number_value(json));
    case JSON_TRUE:
    case JSON_FALSE:
        return ot_value_bool(out, json_is_true(json));
    case JSON_NULL:
        break;
    }
    return ot_value_nil(out);
}

int delta_map_write(const json_t *object, enum delta_nulls nulls, struct ot_buf *out)
{
    return map_write(object, nulls, 0, out);
}

static json_t *value_read(struct ot_slice *rest);

static json_t *array_read(uint32_t count, struct ot_slice *rest)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < count && array; i++) {
        if (json_array_append_new(array, value_read(rest)) < 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *map_read(uint32_t count, struct ot_slice *rest)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < count && object; i++) {
        struct ot_slice key = ot_value_next(rest).string;
        if (json_object_setn_new_nocheck(object, (const char *)key.data, key.size,
                                         value_read(rest)) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *value_read(struct ot_slice *rest)
{
    struct ot_value value = ot_value_next(rest);
    switch (value.kind) {
    case OT_VALUE_MAP:
        return map_read(value.count, rest);
    case OT_VALUE_ARRAY:
        return array_read(value.count, rest);
    case OT_VALUE_STRING:
        return json_stringn_nocheck((const char *)value.string.data, value.string.size);
    case OT_VALUE_INT:
        return json_integer(value.integer);
    case OT_VALUE_DOUBLE:
        return json_real(value.number);
    case OT_VALUE_BOOL:
        return json_boolean(value.boolean);
    case OT_VALUE_NIL:
        break;
    }
    return json_null();
}

json_t *delta_value_to_json(struct ot_slice value)
{
    return value_read(&value);
}

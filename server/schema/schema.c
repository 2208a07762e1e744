#include "server/schema/schema.h"

#include "server/limits.h"
#include "server/schema/rule.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name and its rules, of which one must hold: `count` of them, from number `first`. */
struct format {
    const char *name;
    unsigned first, count;
};

#include "formats_table.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

static_assert(LIMIT_FORMAT_KEYS == TABLE_KEYS, "as in formats.json");
static_assert(LIMIT_FORMAT_NAME_BYTES == TABLE_NAME_BYTES, "as in formats.json");
static_assert(LIMIT_EDIT_ATTRIBUTES_BYTES == TABLE_ATTRIBUTES_BYTES, "as in formats.json");

#define OTHERS_MAX 32

struct schema {
    bool any;
    size_t count;
    struct ot_slice others[OTHERS_MAX]; /* names in `text` */
    char text[];
};

/* ---- names ---- */

/* Objects have these without being given them. */
static const char *const properties[] = {
    "__proto__",        "__defineGetter__",     "__defineSetter__", "__lookupGetter__",
    "__lookupSetter__", "constructor",          "hasOwnProperty",   "isPrototypeOf",
    "prototype",        "propertyIsEnumerable", "toLocaleString",   "toString",
    "valueOf",
};

static bool is_name(struct ot_slice name, const char *text)
{
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

static bool is_property(struct ot_slice name)
{
    for (size_t i = 0; i < COUNT(properties); i++) {
        if (is_name(name, properties[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the option ---- */

static bool is_word(struct ot_slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_' && c != '-') {
            return false;
        }
    }
    return name.size > 0 && name.size <= LIMIT_FORMAT_NAME_BYTES;
}

/* Divides the text into names. False: one of them cannot be one. */
static bool take_names(struct schema *schema, char *message_out)
{
    const char *at = schema->text;
    while (*at != '\0') {
        size_t size = strcspn(at, ",");
        struct ot_slice name = {(const uint8_t *)at, size};
        if (!is_word(name) || is_property(name)) {
            snprintf(message_out, SCHEMA_MESSAGE_MAX,
                     "has the name \"%.*s\": names are 1 to %d of A-Z a-z 0-9 _ -, and none that "
                     "objects in JavaScript have anyway",
                     size > 40 ? 40 : (int)size, at, LIMIT_FORMAT_NAME_BYTES);
            return false;
        }
        if (schema->count == OTHERS_MAX) {
            snprintf(message_out, SCHEMA_MESSAGE_MAX, "has more than %d names", OTHERS_MAX);
            return false;
        }
        schema->others[schema->count++] = name;
        at += size + (at[size] == ',');
    }
    return true;
}

struct schema *schema_new(const char *formats, char *message_out)
{
    size_t size = strlen(formats) + 1;
    struct schema *schema = calloc(1, sizeof *schema + size);
    if (schema == NULL) {
        abort();
    }
    memcpy(schema->text, formats, size);
    schema->any = strcmp(formats, "any") == 0;
    if (!schema->any && !take_names(schema, message_out)) {
        schema_free(schema);
        return NULL;
    }
    return schema;
}

void schema_free(struct schema *schema)
{
    free(schema);
}

/* ---- values ---- */

/* A value of an embedder's own format. */
static bool is_plain(const struct ot_value *value)
{
    return value->kind == OT_VALUE_BOOL || value->kind == OT_VALUE_INT ||
           value->kind == OT_VALUE_DOUBLE ||
           (value->kind == OT_VALUE_STRING && value->string.size <= LIMIT_FORMAT_VALUE_BYTES);
}

static const struct format *find(const struct format *table, size_t count, struct ot_slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (is_name(name, table[i].name)) {
            return &table[i];
        }
    }
    return NULL;
}

static bool follows(const struct format *format, const struct ot_value *value)
{
    for (unsigned i = 0; i < format->count; i++) {
        if (rule_allows(&known_rules[format->first + i], value)) {
            return true;
        }
    }
    return false;
}

static bool allows_format(const struct schema *schema, struct ot_slice name,
                          const struct ot_value *value)
{
    if (name.size > LIMIT_FORMAT_NAME_BYTES || is_property(name)) {
        return false;
    }
    if (value->kind == OT_VALUE_NIL) {
        return true; /* what somebody has let in can be taken out again */
    }
    const struct format *format = find(known_formats, COUNT(known_formats), name);
    if (format != NULL) {
        return follows(format, value);
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct ot_slice *other = &schema->others[i];
        if (other->size == name.size && memcmp(other->data, name.data, name.size) == 0) {
            return is_plain(value);
        }
    }
    return false;
}

static bool allows_formats(const struct schema *schema, struct ot_slice attributes)
{
    uint32_t count = ot_value_next(&attributes).count;
    if (count > LIMIT_FORMAT_KEYS) {
        return false;
    }
    for (; count > 0; count--) {
        struct ot_slice name = ot_value_next(&attributes).string;
        struct ot_value value = ot_value_next(&attributes);
        if (!allows_format(schema, name, &value)) {
            return false; /* so no array or map is ever entered */
        }
    }
    return true;
}

static bool allows_embed(struct ot_slice embed)
{
    ot_value_next(&embed);
    const struct format *format =
        find(known_embeds, COUNT(known_embeds), ot_value_next(&embed).string);
    struct ot_value value = ot_value_next(&embed);
    return format != NULL && follows(format, &value);
}

/* No map in the value, at any depth, has a key with the name of a property. */
static bool has_safe_keys(struct ot_slice value)
{
    bool is_map[OT_VALUE_DEPTH_MAX + 1] = {false};
    uint64_t left[OT_VALUE_DEPTH_MAX + 1] = {1}; /* a map has two items for each pair */
    size_t depth = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth-- == 0) {
                return true;
            }
        }
        bool is_key = is_map[depth] && left[depth] % 2 == 0;
        left[depth]--;
        struct ot_value item = ot_value_next(&value);
        if (is_key && is_property(item.string)) {
            return false;
        }
        if (item.kind == OT_VALUE_ARRAY || item.kind == OT_VALUE_MAP) {
            depth++;
            is_map[depth] = item.kind == OT_VALUE_MAP;
            left[depth] = is_map[depth] ? (uint64_t)item.count * 2 : item.count;
        }
    }
}

/* ---- operations ---- */

static bool refuse(struct schema_error *error, const char *code, const char *text)
{
    error->code = code;
    error->text = text;
    return false;
}

static bool allows_component(const struct schema *schema, const struct ot_component *component,
                             struct schema_error *error)
{
    static const char format[] = "a format or its value is not allowed in this document";
    static const char embed[] = "an embed of this kind or value is not allowed in this document";
    bool has_attributes = component->attributes.size > 0;
    bool is_embed = component->kind == OT_EMBED;
    if (has_attributes && !(schema->any ? has_safe_keys(component->attributes)
                                        : allows_formats(schema, component->attributes))) {
        return refuse(error, "bad_format", format);
    }
    if (is_embed &&
        !(schema->any ? has_safe_keys(component->content) : allows_embed(component->content))) {
        return refuse(error, "bad_embed", embed);
    }
    return true;
}

/* An edit that waits is cut in pieces by those of others: the same attributes again are no more. */
static bool is_again(struct ot_slice attributes, struct ot_slice last)
{
    return attributes.size == last.size &&
           (last.size == 0 || memcmp(attributes.data, last.data, last.size) == 0);
}

bool schema_allows(const struct schema *schema, struct ot_slice op, const struct ot_op_info *info,
                   struct schema_error *error_out)
{
    if (schema == NULL || (!info->has_attributes && !info->has_embeds)) {
        return true;
    }
    size_t attributes_left = schema->any ? SIZE_MAX : LIMIT_EDIT_ATTRIBUTES_BYTES;
    struct ot_slice last = {0};
    struct ot_component component;
    struct ot_iter iter;
    ot_iter_init(&iter, op);
    error_out->at = (uint64_t)(iter.comps - op.data);
    while (ot_iter_next(&iter, &component)) {
        size_t size = is_again(component.attributes, last) ? 0 : component.attributes.size;
        if (size > attributes_left) {
            return refuse(error_out, "bad_format", "an edit has too many attributes: send several");
        }
        if (size > 0) {
            attributes_left -= size;
            last = component.attributes;
        }
        if (!allows_component(schema, &component, error_out)) {
            return false;
        }
        error_out->at = (uint64_t)(iter.comps - op.data);
    }
    return true;
}

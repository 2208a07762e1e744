#include "server/operate/content.h"
#include "server/operate/fields.h"
#include "server/operate/lines.h"

#include "server/limits.h"

#include "delta_json.h"
#include "json_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 262144 /* of text in one edit of a document without history */

struct reading {
    struct lines *lines;
    char *message;
    size_t line;       /* from 1; 0: not in lines */
    uint64_t versions; /* that the header says there are */
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reading *reading,
                                                        const char *format, ...)
{
    va_list arguments;
    int size = 0;
    if (reading->line > 0)
        size = snprintf(reading->message, MESSAGE_MAX, "line %zu: ", reading->line);
    va_start(arguments, format);
    vsnprintf(reading->message + size, MESSAGE_MAX - (size_t)size, format, arguments);
    va_end(arguments);
    return -1;
}

void lines_deinit(struct lines *lines)
{
    free(lines->edits);
    ot_buf_deinit(&lines->bytes);
    ot_doc_free(lines->doc);
    lines_sharing_deinit(&lines->sharing);
    *lines = (struct lines){0};
}

/* ---- edits ---- */

static int begin(struct lines *lines)
{
    return content_read(content_first(lines->document.type), &lines->doc);
}

static int keep_edit(struct lines *lines, struct lines_edit edit, struct ot_slice op)
{
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? 2 * lines->capacity : 64;
        struct lines_edit *edits = realloc(lines->edits, capacity * sizeof(*edits));
        if (!edits)
            return OT_E_MEMORY;
        lines->edits = edits;
        lines->capacity = capacity;
    }
    edit.at = lines->bytes.size;
    edit.size = op.size;
    int code = ot_buf_append(&lines->bytes, op.data, op.size);
    if (code == OT_OK)
        lines->edits[lines->count++] = edit;
    return code;
}

/* What is refused of clients is refused here. */
static int add_edit(struct lines *lines, struct lines_edit edit, struct ot_slice op)
{
    struct ot_op_info info;
    int code = ot_op_check(op, &info, NULL);
    if (code == OT_OK && lines->document.type == STORE_TEXT &&
        (info.has_attributes || info.has_embeds))
        code = OT_E_KIND;
    if (code == OT_OK && op.size > STORE_OP_MAX)
        code = OT_E_LENGTH;
    if (code == OT_OK)
        code = ot_doc_apply(lines->doc, op, NULL);
    return code == OT_OK ? keep_edit(lines, edit, op) : code;
}

/* ---- a header and edits ---- */

static int read_header(struct reading *reading, const json_t *line)
{
    struct store_document *document = &reading->lines->document;
    char type[8];
    uint64_t form, created_ms = 0;
    if (!field_number(line, "quire", &form) || form != LINES_FORM)
        return refuse(reading, "this is no header of a history of form %d", LINES_FORM);
    if (!field_text(line, "type", type, sizeof(type) - 1) ||
        (strcmp(type, "rich") != 0 && strcmp(type, "text") != 0))
        return refuse(reading, "\"type\" is \"rich\" or \"text\"");
    if (!field_text(line, "id", document->id, STORE_ID_MAX))
        return refuse(reading, "\"id\" is a text of up to %d bytes", STORE_ID_MAX);
    if (!field_text(line, "title", document->title, STORE_TITLE_MAX))
        return refuse(reading, "\"title\" is a text of up to %d bytes", STORE_TITLE_MAX);
    if (json_object_get(line, "created_ms") && !field_number(line, "created_ms", &created_ms))
        return refuse(reading, "\"created_ms\" is a time in milliseconds");
    if (!field_number(line, "versions", &reading->versions))
        return refuse(reading, "\"versions\" is the number of edits that follow");
    const char *wrong = lines_sharing_read(line, &reading->lines->sharing);
    if (wrong)
        return refuse(reading, "%s", wrong);
    document->type = strcmp(type, "rich") == 0 ? STORE_RICH : STORE_TEXT;
    document->created_ms = (int64_t)created_ms;
    if (begin(reading->lines) != OT_OK)
        return refuse(reading, "not enough memory");
    return 0;
}

/* Who made the edit: all of it, or nothing. */
static int read_author(const struct reading *reading, const json_t *line, struct lines_edit *edit)
{
    uint64_t at_ms = 0;
    if (json_object_get(line, "at_ms") && !field_number(line, "at_ms", &at_ms))
        return refuse(reading, "\"at_ms\" is a time in milliseconds");
    edit->at_ms = (int64_t)at_ms;
    if (!json_object_get(line, "client") && !json_object_get(line, "seq"))
        return 0;
    if (field_number(line, "client", &edit->client) && field_number(line, "seq", &edit->seq) &&
        edit->client > 0 && edit->seq > 0)
        return 0;
    return refuse(reading, "\"client\" and \"seq\" are numbers from 1 to 2^53 - 1, or not there");
}

static int read_edit(const struct reading *reading, const json_t *line)
{
    struct lines *lines = reading->lines;
    struct lines_edit edit = {0};
    struct delta_error error = {0};
    struct ot_buf op = {0};
    uint64_t version;
    if (!field_number(line, "version", &version) || version != lines->count + 1)
        return refuse(reading, "the version that comes next is %zu", lines->count + 1);
    if (read_author(reading, line, &edit) != 0)
        return -1;
    int code = delta_from_json(json_object_get(line, "ops"), OT_STABLE, &op, &error);
    if (code != OT_OK) {
        refuse(reading, "%s (component %zu of its \"ops\")", error.reason, error.at);
    } else {
        code = add_edit(lines, edit, ot_buf_slice(&op));
        if (code != OT_OK)
            refuse(reading, "the edit does not fit: %s", ot_error_text(code));
    }
    ot_buf_deinit(&op);
    return code == OT_OK ? 0 : -1;
}

static int read_line(struct reading *reading, const char *text, size_t size)
{
    struct fault fault;
    json_t *line = json_line_parse(text, size, &fault);
    if (!line)
        return refuse(reading, "%s", fault.reason);
    int result = -1;
    if (!json_is_object(line))
        refuse(reading, "this is no JSON object");
    else
        result = reading->lines->doc ? read_edit(reading, line) : read_header(reading, line);
    json_decref(line);
    return result;
}

/* (client, seq) names an edit for ever: in the order of versions, a client's numbers ascend. */
static int compare_authors(const void *a, const void *b)
{
    const struct lines_edit *const *one = a, *const *other = b;
    if ((*one)->client != (*other)->client)
        return (*one)->client < (*other)->client ? -1 : 1;
    return *one < *other ? -1 : 1;
}

static int check_authors(const struct reading *reading)
{
    const struct lines *lines = reading->lines;
    const struct lines_edit **sorted = calloc(lines->count + 1, sizeof(const struct lines_edit *));
    if (!sorted)
        return refuse(reading, "not enough memory");
    for (size_t i = 0; i < lines->count; i++)
        sorted[i] = &lines->edits[i];
    qsort(sorted, lines->count, sizeof(const struct lines_edit *), compare_authors);
    int result = 0;
    for (size_t i = 1; i < lines->count && result == 0; i++)
        if (sorted[i]->client != 0 && sorted[i]->client == sorted[i - 1]->client &&
            sorted[i]->seq <= sorted[i - 1]->seq)
            result =
                refuse(reading, "version %zu: edit %" PRIu64 " of a client that has made %" PRIu64,
                       (size_t)(sorted[i] - lines->edits) + 1, sorted[i]->seq, sorted[i - 1]->seq);
    free(sorted);
    return result;
}

int lines_read(struct lines *lines, struct ot_slice text, char *message_out)
{
    struct reading reading = {.lines = lines, .message = message_out};
    const char *at = (const char *)text.data, *end = at + text.size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        reading.line++;
        if (stop > at && read_line(&reading, at, (size_t)(stop - at)) != 0)
            return -1;
        at = stop + 1;
    }
    reading.line = 0;
    if (!lines->doc)
        return refuse(&reading, "there is no header");
    if (lines->count != reading.versions)
        return refuse(&reading, "it ends after %zu of %" PRIu64 " edits", lines->count,
                      reading.versions);
    return check_authors(&reading);
}

/* ---- a document without history ---- */

/* Content that is cut into edits, each of which inserts behind what the ones before inserted. */
struct cutting {
    struct lines *lines;
    struct ot_builder *builder;
    uint64_t inserted; /* UTF-16 units by the edits before */
    size_t bytes;      /* of text in the one being built */
};

static int cut(struct cutting *cutting)
{
    struct ot_op_info info;
    struct ot_buf op = {0};
    int code = ot_builder_finish(cutting->builder, &op);
    if (code == OT_OK)
        code = ot_op_check(ot_buf_slice(&op), &info, NULL);
    if (code == OT_OK && !ot_op_is_empty(ot_buf_slice(&op)))
        code = add_edit(cutting->lines, (struct lines_edit){0}, ot_buf_slice(&op));
    if (code == OT_OK)
        cutting->inserted += info.inserted_length;
    ot_buf_deinit(&op);
    cutting->bytes = 0;
    ot_builder_retain(cutting->builder, cutting->inserted, (struct ot_slice){0});
    return code;
}

/* As much of the text as fits, not cutting a character. */
static size_t piece_of(const struct cutting *cutting, struct ot_slice text)
{
    size_t size = PIECE_BYTES - cutting->bytes;
    if (size >= text.size)
        return text.size;
    while (size > 0 && (text.data[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static int insert_text(struct cutting *cutting, const struct ot_component *component)
{
    struct ot_slice rest = component->content;
    int code = OT_OK;
    while (code == OT_OK && rest.size > 0) {
        size_t size = piece_of(cutting, rest);
        ot_builder_insert(cutting->builder, (struct ot_slice){rest.data, size},
                          component->attributes);
        cutting->bytes += size;
        rest.data += size;
        rest.size -= size;
        if (rest.size > 0)
            code = cut(cutting);
    }
    return code;
}

static int insert_all(struct cutting *cutting, struct ot_slice snapshot)
{
    struct ot_component component;
    struct ot_iter iter;
    int code = OT_OK;
    ot_iter_init(&iter, snapshot);
    while (code == OT_OK && ot_iter_next(&iter, &component)) {
        if (component.kind == OT_INSERT) {
            code = insert_text(cutting, &component);
        } else {
            ot_builder_embed(cutting->builder, component.content, component.attributes);
            cutting->bytes += component.content.size;
        }
        cutting->bytes += component.attributes.size;
        if (code == OT_OK && cutting->bytes >= PIECE_BYTES)
            code = cut(cutting);
    }
    return code;
}

int lines_add_content(struct lines *lines, struct ot_slice snapshot)
{
    struct cutting cutting = {.lines = lines, .builder = ot_builder_new(OT_STABLE)};
    int code = cutting.builder ? begin(lines) : OT_E_MEMORY;
    if (code == OT_OK)
        code = insert_all(&cutting, snapshot);
    if (code == OT_OK)
        ot_builder_delete(cutting.builder, ot_doc_length(lines->doc) - cutting.inserted);
    if (code == OT_OK)
        code = cut(&cutting);
    ot_builder_free(cutting.builder);
    return code;
}

static int take_content(const struct reading *reading, struct ot_slice snapshot)
{
    int code = lines_add_content(reading->lines, snapshot);
    return code == OT_OK ? 0 : refuse(reading, "this is no document: %s", ot_error_text(code));
}

/* Editors rely on a rich document's last newline. */
static int end_with_newline(struct ot_buf *snapshot)
{
    struct ot_component component = {.kind = OT_EMBED};
    struct ot_buf ended = {0};
    struct ot_iter iter;
    ot_iter_init(&iter, ot_buf_slice(snapshot));
    while (ot_iter_next(&iter, &component))
        ;
    if (component.kind == OT_INSERT && component.content.data[component.content.size - 1] == '\n')
        return OT_OK;
    int code = ot_compose(content_first(STORE_RICH), ot_buf_slice(snapshot), OT_STABLE, &ended);
    ot_buf_deinit(snapshot);
    *snapshot = ended;
    return code;
}

int lines_read_delta(struct lines *lines, struct ot_slice text, char *message_out)
{
    struct reading reading = {.lines = lines, .message = message_out};
    struct delta_error error = {0};
    struct ot_buf op = {0};
    struct ot_op_info info;
    struct fault fault;
    int result = -1;
    lines->document.type = STORE_RICH;
    json_t *json = json_line_parse(text.size > 0 ? (const char *)text.data : "", text.size, &fault);
    if (!json)
        return refuse(&reading, "%s", fault.reason);
    const json_t *ops = json_is_object(json) ? json_object_get(json, "ops") : json;
    if (delta_from_json(ops, OT_STABLE, &op, &error) != OT_OK)
        refuse(&reading, "%s (component %zu)", error.reason, error.at);
    else if (ot_op_check(ot_buf_slice(&op), &info, NULL) != OT_OK || !info.only_inserts)
        refuse(&reading, "a document holds inserts only");
    else if (end_with_newline(&op) != OT_OK)
        refuse(&reading, "not enough memory");
    else
        result = take_content(&reading, ot_buf_slice(&op));
    ot_buf_deinit(&op);
    json_decref(json);
    return result;
}

int lines_read_text(struct lines *lines, struct ot_slice text, char *message_out)
{
    struct reading reading = {.lines = lines, .message = message_out};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf snapshot = {0};
    int result = -1;
    lines->document.type = STORE_TEXT;
    if (!builder)
        return refuse(&reading, "not enough memory");
    ot_builder_insert(builder, text, (struct ot_slice){0});
    int code = ot_builder_finish(builder, &snapshot);
    if (code != OT_OK)
        refuse(&reading, "%s", ot_error_text(code));
    else
        result = take_content(&reading, ot_buf_slice(&snapshot));
    ot_buf_deinit(&snapshot);
    ot_builder_free(builder);
    return result;
}

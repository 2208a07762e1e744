#include "server/log/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CUT_MARK "..."
/* Always left for what ends a line: the mark of a cut, a quote, a brace, the newline. */
#define RESERVED (sizeof(CUT_MARK) - 1 + 3)

struct writer {
    char *line;
    size_t size;
    bool cut;
};

/* A field as its `key=value` text gave it; `value` without its quotes, escapes still in it. */
struct field {
    const char *key;
    size_t key_size;
    const char *value;
    size_t value_size;
    bool quoted;
};

static void put(struct writer *writer, const char *bytes, size_t size)
{
    if (writer->cut || writer->size + size > LIMIT_LOG_LINE_BYTES - RESERVED) {
        writer->cut = true;
        return;
    }
    memcpy(writer->line + writer->size, bytes, size);
    writer->size += size;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

/* Into what RESERVED keeps free. */
static void put_end(struct writer *writer, const char *text)
{
    size_t size = strlen(text);
    memcpy(writer->line + writer->size, text, size);
    writer->size += size;
}

/* The size of the printable UTF-8 sequence at `text`, 0 if there is none. The two-byte controls
 * U+0080 to U+009F count as none. */
static size_t printable_size(const unsigned char *text, size_t left)
{
    unsigned char first = text[0];
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    unsigned char second = text[1];
    bool control = first == 0xc2 && second < 0xa0;
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool surrogate = first == 0xed && second >= 0xa0;
    bool too_large = first == 0xf4 && second >= 0x90;
    return control || overlong || surrogate || too_large ? 0 : size;
}

/* One character of text: as it is when printable, else as an escape. */
static size_t put_character(struct writer *writer, const char *text, size_t left,
                            enum log_format format)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t size = printable_size(bytes, left);
    if (size > 0) {
        put(writer, text, size);
        return size;
    }
    char escape[8];
    snprintf(escape, sizeof(escape), format == LOG_JSON ? "\\u%04x" : "\\x%02x", bytes[0]);
    put_text(writer, escape);
    return 1;
}

static void put_escaped(struct writer *writer, const char *text, size_t size,
                        enum log_format format)
{
    for (size_t i = 0; i < size && !writer->cut;)
        i += put_character(writer, text + i, size - i, format);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

/* A string's inside. A `\` of ours before `"` and `\` is an escape of JSON's too; any other is not.
 */
static void put_json_inside(struct writer *writer, const char *text, size_t size)
{
    for (size_t i = 0; i < size && !writer->cut;) {
        bool escape =
            text[i] == '\\' && i + 1 < size && (text[i + 1] == '"' || text[i + 1] == '\\');
        if (escape) {
            put(writer, text + i, 2);
            i += 2;
        } else if (text[i] == '"' || text[i] == '\\') {
            put(writer, text[i] == '"' ? "\\\"" : "\\\\", 2);
            i++;
        } else {
            i += put_character(writer, text + i, size - i, LOG_JSON);
        }
    }
}

static bool is_number(const char *text, size_t size)
{
    size_t sign = size > 0 && text[0] == '-';
    size_t digits = size - sign;
    if (digits == 0 || digits > 15 || (digits > 1 && text[sign] == '0'))
        return false;
    return strspn(text + sign, "0123456789") >= digits;
}

/* The next field of `*text`, which moves behind it. False at the end. What is no pair becomes the
 * value of a field "text". */
static bool field_next(const char **text, struct field *field)
{
    const char *at = *text + strspn(*text, " ");
    if (*at == '\0')
        return false;
    size_t key_size = strcspn(at, "= \"");
    *field = (struct field){.key = "text", .key_size = 4, .value = at};
    if (at[key_size] != '=' || key_size == 0) {
        field->value_size = strlen(at);
        *text = at + field->value_size;
        return true;
    }
    field->key = at;
    field->key_size = key_size;
    at += key_size + 1;
    field->quoted = *at == '"';
    field->value = at + field->quoted;
    const char *end = field->value;
    if (field->quoted)
        while (*end != '\0' && *end != '"')
            end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    else
        end += strcspn(end, " ");
    field->value_size = (size_t)(end - field->value);
    *text = end + (field->quoted && *end == '"');
    return true;
}

static void put_json_field(struct writer *writer, const struct field *field)
{
    struct writer before = *writer;
    bool number = !field->quoted && is_number(field->value, field->value_size);
    put_text(writer, ",\"");
    put_json_inside(writer, field->key, field->key_size);
    put_text(writer, number ? "\":" : "\":\"");
    if (writer->cut || number) {
        put(writer, field->value, field->value_size);
        if (writer->cut)
            *writer = (struct writer){before.line, before.size, true};
        return;
    }
    put_json_inside(writer, field->value, field->value_size);
    put_end(writer, writer->cut ? CUT_MARK "\"" : "\"");
}

static void put_json(struct writer *writer, const char *time, const char *level, const char *event,
                     const char *fields)
{
    put_text(writer, "{\"time\":\"");
    put_text(writer, time);
    put_text(writer, "\",\"level\":\"");
    put_text(writer, level);
    put_text(writer, "\",\"event\":\"");
    put_json_inside(writer, event, strlen(event));
    put_end(writer, writer->cut ? CUT_MARK "\"" : "\"");
    struct field field;
    while (!writer->cut && field_next(&fields, &field))
        put_json_field(writer, &field);
    put_end(writer, "}\n");
}

/* ---- text --------------------------------------------------------------------------------------
 */

static void put_plain(struct writer *writer, const char *time, const char *level, const char *event,
                      const char *fields)
{
    put_text(writer, time);
    put_text(writer, " ");
    put_text(writer, level);
    put_text(writer, " ");
    put_escaped(writer, event, strlen(event), LOG_TEXT);
    if (*fields != '\0') {
        put_text(writer, " ");
        put_escaped(writer, fields, strlen(fields), LOG_TEXT);
    }
    put_end(writer, writer->cut ? CUT_MARK "\n" : "\n");
}

size_t line_format(enum log_format format, int64_t unix_ms, enum log_level level, const char *event,
                   const char *fields, char *line)
{
    struct writer writer = {.line = line};
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    char time[40];
    size_t size = gmtime_r(&seconds, &parts) ? strftime(time, sizeof(time), "%FT%T", &parts) : 0;
    snprintf(time + size, sizeof(time) - size, ".%03dZ", (int)(unix_ms % 1000));
    void (*write)(struct writer *, const char *, const char *, const char *, const char *) =
        format == LOG_JSON ? put_json : put_plain;
    write(&writer, time, log_level_name(level), event, fields ? fields : "");
    return writer.size;
}

/* Histories as lines of Delta JSON, read and written. */
#include "tools/replay/script.h"

#include "tools/json_line.h"
#include "tools/peer/bytes.h"

#include "delta_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct script *script;
    size_t line;
    char *error;
    size_t error_size;
};

static int refuse(const struct reader *reader, const char *why)
{
    snprintf(reader->error, reader->error_size, "line %zu: %s", reader->line, why);
    return -1;
}

/* The version that the line names, or all there is. */
static int read_base(const struct reader *reader, const json_t *json, uint64_t *base_out)
{
    const json_t *base = json_object_get(json, "base");
    double number = json_number_value(base);

    *base_out = reader->script->count;
    if (base == NULL)
        return 0;
    if (!json_is_number(base) || number < 0 || number > (double)reader->script->count ||
        number != (double)(uint64_t)number)
        return refuse(reader, "\"base\" is no version that there is by then");
    *base_out = (uint64_t)number;
    return 0;
}

static int read_op(struct reader *reader, const json_t *json)
{
    struct delta_error error = {0};
    struct ot_buf op = {0};
    uint64_t base;
    const json_t *components = json_is_object(json) ? json_object_get(json, "ops") : json;

    if (components == NULL)
        return refuse(reader, "there is no \"ops\"");
    if (read_base(reader, json, &base))
        return -1;
    int code = delta_from_json(components, OT_STABLE, &op, &error);
    if (code == OT_OK)
        script_add(reader->script, base, ot_buf_slice(&op));
    else
        refuse(reader, error.reason);
    ot_buf_deinit(&op);
    return code == OT_OK ? 0 : -1;
}

static int read_line(struct reader *reader, const char *line, size_t size)
{
    struct fault fault;

    if (strspn(line, " \t\r") >= size)
        return 0;
    json_t *json = json_line_parse(line, size, &fault);
    if (json == NULL)
        return refuse(reader, fault.reason);
    int code = read_op(reader, json);
    json_decref(json);
    return code;
}

int script_from_lines(struct script *script, struct ot_slice text, char *error, size_t error_size)
{
    struct reader reader = {script, 1, error, error_size};
    struct ot_buf ended = {0}; /* so that every line ends before the memory does */
    int code = 0;

    bytes_put(&ended, text.data, text.size);
    bytes_put(&ended, "\n", 2);
    const char *at = (const char *)ended.data, *end = at + text.size + 1;
    for (; at < end && code == 0; reader.line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        code = read_line(&reader, at, (size_t)(newline - at));
        at = newline + 1;
    }
    ot_buf_deinit(&ended);
    return code;
}

static json_t *line_of(const struct script *script, size_t step, const char *found)
{
    json_t *ops = delta_to_json(script_op(script, step));
    bool is_last = step + 1 == script->count;

    bytes_must(ops == NULL ? OT_E_MEMORY : OT_OK);
    json_t *line = json_pack("{s:o, s:I, s:s*}", "ops", ops, "base",
                             (json_int_t)script->steps[step].base, "found", is_last ? found : NULL);
    bytes_must(line == NULL ? OT_E_MEMORY : OT_OK);
    return line;
}

int script_write_lines(const struct script *script, const char *found, const char *path)
{
    FILE *file = fopen(path, "w");
    int code = 0;

    if (file == NULL)
        return -1;
    for (size_t i = 0; i < script->count && code == 0; i++) {
        json_t *line = line_of(script, i, found);
        code = json_dumpf(line, file, JSON_COMPACT);
        code = code == 0 && fputc('\n', file) != EOF ? 0 : -1;
        json_decref(line);
    }
    return fclose(file) == 0 && code == 0 ? 0 : -1;
}

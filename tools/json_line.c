#include "json_line.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARSE_FLAGS  (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)
#define ESCAPE_BYTES 6 /* \uXXXX */

int fault_set(struct fault *fault_out, const char *code, uint64_t at, const char *format, ...)
{
    fault_out->code = code;
    fault_out->at = at;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault_out->reason, sizeof fault_out->reason, format, arguments);
    va_end(arguments);
    return -1;
}

json_t *fault_to_json(const struct fault *fault)
{
    json_t *reason = json_string(fault->reason);
    if (!reason) /* cut inside a character */
        reason = json_string(fault->code);
    return json_pack("{s:s, s:I, s:o}", "code", fault->code, "at", (json_int_t)fault->at, "reason",
                     reason);
}

/* The code unit that the escape at `text` stands for, or 0 when it is no \uXXXX. */
static unsigned long escape_unit(const char *text, const char *end)
{
    if (end - text < ESCAPE_BYTES || text[0] != '\\' || text[1] != 'u')
        return 0;
    char digits[] = {text[2], text[3], text[4], text[5], 0};
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtoul(digits, NULL, 16) : 0;
}

static bool is_high(unsigned long unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(unsigned long unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The first escaped half of a surrogate pair without its other half, or NULL. Outside of strings
 * a well-formed line has no backslash, so strings need not be told apart. */
static const char *half_surrogate_find(const char *line, const char *end)
{
    for (const char *at = line; (at = memchr(at, '\\', (size_t)(end - at)));) {
        unsigned long unit = escape_unit(at, end);
        if (is_high(unit) && is_low(escape_unit(at + ESCAPE_BYTES, end)))
            at += 2 * ESCAPE_BYTES;
        else if (is_high(unit) || is_low(unit))
            return at;
        else
            at += end - at < 2 ? 1 : 2;
    }
    return NULL;
}

static const char *error_code_name(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:
        return "out_of_memory";
    case json_error_stack_overflow:
        return "too_deep";
    case json_error_invalid_utf8:
        return "bad_utf8";
    case json_error_null_byte_in_key:
        return "bad_key";
    case json_error_duplicate_key:
        return "duplicate_key";
    case json_error_numeric_overflow:
        return "bad_number";
    default:
        return "bad_json";
    }
}

json_t *json_line_parse(const char *line, size_t size, struct fault *fault_out)
{
    json_error_t error;
    json_t *json = json_loadb(line, size, PARSE_FLAGS, &error);
    if (json)
        return json;
    size_t position = error.position < 0 ? 0 : (size_t)error.position;
    const char *half = half_surrogate_find(line, line + (position < size ? position : size));
    if (half)
        fault_set(fault_out, "unpaired_surrogate", (uint64_t)(half - line),
                  "half of a surrogate pair stands alone");
    else
        fault_set(fault_out, error_code_name(&error), position, "%s", error.text);
    return NULL;
}

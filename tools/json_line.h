/*
 * One line of JSON, read strictly: no duplicate keys, no half surrogates, nothing after the value.
 * Numbers are doubles, as in JavaScript.
 */
#ifndef QUIRE_TOOLS_JSON_LINE_H
#define QUIRE_TOOLS_JSON_LINE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_REASON_MAX_BYTES 256

/* What was wrong and where, as it is answered. `code`: a static name. */
struct fault {
    const char *code;
    uint64_t at;
    char reason[FAULT_REASON_MAX_BYTES];
};

/* Sets the three; the reason is cut to what fits. Returns -1, to be returned in turn. */
int fault_set(struct fault *fault_out, const char *code, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* {"code", "at", "reason"}; NULL when out of memory. */
json_t *fault_to_json(const struct fault *fault);

/* New JSON of the caller's, an object or an array; or NULL and the fault, `at` being the offset in
 * bytes up to which the line was read. */
json_t *json_line_parse(const char *line, size_t size, struct fault *fault_out);

#endif

/*
 * Quill Delta JSON: operations as lists of components, the way JavaScript clients write them.
 *
 *     [{"retain": 5}, {"insert": "new", "attributes": {"bold": true}}, {"delete": 2}]
 *
 * Reading is strict, since what quill-delta lets pass makes replicas drift apart: a component is an
 * object with exactly one of "insert", "retain" and "delete" and, on the first two, "attributes".
 * Whatever is accepted comes out canonical: neighbours merged, empty attributes and the null
 * attributes of inserts gone. A "retain" of an object, a change inside an embed, is refused by a
 * code of its own.
 *
 * Numbers are JavaScript's: 1.0 is the integer 1, and what is no integer within +-(2^53 - 1) is a
 * double.
 */
#ifndef QUIRE_TEXT_DELTA_JSON_H
#define QUIRE_TEXT_DELTA_JSON_H

#include <jansson.h>
#include <quire/ot.h>
#include <stddef.h>

/* Errors of this module alone; it also gives OT_E_KIND, _LENGTH, _VALUE, _KEY, _DEPTH, _UTF8 and
 * _MEMORY of ot.h. */
#define DELTA_ERRORS(X)                                                                            \
    X(DELTA_E_LIST, -101, "not_a_list", "an operation is an array of components")                  \
    X(DELTA_E_INSERT, -102, "bad_insert", "an insert is text, or an object with exactly one key")  \
    X(DELTA_E_ATTRIBUTES, -103, "bad_attributes", "attributes are an object, and not of a delete") \
    X(DELTA_E_EMBED_CHANGE, -104, "embed_change", "changes inside an embed are not supported")

enum delta_error_code {
#define DELTA_ENUM(symbol, number, name, text) symbol = number,
    DELTA_ERRORS(DELTA_ENUM)
#undef DELTA_ENUM
};

/* Where a Delta was refused. `at`: the index of the component. `reason`: a sentence, static. */
struct delta_error {
    int code;
    size_t at;
    const char *reason;
};

/* Stable name and general sentence for a code of this module or of ot.h. */
const char *delta_error_name(int code);
const char *delta_error_text(int code);

/* Appends the operation that `components` describes. OT_OK or a code, which `error_out` (may be
 * NULL) explains; then `out` is unchanged. */
int delta_from_json(const json_t *components, enum ot_order order, struct ot_buf *out,
                    struct delta_error *error_out);

/* The components of a checked operation, as a new array of the caller's; NULL when out of memory.
 */
json_t *delta_to_json(struct ot_slice op);

#endif

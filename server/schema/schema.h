/*
 * What a document of type rich may hold: the formats by name, with the values that each may have,
 * and the embeds. Who gets a document has to trust it, and others may send anything: no link that
 * runs, no heading of level 99. The table is web/client/src/formats.json, which the client reads,
 * too.
 */
#ifndef QUIRE_SCHEMA_SCHEMA_H
#define QUIRE_SCHEMA_SCHEMA_H

#include "quire/ot.h"

#define SCHEMA_MESSAGE_MAX 200

/* Immutable, for any thread. */
struct schema;

/*
 * `formats`: what may be there besides the table. "": nothing. Names with commas between: formats
 * whose values are true, false, numbers or short strings. "any": all that an operation can hold,
 * except what has the name of a property that every JavaScript object has. NULL: not that, and a
 * sentence in `message_out` (SCHEMA_MESSAGE_MAX) that goes on from "formats ".
 */
struct schema *schema_new(const char *formats, char *message_out);
/* NULL does nothing. */
void schema_free(struct schema *schema);

/* `at`: the offset in the operation of the component that is refused. */
struct schema_error {
    const char *code; /* bad_format or bad_embed */
    const char *text;
    uint64_t at;
};

/* May a checked operation (`info`: of ot_op_check) be made on a rich document? Looks at nothing but
 * attributes and embeds. NULL as schema: it may. */
bool schema_allows(const struct schema *schema, struct ot_slice op, const struct ot_op_info *info,
                   struct schema_error *error_out);

#endif

/*
 * One JSON value as a canonical value of the engine, and back. Part of quire-text; see
 * delta_json.h.
 */
#ifndef QUIRE_TEXT_DELTA_VALUE_H
#define QUIRE_TEXT_DELTA_VALUE_H

#include <jansson.h>
#include <quire/ot.h>

enum delta_nulls { DELTA_KEEP_NULLS, DELTA_DROP_NULLS };

/* Appends `object` as a map value; DELTA_DROP_NULLS leaves out its own null members, not those of
 * objects inside. OT_OK or OT_E_MEMORY, _VALUE, _KEY, _DEPTH, _UTF8; on error `out` may hold a
 * part. */
int delta_map_write(const json_t *object, enum delta_nulls nulls, struct ot_buf *out);

/* The value, as new JSON of the caller's; NULL when out of memory. */
json_t *delta_value_to_json(struct ot_slice value);

#endif

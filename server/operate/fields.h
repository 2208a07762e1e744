/* Fields of JSON objects. */
#ifndef QUIRE_OPERATE_FIELDS_H
#define QUIRE_OPERATE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Each false: there is no such field of that name. */

/* A whole number from 0 to 2^53 - 1. */
bool field_number(const json_t *object, const char *name, uint64_t *number_out);
/* A text of up to `max` bytes, none of them 0; `out` has one more. */
bool field_text(const json_t *object, const char *name, char *out, size_t max);

#endif

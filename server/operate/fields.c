#include "server/operate/fields.h"

#include <string.h>

#define NUMBER_MAX 9007199254740991.0 /* 2^53 - 1 */

bool field_number(const json_t *object, const char *name, uint64_t *number_out)
{
    const json_t *field = json_object_get(object, name);
    double number = json_number_value(field);
    if (!json_is_number(field) || number < 0 || number > NUMBER_MAX)
        return false;
    *number_out = (uint64_t)number;
    return number == (double)*number_out;
}

bool field_text(const json_t *object, const char *name, char *out, size_t max)
{
    const json_t *field = json_object_get(object, name);
    size_t size = json_string_length(field);
    if (!json_is_string(field) || size > max || strlen(json_string_value(field)) != size)
        return false;
    memcpy(out, json_string_value(field), size + 1);
    return true;
}

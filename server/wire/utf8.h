/* Text from outside: is it UTF-8, and how long is it? */
#ifndef QUIRE_WIRE_UTF8_H
#define QUIRE_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if `text` is valid UTF-8 (no surrogates, no overlong forms, nothing past U+10FFFF) without
 * U+0000; then `*points_out` is its number of code points and `*controls_out` tells whether it
 * holds control characters (C0, DEL, C1). Both may be NULL. */
bool wire_utf8_check(const uint8_t *text, size_t size, size_t *points_out, bool *controls_out);

#endif

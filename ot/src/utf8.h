/* UTF-8 text counted in UTF-16 code units. */
#ifndef OT_UTF8_H
#define OT_UTF8_H

#include "quire/ot.h"

/* Moves `at` over valid UTF-8 of exactly `units` code units, or to the end for UINT64_MAX units.
 * OT_OK, or `at` is where it failed: OT_E_UTF8, OT_E_TRUNCATED (text ends early),
 * OT_E_SURROGATE (at a character that is half inside). */
int ot_utf8_check(const uint8_t **at, const uint8_t *end, uint64_t units, uint64_t *units_out);

/* The rest is for text known to be valid. */

/* Where the text of `units` code units ends; NULL if that is within a surrogate pair or past `end`.
 */
const uint8_t *ot_utf8_skip(const uint8_t *at, const uint8_t *end, uint64_t units);
/* The same backwards: where the text of the last `units` code units before `at` begins. */
const uint8_t *ot_utf8_skip_back(const uint8_t *start, const uint8_t *at, uint64_t units);
uint64_t ot_utf8_units(const uint8_t *at, const uint8_t *end);
/* How many characters take a surrogate pair. */
uint64_t ot_utf8_pairs(const uint8_t *at, const uint8_t *end);
bool ot_utf8_is_ascii(const uint8_t *at, const uint8_t *end);

/* The start of the character that holds byte `at` or, at `end`, `end`; not before `start`. */
static inline const uint8_t *utf8_align(const uint8_t *start, const uint8_t *at, const uint8_t *end)
{
    if (at < end) {
        while (at > start && (*at & 0xc0) == 0x80) {
            at--;
        }
    }
    return at;
}

#endif

/* Messages of clients byte for byte, with what they say: what the tests of the reader share. */
#ifndef QUIRE_TESTS_WIRE_GOLDEN_H
#define QUIRE_TESTS_WIRE_GOLDEN_H

#include "quire/ot.h"

#include <stddef.h>

struct wire_golden {
    const char *bytes; /* for wire_hex */
    const char *words;
    /* The fields: u uint, s str, b bin, t bool, c channel; a capital may be nil too. */
    const char *types;
};

/* Every kind of message is among them. */
extern const struct wire_golden wire_golden[];
extern const size_t wire_golden_count;

/* Pairs of hexadecimal digits, blanks ignored; `*N` repeats the byte before it to N in all. The
 * memory is of exactly this size, so that reading past it is noticed; to be freed with wire_drop.
 */
struct ot_slice wire_hex(const char *digits);
/* The same of bytes that are there. */
struct ot_slice wire_copy(struct ot_slice bytes);
void wire_drop(struct ot_slice bytes);

#endif

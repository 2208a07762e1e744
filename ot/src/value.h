/* Reading of canonical values in place. */
#ifndef OT_VALUE_H
#define OT_VALUE_H

#include <string.h>

#include "quire/ot.h"

enum { VALUE_NIL_BYTE = 0xc0 };

static const int64_t VALUE_INT_MAX = ((int64_t)1 << 53) - 1;

/* Must a finite `number` be written as an integer? */
static inline bool value_is_int(double number)
{
    return number >= -(double)VALUE_INT_MAX && number <= (double)VALUE_INT_MAX &&
           number == (double)(int64_t)number;
}

/* Checks one canonical value at the start of `at` and moves past it. On error `at` is at the item
 * that was refused. */
int ot_value_scan(const uint8_t **at, const uint8_t *end);

/* The same for attributes, a map that is not empty; if `is_format`, without nil; `at` to `end` is
 * the whole. */
int ot_attributes_scan(const uint8_t **at, const uint8_t *end, bool is_format);
/* The same for a map of exactly one key. */
int ot_embed_scan(const uint8_t **at, const uint8_t *end);

/* Order by bytes, a prefix first: below, at or above 0. */
static inline int slice_compare(struct ot_slice a, struct ot_slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.data, b.data, size) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool slice_equal(struct ot_slice a, struct ot_slice b)
{
    return a.size == b.size &&
           (a.size == 0 || a.data == b.data || memcmp(a.data, b.data, a.size) == 0);
}

/* A map read pair by pair: how many are left, and where. */
struct value_pairs {
    const uint8_t *at;
    uint32_t left;
};

struct value_pair {
    struct ot_slice key;  /* its text */
    struct ot_slice item; /* the whole value */
    struct ot_slice both; /* key and value as written */
};

/* Of a checked map, or of an empty slice: no pairs. */
struct value_pairs ot_value_pairs(struct ot_slice map);
bool ot_value_pairs_next(struct value_pairs *pairs, struct value_pair *pair_out);

/* Past the checked item at `at`, with all it holds. */
const uint8_t *ot_value_skip(const uint8_t *at);

#endif

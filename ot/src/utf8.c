#include "utf8.h"

#include <string.h>

enum { BLOCK = 32 };

static const uint64_t HIGH_BITS = 0x8080808080808080u;

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Bytes of the character at `at`, or 0 if it is not a valid one. */
static unsigned character_check(const uint8_t *at, const uint8_t *end)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    unsigned size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < size) {
        return 0;
    }
    /* Overlong forms, surrogates and what lies past U+10FFFF show in the second byte. */
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (unsigned i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

int ot_utf8_check(const uint8_t **at, const uint8_t *end, uint64_t units, uint64_t *units_out)
{
    const uint8_t *p = *at;
    uint64_t left = units;
    int error = OT_OK;
    while (left > 0 && p < end) {
        if (left >= 8 && end - p >= 8 && (word_at(p) & HIGH_BITS) == 0) {
            p += 8;
            left -= 8;
            continue;
        }
        unsigned size = character_check(p, end);
        unsigned length = size == 4 ? 2 : 1;
        if (size == 0 || length > left) {
            error = size == 0 ? OT_E_UTF8 : OT_E_SURROGATE;
            break;
        }
        p += size;
        left -= length;
    }
    if (error == OT_OK && left > 0 && units != UINT64_MAX) {
        error = OT_E_TRUNCATED;
    }
    *at = p;
    *units_out = units - left;
    return error;
}

/* Units that start in the block: one for each lead byte, one more for that of a pair. */
static unsigned block_units(const uint8_t *at)
{
    uint8_t sum = 0;
    for (unsigned i = 0; i < BLOCK; i++) {
        sum = (uint8_t)(sum + ((at[i] & 0xc0) != 0x80) + (at[i] >= 0xf0));
    }
    return sum;
}

const uint8_t *ot_utf8_skip(const uint8_t *at, const uint8_t *end, uint64_t units)
{
    while (end - at >= BLOCK) {
        unsigned count = block_units(at);
        if (count > units) {
            break;
        }
        units -= count;
        at += BLOCK;
    }
    /* The block may have ended within a character already counted. */
    while (at < end && (*at & 0xc0) == 0x80) {
        at++;
    }
    while (units > 0) {
        if (at == end) {
            return NULL;
        }
        uint8_t lead = *at;
        unsigned length = lead >= 0xf0 ? 2 : 1;
        if (length > units) {
            return NULL;
        }
        units -= length;
        at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    }
    return at;
}

const uint8_t *ot_utf8_skip_back(const uint8_t *start, const uint8_t *at, uint64_t units)
{
    while (units > 0) {
        do {
            if (at == start) {
                return NULL;
            }
            at--;
        } while ((*at & 0xc0) == 0x80);
        unsigned length = *at >= 0xf0 ? 2 : 1;
        if (length > units) {
            return NULL;
        }
        units -= length;
    }
    return at;
}

uint64_t ot_utf8_units(const uint8_t *at, const uint8_t *end)
{
    uint64_t units = 0;
    for (; end - at >= BLOCK; at += BLOCK) {
        units += block_units(at);
    }
    for (; at < end; at++) {
        units += (uint64_t)((*at & 0xc0) != 0x80) + (*at >= 0xf0);
    }
    return units;
}

uint64_t ot_utf8_pairs(const uint8_t *at, const uint8_t *end)
{
    uint64_t pairs = 0;
    for (; end - at >= BLOCK; at += BLOCK) {
        uint8_t sum = 0;
        for (unsigned i = 0; i < BLOCK; i++) {
            sum = (uint8_t)(sum + (at[i] >= 0xf0));
        }
        pairs += sum;
    }
    for (; at < end; at++) {
        pairs += *at >= 0xf0;
    }
    return pairs;
}

bool ot_utf8_is_ascii(const uint8_t *at, const uint8_t *end)
{
    uint64_t bits = 0;
    for (; end - at >= 8; at += 8) {
        bits |= word_at(at);
    }
    for (; at < end; at++) {
        bits |= *at;
    }
    return (bits & HIGH_BITS) == 0;
}

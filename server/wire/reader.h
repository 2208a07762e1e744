/*
 * A bounded pull reader of msgpack on a flat buffer: nothing is allocated, no count is believed
 * before the bytes for it are there, and whatever is not asked for by type is refused. Only the
 * types that quire.v1 has: nil, booleans, integers, str, bin, array, each in its shortest encoding.
 */
#ifndef QUIRE_WIRE_READER_H
#define QUIRE_WIRE_READER_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Arrays inside one another that reader_skip follows. */
#define READER_DEPTH_MAX 3

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;       /* where the next item begins; after a refusal, the item that was refused */
    const char *why; /* of the last refusal: a sentence */
};

/* Each returns true and moves past the item, or false and stays. */
bool reader_array(struct reader *reader, uint32_t *count_out);
/* 0 to 2^53 - 1. */
bool reader_uint(struct reader *reader, uint64_t *value_out);
/* The same or nil, which gives UINT64_MAX. */
bool reader_uint_or_nil(struct reader *reader, uint64_t *value_out);
bool reader_bool(struct reader *reader, bool *value_out);
bool reader_nil(struct reader *reader);
bool reader_bytes(struct reader *reader, struct ot_slice *bytes_out);
/* str that is valid UTF-8 without U+0000. */
bool reader_string(struct reader *reader, struct ot_slice *string_out);
/* Moves past one whole item of any allowed type, in any encoding and of any value; after a refusal
 * `at` is where the bytes make no sense. */
bool reader_skip(struct reader *reader);

#endif

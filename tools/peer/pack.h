/*
 * Reading and writing the few msgpack items of quire.v1: nil, bool, unsigned integers up to 2^53 -
 * 1, UTF-8 strings, bin and arrays.
 */
#ifndef QUIRE_PEER_PACK_H
#define QUIRE_PEER_PACK_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void pack_bool(struct ot_buf *out, bool value);
/* WIRE_NONE becomes nil. */
void pack_uint(struct ot_buf *out, uint64_t value);
/* Data NULL becomes nil. */
void pack_str(struct ot_buf *out, struct ot_slice text);
void pack_bin(struct ot_buf *out, struct ot_slice bytes);
void pack_array(struct ot_buf *out, uint32_t count);

/* Reads items off the front of its bytes. The first thing that is not there or of another type sets
 * `bad`, which sticks; from then on every call returns nothing. */
struct unpack {
    struct ot_slice rest;
    bool bad;
};

uint64_t unpack_uint(struct unpack *in);
/* Also takes nil: WIRE_NONE. */
uint64_t unpack_uint_or_nil(struct unpack *in);
bool unpack_bool(struct unpack *in);
struct ot_slice unpack_str(struct unpack *in);
struct ot_slice unpack_bin(struct unpack *in);
/* Also take nil: data NULL. */
struct ot_slice unpack_str_or_nil(struct unpack *in);
struct ot_slice unpack_bin_or_nil(struct unpack *in);
/* The number of items that follow, never more than there are bytes left. */
uint32_t unpack_array(struct unpack *in);
bool unpack_is_str(const struct unpack *in);
/* Passes over `count` whole values of any type. */
void unpack_skip(struct unpack *in, uint64_t count);

#endif

/*
 * The 64-bit checksum of a stored row: SipHash-2-4 under a fixed key over the row's table and its
 * fields in order, each in 8 bytes, little end first. A field of bytes counts as its length and the
 * hash of its bytes. It finds damage; it does not keep anybody from writing rows of their own.
 */
#ifndef QUIRE_CHECKSUM_H
#define QUIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_WORDS_MAX 16

struct checksum {
    uint8_t bytes[CHECKSUM_WORDS_MAX * 8];
    size_t size;
};

/* `table`: a different number for each, so that no row passes for one of another table. */
void checksum_init(struct checksum *sum, uint64_t table);
void checksum_u64(struct checksum *sum, uint64_t value);
void checksum_i64(struct checksum *sum, int64_t value);
void checksum_bytes(struct checksum *sum, const void *data, size_t size);
uint64_t checksum_value(const struct checksum *sum);

#endif

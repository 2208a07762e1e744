#include "storage/checksum.h"

#include <assert.h>
#include <sodium.h>

/* Part of the format: changing it makes every stored row look damaged. */
static const unsigned char checksum_key[crypto_shorthash_KEYBYTES] = {
    'q', 'u', 'i', 'r', 'e', ' ', 'r', 'o', 'w', ' ', 's', 'u', 'm', ' ', 'v', '1'};

static uint64_t hash(const void *data, size_t size)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t value = 0;

    crypto_shorthash(out, data, size, checksum_key);
    for (size_t i = 0; i < sizeof out; i++)
        value |= (uint64_t)out[i] << (8 * i);
    return value;
}

void checksum_init(struct checksum *sum, uint64_t table)
{
    sum->size = 0;
    checksum_u64(sum, table);
}

void checksum_u64(struct checksum *sum, uint64_t value)
{
    assert(sum->size + 8 <= sizeof sum->bytes);
    for (int i = 0; i < 8; i++)
        sum->bytes[sum->size++] = (uint8_t)(value >> (8 * i));
}

void checksum_i64(struct checksum *sum, int64_t value)
{
    checksum_u64(sum, (uint64_t)value);
}

void checksum_bytes(struct checksum *sum, const void *data, size_t size)
{
    checksum_u64(sum, size);
    checksum_u64(sum, size > 0 ? hash(data, size) : 0);
}

uint64_t checksum_value(const struct checksum *sum)
{
    return hash(sum->bytes, sum->size);
}

/* CRC-32 (IEEE 802.3, reflected), as zlib's. */
#ifndef OT_CRC32_H
#define OT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of `size` bytes that follow those of which `crc` is the sum; 0 at the start. */
uint32_t ot_crc32_update(uint32_t crc, const uint8_t *data, size_t size);

#endif

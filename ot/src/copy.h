/* Copying of bytes that are mostly few. */
#ifndef OT_COPY_H
#define OT_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Up to 16 bytes, without a loop. The two may overlap. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size >= 8) {
        uint64_t first;
        uint64_t last;
        memcpy(&first, from, 8);
        memcpy(&last, from + size - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
    } else if (size >= 4) {
        uint32_t first;
        uint32_t last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
    } else if (size > 0) {
        uint8_t middle = from[size / 2];
        uint8_t last = from[size - 1];
        to[0] = from[0];
        to[size / 2] = middle;
        to[size - 1] = last;
    }
}

static inline void copy_few(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size <= 16) {
        copy_short(to, from, size);
    } else {
        memcpy(to, from, size);
    }
}

/* The same where 16 bytes may be written, and `readable` be read: mostly the size makes no
 * difference then, which nobody could have foreseen. */
static inline void copy_padded(uint8_t *to, const uint8_t *from, size_t size, size_t readable)
{
    if (size <= 16 && readable >= 16) {
        memcpy(to, from, 16);
    } else {
        copy_few(to, from, size);
    }
}

#endif

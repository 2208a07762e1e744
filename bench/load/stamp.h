/*
 * Every edit of the load inserts a stamp, '~' and six digits in base 36: the time in microseconds
 * at which it was due. Whoever sees the text can tell how long it took, and nothing has to be
 * remembered.
 */
#ifndef QUIRE_LOAD_STAMP_H
#define QUIRE_LOAD_STAMP_H

#include "quire/ot.h"

#include <stddef.h>
#include <stdint.h>

#define STAMP_SIZE 7

void stamp_write(uint64_t us, uint8_t out[STAMP_SIZE]);

/* Finds the next whole stamp in `*text`, moves past it and gives its age at `now_us`. */
bool stamp_next(struct ot_slice *text, uint64_t now_us, uint64_t *age_us_out);

/* The shape of an operation on plain text, read without looking at its text. */
struct op_shape {
    uint64_t inserted, deleted; /* UTF-16 units */
    struct ot_slice text;       /* everything inserted */
};

/* False if the bytes are no such operation. */
bool op_shape_read(struct ot_slice op, struct op_shape *shape_out);

#endif

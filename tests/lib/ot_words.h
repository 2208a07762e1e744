/*
 * Operations written as words, for tests that are read:
 *
 *     3  3{bold:true}  -2  'text'  'text'{list:'x',size:7,old:nil}  @image  @image{alt:'x'}
 *
 * retain, delete, insert, and an embed (whose value is true). Keys are in ascending order; values
 * are nil, true, false, numbers and 'strings'.
 */
#ifndef TESTS_OT_WORDS_H
#define TESTS_OT_WORDS_H

#include "quire/ot.h"

/* Operations of one test, freed together. */
struct words {
    struct ot_buf *ops;
    size_t count;
};

void words_free(struct words *words);
/* In the order in which it is written. Ends the program if it is not understood. */
struct ot_slice words_op(struct words *words, const char *text);
/* Attributes alone: `{bold:true}`. */
struct ot_slice words_attributes(struct words *words, const char *text);
/* An empty buffer that lives as long. */
struct ot_buf *words_buf(struct words *words);

/* Fails the test, showing both, unless the bytes are the same and pass ot_op_check. */
void assert_op_equal(struct ot_slice op, struct ot_slice expected);
/* Bytes written as hexadecimal digits; blanks are ignored. */
struct ot_slice words_hex(struct words *words, const char *digits);

#endif

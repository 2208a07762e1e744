/*
 * Editing traces: gzip-compressed records of `u32le position, u32le deleted, u32le size, size bytes
 * of UTF-8`, in UTF-16 code units, from the empty document on.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "work.h"

/* Reads DIRECTORY/NAME.edits.gz as operations on a document with `before` units before those of the
 * trace. False, and a message, if that cannot be done. */
bool trace_read(const char *directory, const char *name, enum work_style style, uint64_t before,
                struct work *work_out);
/* The content of DIRECTORY/NAME.SUFFIX.gz; likewise. */
bool trace_file(const char *directory, const char *name, const char *suffix, struct ot_buf *out);
/* The number of 32 bits at `at`. */
uint32_t trace_number(const uint8_t *at);
/* The text that DIRECTORY/NAME.final.gz says it ends with. */
bool trace_final(const char *directory, const char *name, struct ot_buf *text_out);

#endif

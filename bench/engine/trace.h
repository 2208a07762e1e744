/*
 * Editing traces: gzip-compressed records of `u32le position, u32le deleted, u32le size, size bytes
 * of UTF-8`, in UTF-16 code units, from the empty document on.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "work.h"

/* Reads DIRECTORY/NAME.edits.gz as operations. False, and a message, if that cannot be done. */
bool trace_read(const char *directory, const char *name, enum work_style style,
                struct work *work_out);
/* The text that DIRECTORY/NAME.final.gz says it ends with. */
bool trace_final(const char *directory, const char *name, struct ot_buf *text_out);

#endif

/* What is measured. Each reports a row or more. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "report.h"
#include "work.h"

struct bench {
    struct report report;
    unsigned runs;
    bool is_quick; /* small sizes only: to see that it works */
    const char *traces;
};

/* Applying a trace edit by edit, plain and rich; checking its bytes; loading and saving its end;
 * memory. */
void measure_trace(struct bench *bench, const char *name);
/* Composing a trace into one operation. */
void measure_fold(struct bench *bench, const char *name);
/* A session of several writers through a server's loop, in either order. */
void measure_session(struct bench *bench, const char *name);
/* Transforming and composing pairs of operations of so many components. */
void measure_pairs(struct bench *bench, unsigned components, enum work_style style);
/* Two histories of that many edits each, merged: both folded, one transformed over the other. */
void measure_merge(struct bench *bench, size_t edits);

#endif

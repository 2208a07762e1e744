/* How cost grows with the document. */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include "measure.h"

/* One edit in a document of that many bytes: those of a trace in its middle, typing, and anywhere.
 * And the memory that it takes. */
void measure_growth(struct bench *bench, uint64_t length, const char *trace);

#endif

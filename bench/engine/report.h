/* Results: a line for each as they come, or JSON at the end. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

enum { REPORT_RUNS_MAX = 101 };

struct report {
    bool is_json;
    bool has_rows;
};

void report_begin(struct report *report, bool is_json, unsigned runs);
void report_end(struct report *report);
/* Of `values`, one a run, in `unit`: least, median, most. Sorts them. */
void report_row(struct report *report, const char *what, const char *of, const char *unit,
                double *values, unsigned runs);
/* One that is the same in each run. */
void report_size(struct report *report, const char *what, const char *of, const char *unit,
                 double value);

#endif

/*
 * What a run found: figures in order, printed as a table and as one line of JSON.
 */
#ifndef QUIRE_LOAD_REPORT_H
#define QUIRE_LOAD_REPORT_H

#include "bench/load/histogram.h"

#include <stdbool.h>
#include <stddef.h>

#define REPORT_FIGURES_MAX  64
#define REPORT_FAILURES_MAX 16

struct report_figure {
    const char *name; /* snake case, the unit at its end */
    double value;
    int decimals;
};

struct report {
    const char *workload;
    struct report_figure figures[REPORT_FIGURES_MAX];
    size_t figure_count;
    char failures[REPORT_FAILURES_MAX][160];
    size_t failure_count;
};

/* `name` must outlive the report. */
void report_add(struct report *report, const char *name, double value, int decimals);
/* Four figures in milliseconds: the names are those of the p50, p95, p99 and the greatest. */
void report_add_latency(struct report *report, const char *const names[4],
                        const struct histogram *histogram);
/* A run with a failure is no measurement. */
void report_fail(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool report_ok(const struct report *report);

/* The table, for people. */
void report_print(const struct report *report);
/* One line of JSON, appended to the file `path`, or printed if that is "-". 0 or -1. */
int report_write_json(const struct report *report, const char *path);

#endif

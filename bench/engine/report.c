#include "report.h"

#include <stdio.h>
#include <stdlib.h>

void report_begin(struct report *report, bool is_json, unsigned runs)
{
    *report = (struct report){.is_json = is_json};
    if (is_json) {
        printf("{\"runs\": %u, \"results\": [", runs);
    } else {
        printf("%-61s %10s %10s %10s\n", "CPU time, one thread", "least", "median", "most");
    }
}

void report_end(struct report *report)
{
    if (report->is_json) {
        printf("\n]}\n");
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void report_row(struct report *report, const char *what, const char *of, const char *unit,
                double *values, unsigned runs)
{
    qsort(values, runs, sizeof *values, by_value);
    double least = values[0];
    double median = values[runs / 2];
    double most = values[runs - 1];
    if (report->is_json) {
        printf("%s\n  {\"what\": \"%s\", \"of\": \"%s\", \"unit\": \"%s\", \"min\": %.4g, "
               "\"median\": %.4g, \"max\": %.4g}",
               report->has_rows ? "," : "", what, of, unit, least, median, most);
    } else {
        printf("%-38s %-22s %10.4g %10.4g %10.4g %s\n", what, of, least, median, most, unit);
    }
    report->has_rows = true;
    fflush(stdout);
}

void report_size(struct report *report, const char *what, const char *of, const char *unit,
                 double value)
{
    report_row(report, what, of, unit, &value, 1);
}

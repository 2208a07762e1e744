#include "bench/load/report.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_add(struct report *report, const char *name, double value, int decimals)
{
    assert(report->figure_count < REPORT_FIGURES_MAX);
    report->figures[report->figure_count++] = (struct report_figure){name, value, decimals};
}

void report_add_latency(struct report *report, const char *const names[4],
                        const struct histogram *histogram)
{
    report_add(report, names[0], (double)histogram_quantile(histogram, 0.50) / 1000, 2);
    report_add(report, names[1], (double)histogram_quantile(histogram, 0.95) / 1000, 2);
    report_add(report, names[2], (double)histogram_quantile(histogram, 0.99) / 1000, 2);
    report_add(report, names[3], (double)histogram->max_us / 1000, 2);
}

void report_fail(struct report *report, const char *format, ...)
{
    va_list arguments;

    if (report->failure_count == REPORT_FAILURES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(report->failures[report->failure_count++], sizeof report->failures[0], format,
              arguments);
    va_end(arguments);
}

bool report_ok(const struct report *report)
{
    return report->failure_count == 0;
}

void report_print(const struct report *report)
{
    printf("%s\n", report->workload);
    for (size_t i = 0; i < report->figure_count; i++) {
        const struct report_figure *figure = &report->figures[i];
        printf("  %-28s %14.*f\n", figure->name, figure->decimals, figure->value);
    }
    for (size_t i = 0; i < report->failure_count; i++)
        printf("  FAILED: %s\n", report->failures[i]);
    fflush(stdout);
}

static void write_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
    fputc('"', file);
}

int report_write_json(const struct report *report, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "a");

    if (file == NULL) {
        perror(path);
        return -1;
    }
    fputs("{\"workload\":", file);
    write_string(file, report->workload);
    for (size_t i = 0; i < report->figure_count; i++) {
        const struct report_figure *figure = &report->figures[i];
        if (isfinite(figure->value))
            fprintf(file, ",\"%s\":%.*f", figure->name, figure->decimals, figure->value);
        else
            fprintf(file, ",\"%s\":null", figure->name);
    }
    fprintf(file, ",\"ok\":%s,\"failures\":[", report_ok(report) ? "true" : "false");
    for (size_t i = 0; i < report->failure_count; i++) {
        if (i > 0)
            fputc(',', file);
        write_string(file, report->failures[i]);
    }
    fputs("]}\n", file);
    return file == stdout ? fflush(file) : fclose(file);
}

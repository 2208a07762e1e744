#include "tools/replay/table.h"

#include <inttypes.h>
#include <string.h>

#define NAME_WIDTH_MIN 12
#define NAME_WIDTH_MAX 60

struct total {
    size_t files, findings, refused;
    uint64_t operations, length;
};

/* Where a finding is and what it is about; what could not be read. */
static void tell(FILE *out, const struct file *file, const struct job_result *result)
{
    if (result->outcome == JOB_FOUND)
        fprintf(out, "%s: operation %zu: %s: it does not hold that %s\n", file->path,
                result->finding.step, result->finding.name, result->finding.text);
    if (result->case_operations > 0)
        fprintf(out, "%s%s: the same in %zu operation%s\n", file->path, CASE_SUFFIX,
                result->case_operations, result->case_operations == 1 ? "" : "s");
    if (result->note[0] != '\0')
        fprintf(out, "%s: %s\n", file->path, result->note);
}

static void print_row(FILE *out, int width, const char *name, uint64_t operations, double seconds,
                      uint64_t length, const char *findings)
{
    int skipped = (int)strlen(name) > width ? (int)strlen(name) - width : 0;
    double rate = seconds > 0 ? (double)operations / seconds : 0;

    fprintf(out, "%-*s %12" PRIu64 " %12.0f %14" PRIu64 "  %s\n", width, name + skipped, operations,
            rate, length, findings);
}

static const char *finding_of(const struct job_result *result)
{
    static const char *const words[] = {"not played", "none", "", "not played"};
    return result->outcome == JOB_FOUND ? result->finding.name : words[result->outcome];
}

static int name_width(const struct files *files)
{
    size_t width = NAME_WIDTH_MIN;

    for (size_t i = 0; i < files->count && files->count <= TABLE_ROWS_MAX; i++)
        if (strlen(files->list[i].name) > width)
            width = strlen(files->list[i].name);
    return width < NAME_WIDTH_MAX ? (int)width : NAME_WIDTH_MAX;
}

static void add(struct total *total, const struct job_result *result)
{
    total->files++;
    total->findings += result->outcome == JOB_FOUND;
    total->refused += result->outcome != JOB_FOUND && result->outcome != JOB_AGREED;
    total->operations += result->operations;
    total->length += result->length;
}

void table_print(FILE *out, const struct files *files, const struct job_result *results,
                 double seconds)
{
    struct total total = {0}, others = {0};
    int width = name_width(files);
    char words[64];

    for (size_t i = 0; i < files->count; i++)
        tell(out, &files->list[i], &results[i]);
    fprintf(out, "%-*s %12s %12s %14s  %s\n", width, "file", "operations", "edits/s",
            "final length", "findings");
    for (size_t i = 0; i < files->count; i++) {
        const struct job_result *result = &results[i];
        add(&total, result);
        if (files->count > TABLE_ROWS_MAX && result->outcome != JOB_FOUND)
            add(&others, result);
        else
            print_row(out, width, files->list[i].name, result->operations,
                      (double)result->took_us / 1e6, result->length, finding_of(result));
    }
    if (others.files > 0 && others.files < total.files)
        fprintf(out, "and %zu files without findings\n", others.files);
    snprintf(words, sizeof words, "%zu files", total.files);
    char found[64];
    snprintf(found, sizeof found, total.refused > 0 ? "%zu, and %zu not played" : "%zu",
             total.findings, total.refused);
    print_row(out, width, words, total.operations, seconds, total.length, found);
}

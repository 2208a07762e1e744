/*
 * What the engine's operations cost, on one thread, in CPU time.
 *
 *     bench_engine [--json] [--runs N] [--quick] TRACES
 *
 * TRACES is a folder with NAME.edits.gz and NAME.final.gz; a trace that is not there is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "growth.h"
#include "measure.h"

static const char *const traces[] = {"automerge-paper", "rustcode", "sveltecomponent",
                                     "friendsforever_flat", "json-crdt-blog-post"};

static void measure_all(struct bench *bench)
{
    static const unsigned sizes[] = {5, 50, 500};
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        measure_trace(bench, traces[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        measure_pairs(bench, sizes[i], WORK_PLAIN);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        measure_pairs(bench, sizes[i], WORK_RICH);
    }
    measure_session(bench, "friendsforever");
    measure_fold(bench, "automerge-paper");
    measure_merge(bench, bench->is_quick ? 1000 : 20000);
    for (uint64_t length = 10000; length <= (bench->is_quick ? 1000000u : 100000000u);
         length *= 10) {
        measure_growth(bench, length, "automerge-paper");
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: bench_engine [--json] [--runs N] [--quick] TRACES\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct bench bench = {.runs = 5};
    bool is_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            is_json = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            bench.is_quick = true;
        } else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
            bench.runs = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (argv[i][0] != '-' && bench.traces == NULL) {
            bench.traces = argv[i];
        } else {
            return usage();
        }
    }
    if (bench.traces == NULL || bench.runs < 1 || bench.runs > REPORT_RUNS_MAX) {
        return usage();
    }
    report_begin(&bench.report, is_json, bench.runs);
    measure_all(&bench);
    report_end(&bench.report);
    return 0;
}

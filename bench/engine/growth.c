#include "growth.h"

#include <stdio.h>
#include <stdlib.h>

#include "trace.h"

enum { NAME_SIZE = 32, LINE = 64 };

static void measure_edits(struct bench *bench, const char *what, const char *of,
                          struct ot_slice snapshot, const struct work *work)
{
    double values[REPORT_RUNS_MAX];
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_doc *doc = NULL;
        work_must(ot_doc_load(snapshot, &doc) == OT_OK, "not loaded");
        double start = cpu_ns();
        work_apply(doc, work);
        values[run] = (cpu_ns() - start) / (double)work->count;
        ot_doc_free(doc);
    }
    report_row(&bench->report, what, of, "ns/edit", values, bench->runs);
}

/* The trace, as it is, in the middle of the document. */
static void measure_middle(struct bench *bench, const char *of, struct ot_slice snapshot,
                           uint64_t length, const char *trace)
{
    struct work work;
    if (trace_read(bench->traces, trace, WORK_PLAIN, length / 2, &work)) {
        measure_edits(bench, "the same edits in the middle", of, snapshot, &work);
    }
    work_free(&work);
}

static void measure_memory(struct bench *bench, const char *of, struct ot_slice snapshot)
{
    struct ot_doc *doc = NULL;
    work_must(ot_doc_load(snapshot, &doc) == OT_OK, "not loaded");
    report_size(&bench->report, "memory of a document", of, "B", (double)ot_doc_memory(doc));
    ot_doc_free(doc);
}

/* Reads a line of the cache anywhere in as many bytes, where the one before it says: what the
 * machine itself takes to get at a place. */
static void measure_machine(struct bench *bench, const char *of, uint64_t length, struct rng *rng)
{
    enum { READS = 1000000 };
    struct line {
        uint32_t next;
        uint8_t rest[LINE - sizeof(uint32_t)];
    };
    uint32_t count = (uint32_t)(length / sizeof(struct line));
    struct line *lines = malloc(count * sizeof *lines);
    double values[REPORT_RUNS_MAX];
    uint32_t at = 0;
    work_must(lines != NULL, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        lines[i].next = i;
    }
    /* One round through all. */
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = rng_below(rng, i);
        uint32_t next = lines[i].next;
        lines[i].next = lines[other].next;
        lines[other].next = next;
    }
    for (unsigned run = 0; run < bench->runs; run++) {
        double start = cpu_ns();
        for (unsigned i = 0; i < READS; i++) {
            at = lines[at].next;
        }
        values[run] = (cpu_ns() - start) / READS;
    }
    work_must(at < count, "lost");
    report_row(&bench->report, "read one byte anywhere in as much", of, "ns", values, bench->runs);
    free(lines);
}

void measure_growth(struct bench *bench, uint64_t length, const char *trace)
{
    enum { EDITS = 100000, TYPING_JUMPS = 3 };
    struct rng rng = {length};
    struct ot_buf snapshot = {0};
    struct work typing = {0};
    struct work random = {0};
    char of[NAME_SIZE];
    size_t edits = bench->is_quick ? EDITS / 100 : EDITS;
    work_document(&rng, length, &snapshot);
    work_typing(&typing, &rng, length, edits, TYPING_JUMPS);
    work_typing(&random, &rng, length, edits, 100);
    snprintf(of, sizeof of, "%llu KB", (unsigned long long)length / 1000);
    measure_memory(bench, of, ot_buf_slice(&snapshot));
    measure_middle(bench, of, ot_buf_slice(&snapshot), length, trace);
    measure_edits(bench, "type into a document", of, ot_buf_slice(&snapshot), &typing);
    measure_edits(bench, "edit anywhere in a document", of, ot_buf_slice(&snapshot), &random);
    measure_machine(bench, of, length, &rng);
    ot_buf_deinit(&snapshot);
    work_free(&typing);
    work_free(&random);
}

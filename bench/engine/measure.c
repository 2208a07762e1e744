#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "trace.h"

enum { NAME_SIZE = 96 };

static void row(struct bench *bench, const char *what, const char *of, const char *unit,
                double *values)
{
    report_row(&bench->report, what, of, unit, values, bench->runs);
}

/* ---- applying ---- */

static struct ot_doc *doc_new(void)
{
    struct ot_doc *doc = ot_doc_new();
    work_must(doc != NULL, "out of memory");
    return doc;
}

static void expect_final(struct bench *bench, const char *name, const struct ot_doc *doc)
{
    struct ot_buf text = {0};
    struct ot_buf final = {0};
    work_must(ot_doc_text(doc, &text) == OT_OK, "out of memory");
    work_must(trace_final(bench->traces, name, &final), "no final text");
    work_must(text.size == final.size && memcmp(text.data, final.data, text.size) == 0,
              "the trace ends with another text");
    ot_buf_deinit(&text);
    ot_buf_deinit(&final);
}

static void measure_apply(struct bench *bench, const char *name, const struct work *work,
                          const char *what)
{
    double values[REPORT_RUNS_MAX];
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_doc *doc = doc_new();
        double start = cpu_ns();
        work_apply(doc, work);
        values[run] = (cpu_ns() - start) / (double)work->count;
        expect_final(bench, name, doc);
        ot_doc_free(doc);
    }
    row(bench, what, name, "ns/edit", values);
}

static void measure_check(struct bench *bench, const char *name, const struct work *work)
{
    double values[REPORT_RUNS_MAX];
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_op_info info;
        double start = cpu_ns();
        for (size_t i = 0; i < work->count; i++) {
            work_must(ot_op_check(work_op(work, i), &info, NULL) == OT_OK, "not valid");
        }
        values[run] = (cpu_ns() - start) / (double)work->count;
    }
    row(bench, "check the bytes of each edit", name, "ns/edit", values);
}

/* Loading, saving and hashing the document at the trace's end. */
static void measure_whole(struct bench *bench, const char *name, const struct work *work)
{
    double values[3][REPORT_RUNS_MAX];
    struct ot_doc *doc = doc_new();
    struct ot_buf snapshot = {0};
    work_apply(doc, work);
    work_must(ot_doc_snapshot(doc, &snapshot) == OT_OK, "out of memory");
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_doc *loaded = NULL;
        struct ot_buf again = {0};
        uint32_t hash;
        double start = cpu_ns();
        work_must(ot_doc_load(ot_buf_slice(&snapshot), &loaded) == OT_OK, "not loaded");
        double loaded_at = cpu_ns();
        work_must(ot_doc_snapshot(loaded, &again) == OT_OK, "not saved");
        double saved_at = cpu_ns();
        work_must(ot_doc_hash(loaded, &hash) == OT_OK, "not hashed");
        values[2][run] = (cpu_ns() - saved_at) / 1e3;
        values[1][run] = (saved_at - loaded_at) / 1e3;
        values[0][run] = (loaded_at - start) / 1e3;
        work_must(hash == ot_hash(ot_buf_slice(&snapshot)), "another hash");
        ot_buf_deinit(&again);
        ot_doc_free(loaded);
    }
    row(bench, "load the last document", name, "us", values[0]);
    row(bench, "save it", name, "us", values[1]);
    row(bench, "hash it", name, "us", values[2]);
    report_size(&bench->report, "memory it takes", name, "B", (double)ot_doc_memory(doc));
    report_size(&bench->report, "of which text", name, "B", (double)ot_doc_text_bytes(doc));
    report_size(&bench->report, "memory of an operation kept", name, "B",
                (double)work->bytes.size / (double)work->count);
    ot_buf_deinit(&snapshot);
    ot_doc_free(doc);
}

void measure_trace(struct bench *bench, const char *name)
{
    struct work work;
    if (trace_read(bench->traces, name, WORK_PLAIN, 0, &work)) {
        measure_apply(bench, name, &work, "apply");
        measure_check(bench, name, &work);
        measure_whole(bench, name, &work);
    }
    work_free(&work);
    if (trace_read(bench->traces, name, WORK_RICH, 0, &work)) {
        measure_apply(bench, name, &work, "apply, every tenth with attributes");
    }
    work_free(&work);
}

/* ---- folding and merging ---- */

void measure_fold(struct bench *bench, const char *name)
{
    double values[REPORT_RUNS_MAX];
    struct work work;
    if (!trace_read(bench->traces, name, WORK_PLAIN, 0, &work)) {
        work_free(&work);
        return;
    }
    struct ot_slice *ops = work_slices(&work);
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_buf out = {0};
        double start = cpu_ns();
        work_must(ot_compose_all(ops, work.count, OT_STABLE, &out) == OT_OK, "not composed");
        values[run] = (cpu_ns() - start) / 1e6;
        struct ot_doc *doc = NULL;
        work_must(ot_doc_load(ot_buf_slice(&out), &doc) == OT_OK, "not a document");
        expect_final(bench, name, doc);
        ot_doc_free(doc);
        ot_buf_deinit(&out);
    }
    row(bench, "compose all into one", name, "ms", values);
    free(ops);
    work_free(&work);
}

/* One edit over all that others did since. */
static void measure_over(struct bench *bench, struct ot_slice op, const struct ot_slice *overs,
                         size_t count)
{
    double values[REPORT_RUNS_MAX];
    char of[NAME_SIZE];
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_buf out = {0};
        double start = cpu_ns();
        work_must(ot_transform_all(op, overs, count, OT_RIGHT, OT_STABLE, &out) == OT_OK,
                  "not transformed");
        values[run] = (cpu_ns() - start) / (double)count;
        ot_buf_deinit(&out);
    }
    snprintf(of, sizeof of, "%zu edits", count);
    row(bench, "transform one over a history, an edit", of, "ns", values);
}

void measure_merge(struct bench *bench, size_t edits)
{
    enum { BASE = 18000, JUMPS = 3 };
    double values[REPORT_RUNS_MAX];
    struct rng rng = {1};
    struct work sides[2] = {{.count = 0}};
    struct ot_slice *ops[2];
    char of[NAME_SIZE];
    for (unsigned i = 0; i < 2; i++) {
        work_typing(&sides[i], &rng, BASE, edits, JUMPS);
        ops[i] = work_slices(&sides[i]);
    }
    for (unsigned run = 0; run < bench->runs; run++) {
        struct ot_buf folded[2] = {{0}};
        struct ot_buf out = {0};
        double start = cpu_ns();
        for (unsigned i = 0; i < 2; i++) {
            work_must(ot_compose_all(ops[i], edits, OT_STABLE, &folded[i]) == OT_OK,
                      "not composed");
        }
        work_must(ot_transform(ot_buf_slice(&folded[0]), ot_buf_slice(&folded[1]), OT_RIGHT,
                               OT_STABLE, &out) == OT_OK,
                  "not transformed");
        values[run] = (cpu_ns() - start) / 1e6;
        ot_buf_deinit(&folded[0]);
        ot_buf_deinit(&folded[1]);
        ot_buf_deinit(&out);
    }
    snprintf(of, sizeof of, "%zu x %zu edits", edits, edits);
    row(bench, "merge offline", of, "ms", values);
    measure_over(bench, ops[0][0], ops[1], edits);
    for (unsigned i = 0; i < 2; i++) {
        free(ops[i]);
        work_free(&sides[i]);
    }
}

/* ---- a server's loop ---- */

static int by_byte(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* The same characters, in whatever order: a tie may fall either way. */
static void expect_characters(struct bench *bench, const char *name, const struct ot_doc *doc)
{
    struct ot_buf text = {0};
    struct ot_buf final = {0};
    work_must(ot_doc_text(doc, &text) == OT_OK, "out of memory");
    work_must(trace_file(bench->traces, name, "conc.final", &final), "no final text");
    qsort(text.data, text.size, 1, by_byte);
    qsort(final.data, final.size, 1, by_byte);
    work_must(text.size == final.size && memcmp(text.data, final.data, text.size) == 0,
              "the session ends with another text");
    ot_buf_deinit(&text);
    ot_buf_deinit(&final);
}

void measure_session(struct bench *bench, const char *name)
{
    static const char *const what[] = {
        [OT_CANONICAL] = "server's loop, canonical order",
        [OT_STABLE] = "server's loop, stable order",
    };
    struct session session;
    size_t pairs = 0;
    if (!session_read(bench->traces, name, &session)) {
        return;
    }
    for (unsigned order = OT_CANONICAL; order <= OT_STABLE; order++) {
        double values[REPORT_RUNS_MAX];
        for (unsigned run = 0; run < bench->runs; run++) {
            double start = cpu_ns();
            struct ot_doc *doc = session_play(&session, (enum ot_order)order, &pairs);
            values[run] = (cpu_ns() - start) / 1e6;
            expect_characters(bench, name, doc);
            ot_doc_free(doc);
        }
        row(bench, what[order], name, "ms", values);
    }
    report_size(&bench->report, "pairs that met in it", name, "", (double)pairs);
    session_free(&session);
}

/* ---- pairs ---- */

typedef int (*pair_fn)(struct ot_slice a, struct ot_slice b, struct ot_buf *out);

static int transform_pair(struct ot_slice a, struct ot_slice b, struct ot_buf *out)
{
    return ot_transform(a, b, OT_RIGHT, OT_STABLE, out);
}

static int compose_pair(struct ot_slice a, struct ot_slice b, struct ot_buf *out)
{
    return ot_compose(a, b, OT_STABLE, out);
}

static double time_pairs(const struct work *work, pair_fn pair, size_t rounds)
{
    struct ot_buf out = {0};
    double start = cpu_ns();
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i + 1 < work->count; i += 2) {
            ot_buf_clear(&out);
            work_must(pair(work_op(work, i), work_op(work, i + 1), &out) == OT_OK, "no result");
        }
    }
    double spent = cpu_ns() - start;
    ot_buf_deinit(&out);
    return spent / 1e3 / (double)(rounds * (work->count / 2));
}

void measure_pairs(struct bench *bench, unsigned components, enum work_style style)
{
    double values[2][REPORT_RUNS_MAX];
    struct rng rng = {components};
    struct work work = {0};
    struct ot_builder *builder = work_builder();
    char of[NAME_SIZE];
    /* So many that none is remembered from the round before. */
    size_t pairs = 20000 / components + 1;
    for (size_t i = 0; i < 2 * pairs; i++) {
        work_random(&work, builder, &rng, style, components);
    }
    for (unsigned run = 0; run < bench->runs; run++) {
        size_t rounds = bench->is_quick ? 1 : 20;
        values[0][run] = time_pairs(&work, transform_pair, rounds);
        values[1][run] = time_pairs(&work, compose_pair, rounds);
    }
    snprintf(of, sizeof of, "%u components%s", components, style == WORK_RICH ? ", rich" : "");
    row(bench, "transform", of, "us", values[0]);
    row(bench, "compose", of, "us", values[1]);
    ot_builder_free(builder);
    work_free(&work);
}

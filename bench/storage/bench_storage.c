/*
 * bench_storage DIR: what appending costs while settling goes on, by rows per commit, and how long
 * opening a document of a long history takes. Writes databases below DIR and leaves them there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quire/ot.h"
#include "server/hub/request.h"
#include "storage/store.h"

#define DOCUMENTS      2000
#define OP_BYTES       150
#define SNAPSHOT_BYTES 8192
#define SETTLE_EDITS   500 /* edits of a document before it is settled */
#define CLIENTS        4   /* of a document */
#define BACKLOG_MAX    32  /* documents waiting to be settled before appending waits for it */
#define PRELOAD_ROWS   600000
#define LONG_HISTORY   250000
#define CHECK_ROUNDS   200 /* of SETTLE_EDITS edits of one document that are settled */
#define SAMPLES_MAX    1000000
#define BATCH_MAX      1000

struct document {
    int64_t key;
    uint64_t version;
    uint64_t settled;
    uint64_t settle_at;
    uint64_t settling; /* the version being settled, 0 if none */
    uint64_t seq[CLIENTS];
};

struct samples {
    double *us; /* on the clock */
    size_t count;
    double cpu_us; /* of all together */
};

struct moment {
    double us;
    double cpu_us;
};

struct bench {
    struct store *store;
    struct document documents[DOCUMENTS];
    size_t queue[DOCUMENTS];
    size_t queue_head;
    size_t queue_count;
    uint64_t random;
    uint8_t op[OP_BYTES + 64];
    uint8_t snapshot[SNAPSHOT_BYTES];
    struct samples commits;
    struct samples slices;
    struct samples idles;
};

static void check(int rc, const char *what)
{
    if (rc == STORE_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, store_error_text(rc));
    exit(1);
}

static uint64_t draw(struct bench *bench, uint64_t below)
{
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    bench->random ^= bench->random << 17;
    return bench->random % below;
}

static double clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct moment moment_now(void)
{
    return (struct moment){.us = clock_us(CLOCK_MONOTONIC),
                           .cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID)};
}

static double ms_since(struct moment from)
{
    return (moment_now().us - from.us) / 1e3;
}

static void sample(struct samples *samples, struct moment from)
{
    struct moment now = moment_now();

    samples->cpu_us += now.cpu_us - from.cpu_us;
    if (samples->count < SAMPLES_MAX)
        samples->us[samples->count++] = now.us - from.us;
}

static void samples_clear(struct samples *samples)
{
    samples->count = 0;
    samples->cpu_us = 0;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_samples(const char *name, struct samples *samples, size_t rows)
{
    size_t count = samples->count;

    if (count == 0)
        return;
    qsort(samples->us, count, sizeof *samples->us, compare);
    printf("    %-8s %6.2f us CPU a row; ms p50 %.2f, p99 %.2f, max %.2f (%zu)\n", name,
           samples->cpu_us / (double)rows, samples->us[count / 2] / 1e3,
           samples->us[count * 99 / 100] / 1e3, samples->us[count - 1] / 1e3, count);
    samples_clear(samples);
}

/* ---- the work ---- */

static void settle_slice(struct bench *bench)
{
    struct document *document = &bench->documents[bench->queue[bench->queue_head]];
    struct store_slice snapshot = {.data = bench->snapshot, .size = sizeof bench->snapshot};
    struct moment from = moment_now();
    bool done;

    if (document->settling == 0)
        document->settling = document->version;
    check(store_settle(bench->store, document->key, document->settling, snapshot, 1, &done),
          "settle");
    sample(&bench->slices, from);
    if (!done)
        return;
    document->settled = document->settling;
    document->settling = 0;
    document->settle_at = document->settled + SETTLE_EDITS;
    bench->queue_head = (bench->queue_head + 1) % DOCUMENTS;
    bench->queue_count--;
}

static void append(struct bench *bench, size_t batch)
{
    static struct store_edit edits[BATCH_MAX];
    struct moment from;

    for (size_t i = 0; i < batch; i++) {
        size_t place = (size_t)draw(bench, DOCUMENTS);
        struct document *document = &bench->documents[place];
        size_t client = (size_t)draw(bench, CLIENTS);

        document->version++;
        edits[i] = (struct store_edit){
            .key = document->key,
            .version = document->version,
            .client = UINT64_C(0x9e3779b97f4a7c15) * (place * CLIENTS + client + 1),
            .seq = ++document->seq[client],
            .at_ms = INT64_C(1750000000000) + (int64_t)document->version,
            .op = {.data = bench->op + draw(bench, 64), .size = OP_BYTES}};
        if (document->version == document->settle_at)
            bench->queue[(bench->queue_head + bench->queue_count++) % DOCUMENTS] = place;
    }
    from = moment_now();
    check(store_append(bench->store, edits, batch, NULL, 0), "append");
    sample(&bench->commits, from);
}

/* As a store thread does it: a slice between two commits, more when it falls behind; and it has
 * time to spare when nothing waits to be settled. */
static void run(struct bench *bench, size_t rows, size_t batch)
{
    for (size_t done = 0; done < rows; done += batch) {
        struct moment from;

        append(bench, batch);
        if (bench->queue_count > 0)
            settle_slice(bench);
        while (bench->queue_count > BACKLOG_MAX)
            settle_slice(bench);
        from = moment_now();
        check(store_idle(bench->store), "idle");
        sample(&bench->idles, from);
    }
}

static void bench_open(struct bench *bench, const char *dir, const char *name)
{
    char path[512];
    char message[256];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (store_open(path, &bench->store, message, sizeof message) != STORE_OK) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
}

static void bench_documents(struct bench *bench)
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        struct store_document face = {.type = STORE_TEXT};

        snprintf(face.id, sizeof face.id, "bench-%zu", i);
        check(store_create(bench->store, &face, 1), "create");
        bench->documents[i] =
            (struct document){.key = face.key, .settle_at = 1 + draw(bench, SETTLE_EDITS)};
    }
    bench->queue_head = bench->queue_count = 0;
}

static void bench_batch(struct bench *bench, size_t rows, size_t batch)
{
    struct moment from = moment_now();
    struct moment to;

    run(bench, rows, batch);
    to = moment_now();
    printf("%zu rows a commit: %.0f rows/s, %.2f us CPU a row\n", batch,
           (double)rows / (to.us - from.us) * 1e6, (to.cpu_us - from.cpu_us) / (double)rows);
    print_samples("commit", &bench->commits, rows);
    print_samples("settle", &bench->slices, rows);
    print_samples("idle", &bench->idles, rows);
    fflush(stdout);
}

static void bench_append(struct bench *bench, const char *dir)
{
    struct moment from;

    bench_open(bench, dir, "append");
    bench_documents(bench);
    run(bench, PRELOAD_ROWS, BATCH_MAX);
    samples_clear(&bench->commits);
    samples_clear(&bench->slices);
    samples_clear(&bench->idles);
    bench_batch(bench, 10000, 1);
    bench_batch(bench, 100000, 10);
    bench_batch(bench, 500000, 100);
    bench_batch(bench, 500000, 1000);
    printf("log: %" PRIu64 " edits", store_unsettled(bench->store, 0));
    from = moment_now();
    store_close(bench->store);
    printf(", close %.1f ms", ms_since(from));
    from = moment_now();
    bench_open(bench, dir, "append");
    printf(", open %.1f ms\n", ms_since(from));
    store_close(bench->store);
}

/* ---- a long history ----------------------------------------------------------------------------
 */

static int count_edit(void *context, const struct store_edit *edit)
{
    (void)edit;
    ++*(size_t *)context;
    return 0;
}

static void bench_history(struct bench *bench, const char *dir)
{
    struct document *document = &bench->documents[0];
    struct store_head head;
    size_t count = 0;
    struct moment from;

    bench_open(bench, dir, "history");
    bench_documents(bench);
    while (document->version < LONG_HISTORY) {
        struct store_edit edits[500];
        struct store_slice snapshot = {.data = bench->snapshot, .size = sizeof bench->snapshot};
        bool done = false;

        for (size_t i = 0; i < 500; i++)
            edits[i] = (struct store_edit){.key = document->key,
                                           .version = ++document->version,
                                           .client = 1,
                                           .seq = document->version,
                                           .op = {.data = bench->op, .size = 20}};
        check(store_append(bench->store, edits, 500, NULL, 0), "append");
        while (!done)
            check(store_settle(bench->store, document->key, document->version, snapshot, 1, &done),
                  "settle");
    }
    store_close(bench->store);
    bench_open(bench, dir, "history");
    from = moment_now();
    check(store_load(bench->store, document->key, &head), "load");
    printf("history of %d edits: load cold %.3f ms", LONG_HISTORY, ms_since(from));
    from = moment_now();
    check(store_load(bench->store, document->key, &head), "load");
    printf(", again %.3f ms", ms_since(from));
    from = moment_now();
    check(store_history(bench->store, document->key, LONG_HISTORY - 99, LONG_HISTORY, count_edit,
                        &count),
          "history");
    printf(", last %zu edits %.3f ms", count, ms_since(from));
    from = moment_now();
    count = 0;
    check(store_history(bench->store, document->key, 1, LONG_HISTORY, count_edit, &count),
          "history");
    printf(", all %zu %.1f ms\n", count, ms_since(from));
    store_close(bench->store);
}

/* ---- what it costs to hold a snapshot against what is stored ------------------------------------
 */

/* Settles as the server does; without `checked`, what was always done. */
static void settle_as_server(struct bench *bench, int64_t key, uint64_t version,
                             struct ot_slice snapshot, bool checked)
{
    struct store_request *request = request_new(REQUEST_SETTLE);
    struct store_slice bytes = {snapshot.data, snapshot.size};

    request->key = key;
    request->document.type = STORE_TEXT;
    request->first = version;
    request->blob = blob_copy(snapshot.data, snapshot.size);
    while (!request->done) {
        struct moment from = moment_now();

        if (checked) {
            request_serve(bench->store, request);
            if (request->replaying)
                request_replay(request);
        } else {
            request->result = store_settle(bench->store, key, version, bytes, 1, &request->done);
        }
        check(request->result, "settle");
        sample(&bench->slices, from);
    }
    request_free(request);
}

static void append_real(struct bench *bench, struct document *document, struct ot_doc *doc)
{
    static const uint8_t op[] = {0x02, 0x51, 'a', 'n', ' ', 'e', 'd', 'i', 't', ' ', '.', ' '};
    struct store_edit edits[SETTLE_EDITS];

    for (size_t i = 0; i < SETTLE_EDITS; i++) {
        edits[i] = (struct store_edit){.key = document->key,
                                       .version = ++document->version,
                                       .client = 1,
                                       .seq = document->version,
                                       .op = {.data = op, .size = sizeof op}};
        if (ot_doc_apply(doc, (struct ot_slice){op, sizeof op}, NULL) != OT_OK)
            exit(1);
    }
    check(store_append(bench->store, edits, SETTLE_EDITS, NULL, 0), "append");
}

static void bench_checked(struct bench *bench, const char *dir, bool checked)
{
    struct document *document = &bench->documents[0];
    struct ot_doc *doc = ot_doc_new();
    struct ot_buf snapshot = {0};

    bench_open(bench, dir, checked ? "checked" : "unchecked");
    bench_documents(bench);
    for (int round = 0; round < CHECK_ROUNDS; round++) {
        append_real(bench, document, doc);
        ot_buf_clear(&snapshot);
        if (ot_doc_snapshot(doc, &snapshot) != OT_OK)
            exit(1);
        settle_as_server(bench, document->key, document->version, ot_buf_slice(&snapshot), checked);
    }
    printf("settling %s, a document that grows to %zu bytes:\n",
           checked ? "held against what is stored" : "alone", snapshot.size);
    print_samples("settle", &bench->slices, (size_t)CHECK_ROUNDS * SETTLE_EDITS);
    ot_buf_deinit(&snapshot);
    ot_doc_free(doc);
    store_close(bench->store);
}

static struct samples samples_new(void)
{
    struct samples samples = {.us = malloc(SAMPLES_MAX * sizeof(double))};

    if (samples.us == NULL)
        exit(1);
    return samples;
}

int main(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);

    if (argc != 2 || bench == NULL) {
        fprintf(stderr, "usage: bench_storage EMPTY_DIRECTORY\n");
        return 2;
    }
    bench->random = UINT64_C(88172645463325252);
    for (size_t i = 0; i < sizeof bench->op; i++)
        bench->op[i] = (uint8_t)draw(bench, 256);
    bench->commits = samples_new();
    bench->slices = samples_new();
    bench->idles = samples_new();
    printf("%d documents, operations of %d bytes\n", DOCUMENTS, OP_BYTES);
    bench_append(bench, argv[1]);
    bench_history(bench, argv[1]);
    bench_checked(bench, argv[1], false);
    bench_checked(bench, argv[1], true);
    free(bench->commits.us);
    free(bench->slices.us);
    free(bench->idles.us);
    free(bench);
    return 0;
}

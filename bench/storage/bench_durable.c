/*
 * bench_durable DIR [MEGABYTES...]: durable edits per second, beside a bare SQLite loop that
 * inserts the same rows in transactions of the same size; and how long it takes to be ready again
 * after a kill -9, by size of the database, beside SQLite's own recovery of a copy. Both of a pair
 * are measured in one run. Writes below DIR and removes what it wrote.
 */
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/store.h"

#define RUNS       3
#define OP_BYTES   40 /* a short edit */
#define RUN_MS     1500
#define DOCUMENTS  100
#define BATCH_MAX  1000
#define PATH_SIZE  512
#define LARGE_OP   8192 /* of what fills a database */
#define FILL_BATCH 500
#define WORK_BATCH 20
#define WORK_COUNT 200

static const char *const bare_pragmas =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 4096";
static const char *const bare_table =
    "CREATE TABLE log (row INTEGER PRIMARY KEY, doc INTEGER NOT NULL, version INTEGER NOT NULL,"
    " client INTEGER NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, op BLOB NOT NULL,"
    " sum INTEGER NOT NULL) STRICT";

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench_durable: %s failed\n", what);
        exit(1);
    }
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, RUNS, sizeof *values, compare);
    return values[RUNS / 2];
}

/* A command with two paths. */
static void run_shell(const char *words, const char *a, const char *b)
{
    char command[3 * PATH_SIZE];

    snprintf(command, sizeof command, "%s '%s' '%s'", words, a, b);
    must(system(command) == 0, command);
}

/* ---- our store ---- */

struct ours {
    struct store *store;
    int64_t keys[DOCUMENTS];
    uint64_t versions[DOCUMENTS];
    uint8_t *op;
    size_t op_bytes;
};

static void ours_open(struct ours *ours, const char *dir, size_t op_bytes)
{
    char message[256];

    must(store_open(dir, &ours->store, message, sizeof message) == STORE_OK, "store_open");
    ours->op_bytes = op_bytes;
    ours->op = calloc(1, op_bytes);
    must(ours->op != NULL, "calloc");
}

static void ours_create(struct ours *ours)
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        struct store_document document = {.type = STORE_TEXT};

        snprintf(document.id, sizeof document.id, "document-%zu", i);
        must(store_create(ours->store, &document, 1) == STORE_OK, "store_create");
        ours->keys[i] = document.key;
        ours->versions[i] = 0;
    }
}

static void ours_close(struct ours *ours)
{
    store_close(ours->store);
    free(ours->op);
}

static void ours_append(struct ours *ours, size_t count)
{
    static struct store_edit edits[BATCH_MAX];

    for (size_t i = 0; i < count; i++) {
        size_t at = i % DOCUMENTS;
        uint64_t version = ++ours->versions[at];

        edits[i] = (struct store_edit){.key = ours->keys[at],
                                       .version = version,
                                       .client = 1 + at,
                                       .seq = version,
                                       .at_ms = 1,
                                       .op = {ours->op, ours->op_bytes}};
    }
    must(store_append(ours->store, edits, count, NULL, 0) == STORE_OK, "store_append");
}

static double ours_rate(const char *dir, size_t batch)
{
    struct ours ours;
    size_t edits = 0;
    double began;

    run_shell("rm -rf", dir, "");
    ours_open(&ours, dir, OP_BYTES);
    ours_create(&ours);
    began = now_ms();
    while (now_ms() - began < RUN_MS) {
        ours_append(&ours, batch);
        edits += batch;
    }
    double rate = (double)edits * 1e3 / (now_ms() - began);
    ours_close(&ours);
    return rate;
}

/* ---- bare SQLite ---- */

static sqlite3 *bare_open(const char *path)
{
    sqlite3 *db;

    must(sqlite3_open(path, &db) == SQLITE_OK, "sqlite3_open");
    must(sqlite3_exec(db, bare_pragmas, NULL, NULL, NULL) == SQLITE_OK, "pragmas");
    return db;
}

static void bare_insert(sqlite3 *db, sqlite3_stmt *insert, size_t count, int64_t *row)
{
    static const uint8_t op[OP_BYTES];

    must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK, "BEGIN");
    for (size_t i = 0; i < count; i++) {
        for (int column = 1; column <= 5; column++)
            sqlite3_bind_int64(insert, column, ++*row);
        sqlite3_bind_blob(insert, 6, op, sizeof op, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 7, *row);
        must(sqlite3_step(insert) == SQLITE_DONE, "INSERT");
        sqlite3_reset(insert);
    }
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "COMMIT");
}

static double bare_rate(const char *path, size_t batch)
{
    sqlite3_stmt *insert;
    size_t edits = 0;
    int64_t row = 0;
    double began;

    char log[PATH_SIZE + 8];

    snprintf(log, sizeof log, "%s-wal", path);
    run_shell("rm -f", path, log);
    sqlite3 *db = bare_open(path);
    must(sqlite3_exec(db, bare_table, NULL, NULL, NULL) == SQLITE_OK, "CREATE");
    must(sqlite3_prepare_v2(db,
                            "INSERT INTO log (doc, version, client, seq, at_ms, op, sum)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?)",
                            -1, &insert, NULL) == SQLITE_OK,
         "prepare");
    began = now_ms();
    while (now_ms() - began < RUN_MS) {
        bare_insert(db, insert, batch, &row);
        edits += batch;
    }
    double rate = (double)edits * 1e3 / (now_ms() - began);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return rate;
}

static void measure_rates(const char *dir)
{
    static const size_t batches[] = {1, 10, 100, 1000};
    char data[PATH_SIZE], bare[PATH_SIZE];

    snprintf(data, sizeof data, "%s/ours", dir);
    snprintf(bare, sizeof bare, "%s/bare.db", dir);
    printf("| edits a commit | durable edits/s | bare SQLite | ratio |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        double ours[RUNS], plain[RUNS];

        for (int run = 0; run < RUNS; run++) {
            ours[run] = ours_rate(data, batches[i]);
            plain[run] = bare_rate(bare, batches[i]);
        }
        double a = median(ours), b = median(plain);
        printf("| %zu | %.0f | %.0f | %.2f |\n", batches[i], a, b, a / b);
        fflush(stdout);
    }
    run_shell("rm -rf", data, bare);
}

/* ---- ready again ---- */

/* As a server does it with what rests. */
static void settle_all(struct ours *ours)
{
    struct store_slice snapshot = {ours->op, 1};
    bool done;

    for (size_t i = 0; i < DOCUMENTS; i++) {
        do {
            must(store_settle(ours->store, ours->keys[i], ours->versions[i], snapshot, 1, &done) ==
                     STORE_OK,
                 "store_settle");
        } while (!done);
    }
}

static void fill(const char *dir, size_t megabytes)
{
    struct ours ours;

    run_shell("rm -rf", dir, "");
    ours_open(&ours, dir, LARGE_OP);
    ours_create(&ours);
    for (size_t bytes = 0; bytes < megabytes << 20; bytes += (size_t)FILL_BATCH * LARGE_OP) {
        ours_append(&ours, FILL_BATCH);
        must(store_idle(ours.store) == STORE_OK, "store_idle");
    }
    settle_all(&ours);
    ours_close(&ours);
}

/* Works on until it is killed, in the middle of what it does. */
static void work_and_die(const char *dir)
{
    pid_t child = fork();

    if (child == 0) {
        struct ours ours;

        ours_open(&ours, dir, OP_BYTES);
        for (size_t i = 0; i < DOCUMENTS; i++) {
            struct store_document document;
            struct store_head head;
            char id[32];

            snprintf(id, sizeof id, "document-%zu", i);
            must(store_find(ours.store, id, &document) == STORE_OK, "store_find");
            must(store_load(ours.store, document.key, &head) == STORE_OK, "store_load");
            ours.keys[i] = document.key;
            ours.versions[i] = head.version;
        }
        settle_all(&ours);
        for (int i = 0; i < WORK_COUNT; i++)
            ours_append(&ours, WORK_BATCH);
        raise(SIGKILL);
    }
    int status;
    must(waitpid(child, &status, 0) == child && WIFSIGNALED(status), "the child");
}

static double time_ours(const char *dir)
{
    struct ours ours;
    double began = now_ms();

    ours_open(&ours, dir, 1);
    double passed = now_ms() - began;
    ours_close(&ours);
    return passed;
}

static double time_bare(const char *dir)
{
    char path[PATH_SIZE + 16];
    double began = now_ms();

    snprintf(path, sizeof path, "%s/quire.db", dir);
    sqlite3 *db = bare_open(path);
    must(sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK,
         "SELECT");
    double passed = now_ms() - began;
    sqlite3_close(db);
    return passed;
}

static void measure_recovery(const char *dir, size_t megabytes)
{
    char data[PATH_SIZE], copy[PATH_SIZE];
    double ours[RUNS], plain[RUNS];

    snprintf(data, sizeof data, "%s/ours", dir);
    snprintf(copy, sizeof copy, "%s/copy", dir);
    fill(data, megabytes);
    for (int run = 0; run < RUNS; run++) {
        work_and_die(data);
        run_shell("cp -r", data, copy);
        plain[run] = time_bare(copy);
        ours[run] = time_ours(data);
        run_shell("rm -rf", copy, "");
    }
    printf("| %zu MB | %.1f ms | %.1f ms |\n", megabytes, median(ours), median(plain));
    fflush(stdout);
    run_shell("rm -rf", data, "");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench_durable DIR [MEGABYTES...]\n", stderr);
        return 2;
    }
    measure_rates(argv[1]);
    printf("\n| database | open after a kill -9 | SQLite's own recovery |\n|---|---|---|\n");
    for (int i = 2; i < argc; i++)
        measure_recovery(argv[1], strtoul(argv[i], NULL, 10));
    return 0;
}

#include "tools/replay/run.h"

#include "tools/peer/bytes.h"
#include "tools/replay/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 20000000

#define NO_FILE SIZE_MAX

/* A process that plays, as all of them see it. */
struct worker {
    _Atomic size_t file; /* NO_FILE: between files */
    _Atomic uint64_t step;
};

/* What is in shared memory. */
struct board {
    _Atomic size_t next, done, operations, findings;
    struct worker workers[RUN_JOBS_MAX];
    struct job_result results[];
};

struct crew {
    const struct files *files;
    const struct job_options *options;
    struct board *board;
    size_t board_size;
    unsigned jobs;
    pid_t processes[RUN_JOBS_MAX]; /* 0: there is none */
};

static void note_done(struct board *board, const struct job_result *result)
{
    atomic_fetch_add(&board->operations, result->operations);
    atomic_fetch_add(&board->findings, result->outcome == JOB_FOUND);
    atomic_fetch_add(&board->done, 1);
}

/* The life of a process: one file after the other. */
static void work(const struct crew *crew, struct worker *worker)
{
    struct board *board = crew->board;
    size_t file;

    while ((file = atomic_fetch_add(&board->next, 1)) < crew->files->count) {
        atomic_store(&worker->step, 0);
        atomic_store(&worker->file, file);
        job_play(&crew->files->list[file], crew->options, &worker->step, &board->results[file]);
        note_done(board, &board->results[file]);
        atomic_store(&worker->file, NO_FILE);
    }
}

/* The file ended the process that played it; the new one looks for the reason first. */
static void take_over(const struct crew *crew, struct worker *worker, size_t file)
{
    struct job_result *result = &crew->board->results[file];

    if (crew->options->minimises)
        job_minimise_end(&crew->files->list[file], crew->options, result);
    note_done(crew->board, result);
    atomic_store(&worker->file, NO_FILE);
}

static void start(struct crew *crew, unsigned number, size_t ended_by)
{
    struct worker *worker = &crew->board->workers[number];

    fflush(NULL);
    crew->processes[number] = fork();
    if (crew->processes[number] != 0)
        return;
    if (ended_by != NO_FILE)
        take_over(crew, worker, ended_by);
    work(crew, worker);
    _exit(0);
}

/* A process has ended while it played, or while it looked for the reason. */
static void replace(struct crew *crew, unsigned number)
{
    struct worker *worker = &crew->board->workers[number];
    size_t file = atomic_load(&worker->file);
    struct job_result *result = &crew->board->results[file];
    bool is_known = result->outcome == JOB_FOUND;

    if (!is_known) {
        result->outcome = JOB_FOUND;
        result->finding = (struct finding){"end", "the engine goes on, whatever it is given",
                                           atomic_load(&worker->step)};
        result->operations = result->finding.step;
    } else {
        note_done(crew->board, result);
        atomic_store(&worker->file, NO_FILE);
    }
    start(crew, number, is_known ? NO_FILE : file);
}

/* True while any process lives. */
static bool attend(struct crew *crew)
{
    bool any = false;

    for (unsigned i = 0; i < crew->jobs; i++) {
        int status;
        if (crew->processes[i] <= 0)
            continue;
        if (waitpid(crew->processes[i], &status, WNOHANG) == crew->processes[i]) {
            crew->processes[i] = 0;
            if (atomic_load(&crew->board->workers[i].file) != NO_FILE)
                replace(crew, i);
        }
        any = any || crew->processes[i] > 0;
    }
    return any;
}

static void show(const struct crew *crew, struct progress *progress)
{
    struct board *board = crew->board;
    size_t operations = atomic_load(&board->operations), findings = atomic_load(&board->findings);

    for (unsigned i = 0; i < crew->jobs; i++)
        operations += atomic_load(&board->workers[i].file) != NO_FILE
                          ? atomic_load(&board->workers[i].step)
                          : 0;
    snprintf(progress->note, sizeof progress->note, "%zu operations, %zu finding%s", operations,
             findings, findings == 1 ? "" : "s");
    progress_show(progress, atomic_load(&board->done));
}

static unsigned count_jobs(unsigned wanted, size_t files)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = wanted > 0 ? wanted : processors > 0 ? (size_t)processors : 1;

    jobs = jobs < files ? jobs : files;
    return (unsigned)(jobs < RUN_JOBS_MAX ? jobs : RUN_JOBS_MAX);
}

static void run_crew(struct crew *crew, bool quiet)
{
    struct timespec pause = {0, LOOK_EVERY_NS};
    struct progress progress;

    progress_init(&progress, "quire replay", quiet);
    progress.unit = "files";
    progress_begin(&progress, crew->files->count);
    for (unsigned i = 0; i < crew->jobs; i++) {
        atomic_store(&crew->board->workers[i].file, NO_FILE);
        start(crew, i, NO_FILE);
    }
    while (attend(crew)) {
        nanosleep(&pause, NULL);
        show(crew, &progress);
    }
    progress_end(&progress);
}

struct job_result *run_files(const struct files *files, const struct job_options *options,
                             unsigned jobs, bool quiet)
{
    size_t results_size = files->count * sizeof(struct job_result);
    struct crew crew = {.files = files, .options = options, .jobs = count_jobs(jobs, files->count)};
    struct job_result *results = malloc(results_size + 1);

    crew.board_size = sizeof *crew.board + results_size;
    crew.board =
        mmap(NULL, crew.board_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crew.board == MAP_FAILED || results == NULL) {
        free(results);
        return NULL;
    }
    run_crew(&crew, quiet);
    memcpy(results, crew.board->results, results_size);
    munmap(crew.board, crew.board_size);
    return results;
}

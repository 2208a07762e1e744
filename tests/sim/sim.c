/*
 * Whatever happens, everybody ends with the same document, and nothing that was acknowledged is
 * lost or there twice. Rounds of random events: people type, move their cursors and talk; messages
 * are under way for any time; connections are cut; the server is killed, loses power in the middle
 * of a write, stops, or finds its disk full or failing; rooms empty and are read again. Then
 * everything heals and comes to rest, and is looked at.
 *
 * A round that fails is cut down to the events that matter, and its plan is kept in a file.
 */
#include "lib/shortage.h"
#include "run.h"
#include "shrink.h"
#include "vectors.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX     64
#define ROUNDS_USUAL 1000

struct options {
    uint64_t seed, rounds, vectors;
    time_t end; /* 0: none */
    unsigned jobs;
    bool shown, must_fail;
};

/* What a worker tells of itself. */
struct slot {
    _Atomic uint64_t seed; /* of the round that it is at */
    struct tally tally;
};

static const char usage[] =
    "usage: sim [options] [PLAN...]\n"
    "\n"
    "Plays rounds of random edits, crashes and faults against the server's hub and\n"
    "store, and checks that nothing is lost, doubled or different. With plans, plays\n"
    "these.\n"
    "\n"
    "  --rounds N    so many rounds (1000)\n"
    "  --minutes N   rounds for so long instead\n"
    "  --seed N      of the first round; QUIRE_SEED does the same (the time)\n"
    "  --jobs N      processes (1)\n"
    "  --show        tells what happens in the plans\n"
    "  --must-fail   a bug is planted: all is well if a round or plan finds it\n"
    "  --vectors N   writes so many cases of what a session does, and nothing else\n"
    "\n"
    "A round that fails leaves its plan, cut down, in sim-SEED.plan. Exit status: 0 all\n"
    "rounds passed; 1 one did not; 2 wrong arguments.\n";

/* ---- plans ---- */

static int play_file(const char *path, bool shown)
{
    struct plan plan = {.shown = shown};
    size_t line = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL || !plan_read(&plan, file, &line)) {
        fprintf(stderr, "sim: %s, line %zu: not a plan\n", path, line);
        return 2;
    }
    fclose(file);
    bool passed = shrink_passes(&plan);
    printf("%s: %s\n", path, passed ? "passed" : "FAILED");
    plan_deinit(&plan);
    return passed ? 0 : 1;
}

static void report(uint64_t seed)
{
    char path[64];
    struct plan plan = run_draw(seed);
    fprintf(stderr, "sim: round %" PRIu64 " failed; cutting its plan of %zu events down\n", seed,
            plan.count);
    shrink(&plan);
    plan.shown = true;
    shrink_passes(&plan);
    snprintf(path, sizeof path, "sim-%" PRIu64 ".plan", seed);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        plan_write(&plan, file);
        fclose(file);
    }
    fprintf(stderr, "sim: %zu events are left, in %s; the whole: --seed %" PRIu64 " --rounds 1\n",
            plan.count, path, seed);
    plan_deinit(&plan);
}

/* ---- workers ---- */

static _Noreturn void work(const struct options *options, unsigned number, struct slot *slot)
{
    for (uint64_t i = number; i < options->rounds; i += options->jobs) {
        if (options->end != 0 && time(NULL) >= options->end) {
            break;
        }
        struct plan plan = run_draw(options->seed + i);
        atomic_store(&slot->seed, plan.seed);
        if (!run_plan(&plan, &slot->tally)) {
            fprintf(stderr, "sim: round %" PRIu64 ": %s\n", plan.seed, plan.reason);
            fflush(NULL);
            _exit(1); /* what a failed round had in memory is not to be reported besides */
        }
        plan_deinit(&plan);
    }
    exit(0);
}

static void show_progress(const struct slot *slots, unsigned jobs)
{
    unsigned rounds = 0, edits = 0;
    for (unsigned i = 0; i < jobs; i++) {
        rounds += slots[i].tally.rounds;
        edits += slots[i].tally.edits;
    }
    fprintf(stderr, "\rsim: %u rounds, %u edits ", rounds, edits);
}

/* Waits for the next worker to end; 0 when there is none left. */
static pid_t wait_for_one(const struct slot *slots, unsigned jobs, int *status_out)
{
    pid_t ended;
    if (!isatty(STDERR_FILENO)) {
        return wait(status_out);
    }
    while ((ended = waitpid(-1, status_out, WNOHANG)) == 0) {
        show_progress(slots, jobs);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
    return ended;
}

/* False: a round failed, of the worker `failed_out`; the others are ended. */
static bool wait_for_all(pid_t *workers, const struct slot *slots, unsigned jobs,
                         unsigned *failed_out)
{
    bool passed = true;
    int status;
    for (pid_t ended; (ended = wait_for_one(slots, jobs, &status)) > 0;) {
        for (unsigned i = 0; i < jobs; i++) {
            if (workers[i] == ended) {
                workers[i] = 0;
                if (passed && status != 0) {
                    passed = false;
                    *failed_out = i;
                }
            }
        }
        for (unsigned i = 0; i < jobs && !passed; i++) {
            if (workers[i] != 0) {
                kill(workers[i], SIGKILL);
            }
        }
    }
    return passed;
}

/*
 * A long run in which something never happened has not tested it. `enough` is the number of rounds
 * in which each comes up twenty times and more. Comparing copies later comes up once in tens of
 * thousands; it has a plan of its own.
 */
static int print_tally(const struct slot *slots, unsigned jobs)
{
    static const struct {
        const char *name;
        size_t offset;
        uint64_t enough;
    } rows[] = {
#define ROW(field, enough, text) {text, offsetof(struct tally, field), enough}
        ROW(rounds, 1000, "rounds"),
        ROW(events, 1000, "events"),
        ROW(edits, 1000, "edits"),
        ROW(kills, 1000, "times killed"),
        ROW(power_cuts, 1000, "power cuts"),
        ROW(failed_disks, 1000, "failures of the store"),
        ROW(shortages, 3000, "of them for want of memory"),
        ROW(unread, 3000, "requests refused for it"),
        ROW(unheard, 5000, "edits stored of which nobody had heard"),
        ROW(rollbacks, 1000, "appends refused by a full disk"),
        ROW(stops, 1000, "edits refused while stopping"),
        ROW(takeovers, 1000, "connections taken over"),
        ROW(folds, 1000, "catch-ups folded"),
        ROW(histories, 1000, "catch-ups from the store"),
        ROW(snapshots, 1000, "snapshots given"),
        ROW(older, 3000, "of them with the edits since"),
        ROW(lags, 1000, "readers behind with the stream"),
        ROW(ticks_lost, 1000, "readers behind with presence"),
        ROW(settles, 1000, "snapshots saved"),
        ROW(unloads, 1000, "rooms that left memory"),
        ROW(hashes, 1000, "hashes told"),
        ROW(too_old, 20000, "edits too old"),
        ROW(later, UINT64_MAX, "edits to come again later, for all that was looked through"),
        ROW(roles, 1000, "roles changed"),
        ROW(forbidden, 1000, "edits and chats refused for them"),
        ROW(shut_out, 3000, "documents not opened for them"),
        ROW(backups, 1000, "backups made"),
        ROW(restores, 1000, "backups put back"),
        ROW(offered, 3000, "times that lost edits were offered again"),
        ROW(beyond, 30000, "times that they were not kept"),
        ROW(not_open, 1000, "edits for channels not open"),
#undef ROW
    };
    int result = 0;
    uint64_t rounds = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t sum = 0;
        for (unsigned k = 0; k < jobs; k++) {
            unsigned count;
            memcpy(&count, (const char *)&slots[k].tally + rows[i].offset, sizeof count);
            sum += count;
        }
        printf("%10" PRIu64 " %s\n", sum, rows[i].name);
        rounds = i == 0 ? sum : rounds;
        if (sum == 0 && rounds >= rows[i].enough) {
            fprintf(stderr, "sim: no %s\n", rows[i].name);
            result = 1;
        }
    }
    return result;
}

static int play_rounds(const struct options *options)
{
    pid_t workers[JOBS_MAX];
    unsigned failed;
    struct slot *slots = mmap(NULL, options->jobs * sizeof *slots, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) {
        perror("sim");
        return 1;
    }
    printf("sim: QUIRE_SEED=%" PRIu64 "\n", options->seed);
    fflush(stdout);
    for (unsigned i = 0; i < options->jobs; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            work(options, i, &slots[i]);
        }
    }
    bool passed = wait_for_all(workers, slots, options->jobs, &failed);
    if (options->must_fail) {
        return passed ? 1 : 0;
    }
    if (!passed) {
        report(atomic_load(&slots[failed].seed));
        return 1;
    }
    return print_tally(slots, options->jobs);
}

/* ---- options ---- */

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"rounds", required_argument, NULL, 'r'},  {"minutes", required_argument, NULL, 'm'},
        {"seed", required_argument, NULL, 's'},    {"jobs", required_argument, NULL, 'j'},
        {"show", no_argument, NULL, 'v'},          {"must-fail", no_argument, NULL, 'f'},
        {"vectors", required_argument, NULL, 'w'}, {0}};
    const char *given = getenv("QUIRE_SEED");
    *options = (struct options){.seed = given != NULL ? strtoull(given, NULL, 0)
                                                      : (uint64_t)time(NULL) * 1000,
                                .rounds = ROUNDS_USUAL,
                                .jobs = 1};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'r') {
            options->rounds = strtoull(optarg, NULL, 0);
        } else if (option == 'm') {
            options->rounds = UINT64_MAX;
            options->end = time(NULL) + (time_t)(60 * strtod(optarg, NULL));
        } else if (option == 's') {
            options->seed = strtoull(optarg, NULL, 0);
        } else if (option == 'j') {
            options->jobs = (unsigned)strtoul(optarg, NULL, 0);
        } else if (option == 'v') {
            options->shown = true;
        } else if (option == 'f') {
            options->must_fail = true;
        } else if (option == 'w') {
            options->vectors = strtoull(optarg, NULL, 0);
        } else {
            return false;
        }
    }
    return options->jobs >= 1 && options->jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
    struct options options;
    int worst = 0;
    if (!read_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!shortage_install()) {
        fputs("sim: SQLite's allocations cannot be watched\n", stderr);
        return 1;
    }
    if (options.vectors > 0) {
        return vectors_write(options.vectors, stdout) ? 0 : 1;
    }
    if (optind == argc) {
        return play_rounds(&options);
    }
    for (int i = optind; i < argc; i++) {
        int result = play_file(argv[i], options.shown);
        worst = result > worst ? result : worst;
    }
    return worst;
}

/*
 * Whatever happens, everybody ends with the same document, and nothing that was acknowledged is
 * lost or there twice. Rounds of random events: people type, move their cursors and talk; messages
 * are under way for any time; connections are cut; the server crashes, stops, or finds its disk
 * full; rooms empty and are read again. Then everything heals and comes to rest, and is looked at.
 *
 * QUIRE_SEED and QUIRE_ROUNDS repeat a run or part of it. A round that fails is cut down to fewer
 * events if it still fails then, and its plan goes to stderr.
 */
#include "hub_events.h"
#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_OF_A_STORE 20
#define LONG_EVERY        40 /* stores have a round that is long */
#define ROUNDS            (LONG_EVERY * ROUNDS_OF_A_STORE)
#define LONG_EDITS        (LIMIT_SETTLE_EDITS + 200)

/* ---- a round ---- */

/* Everybody points somewhere, and they type on while nothing goes wrong. */
static void finish(struct round *round)
{
    struct mood mood = mood_draw(round_rng(round), true);
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < round->server->document_count; k++) {
            seat_point(&round->persons[i].seats[k]);
        }
    }
    for (unsigned i = rng_below(round_rng(round), 60); i > 0; i--) {
        mood_happen(&mood, round);
    }
    round_come_to_rest(round);
    for (unsigned i = 0; i < round->person_count && round->manner.big > 0; i++) {
        /* With large edits the server keeps few of them, and may not know a cursor's version. */
        for (unsigned k = 0; k < round->server->document_count; k++) {
            seat_point(&round->persons[i].seats[k]);
        }
    }
    round_add_person(round);
    round_come_to_rest(round);
    server_pass(round->server, LIMIT_TYPING_MS + 1000);
    round_come_to_rest(round);
}

static void happen(struct round *round)
{
    struct plan *plan = round->plan;
    struct mood mood = mood_draw(&plan->rng, false);
    unsigned count = 50 + rng_below(&plan->rng, rng_percent(&plan->rng, 5) ? 2000 : 400);
    plan_say(plan, "%u people, %u documents, %u events", round->person_count,
             round->server->document_count, count);
    if (rng_percent(&plan->rng, 70)) {
        round_come_to_rest(round);
    }
    for (unsigned i = 0; i < count && i < plan->events; i++) {
        mood_happen(&mood, round);
    }
}

/*
 * So many edits that the oldest leave memory and a snapshot is saved while people are there; one is
 * away all the time, and one has an edit under way.
 */
static void happen_long(struct round *round)
{
    round->manner = (struct manner){.insert = 2, .delete = 2, .replace = 1, .length = 20};
    round_come_to_rest(round);
    person_cut(&round->persons[1]);
    seat_type(&round->persons[1].seats[0], &round->manner);
    seat_type(&round->persons[2].seats[0], &round->manner);
    event_burst(round, &round->persons[0].seats[0], LONG_EDITS);
}

static void run_round(struct plan *plan, struct server *server, const char *label, bool is_long)
{
    struct round *round = bytes_alloc(1, sizeof *round);
    round_start(round, plan, server, label);
    if (is_long) {
        happen_long(round);
    } else {
        happen(round);
    }
    round_heal(round);
    finish(round);
    round_look(round);
    round_stop(round);
    free(round);
}

/* ---- runs ---- */

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *given = getenv(name);
    return given == NULL ? usual : strtoull(given, NULL, 0);
}

/* Syncing would take most of the time, and nothing here is about what a disk does. */
static const char *base_directory(void)
{
    struct stat info;
    const char *given = getenv("TMPDIR");
    if (given != NULL) {
        return given;
    }
    return stat("/dev/shm", &info) == 0 && S_ISDIR(info.st_mode) ? "/dev/shm" : "/tmp";
}

/* Rounds 1 to `rounds` on one store. Returns the number of the one that fails, or 0; the plan then
 * tells why. Its `events` are of the last round. */
static unsigned run_store(struct plan *plan, struct tally *tally, uint64_t seed, unsigned rounds,
                          unsigned shown)
{
    struct server *server = bytes_alloc(1, sizeof *server);
    volatile unsigned round = 1;
    server->plan = plan;
    server->tally = tally;
    server_open_store(server, base_directory());
    unsigned last_events = plan->events;
    for (; round <= rounds; round++) {
        char label[32];
        snprintf(label, sizeof label, "r%u", round);
        plan->rng = (struct rng){seed * UINT64_C(0x9e3779b97f4a7c15) + round};
        plan->event = 0;
        plan->shown = round == shown;
        plan->events = round == rounds ? last_events : UINT32_MAX;
        if (setjmp(plan->failed) != 0) {
            server_close_store(server);
            return round; /* what the round had in memory stays behind */
        }
        run_round(plan, server, label, seed % LONG_EVERY == 0 && round == 1);
        tally->rounds++;
    }
    server_close_store(server);
    free(server);
    return 0;
}

/* The fewest events, about, with which it still fails. */
static unsigned cut_down(uint64_t seed, unsigned round, unsigned most)
{
    unsigned low = 0, high = most;
    while (low < high) {
        struct plan plan = {.events = low + (high - low) / 2};
        struct tally tally = {0};
        unsigned events = plan.events;
        if (run_store(&plan, &tally, seed, round, 0) != 0) {
            high = events;
        } else {
            low = events + 1;
        }
    }
    return high;
}

static _Noreturn void report(const struct plan *failed, uint64_t seed, unsigned round)
{
    struct tally tally = {0};
    fprintf(stderr, "round %u: %s\n", round, failed->reason);
    struct plan plan = {.events = cut_down(seed, round, failed->event)};
    fprintf(stderr, "cut down to %u events:\n", plan.events);
    run_store(&plan, &tally, seed, round, round);
    fprintf(stderr, "%s\nrepeat with QUIRE_SEED=%llu QUIRE_ROUNDS=%u\n", plan.reason,
            (unsigned long long)seed, round);
    fflush(NULL);
    _exit(1); /* what a failed round had in memory is not to be reported besides */
}

/* A long run in which something never happened has not tested it. */
static int print_tally(const struct tally *tally)
{
    const struct {
        const char *name;
        unsigned count;
    } rows[] = {{"events", tally->events},
                {"edits", tally->edits},
                {"crashes", tally->crashes},
                {"stops", tally->stops},
                {"appends refused by a full disk", tally->rollbacks},
                {"connections taken over", tally->takeovers},
                {"catch-ups folded", tally->folds},
                {"catch-ups from the store", tally->histories},
                {"snapshots given", tally->snapshots},
                {"readers behind with the stream", tally->lags},
                {"readers behind with presence", tally->ticks_lost},
                {"snapshots saved", tally->settles},
                {"rooms that left memory", tally->unloads},
                {"hashes told", tally->hashes},
                {"edits too old", tally->too_old},
                {"edits for channels not open", tally->not_open}};
    int result = 0;
    printf("%u rounds\n", tally->rounds);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf("%8u %s\n", rows[i].count, rows[i].name);
        if (rows[i].count == 0 && tally->rounds >= ROUNDS) {
            fprintf(stderr, "no %s in %u rounds\n", rows[i].name, tally->rounds);
            result = 1;
        }
    }
    return result;
}

int main(void)
{
    uint64_t seed = number_from("QUIRE_SEED", (uint64_t)time(NULL));
    unsigned rounds = (unsigned)number_from("QUIRE_ROUNDS", ROUNDS);
    struct tally tally = {0};
    printf("hub_convergence: QUIRE_SEED=%llu QUIRE_ROUNDS=%u\n", (unsigned long long)seed, rounds);
    fflush(stdout);
    for (; rounds > 0; seed++) {
        struct plan plan = {.events = UINT32_MAX};
        unsigned some = rounds < ROUNDS_OF_A_STORE ? rounds : ROUNDS_OF_A_STORE;
        unsigned failed = run_store(&plan, &tally, seed, some, 0);
        if (failed != 0) {
            report(&plan, seed, failed);
        }
        rounds -= some;
    }
    return print_tally(&tally);
}

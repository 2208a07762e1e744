#include "run.h"

#include "events.h"
#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <sys/stat.h>

/* What a round's beginning and its end leave to chance; those of lines are below. */
#define CHANCE_BEGIN 0
#define CHANCE_END   ((uint64_t)UINT32_MAX + 2)

struct plan run_draw(uint64_t seed)
{
    struct plan plan = {.seed = seed};
    struct rng rng = {seed};
    if (rng_percent(&rng, 70)) {
        events_add(&rng, "rest", &plan);
    }
    if (seed % RUN_LONG_EVERY == 0) {
        events_add(&rng, "long", &plan);
    } else {
        events_draw(&rng, false, 50 + rng_below(&rng, rng_percent(&rng, 5) ? 2000 : 400), &plan);
    }
    return plan;
}

/* Nothing is slower for it, and what a disk does is up to the file system of the test. */
static const char *base_directory(void)
{
    struct stat info;
    const char *given = getenv("TMPDIR");
    if (given != NULL) {
        return given;
    }
    return stat("/dev/shm", &info) == 0 && S_ISDIR(info.st_mode) ? "/dev/shm" : "/tmp";
}

static void point_all(struct round *round)
{
    for (unsigned i = 0; i < round->person_count; i++) {
        for (unsigned k = 0; k < round->server->document_count; k++) {
            seat_point(&round->persons[i].seats[k]);
        }
    }
}

/* Everybody points somewhere, and they type on while nothing goes wrong; somebody new comes. */
static void finish(struct round *round)
{
    struct plan gentle = {0};
    point_all(round);
    events_draw(round_rng(round), true, rng_below(round_rng(round), 60), &gentle);
    for (size_t i = 0; i < gentle.count; i++) {
        event_happen(round, &gentle.lines[i]);
    }
    plan_deinit(&gentle);
    round_come_to_rest(round);
    if (round->manner.big > 0) {
        /* With large edits the server keeps few of them, and may not know a cursor's version. */
        point_all(round);
    }
    round_add_person(round);
    round_come_to_rest(round);
    server_pass(round->server, LIMIT_TYPING_MS + 1000);
    round_come_to_rest(round);
}

bool run_plan(struct plan *plan, struct tally *tally)
{
    struct server *server = bytes_alloc(1, sizeof *server);
    struct round *round = bytes_alloc(1, sizeof *round);
    server->plan = plan;
    server->tally = tally;
    if (setjmp(plan->failed) != 0) {
        return false;
    }
    plan->at = 0;
    plan_draw_from(plan, CHANCE_BEGIN);
    round_start(round, plan, server, base_directory());
    while (plan->at < plan->count) {
        event_happen(round, &plan->lines[plan->at++]);
    }
    plan_draw_from(plan, CHANCE_END);
    round_heal(round);
    finish(round);
    round_look(round);
    round_stop(round);
    free(round);
    free(server);
    tally->rounds++;
    return true;
}

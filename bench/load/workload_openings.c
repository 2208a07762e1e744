/*
 * What openings of a large document do to those who write in another one: the same load in peace,
 * and while one after the other opens the large one and somebody edits it.
 */
#include "bench/load/crowd.h"
#include "bench/load/workload.h"

#include "tools/peer/bytes.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_MS    20000
#define PREFILL_SIZE 2000
#define WARM_SECS    2.0
#define READY_US     UINT64_C(60000000)
#define TURN_US      UINT64_C(10000)
#define PIECE_BYTES  1000000
#define LARGE_BYTES  UINT64_C(16000000)
#define OPENS_PER_S  20
#define OPEN_REF     (UINT64_C(1) << 41)
#define PLACES       32 /* of those who have opened it */
#define LESS_NICE    5  /* it shares a core with those whose time is measured */

static const char *const peace_names[] = {"peace_p50_ms", "peace_p95_ms", "peace_p99_ms",
                                          "peace_max_ms"};
static const char *const others_names[] = {"others_p50_ms", "others_p95_ms", "others_p99_ms",
                                           "others_max_ms"};
static const char *const open_names[] = {"open_p50_ms", "open_p95_ms", "open_p99_ms",
                                         "open_max_ms"};

/* What the process that opens and the one that measures share. */
struct told {
    atomic_bool ready; /* the large document is there */
    atomic_bool begin;
    uint64_t asked, refused, edits_saved, bytes;
    struct histogram opened; /* from OPEN to its OPENED */
};

/* ---- who opens --------------------------------------------------------------------------------
 */

/* Each time somebody else, for as long as it takes until the place is needed again. */
struct opener {
    struct link link;
    struct told *told;
    const char *id;
    uint64_t asked_us;
};

static void opener_ready(struct link *link, const struct peer_message *welcome)
{
    struct opener *opener = link->holder;
    struct ot_buf message = {0};
    (void)welcome;
    opener->asked_us = link_now_us();
    opener->told->asked++;
    peer_put_open(&message, OPEN_REF, 0, bytes_of(opener->id), PEER_NONE, PEER_NONE, PEER_NONE);
    link_send(link, ot_buf_slice(&message));
    ot_buf_deinit(&message);
}

static void opener_message(struct link *link, const struct peer_message *message)
{
    struct opener *opener = link->holder;
    if (message->kind == WIRE_OPENED) {
        histogram_add(&opener->told->opened, link_now_us() - opener->asked_us);
        opener->told->bytes += message->opened.snapshot.size;
    } else if (message->kind == WIRE_ERROR) {
        opener->told->refused++;
    }
}

static void opener_closed(struct link *link, unsigned code, const char *error)
{
    (void)link;
    fprintf(stderr, "quire-load: an opener was closed with %u: %s\n", code,
            error != NULL ? error : "");
}

static const struct link_events opener_events = {opener_ready, opener_message, opener_closed};

static void opener_come(struct opener *opener, struct loop *loop, const struct ws_url *url)
{
    const struct link_hello hello = {
        .name = bytes_of("Opener"), .color = bytes_of("#2266cc"), .client = PEER_NONE};
    link_drop(&opener->link);
    link_open(&opener->link, loop, url, &hello, &opener_events, opener);
}

static int fill(struct crowd *crowd, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += PIECE_BYTES)
        if (crowd_prefill(crowd, PIECE_BYTES) != 0)
            return -1;
    return 0;
}

/* An edit and an opening so many times a second, until it is killed. */
static void open_and_edit(struct crowd *crowd, struct told *told)
{
    struct opener openers[PLACES] = {0};
    uint64_t due_us = link_now_us();
    crowd_reset_tally(crowd);
    for (size_t i = 0; crowd->error[0] == '\0'; i++, due_us += 1000000 / OPENS_PER_S) {
        struct opener *opener = &openers[i % PLACES];
        while (link_now_us() < due_us)
            crowd_turn(crowd, due_us);
        crowd_edit(crowd->editors[0], due_us);
        opener->told = told;
        opener->id = crowd->documents[0].id;
        opener_come(opener, crowd->loop, crowd->url);
        crowd_turn(crowd, 0);
        told->edits_saved = crowd->tally.saved;
    }
}

static void opener_run(const struct ws_url *url, struct told *told, uint64_t bytes, uint64_t seed)
{
    struct crowd_spec spec = {.documents = 1, .editors = 1, .typing = true};
    struct crowd crowd;

    if (crowd_init(&crowd, loop_new(), url, &spec, seed + 1) == 0 && fill(&crowd, bytes) == 0) {
        atomic_store(&told->ready, true);
        while (!atomic_load(&told->begin))
            crowd_turn(&crowd, link_now_us() + TURN_US);
        open_and_edit(&crowd, told);
    }
    fprintf(stderr, "quire-load: nothing is opened any more: %s\n", crowd.error);
}

/* ---- who writes -------------------------------------------------------------------------------
 */

static void write_for(struct crowd *crowd, double rate, double secs, const char *const names[4],
                      struct report *report)
{
    crowd_load(crowd, rate * (double)crowd->editor_count, WARM_SECS);
    crowd_settle(crowd, SETTLE_MS);
    crowd_reset_tally(crowd);
    crowd_load(crowd, rate * (double)crowd->editor_count, secs);
    if (crowd_settle(crowd, SETTLE_MS) != 0)
        report_fail(report, "it did not settle in %d s", SETTLE_MS / 1000);
    report_add_latency(report, names, &crowd->tally.delivery);
}

static void suffer(struct server *server, struct crowd *crowd, struct told *told,
                   const struct workload_options *options, struct report *report)
{
    /* A rate that is no part of the other one: edits meet openings at any moment. */
    double rate = choose_real(options->rate, 6.7), secs = choose_real(options->secs, 10);
    uint64_t until_us = link_now_us() + READY_US;

    while (!atomic_load(&told->ready) && link_now_us() < until_us)
        crowd_turn(crowd, link_now_us() + TURN_US);
    if (!atomic_load(&told->ready)) {
        report_fail(report, "the large document is not there");
        return;
    }
    struct server_cost calm = server_cost(server);
    write_for(crowd, rate, secs, peace_names, report);
    struct server_cost before = server_cost(server);
    atomic_store(&told->begin, true);
    write_for(crowd, rate, secs, others_names, report);
    struct server_cost after = server_cost(server);
    double took_s = (double)(after.at_us - before.at_us) / 1e6;

    report_add_latency(report, open_names, &told->opened);
    report_add(report, "opens_per_s", (double)told->opened.count / took_s, 1);
    report_add(report, "open_mb_per_s", (double)told->bytes / 1e6 / took_s, 1);
    report_add(report, "opens_refused", (double)told->refused, 0);
    report_add(report, "edits_per_s", (double)told->edits_saved / took_s, 1);
    report_add(report, "peace_cores",
               (before.cpu_s - calm.cpu_s) * 1e6 / (double)(before.at_us - calm.at_us), 3);
    report_add(report, "cores", (after.cpu_s - before.cpu_s) / took_s, 3);
    report_add(report, "memory_before_mb", (double)before.memory_bytes / 1e6, 1);
    report_add(report, "memory_peak_mb", (double)after.peak_bytes / 1e6, 1);
    report_noise(report, &before, &after);
}

static void run_beside(struct server *server, struct told *told,
                       const struct workload_options *options, struct report *report)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = choose(options->editors, 2),
                              .readers = choose(options->readers, 1),
                              .replicas = true};
    struct loop *loop = loop_new();
    struct crowd crowd;

    if (crowd_init(&crowd, loop, &server->url, &spec, options->seed) == 0 &&
        crowd_prefill(&crowd, PREFILL_SIZE) == 0)
        suffer(server, &crowd, told, options, report);
    crowd_verify(&crowd, report);
    crowd_deinit(&crowd);
    loop_free(loop);
}

void workload_openings(struct server *server, const struct workload_options *options,
                       struct report *report)
{
    struct told *told =
        mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED) {
        report_fail(report, "no memory to share");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + LESS_NICE);
        opener_run(&server->url, told, options->bytes > 0 ? options->bytes : LARGE_BYTES,
                   options->seed);
        _exit(0);
    }
    run_beside(server, told, options, report);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (!server_alive(server))
        report_fail(report, "the server died");
    munmap(told, sizeof *told);
}

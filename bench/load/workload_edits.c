/*
 * Edits under load: rooms of editors, one hot document, one writer before many readers; and the
 * search for the highest rate.
 */
#include "bench/load/crowd.h"
#include "bench/load/workload.h"

#include <math.h>
#include <stdio.h>

#define SETTLE_MS     20000
#define PREFILL_SIZE  2000
#define DOUBLINGS_MAX 12
#define BISECTIONS    3
#define LEAST_MADE    0.95
#define LEAST_ARRIVED 0.97

static const char *const delivery_names[] = {"delivery_p50_ms", "delivery_p95_ms",
                                             "delivery_p99_ms", "delivery_max_ms"};
static const char *const ack_names[] = {"ack_p50_ms", "ack_p95_ms", "ack_p99_ms", "ack_max_ms"};

/* What happened while the load ran, before it settled. */
struct window {
    double secs;
    uint64_t made, saved, delivered, expected, versions;
};

static struct window window_of(const struct crowd *crowd, const struct server_cost *from,
                               const struct server_cost *to)
{
    const struct crowd_tally *tally = &crowd->tally;
    return (struct window){(double)(to->at_us - from->at_us) / 1e6,
                           tally->made,
                           tally->saved,
                           tally->delivered,
                           tally->expected,
                           tally->versions};
}

static double per(double amount, double count)
{
    return count > 0 ? amount / count : 0;
}

static void report_rates(struct report *report, const struct window *window)
{
    report_add(report, "edits_per_s", (double)window->made / window->secs, 1);
    report_add(report, "saved_per_s", (double)window->saved / window->secs, 1);
    report_add(report, "versions_per_s", (double)window->versions / window->secs, 1);
    report_add(report, "deliveries_per_s", (double)window->delivered / window->secs, 1);
}

static void report_costs(struct report *report, const struct crowd *crowd,
                         const struct server_cost *before, const struct server_cost *after,
                         uint64_t bytes_in)
{
    const struct crowd_tally *tally = &crowd->tally;
    double cpu_s = after->cpu_s - before->cpu_s;
    double wall_s = (double)(after->at_us - before->at_us) / 1e6;

    report_add(report, "cpu_us_per_delivery", per(cpu_s * 1e6, (double)tally->delivered), 2);
    report_add(report, "cpu_us_per_edit", per(cpu_s * 1e6, (double)tally->saved), 2);
    report_add(report, "server_cores", cpu_s / wall_s, 3);
    report_add(report, "bytes_per_delivery", per((double)bytes_in, (double)tally->delivered), 1);
    report_add(report, "server_peak_mb", (double)after->peak_bytes / 1e6, 1);
}

static void report_lost(struct report *report, const struct crowd *crowd)
{
    const struct crowd_tally *tally = &crowd->tally;

    report_add(report, "edits", (double)tally->made, 0);
    report_add(report, "deliveries", (double)tally->delivered, 0);
    report_add(report, "refused", (double)tally->refused, 0);
    report_add(report, "reopened", (double)tally->reopened, 0);
    if (tally->reopened == 0 && tally->delivered != tally->expected)
        report_fail(report, "%llu deliveries were due, %llu came",
                    (unsigned long long)tally->expected, (unsigned long long)tally->delivered);
}

/* `rate`: edits a second of each editor. */
static void run_edits(struct server *server, const struct crowd_spec *spec, double rate,
                      double secs, size_t prefill, uint64_t seed, struct report *report)
{
    struct crowd crowd;
    struct loop *loop = loop_new();

    if (crowd_init(&crowd, loop, &server->url, spec, seed) == 0 &&
        crowd_prefill(&crowd, prefill) == 0) {
        crowd_reset_tally(&crowd);
        uint64_t bytes_in = crowd_bytes_in(&crowd);
        struct server_cost before = server_cost(server);
        crowd_load(&crowd, rate * (double)crowd.editor_count, secs);
        struct server_cost loaded = server_cost(server);
        struct window window = window_of(&crowd, &before, &loaded);
        if (crowd_settle(&crowd, SETTLE_MS) != 0)
            report_fail(report, "it did not settle in %d s", SETTLE_MS / 1000);
        struct server_cost after = server_cost(server);

        report_rates(report, &window);
        report_add_latency(report, delivery_names, &crowd.tally.delivery);
        report_add_latency(report, ack_names, &crowd.tally.ack);
        report_costs(report, &crowd, &before, &after, crowd_bytes_in(&crowd) - bytes_in);
        report_lost(report, &crowd);
        report_noise(report, &before, &loaded);
    }
    crowd_verify(&crowd, report);
    if (!server_alive(server))
        report_fail(report, "the server died");
    crowd_deinit(&crowd);
    loop_free(loop);
}

void workload_edits(struct server *server, const struct workload_options *options,
                    struct report *report)
{
    struct crowd_spec spec = {.documents = choose(options->docs, 100),
                              .editors = choose(options->editors, 5),
                              .unfolded = options->unfolded,
                              .replicas = true};
    run_edits(server, &spec, choose_real(options->rate, 4), choose_real(options->secs, 8),
              PREFILL_SIZE, options->seed, report);
}

void workload_hot(struct server *server, const struct workload_options *options,
                  struct report *report)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = choose(options->editors, 100),
                              .unfolded = options->unfolded,
                              .replicas = true};
    run_edits(server, &spec, choose_real(options->rate, 2), choose_real(options->secs, 8),
              PREFILL_SIZE, options->seed, report);
}

void workload_readers(struct server *server, const struct workload_options *options,
                      struct report *report)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = choose(options->editors, 1),
                              .readers = choose(options->readers, 5000),
                              .unfolded = options->unfolded,
                              .replicas = true};
    run_edits(server, &spec, choose_real(options->rate, 20), choose_real(options->secs, 6), 0,
              options->seed, report);
}

/* ---- the highest rate ---------------------------------------------------------------------------
 */

struct step {
    double rate;
    struct window window;
    double p50_ms, p99_ms, ack_p99_ms, server_cores, generator_cores;
    bool good;
};

/* Documents of its own, so that one step's backlog and history do not weigh on the next. */
static struct step run_step(struct server *server, const struct crowd_spec *spec, double rate,
                            double secs, double p99_ms, uint64_t seed, struct report *report)
{
    struct step step = {.rate = rate};
    struct crowd crowd;
    struct loop *loop = loop_new();

    if (crowd_init(&crowd, loop, &server->url, spec, seed) == 0 &&
        crowd_prefill(&crowd, PREFILL_SIZE) == 0) {
        crowd_reset_tally(&crowd);
        struct server_cost before = server_cost(server);
        crowd_load(&crowd, rate, secs);
        struct server_cost loaded = server_cost(server);
        step.window = window_of(&crowd, &before, &loaded);
        bool settled = crowd_settle(&crowd, SETTLE_MS) == 0;
        step.p50_ms = (double)histogram_quantile(&crowd.tally.delivery, 0.50) / 1000;
        step.p99_ms = (double)histogram_quantile(&crowd.tally.delivery, 0.99) / 1000;
        step.ack_p99_ms = (double)histogram_quantile(&crowd.tally.ack, 0.99) / 1000;
        step.server_cores = (loaded.cpu_s - before.cpu_s) / step.window.secs;
        step.generator_cores = (loaded.own_cpu_s - before.own_cpu_s) / step.window.secs;
        step.good = settled && step.p99_ms <= p99_ms &&
                    (double)step.window.made >= LEAST_MADE * rate * step.window.secs &&
                    (double)step.window.delivered >= LEAST_ARRIVED * (double)step.window.expected;
    }
    crowd_verify(&crowd, report);
    fprintf(stderr,
            "  %9.0f edits/s: p50 %.1f ms, p99 %.1f ms, server %.2f, generator %.2f cores%s\n",
            rate, step.p50_ms, step.p99_ms, step.server_cores, step.generator_cores,
            step.good ? "" : " - too much");
    crowd_deinit(&crowd);
    loop_free(loop);
    return step;
}

static void report_step(struct report *report, const struct step *step)
{
    report_add(report, "rate", step->rate, 0);
    report_rates(report, &step->window);
    report_add(report, "delivery_p50_ms", step->p50_ms, 2);
    report_add(report, "delivery_p99_ms", step->p99_ms, 2);
    report_add(report, "ack_p99_ms", step->ack_p99_ms, 2);
    report_add(report, "server_cores", step->server_cores, 3);
    report_add(report, "generator_cores", step->generator_cores, 3);
}

void workload_limit(struct server *server, const struct workload_options *options,
                    struct report *report)
{
    struct crowd_spec spec = {.documents = choose(options->docs, 100),
                              .editors = choose(options->editors, 5),
                              .unfolded = options->unfolded,
                              .replicas = true};
    double secs = choose_real(options->secs, 3), p99_ms = choose_real(options->p99_ms, 250);
    double rate = choose_real(options->start, 10000), bad = 0;
    struct step best = {0};
    uint64_t seed = options->seed;

    run_step(server, &spec, rate, secs, p99_ms, seed, report); /* warms up; not counted */
    for (int i = 0; i < DOUBLINGS_MAX && bad == 0 && report_ok(report); i++, rate *= 2) {
        struct step step = run_step(server, &spec, rate, secs, p99_ms, ++seed, report);
        if (step.good)
            best = step;
        else
            bad = rate;
    }
    for (int i = 0; i < BISECTIONS && best.good && bad > 0 && report_ok(report); i++) {
        struct step step =
            run_step(server, &spec, sqrt(best.rate * bad), secs, p99_ms, ++seed, report);
        if (step.good)
            best = step;
        else
            bad = step.rate;
    }
    if (best.good)
        report_step(report, &best);
    else
        report_fail(report, "even the first rate was too much");
}

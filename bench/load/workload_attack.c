/*
 * What others do to those who write: the same load in peace, and under an attack on another
 * document and on the door; then, when the attack is over, whether the server comes to rest.
 */
#include "bench/load/attack.h"
#include "bench/load/crowd.h"
#include "bench/load/workload.h"

#include <stdio.h>

#define SETTLE_MS    20000
#define PREFILL_SIZE 2000
#define WARM_SECS    2.0
#define TOKENS       (ATTACK_MEMBERS + 20)
#define REST_US      UINT64_C(3000000)
#define DROP_US      UINT64_C(12000000) /* strangers of before are closed by the server's timers */

static const char *const peace_names[] = {"peace_p50_ms", "peace_p95_ms", "peace_p99_ms",
                                          "peace_max_ms"};
static const char *const attack_names[] = {"attack_p50_ms", "attack_p95_ms", "attack_p99_ms",
                                           "attack_max_ms"};

static double p99_ms(const struct crowd *crowd)
{
    return (double)histogram_quantile(&crowd->tally.delivery, 0.99) / 1000;
}

static void write_for(struct crowd *crowd, double rate, double secs, const char *const names[4],
                      struct report *report)
{
    crowd_reset_tally(crowd);
    crowd_load(crowd, rate * (double)crowd->editor_count, secs);
    if (crowd_settle(crowd, SETTLE_MS) != 0)
        report_fail(report, "it did not settle in %d s", SETTLE_MS / 1000);
    report_add_latency(report, names, &crowd->tally.delivery);
    if (crowd->tally.delivered != crowd->tally.expected)
        report_fail(report, "%llu deliveries were due, %llu came",
                    (unsigned long long)crowd->tally.expected,
                    (unsigned long long)crowd->tally.delivered);
}

static void report_attack(struct report *report, const struct attack_tally *did, double secs)
{
    report_add(report, "attack_connections", (double)did->connections, 0);
    report_add(report, "attack_thrown_out", (double)did->ended, 0);
    report_add(report, "attack_mb_per_s", (double)did->bytes / 1e6 / secs, 2);
    report_add(report, "attack_edits", (double)did->edits, 0);
    report_add(report, "attack_edits_saved", (double)did->edits_saved, 0);
    report_add(report, "attack_cursors", (double)did->cursors, 0);
}

/* Of those who attack, then of those who write and read. */
struct tokens {
    char texts[TOKENS][TOKEN_CHARS];
    const char *of[TOKENS];
    size_t count;
};

static int make_tokens(const struct server *server, struct tokens *tokens_out)
{
    *tokens_out = (struct tokens){.count = server->keys[0] != '\0' ? TOKENS : 0};
    for (size_t i = 0; i < tokens_out->count; i++) {
        char who[32];
        snprintf(who, sizeof who, "user%zu", i);
        if (server_token(server, who, tokens_out->texts[i]) != 0)
            return -1;
        tokens_out->of[i] = tokens_out->texts[i];
    }
    return 0;
}

static void suffer(struct server *server, struct crowd *crowd, const struct tokens *tokens,
                   const struct workload_options *options, struct report *report)
{
    double rate = choose_real(options->rate, 2), secs = choose_real(options->secs, 10);
    struct attack attack;

    crowd_load(crowd, rate * (double)crowd->editor_count, WARM_SECS);
    crowd_settle(crowd, SETTLE_MS);
    struct server_cost calm = server_cost(server);
    write_for(crowd, rate, secs, peace_names, report);
    double peace_ms = p99_ms(crowd);

    struct server_cost before = server_cost(server);
    if (attack_start(&attack, &server->url, choose(options->connections, 10),
                     tokens->count > 0 ? tokens->of : NULL, options->seed))
        report_fail(report, "there is no attack");
    crowd_load(crowd, rate * (double)crowd->editor_count, WARM_SECS);
    crowd_settle(crowd, SETTLE_MS);
    write_for(crowd, rate, secs, attack_names, report);
    struct server_cost after = server_cost(server);
    struct attack_tally did = attack_stop(&attack);

    crowd_wait(crowd, DROP_US);
    struct server_cost still = server_cost(server);
    crowd_wait(crowd, REST_US);
    struct server_cost rested = server_cost(server);
    double attack_s = (double)(after.at_us - before.at_us) / 1e6;

    report_add(report, "p99_ratio", peace_ms > 0 ? p99_ms(crowd) / peace_ms : 0, 2);
    report_add(report, "peace_cores",
               (before.cpu_s - calm.cpu_s) * 1e6 / (double)(before.at_us - calm.at_us), 3);
    report_add(report, "attack_cores", (after.cpu_s - before.cpu_s) / attack_s, 3);
    report_add(report, "rest_cores",
               (rested.cpu_s - still.cpu_s) * 1e6 / (double)(rested.at_us - still.at_us), 4);
    report_add(report, "memory_before_mb", (double)before.memory_bytes / 1e6, 1);
    report_add(report, "memory_peak_mb", (double)after.peak_bytes / 1e6, 1);
    report_add(report, "memory_rest_mb", (double)rested.memory_bytes / 1e6, 1);
    report_attack(report, &did, attack_s);
    report_noise(report, &before, &after);
}

void workload_attack(struct server *server, const struct workload_options *options,
                     struct report *report)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = choose(options->editors, 10),
                              .readers = choose(options->readers, 10),
                              .replicas = true};
    struct tokens tokens;
    if (make_tokens(server, &tokens) != 0) {
        report_fail(report, "there are no tokens");
        return;
    }
    if (tokens.count > 0) {
        spec.tokens = tokens.of + ATTACK_MEMBERS;
        spec.token_count = TOKENS - ATTACK_MEMBERS;
    }
    struct loop *loop = loop_new();
    struct crowd crowd;

    if (crowd_init(&crowd, loop, &server->url, &spec, options->seed) == 0 &&
        crowd_prefill(&crowd, PREFILL_SIZE) == 0)
        suffer(server, &crowd, &tokens, options, report);
    crowd_verify(&crowd, report);
    if (!server_alive(server))
        report_fail(report, "the server died");
    crowd_deinit(&crowd);
    loop_free(loop);
}

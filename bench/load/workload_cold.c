/*
 * A document with a long history, opened directly after the server has started. The history is made
 * through the server: many writers type one character after the other, each an edit of its own.
 */
#include "bench/load/crowd.h"
#include "bench/load/party.h"
#include "bench/load/workload.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#define PATIENCE_MS 30000
#define SETTLE_MS   60000

static void on_saved(struct crowd_client *client)
{
    struct crowd *crowd = client->crowd;
    if (crowd->tally.made < crowd->spec.edits)
        crowd_edit(client, link_now_us());
}

/* Everybody types as fast as the server saves. */
static void write_history(struct crowd *crowd)
{
    crowd_reset_tally(crowd);
    crowd->saved = on_saved;
    for (size_t i = 0; i < crowd->editor_count && crowd->tally.made < crowd->spec.edits; i++)
        crowd_edit(crowd->editors[i], link_now_us());
    while (crowd->tally.saved < crowd->spec.edits && crowd->error[0] == '\0')
        crowd_turn(crowd, link_now_us() + 10000);
    crowd->saved = NULL;
    if (crowd_settle(crowd, SETTLE_MS) != 0)
        crowd_fail(crowd, "the history could not be written");
}

static bool opened(void *context)
{
    return party_settled(context);
}

/* From before the socket is made until the document can be edited. */
static double open_ms(struct server *server, const char *id, struct report *report,
                      uint64_t *version_out, uint64_t *length_out)
{
    struct loop *loop = loop_new();
    struct party party;

    party_init(&party, loop, &server->url, id, false, report);
    uint64_t begin_us = link_now_us();
    party_connect(&party);
    party_wait(&party, PATIENCE_MS, opened, &party);
    double ms = (double)(link_now_us() - begin_us) / 1000;
    *version_out = session_version(party.session);
    *length_out = ot_doc_length(session_shown(party.session));
    party_deinit(&party);
    loop_free(loop);
    return ms;
}

static void measure(struct server *server, const struct workload_options *options, const char *id,
                    uint64_t versions, struct report *report)
{
    struct histogram cold = {0}, again = {0};
    static const char *const names[] = {"cold_open_p50_ms", "cold_open_p95_ms", "cold_open_p99_ms",
                                        "cold_open_max_ms"};
    uint32_t repeat = choose(options->repeat, 5);
    uint64_t version = 0, length = 0;

    for (uint32_t i = 0; i < repeat && report_ok(report); i++) {
        if (server_restart(server, options->kill ? SIGKILL : SIGTERM)) {
            report_fail(report, "the server did not come back");
            return;
        }
        histogram_add(&cold, (uint64_t)(open_ms(server, id, report, &version, &length) * 1000));
        histogram_add(&again, (uint64_t)(open_ms(server, id, report, &version, &length) * 1000));
        if (version != versions)
            report_fail(report, "%" PRIu64 " edits were saved, the server has %" PRIu64, versions,
                        version);
    }
    report_add(report, "characters", (double)length, 0);
    report_add_latency(report, names, &cold);
    report_add(report, "second_open_ms", (double)histogram_quantile(&again, 0.5) / 1000, 2);
}

void workload_cold(struct server *server, const struct workload_options *options,
                   struct report *report)
{
    struct crowd_spec spec = {.documents = 1,
                              .editors = choose(options->writers, 64),
                              .typing = true,
                              .replicas = true,
                              .edits = choose(options->edits, 250000)};
    struct loop *loop = loop_new();
    struct crowd crowd;
    char id[65] = "";
    uint64_t versions = 0;

    if (!server->started) {
        report_fail(report, "this workload has to start the server itself (--quire)");
        loop_free(loop);
        return;
    }
    if (crowd_init(&crowd, loop, &server->url, &spec, options->seed) == 0) {
        uint64_t begin_us = link_now_us();
        write_history(&crowd);
        versions = crowd.documents[0].versions;
        snprintf(id, sizeof id, "%s", crowd.documents[0].id);
        report_add(report, "edits", (double)versions, 0);
        report_add(report, "written_per_s",
                   (double)versions * 1e6 / (double)(link_now_us() - begin_us), 0);
    }
    crowd_verify(&crowd, report);
    crowd_deinit(&crowd);
    loop_free(loop);
    if (report_ok(report))
        measure(server, options, id, versions, report);
}

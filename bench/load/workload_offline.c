/*
 * Somebody makes edits without a connection while others go on; then comes back. How long until all
 * agree?
 */
#include "bench/load/party.h"
#include "bench/load/random.h"
#include "bench/load/stamp.h"
#include "bench/load/workload.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdio.h>

#define PARTIES     3
#define PATIENCE_MS 120000

struct trip {
    struct party parties[PARTIES]; /* the first goes away */
    struct loop *loop;
    struct report *report;
    struct ot_builder *builder;
    struct ot_buf op;
    uint64_t random;
};

static bool all_agree(void *context)
{
    struct trip *trip = context;
    uint64_t version = session_version(trip->parties[0].session);

    for (int i = 0; i < PARTIES; i++)
        if (!party_settled(&trip->parties[i]) ||
            session_version(trip->parties[i].session) != version)
            return false;
    return true;
}

static bool first_settled(void *context)
{
    struct trip *trip = context;
    return party_settled(&trip->parties[0]);
}

static void edit(struct trip *trip, struct party *party)
{
    uint64_t length = ot_doc_length(session_shown(party->session));
    bool replaces = length > 20 && random_below(&trip->random, 100) < 40;
    uint64_t deleted = replaces ? 1 + random_below(&trip->random, 10) : 0;
    uint8_t text[STAMP_SIZE];

    stamp_write(link_now_us(), text);
    ot_builder_retain(trip->builder, random_below(&trip->random, length - deleted + 1),
                      (struct ot_slice){0});
    ot_builder_insert(trip->builder, (struct ot_slice){text, sizeof text}, (struct ot_slice){0});
    ot_builder_delete(trip->builder, deleted);
    ot_buf_clear(&trip->op);
    bytes_must(ot_builder_finish(trip->builder, &trip->op));
    if (session_edit(party->session, ot_buf_slice(&trip->op)) != OT_OK)
        report_fail(trip->report, "an edit does not fit");
}

static void fill(struct trip *trip, uint64_t bytes)
{
    static const char words[] = "lorem ipsum dolor sit amet ";
    struct ot_buf text = {0};

    while (text.size < bytes)
        bytes_put(&text, &words[text.size % (sizeof words - 1)], 1);
    ot_builder_insert(trip->builder, ot_buf_slice(&text), (struct ot_slice){0});
    ot_buf_clear(&trip->op);
    bytes_must(ot_builder_finish(trip->builder, &trip->op));
    session_edit(trip->parties[0].session, ot_buf_slice(&trip->op));
    ot_buf_deinit(&text);
}

static bool gather(struct trip *trip, uint64_t bytes)
{
    party_connect(&trip->parties[0]);
    fill(trip, bytes);
    if (!party_wait(&trip->parties[0], PATIENCE_MS, first_settled, trip))
        return false;
    for (int i = 1; i < PARTIES; i++)
        party_connect(&trip->parties[i]);
    return party_wait(&trip->parties[0], PATIENCE_MS, all_agree, trip);
}

/* Every edit of the others is one of the log: none is made while one is in flight. */
static void go_on(struct trip *trip, uint32_t edits)
{
    uint64_t end_us = link_now_us() + (uint64_t)PATIENCE_MS * 1000;
    uint32_t made = 0;
    bool under_way = true;

    while ((made < edits || under_way) && report_ok(trip->report)) {
        under_way = false;
        for (int i = 1; i < PARTIES; i++) {
            bool settled = party_settled(&trip->parties[i]);
            under_way |= !settled;
            if (settled && made < edits) {
                edit(trip, &trip->parties[i]);
                made++;
            }
        }
        loop_turn(trip->loop, link_now_us() + 1000);
        if (link_now_us() > end_us)
            report_fail(trip->report, "the others could not make their edits in time");
    }
}

static void compare(struct trip *trip)
{
    uint32_t first, hash;

    bytes_must(ot_doc_hash(session_shown(trip->parties[0].session), &first));
    for (int i = 1; i < PARTIES; i++) {
        bytes_must(ot_doc_hash(session_shown(trip->parties[i].session), &hash));
        if (hash != first)
            report_fail(trip->report, "documents differ: %08" PRIx32 " and %08" PRIx32, first,
                        hash);
    }
}

static void travel(struct trip *trip, struct server *server, uint32_t edits)
{
    struct party *away = &trip->parties[0];

    party_disconnect(away);
    uint64_t left_us = link_now_us();
    for (uint32_t i = 0; i < edits; i++)
        edit(trip, away);
    uint64_t typed_us = link_now_us();
    go_on(trip, edits);

    uint64_t bytes_in = trip->parties[1].link.ws.bytes_in + trip->parties[2].link.ws.bytes_in;
    struct server_cost before = server_cost(server);
    uint64_t back_us = link_now_us();
    party_connect(away);
    if (!party_wait(away, PATIENCE_MS, all_agree, trip))
        return;
    uint64_t agreed_us = link_now_us();
    struct server_cost after = server_cost(server);
    bytes_in = away->link.ws.bytes_in + trip->parties[1].link.ws.bytes_in +
               trip->parties[2].link.ws.bytes_in - bytes_in;

    report_add(trip->report, "edits_each", edits, 0);
    report_add(trip->report, "typed_offline_ms", (double)(typed_us - left_us) / 1000, 1);
    report_add(trip->report, "agreed_ms", (double)(agreed_us - back_us) / 1000, 1);
    report_add(trip->report, "server_cpu_ms", (after.cpu_s - before.cpu_s) * 1000, 0);
    report_add(trip->report, "clients_cpu_ms", (after.own_cpu_s - before.own_cpu_s) * 1000, 0);
    report_add(trip->report, "kb_received", (double)bytes_in / 1000, 1);
    report_noise(trip->report, &before, &after);
    compare(trip);
}

/* A newcomer takes the place of one who was there. */
static void look_anew(struct trip *trip, struct server *server, const char *id)
{
    if (!report_ok(trip->report))
        return;
    party_deinit(&trip->parties[2]);
    party_init(&trip->parties[2], trip->loop, &server->url, id, false, trip->report);
    party_connect(&trip->parties[2]);
    if (party_wait(&trip->parties[2], PATIENCE_MS, all_agree, trip))
        compare(trip);
}

void workload_offline(struct server *server, const struct workload_options *options,
                      struct report *report)
{
    struct trip trip = {.loop = loop_new(),
                        .report = report,
                        .builder = ot_builder_new(OT_STABLE),
                        .random = options->seed | 1};
    char id[65];

    bytes_must(trip.builder == NULL ? OT_E_MEMORY : OT_OK);
    snprintf(id, sizeof id, "offline-%" PRIx64, link_now_us());
    for (int i = 0; i < PARTIES; i++)
        party_init(&trip.parties[i], trip.loop, &server->url, id, i == 0, report);
    if (gather(&trip, options->bytes > 0 ? options->bytes : 100000))
        travel(&trip, server, choose(options->edits, 2000));
    look_anew(&trip, server, id);
    for (int i = 0; i < PARTIES; i++)
        party_deinit(&trip.parties[i]);
    ot_builder_free(trip.builder);
    ot_buf_deinit(&trip.op);
    loop_free(trip.loop);
}

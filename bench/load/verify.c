#include "bench/load/crowd.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_US UINT64_C(60000000)
#define TURN_US     UINT64_C(10000)
#define AT_ONCE     32

/* Somebody who opens a document for the first time when all is over. */
struct newcomer {
    struct crowd *crowd;
    struct link link;
    uint32_t document;
    bool begun, done;
    uint64_t version, length;
    uint32_t hash;
};

static void newcomer_ready(struct link *link, const struct peer_message *welcome)
{
    struct newcomer *newcomer = link->holder;
    struct ot_buf *message = &newcomer->crowd->message;
    (void)welcome;

    ot_buf_clear(message);
    peer_put_open(message, 1, 0, bytes_of(newcomer->crowd->documents[newcomer->document].id),
                  PEER_NONE, PEER_NONE, PEER_NONE);
    link_send(link, ot_buf_slice(message));
}

static void newcomer_message(struct link *link, const struct peer_message *message)
{
    struct newcomer *newcomer = link->holder;
    struct ot_doc *doc;

    if (message->kind != WIRE_OPENED)
        return;
    if (ot_op_check(message->opened.snapshot, NULL, NULL) ||
        ot_doc_load(message->opened.snapshot, &doc) != OT_OK) {
        crowd_fail(newcomer->crowd, "a newcomer got no document");
        return;
    }
    bytes_must(ot_doc_hash(doc, &newcomer->hash));
    newcomer->length = ot_doc_length(doc);
    newcomer->version = message->opened.version;
    newcomer->done = message->opened.version == message->opened.head;
    ot_doc_free(doc);
}

static void newcomer_closed(struct link *link, unsigned code, const char *error)
{
    struct newcomer *newcomer = link->holder;
    crowd_fail(newcomer->crowd, "a newcomer lost its connection: %s (close code %u)",
               error != NULL ? error : "the server closed it", code);
}

static const struct link_events newcomer_events = {newcomer_ready, newcomer_message,
                                                   newcomer_closed};

/* Opens every document once, a few at a time. */
static void visit(struct crowd *crowd, struct newcomer *newcomers)
{
    struct link_hello hello = {.token = crowd_token(crowd, 0),
                               .name = bytes_of("Newcomer"),
                               .color = bytes_of("#cc6622"),
                               .client = PEER_NONE};
    uint64_t end_us = link_now_us() + PATIENCE_US;
    uint32_t begun = 0, done = 0;

    while (done < crowd->spec.documents && crowd->error[0] == '\0') {
        for (; begun < crowd->spec.documents && begun < done + AT_ONCE; begun++) {
            struct newcomer *newcomer = &newcomers[begun];
            newcomer->begun = true;
            link_open(&newcomer->link, crowd->loop, crowd->url, &hello, &newcomer_events, newcomer);
        }
        crowd_turn(crowd, link_now_us() + TURN_US);
        while (done < begun && newcomers[done].done)
            link_drop(&newcomers[done++].link);
        if (link_now_us() > end_us)
            crowd_fail(crowd, "newcomers could not open the documents in time");
    }
    for (uint32_t i = 0; i < crowd->spec.documents; i++)
        if (newcomers[i].begun)
            link_drop(&newcomers[i].link);
}

static void compare_client(const struct crowd_client *client, const struct newcomer *newcomer,
                           struct report *report)
{
    uint32_t hash;

    if (client->version != newcomer->version || client->length != newcomer->length)
        report_fail(report,
                    "client %" PRIu32 " is at version %" PRIu64 " with %" PRIu64
                    " characters, a newcomer at %" PRIu64 " with %" PRIu64,
                    client->index, client->version, client->length, newcomer->version,
                    newcomer->length);
    if (client->replica == NULL)
        return;
    bytes_must(ot_doc_hash(client->replica, &hash));
    if (hash != newcomer->hash)
        report_fail(report,
                    "document %" PRIu32 " diverged: %08" PRIx32 ", at the server %08" PRIx32,
                    client->document, hash, newcomer->hash);
}

void crowd_verify(struct crowd *crowd, struct report *report)
{
    struct newcomer *newcomers = bytes_alloc(crowd->spec.documents, sizeof *newcomers);

    for (uint32_t i = 0; i < crowd->spec.documents; i++)
        newcomers[i] = (struct newcomer){.crowd = crowd, .document = i};
    if (crowd->error[0] == '\0')
        visit(crowd, newcomers);
    if (crowd->error[0] != '\0') {
        report_fail(report, "%s", crowd->error);
        free(newcomers);
        return;
    }
    for (size_t i = 0; i < crowd->client_count; i++)
        compare_client(&crowd->clients[i], &newcomers[crowd->clients[i].document], report);
    for (uint32_t i = 0; i < crowd->spec.documents; i++)
        if (newcomers[i].version != crowd->documents[i].versions)
            report_fail(report,
                        "document %" PRIu32 ": %" PRIu64
                        " edits were saved, the server has %" PRIu64,
                        i, crowd->documents[i].versions, newcomers[i].version);
    if (crowd->tally.saved != crowd->tally.made)
        report_fail(report, "of %" PRIu64 " edits %" PRIu64 " were saved", crowd->tally.made,
                    crowd->tally.saved);
    free(newcomers);
}

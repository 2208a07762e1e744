#include "bench/load/party.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <string.h>

#define CREATE_REF 1
#define TYPE_TEXT  2
#define TURN_US    UINT64_C(10000)

static void on_send(void *context, struct ot_slice message)
{
    struct party *party = context;
    link_send(&party->link, message);
}

static void on_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    struct party *party = context;
    (void)kept;
    (void)op;
    report_fail(party->report, "an edit was refused: %.*s", (int)code.size,
                (const char *)code.data);
}

static void on_diverged(void *context, uint64_t version, uint32_t own_crc, uint32_t crc)
{
    struct party *party = context;
    report_fail(party->report, "diverged at version %" PRIu64 ": %08" PRIx32 ", server %08" PRIx32,
                version, own_crc, crc);
}

static void on_shut(void *context, struct ot_slice code)
{
    struct party *party = context;
    report_fail(party->report, "the document cannot be opened: %.*s", (int)code.size,
                (const char *)code.data);
}

static void on_ready(struct link *link, const struct peer_message *welcome)
{
    struct party *party = link->holder;
    struct ot_buf message = {0};

    party->client = welcome->welcome.client;
    if (welcome->welcome.key.size == sizeof party->key)
        memcpy(party->key, welcome->welcome.key.data, sizeof party->key);
    if (party->create == NULL) {
        session_connect(party->session);
        return;
    }
    peer_put_create(&message, CREATE_REF, TYPE_TEXT, bytes_of("Load"), bytes_of(party->create));
    link_send(link, ot_buf_slice(&message));
    ot_buf_deinit(&message);
}

static void on_message(struct link *link, const struct peer_message *message)
{
    struct party *party = link->holder;

    if (party->create != NULL && message->kind == WIRE_DONE && message->ref == CREATE_REF) {
        party->create = NULL;
        session_connect(party->session);
    } else if (session_receive(party->session, message)) {
        report_fail(party->report, "a message does not follow from the ones before");
    }
}

static void on_closed(struct link *link, unsigned code, const char *error)
{
    struct party *party = link->holder;

    party->connected = false;
    session_disconnect(party->session);
    report_fail(party->report, "a connection ended: %s (close code %u)",
                error != NULL ? error : "the server closed it", code);
}

static const struct link_events events = {on_ready, on_message, on_closed};

void party_init(struct party *party, struct loop *loop, const struct ws_url *url, const char *id,
                bool create, struct report *report)
{
    struct session_env env = {.context = party,
                              .send = on_send,
                              .refused = on_refused,
                              .diverged = on_diverged,
                              .closed = on_shut};

    *party = (struct party){.loop = loop,
                            .url = url,
                            .report = report,
                            .client = PEER_NONE,
                            .create = create ? id : NULL};
    party->session = session_new(id, 0, &env);
}

void party_deinit(struct party *party)
{
    party_disconnect(party);
    session_free(party->session);
}

void party_connect(struct party *party)
{
    bool known = party->client != PEER_NONE;
    struct link_hello hello = {.name = bytes_of("Party"),
                               .color = bytes_of("#2266cc"),
                               .client = party->client,
                               .key = known ? (struct ot_slice){party->key, sizeof party->key}
                                            : PEER_NIL};
    party->connected = true;
    link_open(&party->link, party->loop, party->url, &hello, &events, party);
}

void party_disconnect(struct party *party)
{
    link_drop(&party->link);
    party->connected = false;
    session_disconnect(party->session);
}

bool party_settled(const struct party *party)
{
    return session_settled(party->session);
}

bool party_wait(struct party *party, uint64_t ms, bool (*done)(void *context), void *context)
{
    uint64_t end_us = link_now_us() + ms * 1000;

    while (!done(context)) {
        if (!report_ok(party->report))
            return false;
        if (link_now_us() > end_us) {
            report_fail(party->report, "nothing came of it in %" PRIu64 " ms", ms);
            return false;
        }
        loop_turn(party->loop, link_now_us() + TURN_US);
    }
    return true;
}

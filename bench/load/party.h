/*
 * One whole client: a link and a session, for the few workloads in which somebody has to hold the
 * document and edit it without a connection.
 */
#ifndef QUIRE_LOAD_PARTY_H
#define QUIRE_LOAD_PARTY_H

#include "bench/load/report.h"
#include "tools/peer/link.h"
#include "tools/peer/session.h"

#include <stdbool.h>

struct party {
    struct loop *loop;
    const struct ws_url *url;
    struct report *report;
    struct link link;
    struct session *session;
    uint64_t client; /* PEER_NONE before the first welcome */
    uint8_t key[WIRE_KEY_SIZE];
    bool connected;
    const char *create; /* the document is made on the first connection; NULL: it exists */
};

/* For document `id`; `create`: makes it first. */
void party_init(struct party *party, struct loop *loop, const struct ws_url *url, const char *id,
                bool create, struct report *report);
void party_deinit(struct party *party);

/* Begins to connect, as the client that it was before. */
void party_connect(struct party *party);
/* Cuts the connection. */
void party_disconnect(struct party *party);
/* Live, and everything it typed is saved. */
bool party_settled(const struct party *party);

/* Waits until `done(context)`, at most `ms`; false, and a failure in the report, when time is up.
 */
bool party_wait(struct party *party, uint64_t ms, bool (*done)(void *context), void *context);

#endif

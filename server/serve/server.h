/*
 * A running server: the store with its thread, the hub's thread and the gates, put together,
 * started in order and taken down in order.
 */
#ifndef QUIRE_SERVE_SERVER_H
#define QUIRE_SERVE_SERVER_H

#include "server/auth/token.h"
#include "server/config/config.h"
#include "server/log/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum server_event {
    SERVER_SETTLED = 1, /* after server_drain: all that was accepted is on disk and answered */
    SERVER_FAILED = 2   /* the storage has failed: nothing is acknowledged any more; stop it */
};

struct server_options {
    const char *data;
    struct address listen;
    unsigned gates;
    const char *tls_cert, *tls_key;
    const char *allow_hosts, *allow_origins, *trusted_proxies; /* as gate_options has them */
    struct limits limits;
    uint64_t commit_interval_ms;
    const struct token_rules *tokens; /* NULL: everybody is let in; must outlive the server */
    const char *token_keys;           /* the file that their keys came from */
    bool metrics_page;                /* GET /metrics is answered */
    const struct schema *schema;      /* as hub_env's; must outlive the server */
    bool lets_guests;                 /* as hub_env's */
    struct log *log;
    void *context;
    /* Called by server_start, each once, without other threads yet. 0, or -1 with a sentence. */
    int (*bound)(void *context, char *message_out);  /* the port is; nothing of the data yet */
    int (*opened)(void *context, char *message_out); /* all is that it needs */
    /* From one of the server's threads; at most once for each event. */
    void (*event)(void *context, enum server_event event);
};

struct server;

#define SERVER_MESSAGE_MAX 512

/* Opens the database and the port, and serves. NULL: `message_out` (SERVER_MESSAGE_MAX) says why in
 * a sentence. */
struct server *server_start(const struct server_options *options, char *message_out);
/* Whether every thread has turned of late, the store's through what it had to do. */
bool server_is_alive(const struct server *server);
unsigned server_port(const struct server *server);

/* Reads the certificate and the file of keys anew, if there are such: connections that come from
 * now on get the one, and those end whose token none of the others proves. What cannot be used
 * changes nothing, nor does a file of keys that has not changed since an operator's command gave
 * others. The log tells of all. */
void server_reload(struct server *server);

/* Takes no new connections, tells clients to come back, and begins to finish what was accepted. */
void server_drain(struct server *server);
/* Closes the connections, ends the threads, closes the database, and frees. */
void server_stop(struct server *server);

#endif

/*
 * A gate: one thread with everything that touches sockets. libwebsockets on a libuv loop of its
 * own; the WebSocket handshake and its refusals, framing, reading messages, fan-out from positions,
 * timers of connections, the editor's files and the health pages over HTTP.
 *
 * Gate 0 listens and hands accepted sockets to all gates in turn.
 */
#ifndef QUIRE_GATE_GATE_H
#define QUIRE_GATE_GATE_H

#include "server/hub/hub.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file of the editor, built into the program. */
struct gate_asset {
    const char *path; /* "/editor.js" */
    const char *type; /* "text/javascript; charset=utf-8" */
    const char *etag; /* quoted */
    const uint8_t *data;
    size_t size;
};

struct gate_env {
    void *context;
    /* Gives `in` to the hub; any gate's thread. False: its inbox is full, and `in` has been freed.
     * Only a HUB_IN_MESSAGE may be refused. Whoever takes a HUB_IN_MESSAGE out of the inbox calls
     * gates_taken. Not called any more once gates_stop has been. */
    bool (*post)(void *context, struct hub_in *in);
    /* The turn of a loop in which something was posted ends: whoever takes it is to be woken. May
     * be NULL. Any gate's thread. */
    void (*posted)(void *context);
    /* For /readyz: NULL when the server can serve, else a sentence why not. */
    const char *(*not_ready)(void *context);
    /* How short memory is: from HUB_SCARCE on no WebSocket is opened, at HUB_OUT the
     * connection for which most waits is closed, one after the other. May be NULL. Any gate's
     * thread. */
    enum hub_pressure (*pressure)(void *context);
    /* For /metrics: writes its text to `out` (METRICS_TEXT_MAX) and returns its size. NULL: there
     * is no such page. */
    size_t (*metrics)(void *context, char *out);
    void (*log)(void *context, enum hub_log_level level, const char *event, const char *fields);
};

struct limits; /* server/limits.h */

struct gate_options {
    const char *host; /* numeric address or name to listen on */
    unsigned port;    /* 0: any free one */
    unsigned gates;
    const struct limits *limits;     /* NULL: the presets */
    const struct gate_asset *assets; /* ends with a NULL path; "/" and "/d/ID" are "/index.html" */
    const char *allow_hosts, *allow_origins; /* as in admission.h, commas between; NULL: none */
    const char *tls_cert, *tls_key;          /* PEM files; NULL or "": no TLS */
    const char *trusted_proxies; /* addresses and networks with commas between; NULL: none */

    /* 0: the limit of that name */
    unsigned hello_ms, silence_ms, ping_ms, stall_ms, close_ms;
};

struct gates;

/* Raises the limit of open files as far as this process may, and says how many connections fit
 * below it beside what `gates` gates need themselves; 0: none. `files_out`: the limit. */
unsigned gates_room(unsigned gates, uint64_t *files_out);
/* The limit that would be needed for so many connections. */
uint64_t gates_files(unsigned gates, unsigned connections);

/* Binds the address and opens all that the threads need; whoever comes waits until gates_run. On
 * error returns NULL, and `message_out` says in a sentence what is wrong ("127.0.0.1:8080 is in use
 * by another program …"). */
struct gates *gates_open(const struct gate_options *options, const struct gate_env *env,
                         char *message_out, size_t message_size);
/* Starts the threads. 0, or -1 with a sentence; then gates_stop is all that may be called. */
int gates_run(struct gates *gates, char *message_out, size_t message_size);
/* Reads the certificate and the key anew, of gates that have them: whoever comes from now on gets
 * it. -1 with a sentence: it cannot be used, and the one before stays. Any thread. */
int gates_reload_tls(struct gates *gates, char *message_out, size_t message_size);
/* The port that is listened on. */
unsigned gates_port(const struct gates *gates);
/* How long ago the loop turned last that has been still for longest. Any thread. */
uint64_t gates_silent_ms(const struct gates *gates);
/* Gives `out` to gate `gate` and wakes it. Any thread. */
void gates_send(struct gates *gates, unsigned gate, struct hub_out *out);
/* A HUB_IN_MESSAGE of `connection` has left the hub's inbox: one less of LIMIT_CONNECTION_INBOX.
 * Any thread. */
void gates_taken(struct gates *gates, uint64_t connection);
/* Stops accepting; tells every connection GOING(retry_ms, each its own between half and all of it).
 * Any thread. */
void gates_drain(struct gates *gates, uint64_t retry_ms);
/* Writes out what is queued, closes every connection with 4503, ends the threads, frees: within
 * LIMIT_DRAIN_MS or little more. Nothing else may be called any more. Frees gates that never ran,
 * too. */
void gates_stop(struct gates *gates);

/* What all gates together have counted. Any thread. */
uint64_t gates_metric(const struct gates *gates, enum metric metric);
void gates_metrics(const struct gates *gates, struct metrics *sum);

#endif

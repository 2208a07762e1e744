/*
 * The clients of a load: connections that each have one document open, and edit it or only read.
 *
 * They are light but correct. A client keeps no text: it knows its version and the document's
 * length, has one edit in flight, and carries that over what comes in between, so that its next
 * edit fits again. Edits that come due meanwhile wait and leave together, as a live client's buffer
 * does. One client of each document (a replica) also keeps the document itself, for the comparison
 * in the end.
 *
 * The load is open: edits come due by the clock, however slow the server is, and latencies count
 * from there.
 */
#ifndef QUIRE_LOAD_CROWD_H
#define QUIRE_LOAD_CROWD_H

#include "bench/load/histogram.h"
#include "bench/load/report.h"
#include "tools/peer/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Connections that are being opened at once. */
#define CROWD_OPENING_MAX 64
/* Most edits that leave as one. */
#define CROWD_BATCH_MAX 64

struct crowd_document {
    char id[65];
    uint32_t members;  /* clients that have it open */
    uint64_t versions; /* edits of the log that were acknowledged to one of them */
};

/* Edits that are due or in flight: when they were due. */
struct crowd_due {
    uint64_t *us;
    size_t head, count, capacity;
};

struct crowd_client {
    struct crowd *crowd;
    struct link link;
    uint32_t document;
    uint32_t index;
    bool reads_only;
    bool open;     /* live; otherwise what is due waits */
    bool catching; /* between OPENED and its head */
    bool in_flight;
    uint64_t member, epoch, version, head, seq, length;
    uint64_t caret;
    struct ot_buf flight;
    struct ot_doc *replica; /* NULL for most */
    struct crowd_due due, sent;
    uint64_t retry_us; /* not 0: when a refused edit goes again */
};

/* What was seen since the last reset. */
struct crowd_tally {
    struct histogram delivery; /* from when an edit was due to its arrival at another client */
    struct histogram ack;      /* from when it was due until it was saved */
    uint64_t made, saved, delivered, expected;
    uint64_t versions; /* messages that the edits travelled in */
    uint64_t refused, reopened;
};

struct crowd_spec {
    uint32_t documents, editors, readers; /* editors and readers of each document */
    bool replicas;                        /* one client of each document keeps it */
    uint32_t edits;                       /* how many there are to be; for the cold workload */
    bool unfolded; /* every edit is a message of its own, and waits for the one before it */
    const char *const *tokens; /* that its clients take turns with, or NULL */
    size_t token_count;
    bool typing; /* single characters in a row, as people type; otherwise stamps at random places */
};

struct crowd {
    struct loop *loop;
    const struct ws_url *url;
    struct crowd_spec spec;
    struct crowd_document *documents;
    struct crowd_client *clients;
    size_t client_count, editor_count;
    struct crowd_client **editors;
    size_t opening, opened, dropped, retrying;
    uint64_t random;
    struct ot_builder *builder;
    struct ot_buf op, spare, message;
    struct crowd_tally tally;
    /* Called for what the crowd itself has no use for; NULL: ignored. */
    void (*other)(struct crowd_client *client, const struct peer_message *message);
    /* Called when an edit of the client was saved; NULL: ignored. */
    void (*saved)(struct crowd_client *client);
    char error[160]; /* what went wrong first, or "" */
};

/* Makes the documents at the server (new ones) and connects everybody. 0, or -1 with `error` set;
 * crowd_deinit in any case. */
int crowd_init(struct crowd *crowd, struct loop *loop, const struct ws_url *url,
               const struct crowd_spec *spec, uint64_t seed);
void crowd_deinit(struct crowd *crowd);

/* One client of each document writes `size` characters; returns when everybody has them. */
int crowd_prefill(struct crowd *crowd, size_t size);
void crowd_reset_tally(struct crowd *crowd);

/* An edit of this client is due. */
void crowd_edit(struct crowd_client *client, uint64_t due_us);
/* Lets the world go on until `until_us`. */
void crowd_turn(struct crowd *crowd, uint64_t until_us);
/* The same for so long. */
void crowd_wait(struct crowd *crowd, uint64_t us);
/* `rate` edits a second in all, by random editors, for `secs`. */
void crowd_load(struct crowd *crowd, double rate, double secs);
/* Waits until everything is saved and has reached everybody, at most `ms`. 0 or -1. */
int crowd_settle(struct crowd *crowd, uint64_t ms);
/* Compares all clients with newcomers; what is wrong goes into the report. */
void crowd_verify(struct crowd *crowd, struct report *report);

/* The token of its client `i`; data NULL: none. */
struct ot_slice crowd_token(const struct crowd *crowd, size_t i);
/* All bytes received by all clients. */
uint64_t crowd_bytes_in(const struct crowd *crowd);
void crowd_fail(struct crowd *crowd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- between the crowd's own parts ---- */

/* client.c: one client. */
extern const struct link_events crowd_client_events;
void client_push_due(struct crowd_due *due, uint64_t us);
void client_send(struct crowd_client *client);
/* Sends the edit in flight, or sends it again. */
void client_send_flight(struct crowd_client *client);
void client_retry(struct crowd_client *client);
void client_deinit(struct crowd_client *client);
/* True while it has edits that are not saved. */
bool client_busy(const struct crowd_client *client);

#endif

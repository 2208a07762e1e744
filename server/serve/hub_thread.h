/*
 * The thread that owns the hub: takes what gates post and what the store answers, in order, and
 * ticks the hub when it is due. While the store has too much to do, it takes answers only, and the
 * inbox fills until the gates are told so.
 */
#ifndef QUIRE_SERVE_HUB_THREAD_H
#define QUIRE_SERVE_HUB_THREAD_H

#include "server/hub/hub.h"
#include "server/log/log.h"
#include "server/serve/store_thread.h"

#include <stdbool.h>
#include <stdint.h>

struct hub_thread_options {
    uint64_t epoch;
    const uint8_t *secret;            /* of the store; must outlive the thread */
    const struct token_rules *tokens; /* as hub_env's */
    const struct limits *limits;      /* as hub_env's */
    const struct schema *schema;      /* as hub_env's */
    bool lets_guests;                 /* the same */
    unsigned gates;
    struct store_thread *store;
    struct log *log;
    void *context;
    /* As hub_env's. On the thread. */
    void (*send)(void *context, unsigned gate, struct hub_out *out);
    void (*answered)(void *context, uint64_t ticket, int result);
    void (*keys_taken)(void *context, uint64_t ticket, const struct token_keys *keys,
                       const struct token_keys *old);
    /* A client's message has left the inbox. On the thread. */
    void (*taken)(void *context, uint64_t connection);
    /* How short memory is, four times a second or less. May be NULL. On the thread. */
    enum hub_pressure (*look)(void *context);
    /* hub_stopped has become true. On the thread, once. */
    void (*stopped)(void *context);
};

struct hub_thread;

/* Before it runs: as hub_revoke. */
void hub_thread_revoke(struct hub_thread *thread, const struct store_revocation *revocation);
/* Messages can be posted at once; they are received after hub_thread_run. */
struct hub_thread *hub_thread_new(const struct hub_thread_options *options);
int hub_thread_run(struct hub_thread *thread);
/* Ends the thread after what it is doing. It can still be given things. NULL does nothing. */
void hub_thread_end(struct hub_thread *thread);
/* Frees it, ended or never run, with all that waits. */
void hub_thread_free(struct hub_thread *thread);

/* Gives `in` to the hub. False: too much waits, and `in`, a client's message, has been freed. What
 * a gate itself has to say is never refused. Any thread. */
bool hub_thread_post(struct hub_thread *thread, struct hub_in *in);
/* After one or several hub_thread_post: the hub looks. Any thread. */
void hub_thread_wake_posted(struct hub_thread *thread);
/* Tells the hub to stop; `stopped` is called when it has. Any thread. */
void hub_thread_stop(struct hub_thread *thread);

/* For the store's thread: gives an answered request without waking the hub, which hub_thread_wake
 * does. */
void hub_thread_answer(struct hub_thread *thread, struct store_request *request);
void hub_thread_wake(struct hub_thread *thread);

/* Adds what the hub has counted, and what waits for it. Any thread. */
void hub_thread_metrics(const struct hub_thread *thread, struct metrics *sum);
/* How long ago the thread last went round; it does so at least each second. Any thread. */
uint64_t hub_thread_silent_ms(const struct hub_thread *thread);

#endif

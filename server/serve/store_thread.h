/*
 * The thread that owns the store. It takes requests, and gives them back answered:
 *
 * - Appends gather, and are committed together in one transaction with one sync, when the commit
 *   interval is over or nobody is left to wait for (pace.h). So a lone edit waits for nobody, and
 *   under load a sync carries all that came meanwhile.
 * - Everything else is served in order. A request sees every append that was given before it.
 * - Settling goes in slices, between the others, and so does a task, of which there is one at most.
 *
 * A write that fails for any reason but a full disk (or a request that makes no sense) ends it:
 * from then on nothing is answered, and `failed` is called.
 */
#ifndef QUIRE_SERVE_STORE_THREAD_H
#define QUIRE_SERVE_STORE_THREAD_H

#include "server/hub/request.h"
#include "server/log/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_thread_options {
    struct store *store;
    uint64_t commit_interval_ms;
    struct log *log;
    void *context;
    /* Gives a request back, answered. On the thread. */
    void (*answer)(void *context, struct store_request *request);
    /* Called after the answers of one turn. On the thread. */
    void (*answered)(void *context);
    /* A write has failed: the server must end. On the thread, once. */
    void (*failed)(void *context);
};

struct store_thread;

/* Requests can be given at once; they are served after store_thread_run. */
struct store_thread *store_thread_new(const struct store_thread_options *options);
int store_thread_run(struct store_thread *thread);
/* Ends the thread after what it is doing. It can still be given requests. NULL does nothing. */
void store_thread_end(struct store_thread *thread);
/* Frees it, ended or never run, with all requests that wait. */
void store_thread_free(struct store_thread *thread);

/* Gives it a request without waking it, which store_thread_wake does; many can be given between. */
void store_thread_give(struct store_thread *thread, struct store_request *request);
void store_thread_wake(struct store_thread *thread);

/* Whether so much waits that no more should be given. Any thread. */
bool store_thread_full(const struct store_thread *thread);

/* Something long that is done besides, such as a copy of the database. */
struct store_task {
    void *context;
    /* One slice of a millisecond or two; true: it was the last. On the thread. */
    bool (*slice)(void *context, struct store *store);
    /* Another task can be begun. On the thread. */
    void (*ended)(void *context);
};
/* Begins the task, which must stay until it has ended, or the thread has: then it never will. */
void store_thread_begin(struct store_thread *thread, struct store_task *task);

struct store_thread_stats {
    uint64_t commits, committed; /* transactions, and appends in them */
    uint64_t busy_ms;            /* how long the call into the store takes by now; 0 when none */
    uint64_t full_ms;            /* since a full disk refused something; UINT64_MAX: never */
};
/* Any thread. */
struct store_thread_stats store_thread_stats(const struct store_thread *thread);

#endif

/*
 * The thread that holds large snapshots against what the store has: it does what request_replay is
 * for, which takes longer than the store's thread may be away from commits.
 */
#ifndef QUIRE_SERVE_REPLAY_THREAD_H
#define QUIRE_SERVE_REPLAY_THREAD_H

#include "server/hub/request.h"

struct replay_thread;

/* `done` gives a request back, on the thread. NULL when out of memory. */
struct replay_thread *replay_thread_new(void (*done)(void *context, struct store_request *request),
                                        void *context);
int replay_thread_run(struct replay_thread *thread);
/* Ends the thread after the request it is at. */
void replay_thread_end(struct replay_thread *thread);
/* Frees it, ended or never run, with all requests that wait. NULL does nothing. */
void replay_thread_free(struct replay_thread *thread);

void replay_thread_give(struct replay_thread *thread, struct store_request *request);

#endif

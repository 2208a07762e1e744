#include "server/serve/replay_thread.h"

#include "server/serve/request_queue.h"
#include "server/thread/mailbox.h"
#include "server/thread/waker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct replay_thread {
    void (*done)(void *context, struct store_request *request);
    void *context;
    pthread_t thread;
    bool running;
    struct mailbox inbox;
    struct waker waker;
    atomic_bool ending;
};

static void serve(struct replay_thread *thread, struct store_request *chain)
{
    while (chain && !atomic_load(&thread->ending)) {
        struct store_request *next = chain->next;
        request_replay(chain);
        thread->done(thread->context, chain);
        chain = next;
    }
    request_chain_free(chain);
}

static void *run(void *context)
{
    struct replay_thread *thread = context;
    pthread_setname_np(pthread_self(), "replay");
    while (!atomic_load(&thread->ending)) {
        struct store_request *chain = mailbox_take(&thread->inbox);
        if (chain)
            serve(thread, chain);
        else
            waker_sleep(&thread->waker, WAKER_FOR_EVER);
    }
    return NULL;
}

struct replay_thread *replay_thread_new(void (*done)(void *context, struct store_request *request),
                                        void *context)
{
    struct replay_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->done = done;
    thread->context = context;
    waker_init(&thread->waker);
    return thread;
}

int replay_thread_run(struct replay_thread *thread)
{
    if (pthread_create(&thread->thread, NULL, run, thread) != 0)
        return -1;
    thread->running = true;
    return 0;
}

void replay_thread_end(struct replay_thread *thread)
{
    if (!thread->running)
        return;
    atomic_store(&thread->ending, true);
    waker_wake(&thread->waker);
    pthread_join(thread->thread, NULL);
    thread->running = false;
}

void replay_thread_free(struct replay_thread *thread)
{
    if (!thread)
        return;
    request_chain_free(mailbox_take(&thread->inbox));
    waker_deinit(&thread->waker);
    free(thread);
}

void replay_thread_give(struct replay_thread *thread, struct store_request *request)
{
    if (mailbox_push(&thread->inbox, request))
        waker_wake(&thread->waker);
}

#include "server/thread/waker.h"

#include <assert.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void waker_init(struct waker *waker)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&waker->woken_up, &attributes);
    failed |= pthread_condattr_destroy(&attributes);
    failed |= pthread_mutex_init(&waker->lock, NULL);
    assert(!failed);
    (void)failed;
    waker->woken = false;
}

void waker_deinit(struct waker *waker)
{
    pthread_cond_destroy(&waker->woken_up);
    pthread_mutex_destroy(&waker->lock);
}

void waker_wake(struct waker *waker)
{
    pthread_mutex_lock(&waker->lock);
    waker->woken = true;
    pthread_cond_signal(&waker->woken_up);
    pthread_mutex_unlock(&waker->lock);
}

void waker_sleep(struct waker *waker, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    int ended = 0;
    pthread_mutex_lock(&waker->lock);
    while (!waker->woken && ended == 0) {
        if (until_ns == WAKER_FOR_EVER)
            ended = pthread_cond_wait(&waker->woken_up, &waker->lock);
        else
            ended = pthread_cond_timedwait(&waker->woken_up, &waker->lock, &until);
    }
    waker->woken = false;
    pthread_mutex_unlock(&waker->lock);
}

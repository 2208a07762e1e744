#include "server/thread/waker.h"

#include <assert.h>
#include <stdbool.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void waker_init(struct waker *waker)
{
    int failed = sem_init(&waker->wakes, 0, 0);
    assert(!failed);
    (void)failed;
    atomic_init(&waker->woken, false);
}

void waker_deinit(struct waker *waker)
{
    sem_destroy(&waker->wakes);
}

void waker_wake(struct waker *waker)
{
    if (!atomic_exchange(&waker->woken, true))
        sem_post(&waker->wakes);
}

void waker_sleep(struct waker *waker, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_S),
                             .tv_nsec = (long)(until_ns % NS_PER_S)};
    int ended = until_ns == WAKER_FOR_EVER ? sem_wait(&waker->wakes)
                                           : sem_clockwait(&waker->wakes, CLOCK_MONOTONIC, &until);
    /* After a timeout or a signal the semaphore may be 1 all the same; then the next sleep ends at
     * once. */
    if (ended == 0)
        atomic_store(&waker->woken, false);
}

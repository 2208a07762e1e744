/*
 * Puts one thread to sleep until somebody wakes it or its time has come. A wake that comes before
 * the sleep is not lost: the next sleep ends at once. Goes with a mailbox: push, and wake when
 * mailbox_push says that it was empty.
 */
#ifndef QUIRE_THREAD_WAKER_H
#define QUIRE_THREAD_WAKER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

#define WAKER_FOR_EVER UINT64_MAX

struct waker {
    sem_t wakes; /* 1 when `woken` has been set and the sleeper has not seen it */
    atomic_bool woken;
};

void waker_init(struct waker *waker);
void waker_deinit(struct waker *waker);

/* Any thread. */
void waker_wake(struct waker *waker);
/* The one thread that sleeps here, until it is woken or the monotonic clock shows `until_ns`. */
void waker_sleep(struct waker *waker, uint64_t until_ns);

#endif

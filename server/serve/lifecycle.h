/*
 * What the main thread waits for while the server runs: signals of the process and events of the
 * server. One in a process.
 */
#ifndef QUIRE_SERVE_LIFECYCLE_H
#define QUIRE_SERVE_LIFECYCLE_H

#include "server/serve/server.h"

#include <stdbool.h>
#include <stdint.h>

struct lifecycle {
    int signals; /* signalfd of SIGTERM and SIGINT, and SIGHUP if it is heard */
    int events;  /* eventfd that counts a bit field of enum server_event */
};

enum lifecycle_wake {
    LIFECYCLE_SIGNAL, /* to end */
    LIFECYCLE_RELOAD, /* SIGHUP */
    LIFECYCLE_SETTLED,
    LIFECYCLE_FAILED,
    LIFECYCLE_TIMEOUT
};

/* Blocks the signals: call before any thread is started. Without `hears_hangups` SIGHUP stays what
 * it was. 0, or -1. */
int lifecycle_init(struct lifecycle *lifecycle, bool hears_hangups);
void lifecycle_deinit(struct lifecycle *lifecycle);

/* Reports an event of the server. Any thread. */
void lifecycle_report(struct lifecycle *lifecycle, enum server_event event);

/* Sleeps until something happens, or for `timeout_ms` (-1: for ever). `signal_out`: the signal's
 * name. */
enum lifecycle_wake lifecycle_wait(struct lifecycle *lifecycle, int timeout_ms,
                                   const char **signal_out);

/* From now on a signal ends the process at once, with status 1, and so does the time after
 * `seconds`, so that no stop can hang. SIGHUP does nothing any more. */
void lifecycle_hurry(unsigned seconds);

#endif

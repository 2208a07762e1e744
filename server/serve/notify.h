/*
 * Tells the service manager how the server is, as systemd asks for it (sd_notify(3)): a line at a
 * time to the socket that NOTIFY_SOCKET names, if there is one. Without one all of this does
 * nothing.
 */
#ifndef QUIRE_SERVE_NOTIFY_H
#define QUIRE_SERVE_NOTIFY_H

#define NOTIFY_READY    "READY=1"
#define NOTIFY_ALIVE    "WATCHDOG=1"
#define NOTIFY_STOPPING "STOPPING=1"

struct notify {
    int socket;    /* -1: nobody asked */
    int period_ms; /* a sign of life is due so often; -1: never */
};

/* Reads the environment and connects: before the sandbox, in which there are no new sockets. */
void notify_open(struct notify *notify);
/* Does not wait for the manager: what its socket does not take is lost. */
void notify_say(const struct notify *notify, const char *words);
void notify_close(struct notify *notify);

#endif

/*
 * The server under load: started here, or found running; and what it costs, read from /proc.
 */
#ifndef QUIRE_LOAD_SERVER_H
#define QUIRE_LOAD_SERVER_H

#include "tools/peer/ws.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server_options {
    const char *url;   /* a running server ... */
    pid_t pid;         /* ... and its process; 0: not known, so no costs */
    const char *quire; /* the program to start instead */
    const char *data;  /* its directory; NULL: one that is removed in the end */
    const char *extra; /* further words for its command line, NULL: none */
    int cpu;           /* that it is pinned to; -1: none */
    bool limited;      /* what is started keeps its usual rates; else they are lifted */
    bool closed;       /* what is started lets in those with tokens only */
};

struct server {
    struct server_options options;
    struct ws_url url;
    pid_t pid;
    bool started;
    int kept; /* a socket at its port, on which nobody listens; -1: none */
    char directory[64];
    char keys[96]; /* the file that tokens are made with; "": everybody is let in */
    char port[6];
};

/* 0, or -1 after a message on standard error. */
int server_open(struct server *server, const struct server_options *options);
/* Stops what was started, and removes what was made. */
void server_close(struct server *server);
/* Ends the process with a signal, waits for it, and starts it anew on the same data. */
int server_restart(struct server *server, int signal);
bool server_alive(const struct server *server);

#define TOKEN_CHARS 1024
/* A token with which `who` (letters and digits) owns all documents; "" if none is needed. 0, or -1
 * after a message on standard error. */
int server_token(const struct server *server, const char *who, char token_out[TOKEN_CHARS]);

/* What has been used up to now. */
struct server_cost {
    double cpu_s;          /* utime + stime of the server, all threads */
    double machine_cpu_s;  /* of everything on this machine */
    double steal_s;        /* that the hypervisor took */
    double own_cpu_s;      /* of this process */
    uint64_t memory_bytes; /* VmRSS */
    uint64_t peak_bytes;   /* VmHWM */
    uint64_t at_us;
};

struct server_cost server_cost(const struct server *server);

/* Pins this process to one core; to none if `cpu` is negative or there is no such core. */
void pin_to_cpu(int cpu);

#endif

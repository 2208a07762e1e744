/*
 * An attack on a server, from a process of its own: strangers who connect and say nothing, who send
 * their handshakes a byte at a time, flood with pings, announce frames of gigabytes, send bytes
 * that are no messages; and two who may do what they do, but do it as fast as they can: they edit
 * and move cursors. All of them come back whenever they are thrown out.
 */
#ifndef QUIRE_LOAD_ATTACK_H
#define QUIRE_LOAD_ATTACK_H

#include "tools/peer/ws.h"

#include <stdint.h>
#include <sys/types.h>

/* What the attackers did, counted by them. */
struct attack_tally {
    uint64_t connections; /* begun */
    uint64_t ended;       /* by the server */
    uint64_t bytes;       /* sent by strangers */
    uint64_t edits, edits_saved, cursors;
};

struct attack {
    pid_t pids[2]; /* the strangers; those who may */
    struct attack_tally *tally;
};

#define ATTACK_EACH_MAX 200
#define ATTACK_MEMBERS  2
/* `each`: how many strangers there are of each kind, at most ATTACK_EACH_MAX; `tokens`: of those
 * who may, ATTACK_MEMBERS of them, or NULL. 0, or -1 after a message on standard error; attack_stop
 * in either case. */
int attack_start(struct attack *attack, const struct ws_url *url, uint32_t each,
                 const char *const *tokens, uint64_t seed);
/* Ends it, and gives what it did. */
struct attack_tally attack_stop(struct attack *attack);

#endif

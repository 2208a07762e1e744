/*
 * When a gate's loop rests a moment before it looks at its sockets again.
 *
 * Waking for a message costs several times what the message costs. When many come from many, one
 * wake should serve several: as a network card does that holds its interrupts back. A loop that has
 * much to do anyway needs no rest, and a few who send very much are no reason to let the others
 * wait: so what is counted is people, each once in a window of time.
 */
#ifndef QUIRE_GATE_BUSY_H
#define QUIRE_GATE_BUSY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUSY_WINDOW_MS   16
#define BUSY_CONNECTIONS 64
#define BUSY_PEERS_PER_S 1000
#define BUSY_TURN        16 /* messages of a turn that needs no rest after it */
#define BUSY_REST_NS     1000000

/* Zero-initialised: nothing has come. */
struct busy {
    uint64_t window_ms; /* when this window began */
    uint64_t peers;     /* from whom messages have come in it */
    bool with_many;     /* in the one before */
};

/* A message has come from somebody whose last one came in the window `*last_ms`, which is set. */
void busy_heard(struct busy *busy, uint64_t *last_ms);
/* At the end of a turn that brought `posted` messages: is it time to rest? */
bool busy_rests(struct busy *busy, uint64_t now_ms, size_t connections, size_t posted);

#endif

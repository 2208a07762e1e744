/* Real gates with a hub made of the test: what the gates post is taken one by one, what they are to
 * be told is said with the calls below. Waits end after WS_RAW_PATIENCE_MS and fail the test. */
#ifndef QUIRE_TESTS_GATE_WORLD_H
#define QUIRE_TESTS_GATE_WORLD_H

#include "lib/ws_raw.h"
#include "server/gate/gate.h"
#include "server/wire/encode.h"

#include <pthread.h>
#include <stdatomic.h>

/* The example HELLO of docs/protocol.md. */
#define WORLD_HELLO                                                                                \
    "\x97\x01\xc0\xa3"                                                                             \
    "Ann\xa7#2266cc\xc0\xc0\xa2me"
#define WORLD_HELLO_SIZE (sizeof(WORLD_HELLO) - 1)

#define WORLD_LINE_MAX 1024

struct world {
    struct gates *gates;
    unsigned port;
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct hub_in *first, *last;
    bool full; /* messages are refused, as by a full inbox */
    const char *not_ready;
    atomic_uint pressure; /* enum hub_pressure */
    atomic_uint looks;    /* at it */
    bool hold, held;      /* gate 0's thread is to stand still, stands still */
    struct ws_raw *holder;
    unsigned logged; /* lines of the log, but for debugging, and the last of them */
    char line[WORLD_LINE_MAX];
};

/* `options` may be NULL. Times that are 0 in it are ten minutes. */
struct world *world_start(const struct gate_options *options);
/* The same with the times that the server has, and another measure of memory. */
struct world *world_start_with(const struct gate_options *options,
                               enum hub_pressure (*pressed)(void *context));
void world_stop(struct world *world);

/* The next thing that a gate posted; the caller frees it. */
struct hub_in *world_take(struct world *world);
/* Takes it, checks its kind and connection, frees it. */
void world_expect(struct world *world, enum hub_in_kind kind, uint64_t connection);
bool world_has_posts(struct world *world);

/* A client that has said HELLO. */
struct ws_raw *world_join(struct world *world, int receive_bytes, uint64_t *connection_out);

/* Makes gate 0 stand still, so that all that is said until world_release comes to it at once. */
void world_hold(struct world *world);
void world_release(struct world *world);

/* ---- what the hub says; blobs are given away ---- */

void world_tell(struct world *world, const struct hub_out *out);
void world_send(struct world *world, uint64_t connection, struct blob *blob);
/* Channel `channel` of `connection` reads `room` from `position`; the attachment's number is
 * WORLD_ATTACHMENT and the position. */
#define WORLD_ATTACHMENT 1000
void world_attach(struct world *world, uint64_t connection, uint8_t channel, uint64_t room,
                  uint64_t position, struct blob *blob);
/* An item for the readers of gate 0; its version is `position` + 1. */
void world_item(struct world *world, uint64_t room, uint64_t position, struct blob *blob);

/* [36, 0, n, 7, bin]: an EDIT with version `n` and `size` bytes of operation. */
struct blob *world_edit(uint64_t n, size_t size);
/* Reads one EDIT at `*at` of a received message and moves past it; its version, or 0. */
uint64_t world_read_edit(const struct ws_raw *ws, size_t *at, uint8_t *channel_out);

/* Waits until the gate has looked at how short memory is, as it does each tick, so many times. */
void world_pass_ticks(struct world *world, unsigned count);
/* How many lines the gates have logged, but for debugging; the last is "event fields". */
unsigned world_logged(struct world *world, char line_out[WORLD_LINE_MAX]);
/* How many connections the gates have closed with this code. */
uint64_t world_closed(const struct world *world, unsigned code);

/* The server's end of a connection of this process; -1 if it has none. */
int world_other_end(const struct ws_raw *ws);

/* Sends PING and checks that the next message is its PONG: all that was on its way before it has
 * come, and nothing else. */
void world_check_quiet(struct ws_raw *ws);

#endif

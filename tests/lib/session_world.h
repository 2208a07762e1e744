/*
 * Clients of a server that is a log, for tests of tools/peer/session.h: what they say and are told
 * arrives when the test says so. What is not as it must be fails the test.
 */
#ifndef QUIRE_TESTS_SESSION_WORLD_H
#define QUIRE_TESTS_SESSION_WORLD_H

#include "lib/rng.h"
#include "tools/peer/session.h"
#include "tools/replay/solo.h"

#define CLIENTS 4
#define EPOCH   7

struct world;

/* One client at both ends: its session, and what the server knows about it. */
struct client {
    struct world *world;
    uint32_t number;
    struct session *session;
    struct ot_buf said; /* on its way to the server */
    bool attached;
    uint64_t position; /* the server has told it everything up to here */
    uint64_t seq;      /* of its last edit in the log */
    unsigned retries, refusals, divergences, saves;
};

struct world {
    struct rng rng;
    struct solo solo;
    uint32_t *hashes; /* of each version */
    size_t hash_capacity;
    struct client clients[CLIENTS];
    bool busy; /* refuses edits for now */
};

void world_begin(struct world *world, const struct rng *rng);
void world_end(struct world *world);
/* Everybody is connected, and everything under way arrives. */
void settle(struct world *world);

/* The server says this to a client. */
void tell(struct client *client, const struct peer_message *message);
void tell_error(struct client *client, uint64_t ref, const char *code);
/* Tells what comes next in the log; false: nothing. */
bool tell_one(struct client *client);
/* Lets the first message on its way to the server arrive; false: there is none. */
bool hear_one(struct client *client);
/* The connection breaks: what was under way to the server may have arrived or not. */
void lose(struct client *client);
/* The server gives up a slow reader and opens its channel anew, unasked. */
void lag(struct client *client);
/* An edit at random. */
void client_type(struct client *client);

#endif

/* The last edit of each client among a document's edits in the log: an open-addressing table. */
#ifndef QUIRE_CLIENT_MAP_H
#define QUIRE_CLIENT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_slot {
    uint64_t client;
    uint64_t seq;
    uint64_t version; /* 0: a free slot */
};

struct client_map {
    struct client_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

void client_map_deinit(struct client_map *map);
/* Room for `extra` more clients; false when there is no memory. */
bool client_map_reserve(struct client_map *map, size_t extra);
/* Needs room reserved. `version` is not 0. */
void client_map_put(struct client_map *map, uint64_t client, uint64_t seq, uint64_t version);
/* NULL when the client is not there. */
const struct client_slot *client_map_find(const struct client_map *map, uint64_t client);
/* Forgets the client if its last edit is `version`. */
void client_map_forget(struct client_map *map, uint64_t client, uint64_t version);

#endif

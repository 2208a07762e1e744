#include "storage/sqlite/client_map.h"

#include <assert.h>
#include <stdlib.h>

#define CLIENT_MAP_FIRST 4

/* At most three quarters of the slots are taken, so every probe ends. */
static bool has_room(size_t count, size_t capacity)
{
    return count <= capacity / 4 * 3;
}

static size_t home(const struct client_map *map, uint64_t client)
{
    uint64_t mixed = client;

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(mixed ^ (mixed >> 31)) & (map->capacity - 1);
}

static size_t next(const struct client_map *map, size_t place)
{
    return (place + 1) & (map->capacity - 1);
}

/* The slot of the client, or the free one where it would be. */
static size_t place_of(const struct client_map *map, uint64_t client)
{
    size_t place = home(map, client);

    while (map->slots[place].version != 0 && map->slots[place].client != client)
        place = next(map, place);
    return place;
}

void client_map_deinit(struct client_map *map)
{
    free(map->slots);
    *map = (struct client_map){0};
}

bool client_map_reserve(struct client_map *map, size_t extra)
{
    size_t capacity = map->capacity > 0 ? map->capacity : CLIENT_MAP_FIRST;
    struct client_map grown = {0};

    if (has_room(map->count + extra, map->capacity))
        return true;
    while (!has_room(map->count + extra, capacity))
        capacity *= 2;
    grown.slots = calloc(capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    grown.capacity = capacity;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].version != 0)
            client_map_put(&grown, map->slots[i].client, map->slots[i].seq, map->slots[i].version);
    free(map->slots);
    *map = grown;
    return true;
}

void client_map_put(struct client_map *map, uint64_t client, uint64_t seq, uint64_t version)
{
    struct client_slot *slot;

    assert(version != 0 && map->count < map->capacity);
    slot = &map->slots[place_of(map, client)];
    if (slot->version == 0)
        map->count++;
    *slot = (struct client_slot){.client = client, .seq = seq, .version = version};
}

const struct client_slot *client_map_find(const struct client_map *map, uint64_t client)
{
    const struct client_slot *slot;

    if (map->count == 0)
        return NULL;
    slot = &map->slots[place_of(map, client)];
    return slot->version != 0 ? slot : NULL;
}

/* Moves later slots of the run back over the hole, so that no probe stops short. */
static void close_hole(struct client_map *map, size_t hole)
{
    for (size_t place = next(map, hole); map->slots[place].version != 0; place = next(map, place)) {
        size_t from_home = (place - home(map, map->slots[place].client)) & (map->capacity - 1);
        size_t from_hole = (place - hole) & (map->capacity - 1);

        if (from_home >= from_hole) {
            map->slots[hole] = map->slots[place];
            hole = place;
        }
    }
    map->slots[hole] = (struct client_slot){0};
}

void client_map_forget(struct client_map *map, uint64_t client, uint64_t version)
{
    size_t place;

    if (map->count == 0)
        return;
    place = place_of(map, client);
    if (map->slots[place].version == 0 || map->slots[place].version != version)
        return;
    close_hole(map, place);
    map->count--;
}

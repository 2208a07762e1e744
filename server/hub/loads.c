/* Reading a large document that was loaded takes milliseconds, and all others wait for that. So
 * there is only so much of it in a time, and what is too much waits in the order in which it came.
 */
#include "server/hub/room.h"

#include <string.h>

#define LOOK_MS 25

static uint64_t load_bytes(const struct store_request *request)
{
    return (request->snapshot == NULL ? 0 : request->snapshot->size) + request->edits.size;
}

bool loads_hold(struct hub *hub, struct store_request *request)
{
    bool first = hub->loads == NULL || load_bytes(request) <= hub->pace.little_bytes;
    if (first && rates_allow_large(hub, load_bytes(request))) {
        return false;
    }
    struct store_request **link = &hub->loads;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    request->next = NULL;
    *link = request;
    if (hub->loads == request) {
        hub->loads_ms = hub->env.monotonic_ms(hub->env.context) + LOOK_MS;
    }
    return true;
}

static void finish(struct hub *hub, struct store_request **link)
{
    struct store_request *request = *link;
    *link = request->next;
    room_loaded(hub, request);
    request_free(request);
}

void loads_force(struct hub *hub, const char *id)
{
    struct store_request **link = &hub->loads;
    while (*link != NULL && strcmp((*link)->document.id, id) != 0) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        finish(hub, link);
    }
}

void loads_deinit(struct hub *hub)
{
    while (hub->loads != NULL) {
        struct store_request *next = hub->loads->next;
        request_free(hub->loads);
        hub->loads = next;
    }
}

uint64_t loads_next_ms(const struct hub *hub)
{
    return hub->loads != NULL ? hub->loads_ms : UINT64_MAX;
}

void loads_tick(struct hub *hub, uint64_t now_ms)
{
    if (now_ms < loads_next_ms(hub)) {
        return;
    }
    if (rates_allow_large(hub, load_bytes(hub->loads))) {
        finish(hub, &hub->loads);
    }
    hub->loads_ms = now_ms + LOOK_MS;
}

#include "server/hub/room.h"

void full_begin(struct hub *hub)
{
    hub->full = true;
    hub->probe_ms = hub->env.monotonic_ms(hub->env.context) + LIMIT_STORAGE_PROBE_MS;
}

bool full_refuses(struct hub *hub, const struct connection *connection, uint64_t ref,
                  uint8_t channel)
{
    if (hub->full) {
        hub_refuse_store(hub, connection->number, ref, channel, STORE_E_FULL);
    }
    return hub->full;
}

uint64_t full_next_ms(const struct hub *hub)
{
    return hub->full && !hub->probing && !hub->stopping ? hub->probe_ms : UINT64_MAX;
}

void full_tick(struct hub *hub, uint64_t now_ms)
{
    if (now_ms >= full_next_ms(hub)) {
        hub->probing = true;
        hub_ask(hub, request_new(REQUEST_PROBE));
    }
}

void full_probed(struct hub *hub, const struct store_request *request)
{
    hub->probing = false;
    hub->full = request->result != STORE_OK;
    hub->probe_ms = hub->env.monotonic_ms(hub->env.context) + LIMIT_STORAGE_PROBE_MS;
}

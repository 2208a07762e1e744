#include "server/gate/busy.h"

void busy_heard(struct busy *busy, uint64_t *last_ms)
{
    if (*last_ms != busy->window_ms) {
        *last_ms = busy->window_ms;
        busy->peers++;
    }
}

bool busy_rests(struct busy *busy, uint64_t now_ms, size_t connections, size_t posted)
{
    uint64_t window_ms = now_ms - busy->window_ms;
    if (window_ms >= BUSY_WINDOW_MS) {
        busy->with_many =
            connections >= BUSY_CONNECTIONS && busy->peers * 1000 >= BUSY_PEERS_PER_S * window_ms;
        busy->window_ms = now_ms;
        busy->peers = 0;
    }
    return busy->with_many && posted < BUSY_TURN;
}

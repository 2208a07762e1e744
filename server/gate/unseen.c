#include "server/gate/unseen.h"

#include "server/gate/socket_bytes.h"

#define TURNS 8
/* What goes with a frame and with its bytes: its header and mask, records of TLS. More than there
 * ever is. */
#define FRAME_MORE   128
#define BYTES_A_MORE 8

void unseen_told(struct peer *peer, size_t bytes, bool ends_frame)
{
    peer->told_bytes += bytes + bytes / BYTES_A_MORE + (ends_frame ? FRAME_MORE : 0);
}

static void look(struct peer *peer)
{
    uint64_t all = socket_read_bytes(lws_get_socket_fd(peer->wsi));
    if (all == UINT64_MAX || all < peer->read_bytes) {
        return;
    }
    uint64_t came = all - peer->read_bytes;
    uint64_t told = peer->told_bytes;
    peer->read_bytes = all;
    peer->told_bytes = 0;
    if (came > told && came - told > LIMIT_UNSEEN_BYTES) {
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
    }
}

void unseen_look(struct gate *gate)
{
    gate->looks++;
    for (uint32_t place = gate->looks % TURNS; place < gate->slots.used; place += TURNS) {
        struct peer *peer = slots_at(&gate->slots, place);
        if (peer != NULL && peer->state < PEER_CLOSING) {
            look(peer);
        }
    }
}

#include "server/gate/unseen.h"

#include "server/gate/socket_bytes.h"

#define TURNS 8
/* In a turn no more is read of a connection than one of its buffers. */
#define TURNS_OF_SUSPECTS 32
/* What goes with a frame and with its bytes: its header and mask, records of TLS. More than there
 * ever is. */
#define FRAME_MORE   128
#define BYTES_A_MORE 8

void unseen_told(struct peer *peer, size_t bytes, bool ends_frame)
{
    peer->told_bytes += bytes + bytes / BYTES_A_MORE + (ends_frame ? FRAME_MORE : 0);
}

/* ---- suspects ---- */

void unseen_suspect(struct peer *peer)
{
    struct gate *gate = peer->gate;
    if (peer->suspected) {
        return;
    }
    peer->suspected = true;
    peer->suspect_before = NULL;
    peer->suspect_after = gate->suspects;
    if (gate->suspects != NULL) {
        gate->suspects->suspect_before = peer;
    }
    gate->suspects = peer;
}

void unseen_trust(struct peer *peer)
{
    if (!peer->suspected) {
        return;
    }
    peer->suspected = false;
    if (peer->suspect_before != NULL) {
        peer->suspect_before->suspect_after = peer->suspect_after;
    } else {
        peer->gate->suspects = peer->suspect_after;
    }
    if (peer->suspect_after != NULL) {
        peer->suspect_after->suspect_before = peer->suspect_before;
    }
}

static void glance(struct peer *peer)
{
    uint64_t all = socket_read_bytes(lws_get_socket_fd(peer->wsi));
    if (all == UINT64_MAX) {
        return;
    }
    if (peer->state == PEER_GREETING && all > LIMIT_STRANGER_BYTES) {
        peer_close(peer, WIRE_CLOSE_OVERLOADED);
        peer_deafen(peer);
    } else if (peer->state >= PEER_CLOSING && peer->read_bytes == 0) {
        peer->read_bytes = all;
    } else if (peer->state >= PEER_CLOSING && all - peer->read_bytes > LIMIT_ANSWER_BYTES) {
        peer_deafen(peer);
    }
}

void unseen_turn(struct gate *gate)
{
    if (++gate->glances < TURNS_OF_SUSPECTS) {
        return;
    }
    gate->glances = 0;
    struct peer *next;
    for (struct peer *peer = gate->suspects; peer != NULL; peer = next) {
        next = peer->suspect_after;
        glance(peer);
    }
}

/* ---- everybody ---- */

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

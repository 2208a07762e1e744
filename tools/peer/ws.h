/*
 * A WebSocket client (RFC 6455) on one non-blocking TCP socket, for programs that hold many of
 * them. It owns the socket and the bytes under way and nothing else: whoever holds it waits for the
 * descriptor (epoll, poll) and calls ws_read and ws_write when it is ready.
 *
 * Binary messages only, subprotocol quire.v1, no extensions. Pings of the server are answered here.
 */
#ifndef QUIRE_PEER_WS_H
#define QUIRE_PEER_WS_H

#include "quire/ot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Largest message that is taken, fragments together; the largest document and some room. */
#define WS_MESSAGE_MAX (32u << 20)
/* Longest answer to a handshake. */
#define WS_HEADER_MAX 8192
#define WS_HOST_MAX   255
#define WS_PATH_MAX   255
/* A good size for the scratch memory of ws_read. */
#define WS_SCRATCH_SIZE (64u << 10)

struct ws_url {
    char host[WS_HOST_MAX + 1];
    char port[6];
    char path[WS_PATH_MAX + 1]; /* "/ws" when the URL names none */
    struct sockaddr_storage address;
    socklen_t address_size;
};

/* Takes apart "ws://host[:port][/path]" and looks the host up (this may block). Returns 0, or -1
 * and a sentence in `*error_out`. */
int ws_url_parse(const char *text, struct ws_url *url_out, const char **error_out);

enum ws_state { WS_CONNECTING, WS_UPGRADING, WS_OPEN, WS_CLOSED };

struct ws {
    int fd; /* -1 once closed */
    enum ws_state state;
    uint16_t close_code; /* of the server's close frame; 0 without one */
    const char *error;   /* once closed: a sentence, or NULL when the close was orderly */
    uint64_t random;     /* source of the mask keys */
    bool fragmented;     /* inside a message of several frames, gathered in `message` */
    char accept[29];     /* what the server must answer */
    struct ot_buf in;    /* bytes of an unfinished header or frame */
    struct ot_buf message;
    struct ot_buf out; /* bytes not yet taken by the socket, from `out_sent` on */
    size_t out_sent;
    uint64_t bytes_in, bytes_out;
};

/* A whole binary message; the bytes are valid during the call. It may call ws_send and ws_close. */
typedef void ws_message_fn(struct ws *ws, struct ot_slice message, void *context);

/* Begins to connect and queues the handshake. `seed` feeds the mask keys and the handshake's key.
 * 0, or -1 with `ws->error` set and nothing left to close. */
int ws_connect(struct ws *ws, const struct ws_url *url, uint64_t seed);
/* Closes the socket at once and frees what is held; harmless when already closed. */
void ws_close(struct ws *ws, const char *error);

/* Queues a message; ws_write sends it. Only in WS_OPEN; ignored once closed. */
void ws_send(struct ws *ws, struct ot_slice message);
/* Queues a close frame; nothing should be sent after it. */
void ws_send_close(struct ws *ws, uint16_t code);
/* Sends what the socket takes. 0, or -1 once closed. */
int ws_write(struct ws *ws);
/* True while the descriptor has to be watched for being writable. */
bool ws_wants_write(const struct ws *ws);

/*
 * Reads once, up to `scratch_size` bytes (`scratch` may be shared by all), and gives every whole
 * message to `fn`. 1: there may be more to read; 0: not now; -1: closed, see `close_code` and
 * `error`.
 */
int ws_read(struct ws *ws, void *scratch, size_t scratch_size, ws_message_fn *fn, void *context);

#endif

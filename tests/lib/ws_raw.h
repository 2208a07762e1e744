/*
 * A client of HTTP and WebSockets down to the byte, for tests: it can say everything that a good
 * client would not. Every wait ends after WS_RAW_PATIENCE_MS.
 */
#ifndef QUIRE_TESTS_WS_RAW_H
#define QUIRE_TESTS_WS_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_RAW_PATIENCE_MS 60000

/* A handshake that every server accepts. */
#define WS_RAW_KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS_RAW_HANDSHAKE                                                                           \
    "GET /ws HTTP/1.1\r\n"                                                                         \
    "Host: quire.test\r\n"                                                                         \
    "Upgrade: websocket\r\n"                                                                       \
    "Connection: Upgrade\r\n" WS_RAW_KEY "Sec-WebSocket-Version: 13\r\n"                           \
    "Sec-WebSocket-Protocol: quire.v1\r\n"                                                         \
    "\r\n"

enum ws_raw_opcode {
    WS_RAW_CONTINUATION = 0,
    WS_RAW_TEXT = 1,
    WS_RAW_BINARY = 2,
    WS_RAW_CLOSE = 8,
    WS_RAW_PING = 9,
    WS_RAW_PONG = 10
};

struct ws_raw {
    int socket;
    uint8_t *data; /* received and not yet consumed */
    size_t size, capacity;
    uint8_t *message; /* of ws_raw_next */
    size_t message_size, message_capacity;
    size_t frames; /* data frames received so far */
};

/* Connects to 127.0.0.1; NULL when that fails. `receive_bytes`: size of the socket's buffer, 0 for
 * the system's own. */
struct ws_raw *ws_raw_connect(unsigned port, int receive_bytes);
void ws_raw_free(struct ws_raw *ws);
/* False: the server takes no more in time, or has closed. */
bool ws_raw_send(struct ws_raw *ws, const void *data, size_t size);
bool ws_raw_send_text(struct ws_raw *ws, const char *text);
/* Reads the head of an HTTP answer; its status, or 0 when the connection ends first. The head stays
 * in `head_out`, which ends with 0. */
int ws_raw_head(struct ws_raw *ws, char *head_out, size_t capacity);
/* Reads until the server closes; the bytes are in `data`, `size`. False: it did not in time. */
bool ws_raw_read_to_end(struct ws_raw *ws);
/* True when the server ends the connection before sending another byte. */
bool ws_raw_is_closed(struct ws_raw *ws);

/* Connects and shakes hands; NULL when refused. */
struct ws_raw *ws_raw_open(unsigned port, int receive_bytes);
/* Writes one frame, masked. */
bool ws_raw_send_frame(struct ws_raw *ws, enum ws_raw_opcode opcode, bool final, const void *data,
                       size_t size);
/* Writes a frame's header only, for a payload of `size` bytes with a mask of zeros. */
bool ws_raw_send_header(struct ws_raw *ws, enum ws_raw_opcode opcode, bool final, uint64_t size);
bool ws_raw_send_binary(struct ws_raw *ws, const void *data, size_t size);

/* Reads the next whole WebSocket message (or control frame) into `message`, `message_size`. Returns
 * its opcode, or -1 when the connection ends or time is up. */
int ws_raw_next(struct ws_raw *ws);
/* Skips messages until the close frame; its code, 0 if the connection ends without one, -1 if it
 * does not end in time. */
int ws_raw_close_code(struct ws_raw *ws);

#endif

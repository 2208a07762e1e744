#include "lib/ws_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *grow(void *memory, size_t size)
{
    memory = realloc(memory, size == 0 ? 1 : size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct ws_raw *ws_raw_connect(unsigned port, int receive_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_bytes > 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return NULL;
    }
    struct ws_raw *ws = calloc(1, sizeof(*ws));
    if (ws == NULL) {
        abort();
    }
    ws->socket = fd;
    return ws;
}

void ws_raw_free(struct ws_raw *ws)
{
    if (ws == NULL) {
        return;
    }
    close(ws->socket);
    free(ws->data);
    free(ws->message);
    free(ws);
}

static bool await(struct ws_raw *ws, short events, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - now_ms();
        struct pollfd poller = {.fd = ws->socket, .events = events};
        int ready = poll(&poller, 1, left > 0 ? (int)left : 0);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            return false;
        }
    }
}

bool ws_raw_send(struct ws_raw *ws, const void *data, size_t size)
{
    const uint8_t *at = data;
    int64_t until = now_ms() + WS_RAW_PATIENCE_MS;
    while (size > 0) {
        ssize_t sent = send(ws->socket, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        } else if (errno != EAGAIN || !await(ws, POLLOUT, until)) {
            return false;
        }
    }
    return true;
}

bool ws_raw_send_text(struct ws_raw *ws, const char *text)
{
    return ws_raw_send(ws, text, strlen(text));
}

/* 1: more bytes have come; 0: the connection has ended; -1: time is up. */
static int receive_some(struct ws_raw *ws, int64_t until_ms)
{
    if (!await(ws, POLLIN, until_ms)) {
        return -1;
    }
    if (ws->capacity - ws->size < CHUNK) {
        ws->capacity = 2 * (ws->size + CHUNK);
        ws->data = grow(ws->data, ws->capacity);
    }
    ssize_t got = recv(ws->socket, ws->data + ws->size, CHUNK, 0);
    if (got <= 0) {
        return 0;
    }
    ws->size += (size_t)got;
    return 1;
}

static bool receive_at_least(struct ws_raw *ws, size_t size, int64_t until_ms)
{
    while (ws->size < size) {
        if (receive_some(ws, until_ms) <= 0) {
            return false;
        }
    }
    return true;
}

static void consume(struct ws_raw *ws, size_t size)
{
    memmove(ws->data, ws->data + size, ws->size - size);
    ws->size -= size;
}

int ws_raw_head(struct ws_raw *ws, char *head_out, size_t capacity)
{
    int64_t until = now_ms() + WS_RAW_PATIENCE_MS;
    head_out[0] = '\0';
    for (;;) {
        uint8_t *end = ws->size == 0 ? NULL : memmem(ws->data, ws->size, "\r\n\r\n", 4);
        if (end != NULL) {
            size_t size = (size_t)(end - ws->data) + 4;
            snprintf(head_out, capacity, "%.*s", (int)size, (const char *)ws->data);
            consume(ws, size);
            return strncmp(head_out, "HTTP/1.", 7) == 0 ? atoi(head_out + strlen("HTTP/1.1 ")) : 0;
        }
        if (receive_some(ws, until) <= 0) {
            return 0;
        }
    }
}

bool ws_raw_read_to_end(struct ws_raw *ws)
{
    int64_t until = now_ms() + WS_RAW_PATIENCE_MS;
    int result;
    do {
        result = receive_some(ws, until);
    } while (result > 0);
    return result == 0;
}

bool ws_raw_is_closed(struct ws_raw *ws)
{
    size_t before = ws->size;
    return ws_raw_read_to_end(ws) && ws->size == before;
}

struct ws_raw *ws_raw_open(unsigned port, int receive_bytes)
{
    char head[2048];
    struct ws_raw *ws = ws_raw_connect(port, receive_bytes);
    if (ws == NULL) {
        return NULL;
    }
    if (!ws_raw_send_text(ws, WS_RAW_HANDSHAKE) || ws_raw_head(ws, head, sizeof(head)) != 101) {
        ws_raw_free(ws);
        return NULL;
    }
    return ws;
}

/* ---- frames ------------------------------------------------------------------------------------
 */

#define MASKED 0x80

static size_t put_header(uint8_t *out, enum ws_raw_opcode opcode, bool final, uint64_t size)
{
    size_t at = 0;
    out[at++] = (uint8_t)((unsigned)opcode | (final ? 0x80u : 0u));
    if (size < 126) {
        out[at++] = (uint8_t)(MASKED | size);
        return at;
    }
    size_t bytes = size <= UINT16_MAX ? 2 : 8;
    out[at++] = MASKED | (bytes == 2 ? 126 : 127);
    for (size_t i = bytes; i-- > 0;) {
        out[at++] = (uint8_t)(size >> (8 * i));
    }
    return at;
}

bool ws_raw_send_header(struct ws_raw *ws, enum ws_raw_opcode opcode, bool final, uint64_t size)
{
    uint8_t header[14] = {0};
    size_t used = put_header(header, opcode, final, size);
    return ws_raw_send(ws, header, used + 4);
}

bool ws_raw_send_frame(struct ws_raw *ws, enum ws_raw_opcode opcode, bool final, const void *data,
                       size_t size)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    const uint8_t *bytes = data;
    uint8_t *frame = grow(NULL, size + 14);
    size_t at = put_header(frame, opcode, final, size);
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < size; i++) {
        frame[at + i] = bytes[i] ^ mask[i % 4];
    }
    bool sent = ws_raw_send(ws, frame, at + size);
    free(frame);
    return sent;
}

bool ws_raw_send_binary(struct ws_raw *ws, const void *data, size_t size)
{
    return ws_raw_send_frame(ws, WS_RAW_BINARY, true, data, size);
}

struct header {
    int opcode;
    bool final;
    size_t header_size, size;
};

static bool read_header(struct ws_raw *ws, struct header *header, int64_t until_ms)
{
    if (!receive_at_least(ws, 2, until_ms)) {
        return false;
    }
    size_t length = ws->data[1] & 0x7f;
    size_t bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (!receive_at_least(ws, 2 + bytes, until_ms)) {
        return false;
    }
    if (bytes > 0) {
        length = 0;
        for (size_t i = 0; i < bytes; i++) {
            length = length << 8 | ws->data[2 + i];
        }
    }
    *header = (struct header){ws->data[0] & 0x0f, (ws->data[0] & 0x80) != 0, 2 + bytes, length};
    return true;
}

int ws_raw_next(struct ws_raw *ws)
{
    int64_t until = now_ms() + WS_RAW_PATIENCE_MS;
    ws->message_size = 0;
    int opcode = -1;
    for (;;) {
        struct header header;
        if (!read_header(ws, &header, until) ||
            !receive_at_least(ws, header.header_size + header.size, until)) {
            return -1;
        }
        bool control = header.opcode >= WS_RAW_CLOSE;
        if (control && opcode >= 0) {
            /* Between the parts of a message: of no interest to any test. */
            consume(ws, header.header_size + header.size);
            continue;
        }
        if (ws->message_capacity - ws->message_size < header.size || ws->message == NULL) {
            ws->message_capacity = 2 * (ws->message_size + header.size);
            ws->message = grow(ws->message, ws->message_capacity);
        }
        memcpy(ws->message + ws->message_size, ws->data + header.header_size, header.size);
        ws->message_size += header.size;
        consume(ws, header.header_size + header.size);
        ws->frames += !control;
        if (header.opcode != WS_RAW_CONTINUATION) {
            opcode = header.opcode;
        }
        if (header.final) {
            return opcode;
        }
    }
}

int ws_raw_close_code(struct ws_raw *ws)
{
    int opcode;
    do {
        opcode = ws_raw_next(ws);
    } while (opcode >= 0 && opcode != WS_RAW_CLOSE);
    if (opcode < 0) {
        return ws_raw_read_to_end(ws) ? 0 : -1;
    }
    return ws->message_size < 2 ? 1005 : ws->message[0] << 8 | ws->message[1];
}

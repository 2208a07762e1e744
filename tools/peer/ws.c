#include "tools/peer/ws.h"

#include "tools/peer/bytes.h"
#include "tools/peer/digest.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SUBPROTOCOL     "quire.v1"
#define FRAME_HEAD_MAX  14
#define CONTROL_MAX     125
#define CLOSE_PROTOCOL  1002
#define CLOSE_TEXT      1003
#define CLOSE_TOO_LARGE 1009

enum opcode {
    OP_CONTINUATION = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10
};

/* splitmix64 */
static uint64_t next_random(struct ws *ws)
{
    uint64_t word = ws->random += UINT64_C(0x9e3779b97f4a7c15);
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

/* ---- address ----------------------------------------------------------------------------------
 */

static int copy_part(char *out, size_t max, const char *text, size_t size)
{
    if (size == 0 || size > max)
        return -1;
    memcpy(out, text, size);
    out[size] = '\0';
    return 0;
}

static int split_url(const char *text, struct ws_url *url)
{
    static const char scheme[] = "ws://";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return -1;
    const char *host = text + sizeof scheme - 1;
    bool bracket = *host == '[';
    const char *host_end = bracket ? strchr(++host, ']') : host + strcspn(host, ":/");
    if (host_end == NULL || copy_part(url->host, WS_HOST_MAX, host, (size_t)(host_end - host)))
        return -1;
    const char *rest = bracket ? host_end + 1 : host_end;

    strcpy(url->port, "80");
    if (*rest == ':') {
        size_t size = strspn(++rest, "0123456789");
        if (copy_part(url->port, sizeof url->port - 1, rest, size))
            return -1;
        rest += size;
    }
    strcpy(url->path, "/ws");
    if (*rest != '\0' && *rest != '/')
        return -1;
    return rest[0] == '\0' || rest[1] == '\0'
               ? 0
               : copy_part(url->path, WS_PATH_MAX, rest, strcspn(rest, " \r\n#"));
}

int ws_url_parse(const char *text, struct ws_url *url_out, const char **error_out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;

    memset(url_out, 0, sizeof *url_out);
    if (split_url(text, url_out)) {
        *error_out = "the address must look like ws://host:port";
        return -1;
    }
    int code = getaddrinfo(url_out->host, url_out->port, &hints, &found);
    if (code != 0) {
        *error_out = gai_strerror(code);
        return -1;
    }
    memcpy(&url_out->address, found->ai_addr, found->ai_addrlen);
    url_out->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* ---- opening and closing ----------------------------------------------------------------------
 */

static void queue_handshake(struct ws *ws, const struct ws_url *url)
{
    uint64_t nonce[2] = {next_random(ws), next_random(ws)};
    char key[DIGEST_BASE64_SIZE(sizeof nonce) + 1];
    char request[WS_HOST_MAX + WS_PATH_MAX + 256];

    digest_base64(nonce, sizeof nonce, key);
    digest_websocket_accept(key, ws->accept);
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: " SUBPROTOCOL "\r\n\r\n",
                        url->path, url->host, url->port, key);
    bytes_put(&ws->out, request, (size_t)size);
}

int ws_connect(struct ws *ws, const struct ws_url *url, uint64_t seed)
{
    int on = 1;

    memset(ws, 0, sizeof *ws);
    ws->random = seed;
    ws->fd = socket(url->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ws->fd < 0) {
        ws->state = WS_CLOSED;
        ws->error = strerror(errno);
        return -1;
    }
    setsockopt(ws->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(ws->fd, (const struct sockaddr *)&url->address, url->address_size) != 0 &&
        errno != EINPROGRESS) {
        ws_close(ws, strerror(errno));
        return -1;
    }
    queue_handshake(ws, url);
    return 0;
}

void ws_close(struct ws *ws, const char *error)
{
    if (ws->state == WS_CLOSED)
        return;
    ws->state = WS_CLOSED;
    ws->error = error;
    close(ws->fd);
    ws->fd = -1;
    ot_buf_deinit(&ws->in);
    ot_buf_deinit(&ws->message);
    ot_buf_deinit(&ws->out);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

static size_t put_frame_head(uint8_t *head, enum opcode opcode, size_t size, uint32_t mask)
{
    size_t at = 2;
    unsigned more = size < 126 ? 0 : size < 65536 ? 2 : 8;

    head[0] = (uint8_t)(0x80 | opcode);
    head[1] = (uint8_t)(0x80 | (more == 0 ? size : more == 2 ? 126 : 127));
    for (unsigned i = 0; i < more; i++)
        head[at++] = (uint8_t)(size >> (8 * (more - 1 - i)));
    memcpy(head + at, &mask, 4);
    return at + 4;
}

static void mask_bytes(uint8_t *out, const uint8_t *bytes, size_t size, uint32_t mask)
{
    uint64_t wide = (uint64_t)mask << 32 | mask, word;
    size_t at = 0;

    for (; at + 8 <= size; at += 8) {
        memcpy(&word, bytes + at, 8);
        word ^= wide;
        memcpy(out + at, &word, 8);
    }
    for (; at < size; at++)
        out[at] = bytes[at] ^ ((const uint8_t *)&mask)[at % 4];
}

static void queue_frame(struct ws *ws, enum opcode opcode, struct ot_slice payload)
{
    uint8_t head[FRAME_HEAD_MAX];

    if (ws->state == WS_CLOSED)
        return;
    uint32_t mask = (uint32_t)next_random(ws);
    size_t head_size = put_frame_head(head, opcode, payload.size, mask);
    uint8_t *out = bytes_extend(&ws->out, head_size + payload.size);
    memcpy(out, head, head_size);
    mask_bytes(out + head_size, payload.data, payload.size, mask);
}

void ws_send(struct ws *ws, struct ot_slice message)
{
    queue_frame(ws, OP_BINARY, message);
}

void ws_send_close(struct ws *ws, uint16_t code)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    queue_frame(ws, OP_CLOSE, (struct ot_slice){payload, sizeof payload});
}

static int finish_connect(struct ws *ws)
{
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(ws->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        ws_close(ws, strerror(error));
        return -1;
    }
    ws->state = WS_UPGRADING;
    return 0;
}

int ws_write(struct ws *ws)
{
    if (ws->state == WS_CLOSED || (ws->state == WS_CONNECTING && finish_connect(ws)))
        return -1;
    while (ws->out_sent < ws->out.size) {
        ssize_t sent =
            send(ws->fd, ws->out.data + ws->out_sent, ws->out.size - ws->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return 0;
        if (sent < 0) {
            ws_close(ws, strerror(errno));
            return -1;
        }
        ws->out_sent += (size_t)sent;
        ws->bytes_out += (uint64_t)sent;
    }
    ot_buf_clear(&ws->out);
    ws->out_sent = 0;
    return 0;
}

bool ws_wants_write(const struct ws *ws)
{
    return ws->state == WS_CONNECTING || (ws->state != WS_CLOSED && ws->out_sent < ws->out.size);
}

/* ---- receiving --------------------------------------------------------------------------------
 */

static int fail(struct ws *ws, uint16_t code, const char *error)
{
    ws_send_close(ws, code);
    if (ws_write(ws) == 0)
        ws_close(ws, error);
    return -1;
}

/* The value of a header line, if `line` is that header. */
static const char *header_value(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncasecmp(line, name, size) != 0 || line[size] != ':')
        return NULL;
    return line + size + 1 + strspn(line + size + 1, " \t");
}

static bool value_is(const char *value, const char *expected)
{
    size_t size = strlen(expected);
    return strncmp(value, expected, size) == 0 && value[size + strspn(value + size, " \t")] == '\r';
}

/* Reads the answer to the handshake, whose text ends with an empty line and a NUL. */
static int check_answer(struct ws *ws, const char *text)
{
    bool accepted = false, agreed = false;

    if (strncmp(text, "HTTP/1.1 101 ", 13) != 0) {
        ws_close(ws, "the server refused the WebSocket handshake");
        return -1;
    }
    for (const char *line = strstr(text, "\r\n"); line; line = strstr(line, "\r\n")) {
        const char *value;
        line += 2;
        if ((value = header_value(line, "Sec-WebSocket-Accept")))
            accepted = value_is(value, ws->accept);
        else if ((value = header_value(line, "Sec-WebSocket-Protocol")))
            agreed = value_is(value, SUBPROTOCOL);
    }
    if (!accepted || !agreed) {
        ws_close(ws, "the server does not speak " SUBPROTOCOL);
        return -1;
    }
    ws->state = WS_OPEN;
    return 0;
}

/* Takes the handshake's answer off the front of `bytes`: its size, 0 while it is not whole, -1. */
static int take_answer(struct ws *ws, struct ot_slice bytes)
{
    char text[WS_HEADER_MAX + 1];
    const uint8_t *end = memmem(bytes.data, bytes.size, "\r\n\r\n", 4);
    size_t size = end == NULL ? bytes.size : (size_t)(end - bytes.data) + 4;

    if (size > WS_HEADER_MAX) {
        ws_close(ws, "the server's answer to the handshake is too long");
        return -1;
    }
    if (end == NULL)
        return 0;
    memcpy(text, bytes.data, size);
    text[size] = '\0';
    return check_answer(ws, text) ? -1 : (int)size;
}

struct frame {
    enum opcode opcode;
    bool final;
    struct ot_slice payload;
    size_t size; /* head and payload */
};

/* 1 and a whole frame, 0 when bytes are missing, -1 when it may not be. */
static int parse_frame(struct ws *ws, struct ot_slice bytes, struct frame *frame)
{
    if (bytes.size < 2)
        return 0;
    unsigned small = bytes.data[1] & 127;
    unsigned more = small < 126 ? 0 : small == 126 ? 2 : 8;
    uint64_t size = more == 0 ? small : 0;

    if (bytes.data[0] & 0x70 || bytes.data[1] & 0x80)
        return fail(ws, CLOSE_PROTOCOL, "the server sent a frame with reserved bits or a mask");
    if (bytes.size < 2 + more)
        return 0;
    for (unsigned i = 0; i < more; i++)
        size = size << 8 | bytes.data[2 + i];
    if (size > WS_MESSAGE_MAX)
        return fail(ws, CLOSE_TOO_LARGE, "the server sent a message that is too large");
    if (bytes.size - 2 - more < size)
        return 0;
    frame->opcode = bytes.data[0] & 15;
    frame->final = bytes.data[0] >> 7;
    frame->payload = (struct ot_slice){bytes.data + 2 + more, (size_t)size};
    frame->size = 2 + more + (size_t)size;
    return 1;
}

static int take_control(struct ws *ws, const struct frame *frame)
{
    if (!frame->final || frame->payload.size > CONTROL_MAX)
        return fail(ws, CLOSE_PROTOCOL, "the server sent a bad control frame");
    if (frame->opcode == OP_PING)
        queue_frame(ws, OP_PONG, frame->payload);
    if (frame->opcode != OP_CLOSE)
        return 0;
    if (frame->payload.size >= 2)
        ws->close_code = (uint16_t)(frame->payload.data[0] << 8 | frame->payload.data[1]);
    queue_frame(ws, OP_CLOSE, frame->payload);
    if (ws_write(ws) == 0)
        ws_close(ws, NULL);
    return -1;
}

static int take_data(struct ws *ws, const struct frame *frame, ws_message_fn *fn, void *context)
{
    if (frame->opcode == OP_TEXT)
        return fail(ws, CLOSE_TEXT, "the server sent a text frame");
    if ((frame->opcode == OP_CONTINUATION) != ws->fragmented || frame->opcode > OP_BINARY)
        return fail(ws, CLOSE_PROTOCOL, "the server sent a frame out of turn");
    if (frame->final && !ws->fragmented) {
        fn(ws, frame->payload, context);
        return ws->state == WS_CLOSED ? -1 : 0;
    }
    if (ws->message.size + frame->payload.size > WS_MESSAGE_MAX)
        return fail(ws, CLOSE_TOO_LARGE, "the server sent a message that is too large");
    bytes_put(&ws->message, frame->payload.data, frame->payload.size);
    ws->fragmented = !frame->final;
    if (!frame->final)
        return 0;
    struct ot_buf whole = ws->message;
    ws->message = (struct ot_buf){0};
    fn(ws, ot_buf_slice(&whole), context);
    ot_buf_deinit(&whole);
    return ws->state == WS_CLOSED ? -1 : 0;
}

/* Takes as many frames off the front as are whole; how many bytes that were, or -1. */
static ssize_t take_frames(struct ws *ws, struct ot_slice bytes, ws_message_fn *fn, void *context)
{
    size_t at = 0;

    if (ws->state == WS_UPGRADING) {
        int size = take_answer(ws, bytes);
        if (size <= 0)
            return size;
        at = (size_t)size;
    }
    for (;;) {
        struct frame frame;
        struct ot_slice rest = {bytes.data + at, bytes.size - at};
        int found = parse_frame(ws, rest, &frame);
        if (found < 0)
            return -1;
        if (found == 0)
            return (ssize_t)at;
        if (frame.opcode >= OP_CLOSE ? take_control(ws, &frame)
                                     : take_data(ws, &frame, fn, context))
            return -1;
        at += frame.size;
    }
}

/* `in` keeps what is unfinished. While frames are taken from it, it is held here, so that closing
 * from within the callback cannot free it. */
static int take_bytes(struct ws *ws, struct ot_slice bytes, ws_message_fn *fn, void *context)
{
    struct ot_buf held = ws->in;
    bool joined = held.size > 0;

    ws->in = (struct ot_buf){0};
    if (joined) {
        bytes_put(&held, bytes.data, bytes.size);
        bytes = ot_buf_slice(&held);
    }
    ssize_t taken = take_frames(ws, bytes, fn, context);
    if (taken < 0) {
        ot_buf_deinit(&held);
        return -1;
    }
    size_t left = bytes.size - (size_t)taken;
    if (!joined) {
        if (left > 0)
            bytes_put(&held, bytes.data + taken, left);
    } else if (taken > 0) {
        memmove(held.data, held.data + taken, left);
        held.size = left;
    }
    if (held.size > 0)
        ws->in = held;
    else
        ot_buf_deinit(&held);
    return 0;
}

int ws_read(struct ws *ws, void *scratch, size_t scratch_size, ws_message_fn *fn, void *context)
{
    if (ws->state == WS_CLOSED || (ws->state == WS_CONNECTING && finish_connect(ws)))
        return -1;
    ssize_t got = recv(ws->fd, scratch, scratch_size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
        return 0;
    if (got <= 0) {
        ws_close(ws, got < 0 ? strerror(errno) : "the server closed the connection");
        return -1;
    }
    ws->bytes_in += (uint64_t)got;
    if (take_bytes(ws, (struct ot_slice){scratch, (size_t)got}, fn, context))
        return -1;
    return (size_t)got == scratch_size;
}

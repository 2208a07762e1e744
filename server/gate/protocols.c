#include "server/gate/protocols.h"

#include "server/gate/handshake.h"
#include "server/gate/http.h"
#include "server/gate/listen.h"
#include "server/gate/peer.h"
#include "server/gate/receive.h"
#include "server/gate/request.h"
#include "server/gate/tls.h"
#include "server/gate/visitor.h"

#include <string.h>
#include <unistd.h>

/* Codes of close frames, of RFC 6455; libwebsockets has put CODE_PROTOCOL in place of other wrong
 * ones. */
#define CODE_NORMAL   1000
#define CODE_PROTOCOL 1002
#define CODE_LAST     4999
/* Each connection holds a buffer of this size. */
#define RECEIVE_BYTES 1024
/* A frame is written in one go. */
#define SEND_BYTES (LIMIT_FLUSH_BYTES + 4096)
/* All headers of a request together; cookies of other programs on the host count too. */
#define HEADER_BYTES   8192
#define HEADERS_MAX    8192
#define PATH_MAX_CHARS 256

static struct gate *gate_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* ---- pages, and what comes before a connection is a WebSocket -----------------------------------
 */

static int on_page_asked(struct lws *wsi, void *user, const char *path, size_t size)
{
    char copy[PATH_MAX_CHARS];
    struct gate *gate = gate_of(wsi);
    if (size >= sizeof(copy) || memchr(path, '\0', size) != NULL) {
        static const struct refusal none = {
            .reason = "path", .status = 404, .text = "There is no such page."};
        request_refuse(gate, wsi, &none);
        return -1;
    }
    memcpy(copy, path, size);
    copy[size] = '\0';
    return http_request(gate, wsi, user, copy);
}

static void on_socket_gone(struct gate *gate, struct visitor *visitor)
{
    if (visitor != NULL && !visitor->asked) {
        metrics_request_refused(&gate->metrics, "no_request");
    }
    visitor_free(gate, visitor);
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                   size_t size)
{
    struct gate *gate = gate_of(wsi);
    switch (reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        return tls_set_up(user, &gate->gates->tls);
    case LWS_CALLBACK_WSI_CREATE:
        gate->adopted = true;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        atomic_fetch_sub(&gate->gates->sockets, 1);
        on_socket_gone(gate, visitor_of(wsi));
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        visitor_read(gate, wsi);
        return handshake_check(gate, wsi);
    case LWS_CALLBACK_HTTP:
        visitor_read(gate, wsi);
        return on_page_asked(wsi, user, in, size);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_writeable(gate, user);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (user != NULL) {
            http_ended(gate, user);
        }
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RAW_WRITEABLE:
        return -1;
    default:
        return 0;
    }
}

/* ---- WebSockets ---------------------------------------------------------------------------------
 */

static int on_established(struct lws *wsi)
{
    struct visitor *visitor = visitor_of(wsi);
    visitor->peer = peer_new(gate_of(wsi), wsi, &visitor->ip);
    if (visitor->peer == NULL) {
        return -1;
    }
    visitor->peer->holder = visitor->holder;
    return 0;
}

/* libwebsockets answers pings by itself, as many as come in one piece at once, and does not tell;
 * but after each answer it says that the socket can take more, which nobody had asked. */
static void on_writeable(struct peer *peer)
{
    if (!peer->blocked && peer->state < PEER_CLOSING) {
        peer_noise(peer);
    }
    peer_unblock(peer);
}

/* Of the client. If ours was first, that was all. Otherwise it is answered here, not by
 * libwebsockets, which would repeat whatever reason came, and codes that nobody may send. */
static int on_goodbye(struct peer *peer, const uint8_t *payload, size_t size)
{
    if (peer->state == PEER_CLOSED) {
        return -1;
    }
    unsigned code = size < 2 ? CODE_NORMAL : (unsigned)payload[0] << 8 | payload[1];
    peer_answer_goodbye(peer, code > CODE_LAST ? CODE_PROTOCOL : code);
    return -1;
}

static void on_closed(struct lws *wsi, struct peer *peer)
{
    visitor_of(wsi)->peer = NULL;
    peer_free(peer);
}

static int on_websocket(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t size)
{
    (void)user;
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        return on_established(wsi);
    }
    struct visitor *visitor = visitor_of(wsi);
    struct peer *peer = visitor == NULL ? NULL : visitor->peer;
    if (peer == NULL) {
        return 0;
    }
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        receive_piece(peer, &(struct piece){.bytes = {in, size},
                                            .left = lws_remaining_packet_payload(wsi),
                                            .binary = lws_frame_is_binary(wsi),
                                            .first = lws_is_first_fragment(wsi),
                                            .last = lws_is_final_fragment(wsi)});
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        peer_ponged(peer);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        on_writeable(peer);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_goodbye(peer, in, size);
    case LWS_CALLBACK_CLOSED:
        on_closed(wsi, peer);
        return 0;
    default:
        return 0;
    }
}

/* ---- the context ---- */

/* The first one is for everything that is not (yet) a WebSocket and never becomes one itself. */
static const struct lws_protocols protocols[] = {
    {.name = "quire-pages",
     .callback = on_http,
     .per_session_data_size = sizeof(struct http_transfer),
     .rx_buffer_size = RECEIVE_BYTES,
     .tx_packet_size = SEND_BYTES},
    {.name = GATE_SUBPROTOCOL,
     .callback = on_websocket,
     .rx_buffer_size = RECEIVE_BYTES,
     .tx_packet_size = SEND_BYTES},
    {0},
};

/* Without timers of its own for each connection: its list of them is walked from the start. */
static const lws_retry_bo_t no_validity_checks = {.secs_since_valid_ping = 0,
                                                  .secs_since_valid_hangup = 0};

int protocols_open(struct gate *gate)
{
    void *loops[] = {&gate->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .foreign_loops = loops,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_VALIDATE_UTF8,
        .retry_and_idle_policy = &no_validity_checks,
        .alpn = "http/1.1",
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool = HEADERS_MAX,
        .timeout_secs = (gate->gates->options.hello_ms + 999) / 1000,
        .gid = -1,
        .uid = -1,
        .user = gate,
        .vhost_name = "quire",
    };
    if (option_is_set(gate->gates->options.tls_cert)) {
        info.options |=
            LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
    }
    gate->context = lws_create_context(&info);
    if (gate->context == NULL) {
        return -1;
    }
    gate->vhost = lws_create_vhost(gate->context, &info);
    return gate->vhost == NULL ? -1 : 0;
}

void protocols_adopt(struct gate *gate, int socket, const struct ip *from)
{
    struct visitor *visitor = visitor_new(gate, from);
    if (visitor == NULL) {
        listen_turn_away(gate, socket);
        return;
    }
    const lws_adopt_desc_t description = {.vh = gate->vhost,
                                          .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP |
                                                  LWS_ADOPT_ALLOW_SSL,
                                          .fd = {.sockfd = socket},
                                          .opaque = visitor};
    gate->adopted = false;
    if (lws_adopt_descriptor_vhost_via_info(&description) == NULL && !gate->adopted) {
        /* It closed the socket, but had made no connection of it. */
        atomic_fetch_sub(&gate->gates->sockets, 1);
        visitor_free(gate, visitor);
    }
}

#include "server/gate/handshake.h"

#include "server/gate/http.h"
#include "server/gate/origin.h"

#include <string.h>
#include <strings.h>

#define VALUE_MAX 256
#define KEY_CHARS 24

/* One rule: why a request is refused, and how that is said. */
struct rule {
    bool (*holds)(const struct gate *gate, struct lws *wsi);
    unsigned status;
    const char *header; /* a further header line, or "" */
    const char *text;
};

/* Copies a header's value; "" when it is absent or too long. */
static void header(struct lws *wsi, enum lws_token_indexes token, char value_out[VALUE_MAX])
{
    if (lws_hdr_copy(wsi, value_out, VALUE_MAX, token) < 0) {
        value_out[0] = '\0';
    }
}

static bool header_is(struct lws *wsi, enum lws_token_indexes token, const char *expected)
{
    char value[VALUE_MAX];
    header(wsi, token, value);
    return strcmp(value, expected) == 0;
}

static bool is_get(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
}

static bool is_http_1_1(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return header_is(wsi, WSI_TOKEN_HTTP, "HTTP/1.1");
}

static bool is_without_body(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return !http_has_body(wsi);
}

static bool is_for_websocket(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[VALUE_MAX];
    header(wsi, WSI_TOKEN_UPGRADE, value);
    return strcasecmp(value, "websocket") == 0;
}

static bool is_on_path(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return header_is(wsi, WSI_TOKEN_GET_URI, GATE_PATH);
}

static bool is_version_13(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return header_is(wsi, WSI_TOKEN_VERSION, "13");
}

static bool has_key(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[VALUE_MAX];
    header(wsi, WSI_TOKEN_KEY, value);
    return strlen(value) == KEY_CHARS &&
           strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
               KEY_CHARS - 2 &&
           strcmp(value + KEY_CHARS - 2, "==") == 0;
}

static bool has_subprotocol(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[VALUE_MAX];
    header(wsi, WSI_TOKEN_PROTOCOL, value);
    char *rest;
    for (char *name = strtok_r(value, ", \t", &rest); name != NULL;
         name = strtok_r(NULL, ", \t", &rest)) {
        if (strcmp(name, GATE_SUBPROTOCOL) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_same_origin(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char origin[VALUE_MAX];
    char host[VALUE_MAX];
    header(wsi, WSI_TOKEN_HOST, host);
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0) {
        return true;
    }
    header(wsi, WSI_TOKEN_ORIGIN, origin);
    return origin_is_same(origin, host);
}

static bool is_welcome(const struct gate *gate, struct lws *wsi)
{
    (void)wsi;
    return !atomic_load(&gate->gates->draining) && !atomic_load(&gate->gates->stopping);
}

static const struct rule rules[] = {
    {is_get, 405, "Allow: GET\r\n", "A WebSocket is asked for with GET."},
    {is_http_1_1, 505, "", "A WebSocket is asked for over HTTP/1.1."},
    {is_without_body, 400, "", "A request with a body is not taken."},
    {is_for_websocket, 400, "", "The only upgrade is to websocket."},
    {is_on_path, 404, "", "There is no WebSocket here."},
    {is_version_13, 426, "Sec-WebSocket-Version: 13\r\n", "The WebSocket version is 13."},
    {has_key, 400, "", "Sec-WebSocket-Key is missing or wrong."},
    {has_subprotocol, 400, "", "The subprotocol is " GATE_SUBPROTOCOL "."},
    {is_of_same_origin, 403, "", "Pages of other sites may not connect."},
    {is_welcome, 503, "Retry-After: 1\r\n", "The server is stopping."},
};

int handshake_check(struct gate *gate, struct lws *wsi)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) == 0) {
        /* libwebsockets has answered by itself and thrown the headers away. */
        counter_add(&gate->counters.refused_handshakes, 1);
        return -1;
    }
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (!rules[i].holds(gate, wsi)) {
            counter_add(&gate->counters.refused_handshakes, 1);
            http_refuse(gate, wsi, rules[i].status, rules[i].header, rules[i].text);
            return -1;
        }
    }
    return 0;
}

#include "server/gate/handshake.h"

#include "server/gate/request.h"
#include "server/gate/visitor.h"

#include <string.h>
#include <strings.h>

#define KEY_CHARS 24

static bool is_get(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
}

static bool is_http_1_1(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return request_header_is(wsi, WSI_TOKEN_HTTP, "HTTP/1.1");
}

static bool is_for_websocket(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, WSI_TOKEN_UPGRADE, value);
    return strcasecmp(value, "websocket") == 0;
}

static bool is_on_path(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return request_header_is(wsi, WSI_TOKEN_GET_URI, GATE_PATH);
}

static bool is_version_13(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return request_header_is(wsi, WSI_TOKEN_VERSION, "13");
}

static bool has_key(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, WSI_TOKEN_KEY, value);
    return strlen(value) == KEY_CHARS &&
           strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
               KEY_CHARS - 2 &&
           strcmp(value + KEY_CHARS - 2, "==") == 0;
}

static bool has_subprotocol(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    char value[REQUEST_VALUE_MAX];
    request_header(wsi, WSI_TOKEN_PROTOCOL, value);
    char *rest;
    for (char *name = strtok_r(value, ", \t", &rest); name != NULL;
         name = strtok_r(NULL, ", \t", &rest)) {
        if (strcmp(name, GATE_SUBPROTOCOL) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_from_allowed_page(const struct gate *gate, struct lws *wsi)
{
    char origin[REQUEST_VALUE_MAX], host[REQUEST_VALUE_MAX];
    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) <= 0) {
        return true;
    }
    request_header(wsi, WSI_TOKEN_ORIGIN, origin);
    request_header(wsi, WSI_TOKEN_HOST, host);
    return admission_origin(&gate->gates->admission, (struct span){origin, strlen(origin)},
                            (struct span){host, strlen(host)}, visitor_of(wsi)->scheme);
}

static bool is_welcome(const struct gate *gate, struct lws *wsi)
{
    (void)wsi;
    return !atomic_load(&gate->gates->draining) && !atomic_load(&gate->gates->stopping);
}

static bool is_there_memory(const struct gate *gate, struct lws *wsi)
{
    (void)wsi;
    return gate_pressure(gate) < HUB_SCARCE;
}

/* The last rule: one that breaks another costs its address nothing. */
static bool is_not_too_much(const struct gate *gate, struct lws *wsi)
{
    const struct visitor *visitor = visitor_of(wsi);
    return !visitor->crowded && addresses_take(&gate->gates->addresses, visitor->holder,
                                               ADDRESS_CONNECTS, gate_now_ms(gate)) == 0;
}

static const struct request_rule rules[] = {
    {is_get,
     {.reason = "method",
      .status = 405,
      .header = "Allow: GET\r\n",
      .text = "A WebSocket is asked for with GET."}},
    {is_http_1_1,
     {.reason = "http_version", .status = 505, .text = "A WebSocket is asked for over HTTP/1.1."}},
    {is_for_websocket,
     {.reason = "upgrade", .status = 400, .text = "The only upgrade is to websocket."}},
    {is_on_path, {.reason = "path", .status = 404, .text = "There is no WebSocket here."}},
    {is_version_13,
     {.reason = "websocket_version",
      .status = 426,
      .header = "Sec-WebSocket-Version: 13\r\n",
      .text = "The WebSocket version is 13."}},
    {has_key, {.reason = "key", .status = 400, .text = "Sec-WebSocket-Key is missing or wrong."}},
    {has_subprotocol,
     {.reason = "subprotocol", .status = 400, .text = "The subprotocol is " GATE_SUBPROTOCOL "."}},
    {is_from_allowed_page,
     {.reason = "origin",
      .status = 403,
      .text = "Pages of other sites may not connect. Whoever runs the server can allow a site "
              "(--allow-origin).",
      .option = "allow-origin",
      .token = WSI_TOKEN_ORIGIN}},
    {is_welcome,
     {.reason = "stopping",
      .status = 503,
      .header = "Retry-After: 1\r\n",
      .text = "The server is stopping."}},
    {is_there_memory,
     {.reason = "memory",
      .status = 503,
      .header = "Retry-After: 5\r\n",
      .text = "The server is short of memory."}},
    {is_not_too_much,
     {.reason = "address",
      .status = 429,
      .header = "Retry-After: 5\r\n",
      .text = "Too many connections come from this address."}},
};

int handshake_check(struct gate *gate, struct lws *wsi)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0) {
        /* libwebsockets has answered by itself and thrown the headers away. */
        metrics_add(&gate->metrics, METRIC_HANDSHAKES_REFUSED, 1);
        metrics_request_refused(&gate->metrics, "upgrade");
        return -1;
    }
    const struct refusal *refusal = request_check_common(gate, wsi, false);
    if (refusal == NULL) {
        refusal = request_check(gate, wsi, rules, sizeof(rules) / sizeof(rules[0]));
    }
    if (refusal == NULL) {
        return 0;
    }
    request_refuse(gate, wsi, refusal);
    return -1;
}

#include "server/gate/visitor.h"

#include "server/gate/memory.h"

#include <stdlib.h>
#include <strings.h>

/* Of a request that has more libwebsockets reads nothing. */
#define FORWARDED_MAX 8192
#define PROTO_HEADER  "x-forwarded-proto:"

/* A proxy has as many as it likes: its clients are counted when they are known. */
static void enter(struct gate *gate, struct visitor *visitor)
{
    struct gates *gates = gate->gates;
    if (!proxies_hold(&gates->proxies, &visitor->ip)) {
        visitor->holder = addresses_enter(&gates->addresses, &visitor->ip);
        visitor->crowded = visitor->holder == NULL;
    }
}

struct visitor *visitor_new(struct gate *gate, const struct ip *from)
{
    struct visitor *visitor = memory_new(sizeof(*visitor));
    visitor->from = visitor->ip = *from;
    visitor->scheme = option_is_set(gate->gates->options.tls_cert) ? SCHEME_HTTPS : SCHEME_ANY;
    enter(gate, visitor);
    if (visitor->crowded || addresses_take(&gate->gates->addresses, visitor->holder,
                                           ADDRESS_SOCKETS, gate_now_ms(gate)) > 0) {
        visitor_free(gate, visitor);
        return NULL;
    }
    return visitor;
}

void visitor_free(struct gate *gate, struct visitor *visitor)
{
    if (visitor != NULL) {
        addresses_leave(&gate->gates->addresses, visitor->holder);
        free(visitor);
    }
}

struct visitor *visitor_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

/* What the proxy says; what it is without, if it does not. */
static enum scheme forwarded_scheme(struct lws *wsi, enum scheme otherwise)
{
    char value[8];
    if (lws_hdr_custom_copy(wsi, value, sizeof(value), PROTO_HEADER, sizeof(PROTO_HEADER) - 1) <=
        0) {
        return otherwise;
    }
    return strcasecmp(value, "https") == 0  ? SCHEME_HTTPS
           : strcasecmp(value, "http") == 0 ? SCHEME_HTTP
                                            : otherwise;
}

void visitor_read(struct gate *gate, struct lws *wsi)
{
    struct visitor *visitor = visitor_of(wsi);
    visitor->asked = true;
    if (!proxies_hold(&gate->gates->proxies, &visitor->from)) {
        return;
    }
    char forwarded_for[FORWARDED_MAX];
    if (lws_hdr_copy(wsi, forwarded_for, sizeof(forwarded_for), WSI_TOKEN_X_FORWARDED_FOR) > 0) {
        visitor->ip = proxies_client(&gate->gates->proxies, &visitor->from, forwarded_for);
    }
    visitor->scheme = forwarded_scheme(wsi, visitor->scheme);
    if (visitor->holder == NULL) {
        enter(gate, visitor);
    }
}

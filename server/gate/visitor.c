#include "server/gate/visitor.h"

#include "server/gate/memory.h"

#include <stdlib.h>

#define FORWARDED_MAX 1024

struct visitor *visitor_new(const struct ip *from)
{
    struct visitor *visitor = memory_new(sizeof(*visitor));
    visitor->from = visitor->ip = *from;
    return visitor;
}

void visitor_free(struct visitor *visitor)
{
    free(visitor);
}

struct visitor *visitor_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

void visitor_read(struct gate *gate, struct lws *wsi)
{
    char forwarded_for[FORWARDED_MAX];
    struct visitor *visitor = visitor_of(wsi);
    if (lws_hdr_copy(wsi, forwarded_for, sizeof(forwarded_for), WSI_TOKEN_X_FORWARDED_FOR) <= 0) {
        return;
    }
    visitor->ip = proxies_client(&gate->gates->proxies, &visitor->from, forwarded_for);
}

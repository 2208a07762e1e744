/* What is answered to a path, and the head of an HTTP answer. Knows nothing of sockets. */
#ifndef QUIRE_GATE_PAGE_H
#define QUIRE_GATE_PAGE_H

#include "server/gate/gate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page {
    unsigned status;
    const char *type;
    const char *etag;   /* quoted, or NULL */
    const char *header; /* a further header line with its line end, or "" */
    const uint8_t *data;
    size_t size;
    bool ready_asked; /* /readyz: whoever serves it knows the answer */
    bool metrics_asked;
};

/* A short text; `text` must last as long as the page. */
struct page page_text(unsigned status, const char *header, const char *text);
/* /healthz, /readyz: for machines, by whatever name they know the server. */
bool page_is_of_health(const char *path);
/* `known`: If-None-Match of the request, or "". */
struct page page_find(const struct gate_asset *assets, const char *path, const char *known);
/* Writes the head of the answer, up to the empty line; cut off at `capacity`. `framers`: sources of
 * a policy, with spaces between, whose pages may show it in a frame besides its own. Returns its
 * size. */
size_t page_head(const struct page *page, const char *framers, char *out, size_t capacity);

#endif

#include "server/gate/http.h"

#include "server/gate/frame.h"
#include "server/gate/memory.h"
#include "server/gate/page.h"
#include "server/gate/request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define VALUE_MAX 1024

static void list(struct gate *gate, struct http_transfer *transfer)
{
    transfer->next = gate->transfers;
    if (transfer->next != NULL) {
        transfer->next->prev = transfer;
    }
    gate->transfers = transfer;
    transfer->listed = true;
}

void http_ended(struct gate *gate, struct http_transfer *transfer)
{
    if (!transfer->listed) {
        return;
    }
    transfer->listed = false;
    if (transfer->prev != NULL) {
        transfer->prev->next = transfer->next;
    } else {
        gate->transfers = transfer->next;
    }
    if (transfer->next != NULL) {
        transfer->next->prev = transfer->prev;
    }
}

/* Writes what is in the gate's payload. 0 when there is more to come or to wait for, -1 when the
 * connection is to be closed. */
static int write_some(struct gate *gate, struct http_transfer *transfer, size_t size)
{
    transfer->moved_ms = gate_now_ms(gate);
    if (lws_write(transfer->wsi, gate->payload, size, LWS_WRITE_HTTP) < 0) {
        return -1;
    }
    if (transfer->left == 0 && !lws_partial_buffered(transfer->wsi)) {
        return -1;
    }
    /* From here on http_tick looks after it. */
    lws_set_timeout(transfer->wsi, NO_PENDING_TIMEOUT, 0);
    lws_callback_on_writable(transfer->wsi);
    return 0;
}

/* Adds what fits of the data to the `used` bytes in the gate's payload. */
static size_t fill(struct gate *gate, struct http_transfer *transfer, size_t used)
{
    size_t size = LIMIT_FLUSH_BYTES - used;
    if (size > transfer->left) {
        size = transfer->left;
    }
    if (size > 0) {
        memcpy(gate->payload + used, transfer->data, size);
        transfer->data += size;
        transfer->left -= size;
    }
    return used + size;
}

int http_writeable(struct gate *gate, struct http_transfer *transfer)
{
    if (transfer->left == 0) {
        return -1;
    }
    return write_some(gate, transfer, fill(gate, transfer, 0));
}

static size_t write_head(struct gate *gate, const struct page *page)
{
    return page_head(page, admission_sources(&gate->gates->admission), (char *)gate->payload,
                     LIMIT_FLUSH_BYTES);
}

static int answer(struct gate *gate, struct http_transfer *transfer, const struct page *page,
                  bool with_body)
{
    size_t head = write_head(gate, page);
    transfer->data = page->data;
    transfer->left = with_body ? page->size : 0;
    list(gate, transfer);
    return write_some(gate, transfer, fill(gate, transfer, head));
}

static bool is_read(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0 ||
           lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
}

static bool is_http_1(const struct gate *gate, struct lws *wsi)
{
    (void)gate;
    return request_header_is(wsi, WSI_TOKEN_HTTP, "HTTP/1.1") ||
           request_header_is(wsi, WSI_TOKEN_HTTP, "HTTP/1.0");
}

static const struct request_rule rules[] = {
    {is_read,
     {.reason = "method",
      .status = 405,
      .header = "Allow: GET, HEAD\r\n",
      .text = "Pages are read with GET or HEAD."}},
    {is_http_1, {.reason = "http_version", .status = 505, .text = "The version of HTTP is 1.1."}},
};

_Static_assert(METRICS_TEXT_MAX + 4096 <= LIMIT_FLUSH_BYTES, "the text goes out at once");

static int answer_metrics(struct gate *gate, struct http_transfer *transfer, bool with_body)
{
    const struct gate_env *env = &gate->gates->env;
    char *text = memory_new(METRICS_TEXT_MAX);
    struct page page = {.status = 200,
                        .type = "text/plain; version=0.0.4; charset=utf-8",
                        .header = "",
                        .data = (const uint8_t *)text,
                        .size = env->metrics(env->context, text)};
    int result = answer(gate, transfer, &page, with_body);
    free(text);
    return result;
}

int http_request(struct gate *gate, struct lws *wsi, struct http_transfer *transfer,
                 const char *path)
{
    const struct refusal *refusal =
        request_check(gate, wsi, rules, sizeof(rules) / sizeof(rules[0]));
    if (refusal == NULL) {
        refusal = request_check_common(gate, wsi, page_is_of_health(path));
    }
    if (refusal != NULL) {
        request_refuse(gate, wsi, refusal);
        return -1;
    }
    char known[VALUE_MAX];
    if (lws_hdr_copy(wsi, known, sizeof(known), WSI_TOKEN_HTTP_IF_NONE_MATCH) < 0) {
        known[0] = '\0';
    }
    const struct gate_env *env = &gate->gates->env;
    struct page page = page_find(gate->gates->options.assets, path, known);
    if (page.ready_asked) {
        const char *why_not = env->not_ready(env->context);
        page = why_not == NULL ? page_text(200, "", "ok") : page_text(503, "", why_not);
    }
    transfer->wsi = wsi;
    bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    if (page.metrics_asked && env->metrics != NULL) {
        return answer_metrics(gate, transfer, !head);
    }
    if (page.metrics_asked) {
        page = page_text(404, "", "There is no such page.");
    }
    return answer(gate, transfer, &page, !head);
}

void http_refuse(struct gate *gate, struct lws *wsi, unsigned status, const char *header,
                 const char *text)
{
    struct page page = page_text(status, header, text);
    size_t size = write_head(gate, &page);
    memcpy(gate->payload + size, page.data, page.size);
    /* A failure shows when the connection is closed, which is next. */
    (void)lws_write(wsi, gate->payload, size + page.size, LWS_WRITE_HTTP);
}

/* Bytes after the request, or the end of what the client sends: libwebsockets reads neither while a
 * page goes out, and the loop would turn without rest. */
static bool talks_on(struct lws *wsi)
{
    char byte;
    ssize_t got = recv(lws_get_socket_fd(wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0;
}

void http_tick(struct gate *gate, uint64_t now_ms)
{
    for (struct http_transfer *transfer = gate->transfers; transfer != NULL;) {
        struct http_transfer *next = transfer->next;
        if (now_ms >= transfer->moved_ms + gate->gates->options.stall_ms ||
            talks_on(transfer->wsi)) {
            struct lws *wsi = transfer->wsi;
            http_ended(gate, transfer);
            shutdown(lws_get_socket_fd(wsi), SHUT_RDWR);
            lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_SYNC);
        }
        transfer = next;
    }
}

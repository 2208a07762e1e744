#include "server/gate/page.h"

#include "server/limits.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define INDEX           "/index.html"
#define DOCUMENT_PREFIX "/d/"
#define DATE_MAX        40

/* Of every answer, whatever it is: a page may load its own scripts and style sheets, talk to this
 * server, show pictures from the web, and nothing else. What is put into it as text can then not
 * run even where it should turn out as markup. Style attributes are allowed since browsers hold
 * what is pasted, and what they move themselves when it is dragged, against the same policy:
 * without, coloured text would lose its colour. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "    \
    "img-src 'self' https:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "            \
    "form-action 'none'; frame-ancestors 'self'"
#define FURTHER_PROTECTION                                                                         \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), "           \
    "payment=(), usb=()\r\n"

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {421, "Misdirected Request"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *reason_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Error";
}

struct page page_text(unsigned status, const char *header, const char *text)
{
    return (struct page){.status = status,
                         .type = "text/plain; charset=utf-8",
                         .header = header,
                         .data = (const uint8_t *)text,
                         .size = strlen(text)};
}

/* "/" and "/d/ID" show the editor. */
static const char *asset_path(const char *path)
{
    if (strcmp(path, "/") == 0) {
        return INDEX;
    }
    size_t prefix = strlen(DOCUMENT_PREFIX);
    if (strncmp(path, DOCUMENT_PREFIX, prefix) != 0) {
        return path;
    }
    const char *id = path + prefix;
    size_t length = strlen(id);
    bool is_id =
        length > 0 && length <= LIMIT_ID_BYTES &&
        strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == length;
    return is_id ? INDEX : path;
}

static struct page page_asset(const struct gate_asset *asset, const char *known)
{
    struct page page = {.status = 200,
                        .type = asset->type,
                        .etag = asset->etag,
                        .header = "",
                        .data = asset->data,
                        .size = asset->size};
    if (strcmp(known, "*") == 0 || (known[0] != '\0' && strstr(known, asset->etag) != NULL)) {
        page.status = 304;
        page.size = 0;
    }
    return page;
}

bool page_is_of_health(const char *path)
{
    return strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0;
}

struct page page_find(const struct gate_asset *assets, const char *path, const char *known)
{
    if (strcmp(path, "/healthz") == 0) {
        return page_text(200, "", "ok");
    }
    if (strcmp(path, "/readyz") == 0) {
        return (struct page){.ready_asked = true};
    }
    if (strcmp(path, "/metrics") == 0) {
        return (struct page){.metrics_asked = true};
    }
    const char *wanted = asset_path(path);
    for (const struct gate_asset *asset = assets; asset->path != NULL; asset++) {
        if (strcmp(asset->path, wanted) == 0) {
            return page_asset(asset, known);
        }
    }
    return page_text(404, "", "There is no such page.");
}

size_t page_head(const struct page *page, const char *framers, char *out, size_t capacity)
{
    char date[DATE_MAX];
    struct tm tm;
    time_t now = time(NULL);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    int size = snprintf(out, capacity,
                        "HTTP/1.1 %u %s\r\n"
                        "Date: %s\r\n"
                        "Connection: close\r\n"
                        "Content-Type: %s\r\n"
                        "Content-Length: %zu\r\n"
                        "Cache-Control: no-cache\r\n"
                        "%s%s%s%s"
                        "Content-Security-Policy: " POLICY "%s%s\r\n" FURTHER_PROTECTION "\r\n",
                        page->status, reason_of(page->status), date, page->type, page->size,
                        page->etag == NULL ? "" : "ETag: ", page->etag == NULL ? "" : page->etag,
                        page->etag == NULL ? "" : "\r\n", page->header,
                        framers[0] == '\0' ? "" : " ", framers);
    return size < 0 ? 0 : (size_t)size < capacity ? (size_t)size : capacity - 1;
}

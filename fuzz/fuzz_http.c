/* Lines as a path, an ETag, an Origin, a Host, an X-Forwarded-For, and a pattern of origins: what
 * is made of them stays within them and says the same when it is said anew. */
#include "fuzz.h"

#include "server/gate/ip.h"
#include "server/gate/origin.h"
#include "server/gate/page.h"
#include "server/gate/proxies.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 4096

static void check_page(const char *path, const char *known)
{
    static const struct gate_asset assets[] = {{0}};
    char head[HEAD_MAX];
    struct page page = page_find(assets, path, known);
    if (page.ready_asked || page.metrics_asked) {
        return; /* whoever serves it knows the answer */
    }
    size_t size = page_head(&page, "", head, sizeof head);
    assert(page.status >= 200 && page.status < 600 && size < sizeof head);
    assert(memmem(head, size, "\r\n\r\n", 4) == head + size - 4);
}

static bool is_within(struct span part, const char *text)
{
    return part.size > 0 && part.at >= text && part.at + part.size <= text + strlen(text);
}

static void check_origin(const char *text, const char *host, const char *pattern_text)
{
    struct origin origin, again;
    struct origin_pattern pattern;
    struct span name;
    char written[HEAD_MAX * 2];
    if (origin_parse_host((struct span){host, strlen(host)}, &name) == 0) {
        assert(is_within(name, host));
    }
    if (origin_parse((struct span){text, strlen(text)}, &origin) != 0) {
        return;
    }
    assert(is_within(origin.host, text));
    int size = snprintf(written, sizeof written, "%s://%.*s:%u",
                        origin.scheme == SCHEME_HTTPS ? "https" : "http", (int)origin.host.size,
                        origin.host.at, origin.port);
    struct span all = {written, (size_t)size};
    assert(origin_parse(all, &again) == 0 && again.port == origin.port &&
           again.host.size == origin.host.size);
    struct span authority = {strstr(written, "//") + 2, 0};
    authority.size = strlen(authority.at);
    assert(origin_is_same(&origin, authority, origin.scheme));
    if (origin_parse_pattern((struct span){pattern_text, strlen(pattern_text)}, &pattern) == 0 &&
        origin_matches(&origin, &pattern)) {
        size_t wanted = pattern.origin.host.size;
        assert(origin.scheme == pattern.origin.scheme && origin.port == pattern.origin.port);
        assert(pattern.below ? origin.host.size > wanted + 1 : origin.host.size == wanted);
    }
}

static void check_addresses(const char *text)
{
    char message[256], written[IP_TEXT_MAX];
    struct proxies proxies;
    struct ip ip = {{[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1}}, again;
    assert(proxies_init(&proxies, "10.0.0.0/8", message, sizeof message) == 0);
    struct ip client = proxies_client(&proxies, &ip, text);
    ip_text(&client, written);
    assert(ip_parse(written, strlen(written), &again) == 0 && ip_equal(&client, &again));
    struct ip other = {{[15] = 7}};
    client = proxies_client(&proxies, &other, text);
    assert(ip_equal(&client, &other));
    proxies_deinit(&proxies);
    struct ip_network network;
    if (ip_network_parse(text, strlen(text), &network) == 0) {
        assert(network.bits <= 128 && ip_network_holds(&network, &network.ip));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *lines[6];
    char text[HEAD_MAX];
    if (size >= sizeof text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    char *rest = text;
    for (size_t i = 0; i < 6; i++) {
        lines[i] = rest == NULL ? text + size : strsep(&rest, "\n");
    }
    check_page(lines[0], lines[1]);
    check_origin(lines[2], lines[3], lines[5]);
    check_addresses(lines[4]);
    return 0;
}

#include "server/gate/origin.h"

#include <string.h>
#include <strings.h>

#define PORT_MAX 65535

static const struct {
    const char *prefix;
    unsigned port;
} schemes[] = {[SCHEME_HTTP] = {"http://", 80}, [SCHEME_HTTPS] = {"https://", 443}};

static bool span_is(struct span a, struct span b)
{
    return a.size == b.size && strncasecmp(a.at, b.at, a.size) == 0;
}

static struct span span_from(struct span span, size_t start)
{
    return (struct span){span.at + start, span.size - start};
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool is_address_char(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.';
}

/* The length of the host that the text begins with; 0: it begins with none. */
static size_t host_size(struct span text)
{
    size_t size = 0;
    if (text.size > 0 && text.at[0] == '[') {
        size = 1;
        while (size < text.size && is_address_char(text.at[size])) {
            size++;
        }
        return size > 1 && size < text.size && text.at[size] == ']' ? size + 1 : 0;
    }
    while (size < text.size && is_host_char(text.at[size])) {
        size++;
    }
    return size;
}

/* The port of ":8080", or `fallback` of "". -1: it is neither. */
static int parse_port(struct span text, unsigned fallback, unsigned *port_out)
{
    *port_out = fallback;
    if (text.size == 0) {
        return 0;
    }
    if (text.at[0] != ':' || text.size < 2 || text.size > 6) {
        return -1;
    }
    *port_out = 0;
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return -1;
        }
        *port_out = *port_out * 10 + (unsigned)(text.at[i] - '0');
    }
    return *port_out <= PORT_MAX ? 0 : -1;
}

static int parse_authority(struct span text, unsigned port, struct span *host_out,
                           unsigned *port_out)
{
    size_t size = host_size(text);
    *host_out = (struct span){text.at, size};
    return size == 0 ? -1 : parse_port(span_from(text, size), port, port_out);
}

static bool take_scheme(struct span *text, enum scheme *scheme_out)
{
    for (int scheme = SCHEME_HTTP; scheme <= SCHEME_HTTPS; scheme++) {
        size_t size = strlen(schemes[scheme].prefix);
        if (text->size >= size && strncasecmp(text->at, schemes[scheme].prefix, size) == 0) {
            *text = span_from(*text, size);
            *scheme_out = (enum scheme)scheme;
            return true;
        }
    }
    return false;
}

int origin_parse(struct span text, struct origin *origin_out)
{
    if (!take_scheme(&text, &origin_out->scheme)) {
        return -1;
    }
    return parse_authority(text, schemes[origin_out->scheme].port, &origin_out->host,
                           &origin_out->port);
}

int origin_parse_host(struct span text, struct span *host_out)
{
    unsigned port;
    return parse_authority(text, 0, host_out, &port);
}

bool origin_is_same(const struct origin *origin, struct span host, enum scheme scheme)
{
    struct span name;
    unsigned port;
    if (scheme != SCHEME_ANY && scheme != origin->scheme) {
        return false;
    }
    return parse_authority(host, schemes[origin->scheme].port, &name, &port) == 0 &&
           span_is(name, origin->host) && port == origin->port;
}

int origin_parse_pattern(struct span text, struct origin_pattern *pattern_out)
{
    struct origin *origin = &pattern_out->origin;
    bool has_scheme = take_scheme(&text, &origin->scheme);
    pattern_out->below = text.size > 2 && strncmp(text.at, "*.", 2) == 0;
    if (!has_scheme && !pattern_out->below) {
        return -1;
    }
    if (pattern_out->below) {
        text = span_from(text, 2);
        origin->scheme = has_scheme ? origin->scheme : SCHEME_HTTPS;
    }
    return parse_authority(text, schemes[origin->scheme].port, &origin->host, &origin->port);
}

/* "docs.example.org" is below "example.org"; "badexample.org" is not. */
static bool is_below(struct span host, struct span top)
{
    if (host.size < top.size + 2) {
        return false;
    }
    struct span end = span_from(host, host.size - top.size);
    return end.at[-1] == '.' && span_is(end, top);
}

bool origin_matches(const struct origin *origin, const struct origin_pattern *pattern)
{
    const struct origin *wanted = &pattern->origin;
    if (origin->scheme != wanted->scheme || origin->port != wanted->port) {
        return false;
    }
    return pattern->below ? is_below(origin->host, wanted->host)
                          : span_is(origin->host, wanted->host);
}

bool origin_host_matches(struct span host, struct span word)
{
    if (word.size > 2 && strncmp(word.at, "*.", 2) == 0) {
        return is_below(host, span_from(word, 2));
    }
    return span_is(host, word);
}

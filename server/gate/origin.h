/* Where pages are from: "https://example.org", "http://[::1]:8080". And patterns of such. */
#ifndef QUIRE_GATE_ORIGIN_H
#define QUIRE_GATE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

/* Part of a longer text. */
struct span {
    const char *at;
    size_t size;
};

enum scheme {
    SCHEME_HTTP,
    SCHEME_HTTPS,
    SCHEME_ANY, /* not known */
};

struct origin {
    enum scheme scheme;
    struct span host; /* of an IPv6 address with its brackets */
    unsigned port;    /* the scheme's own where none is said */
};

/* Reads an Origin header. -1: it is none of http or https ("null", say). */
int origin_parse(struct span text, struct origin *origin_out);

/* Reads the host of a Host header, "example.org" or "[::1]:8080". -1: it is none. */
int origin_parse_host(struct span text, struct span *host_out);

/* Whether a page of this origin is one of the very server that is asked for as `host` (a Host
 * header) over `scheme`. A port that is the scheme's own may stand or be left out in either. */
bool origin_is_same(const struct origin *origin, struct span host, enum scheme scheme);

/*
 * Patterns are origins with their scheme ("https://example.org"), or with "*." before the host:
 * then every host that ends so, however deep, but not that one itself. Such a one may leave out
 * https.
 */
struct origin_pattern {
    struct origin origin;
    bool below; /* everything below its host */
};

int origin_parse_pattern(struct span text, struct origin_pattern *pattern_out);
bool origin_matches(const struct origin *origin, const struct origin_pattern *pattern);

/* A host name or address matches a word; "*.example.org" is everything below example.org. */
bool origin_host_matches(struct span host, struct span word);

#endif

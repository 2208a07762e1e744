/*
 * By which names the server is asked for, and pages of which sites may talk to it: --allow-host and
 * --allow-origin. The first is against DNS rebinding (a page of evil.test whose name suddenly means
 * 127.0.0.1), the second against pages that use their visitors' standing here.
 */
#ifndef QUIRE_GATE_ADMISSION_H
#define QUIRE_GATE_ADMISSION_H

#include "server/gate/gate.h"
#include "server/gate/origin.h"

struct admission {
    const char *listen_host;        /* of the options, as long as those */
    const char *hosts;              /* further ones */
    struct origin_pattern *origins; /* point into the options */
    size_t origin_count;
    char *sources;
};

/* Reads the lists of the options. 0, or -1 with a sentence. */
int admission_init(struct admission *admission, const struct gate_options *options,
                   char *message_out, size_t message_size);
void admission_deinit(struct admission *admission);

/*
 * Whether a Host header names this server: by the address it listens on (or any, if it listens on
 * all), as localhost, as a word of --allow-host, or as the host of an allowed origin.
 */
bool admission_host(const struct admission *admission, struct span host);
/* Whether a page of that Origin header may talk to the server that is asked for by that Host header
 * over that scheme: one of its own or of an allowed origin. */
bool admission_origin(const struct admission *admission, struct span origin, struct span host,
                      enum scheme scheme);
/* The allowed origins as sources of a Content-Security-Policy with spaces between,
 * "" for none. As long as `admission`. */
const char *admission_sources(const struct admission *admission);

#endif

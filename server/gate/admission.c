#include "server/gate/admission.h"

#include "server/gate/ip.h"
#include "server/gate/memory.h"
#include "server/gate/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* of a wrong word */

static int shown(size_t size)
{
    return (int)(size < SHOWN ? size : SHOWN);
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

/* ---- the lists ---- */

static int read_origins(struct admission *admission, const char *list, char *message_out,
                        size_t message_size)
{
    size_t size;
    for (const char *word = words_first(list, &size); word != NULL;
         word = words_next(word, &size)) {
        struct origin_pattern pattern;
        if (origin_parse_pattern((struct span){word, size}, &pattern) != 0) {
            snprintf(message_out, message_size,
                     "allow-origin \"%.*s\" is no origin: it takes https://example.org, "
                     "http://localhost:3000 or *.example.org, without a path",
                     shown(size), word);
            return -1;
        }
        admission->origins = memory_array(admission->origins, admission->origin_count + 1,
                                          sizeof(*admission->origins));
        admission->origins[admission->origin_count++] = pattern;
    }
    return 0;
}

static bool is_host_word(struct span word)
{
    struct span host;
    bool below = word.size > 2 && strncmp(word.at, "*.", 2) == 0;
    struct span name = below ? (struct span){word.at + 2, word.size - 2} : word;
    return origin_parse_host(name, &host) == 0 && host.size == name.size;
}

static int check_hosts(const char *list, char *message_out, size_t message_size)
{
    size_t size;
    for (const char *word = words_first(list, &size); word != NULL;
         word = words_next(word, &size)) {
        if (!is_host_word((struct span){word, size})) {
            snprintf(message_out, message_size,
                     "allow-host \"%.*s\" is no host: it takes docs.example.org, *.example.org or "
                     "[::1], without scheme and port",
                     shown(size), word);
            return -1;
        }
    }
    return 0;
}

static void write_sources(struct admission *admission)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        abort();
    }
    for (size_t i = 0; i < admission->origin_count; i++) {
        const struct origin_pattern *pattern = &admission->origins[i];
        fprintf(out, "%s%s://%s%.*s:%u", i > 0 ? " " : "",
                pattern->origin.scheme == SCHEME_HTTPS ? "https" : "http",
                pattern->below ? "*." : "", (int)pattern->origin.host.size, pattern->origin.host.at,
                pattern->origin.port);
    }
    fclose(out);
    admission->sources = text;
}

int admission_init(struct admission *admission, const struct gate_options *options,
                   char *message_out, size_t message_size)
{
    *admission = (struct admission){.listen_host = options->host, .hosts = options->allow_hosts};
    if (check_hosts(options->allow_hosts, message_out, message_size) != 0 ||
        read_origins(admission, options->allow_origins, message_out, message_size) != 0) {
        admission_deinit(admission);
        return -1;
    }
    write_sources(admission);
    return 0;
}

void admission_deinit(struct admission *admission)
{
    free(admission->origins);
    free(admission->sources);
    *admission = (struct admission){0};
}

const char *admission_sources(const struct admission *admission)
{
    return admission->sources;
}

/* ---- hosts ---- */

static bool is_loopback(const struct ip *ip)
{
    static const struct ip six = {.bytes = {[15] = 1}};
    static const struct ip_network four = {{.bytes = {[10] = 0xff, [11] = 0xff, [12] = 127}},
                                           96 + 8};
    return ip_equal(ip, &six) || ip_network_holds(&four, ip);
}

static bool is_any(const struct ip *ip)
{
    static const struct ip six = {0};
    static const struct ip four = {.bytes = {[10] = 0xff, [11] = 0xff}};
    return ip_equal(ip, &six) || ip_equal(ip, &four);
}

/* Behind address translation a server that listens on all its addresses cannot know the one it is
 * reached by; an address of whatever kind is none that a name was made to mean. */
static bool is_own_address(const struct admission *admission, struct span host)
{
    struct ip ip, own;
    if (ip_parse(host.at, host.size, &ip) != 0) {
        return false;
    }
    struct span listen = span_of(admission->listen_host);
    bool numeric = ip_parse(listen.at, listen.size, &own) == 0;
    return is_loopback(&ip) || (numeric && (is_any(&own) || ip_equal(&ip, &own)));
}

static bool is_word(struct span host, const char *list)
{
    size_t size;
    for (const char *word = words_first(list, &size); word != NULL;
         word = words_next(word, &size)) {
        if (origin_host_matches(host, (struct span){word, size})) {
            return true;
        }
    }
    return false;
}

static bool is_host_of_origin(const struct admission *admission, struct span host)
{
    for (size_t i = 0; i < admission->origin_count; i++) {
        struct origin_pattern pattern = admission->origins[i];
        struct origin origin = pattern.origin;
        origin.host = host;
        if (origin_matches(&origin, &pattern)) {
            return true;
        }
    }
    return false;
}

bool admission_host(const struct admission *admission, struct span header)
{
    struct span host;
    if (origin_parse_host(header, &host) != 0) {
        return false;
    }
    return is_own_address(admission, host) || is_word(host, "localhost, *.localhost") ||
           is_word(host, admission->listen_host) || is_word(host, admission->hosts) ||
           is_host_of_origin(admission, host);
}

/* ---- origins ---- */

bool admission_origin(const struct admission *admission, struct span header, struct span host,
                      enum scheme scheme)
{
    struct origin origin;
    if (origin_parse(header, &origin) != 0) {
        return false;
    }
    if (origin_is_same(&origin, host, scheme)) {
        return true;
    }
    for (size_t i = 0; i < admission->origin_count; i++) {
        if (origin_matches(&origin, &admission->origins[i])) {
            return true;
        }
    }
    return false;
}

#include "server/gate/origin.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct scheme {
    const char *prefix;
    const char *port;
};

static const struct scheme schemes[] = {{"http://", ":80"}, {"https://", ":443"}};

/* The length of `authority` without the scheme's own port. */
static size_t length_of(const char *authority, const struct scheme *scheme)
{
    size_t length = strlen(authority);
    size_t port = strlen(scheme->port);
    bool has_port = length > port && strcmp(authority + length - port, scheme->port) == 0;
    return has_port ? length - port : length;
}

bool origin_is_same(const char *origin, const char *host)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t prefix = strlen(schemes[i].prefix);
        if (strncasecmp(origin, schemes[i].prefix, prefix) != 0) {
            continue;
        }
        const char *authority = origin + prefix;
        size_t length = length_of(authority, &schemes[i]);
        return length > 0 && length == length_of(host, &schemes[i]) &&
               strncasecmp(authority, host, length) == 0;
    }
    return false;
}

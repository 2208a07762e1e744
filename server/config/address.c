#include "server/config/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int parse_port(const char *text, unsigned *port_out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return -1;
    unsigned port = 0;
    for (; *text != '\0'; text++)
        port = port * 10 + (unsigned)(*text - '0');
    *port_out = port;
    return port <= 65535 ? 0 : -1;
}

int address_parse(const char *text, struct address *address_out)
{
    const char *colon = strrchr(text, ':');
    if (!colon || parse_port(colon + 1, &address_out->port) != 0)
        return -1;
    size_t size = (size_t)(colon - text);
    bool bracketed = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    if (bracketed) {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= ADDRESS_HOST_MAX || (!bracketed && memchr(text, ':', size)))
        return -1;
    memcpy(address_out->host, text, size);
    address_out->host[size] = '\0';
    return 0;
}

bool address_is_loopback(const struct address *address)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, address->host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, address->host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcasecmp(address->host, "localhost") == 0;
}

void address_url(const char *scheme, const char *host, unsigned port, char *url_out,
                 size_t url_size)
{
    bool six = strchr(host, ':');
    snprintf(url_out, url_size, "%s://%s%s%s:%u", scheme, six ? "[" : "", host, six ? "]" : "",
             port);
}

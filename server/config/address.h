/* An address to listen on. */
#ifndef QUIRE_CONFIG_ADDRESS_H
#define QUIRE_CONFIG_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_HOST_MAX 256

struct address {
    char host[ADDRESS_HOST_MAX]; /* without brackets */
    unsigned port;               /* 0: any free one */
};

/* Reads HOST:PORT or [IPV6]:PORT. -1 when `text` is neither. */
int address_parse(const char *text, struct address *address_out);

/* Whether only programs on this machine can reach the host: 127.x.y.z, ::1 or localhost. */
bool address_is_loopback(const struct address *address);

/* Writes the address as `scheme` ("http") has it. */
void address_url(const char *scheme, const char *host, unsigned port, char *url_out,
                 size_t url_size);

#endif

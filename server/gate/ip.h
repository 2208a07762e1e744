/* Addresses of clients and proxies, IPv4 and IPv6 alike. */
#ifndef QUIRE_GATE_IP_H
#define QUIRE_GATE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define IP_TEXT_MAX 46

/* As in IPv6; an IPv4 address is ::ffff:a.b.c.d. Two are equal when their bytes are. */
struct ip {
    uint8_t bytes[16];
};

/* All addresses that begin with the first `bits` (0 to 128) bits of `ip`. */
struct ip_network {
    struct ip ip;
    unsigned bits;
};

/* All zeros when it is of another family. */
struct ip ip_of_socket(const struct sockaddr *address);
/* Reads `size` bytes as an address, an IPv6 one with or without brackets. 0 or -1. */
int ip_parse(const char *text, size_t size, struct ip *ip_out);
bool ip_is_v4(const struct ip *ip);
bool ip_equal(const struct ip *a, const struct ip *b);
/* Writes IPv4 addresses as such; `text_out` has IP_TEXT_MAX bytes and is returned. */
const char *ip_text(const struct ip *ip, char *text_out);

/* Reads ADDRESS or ADDRESS/BITS. -1 also when bits after the first BITS are set. */
int ip_network_parse(const char *text, size_t size, struct ip_network *network_out);
bool ip_network_holds(const struct ip_network *network, const struct ip *ip);

#endif

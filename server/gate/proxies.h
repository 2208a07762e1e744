/* The proxies whose word counts for who a client is: --trusted-proxy. */
#ifndef QUIRE_GATE_PROXIES_H
#define QUIRE_GATE_PROXIES_H

#include "server/gate/ip.h"

struct proxies {
    struct ip_network *networks;
    size_t count;
};

/* Reads addresses and networks with commas between; "" for none. 0, or -1 with a sentence. */
int proxies_init(struct proxies *proxies, const char *list, char *message_out, size_t message_size);
void proxies_deinit(struct proxies *proxies);

bool proxies_hold(const struct proxies *proxies, const struct ip *ip);
/*
 * The client's address: `from`, unless that is a proxy; then the last one in the X-Forwarded-For
 * header that is not, since each proxy adds whom it heard. What is no address, and all before it,
 * counts for nothing.
 */
struct ip proxies_client(const struct proxies *proxies, const struct ip *from,
                         const char *forwarded_for);

#endif

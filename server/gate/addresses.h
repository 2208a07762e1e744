/*
 * What each address has and does, over all gates: sockets, WebSockets asked for, bad tokens, links
 * that are none. A wide net: many may sit behind one address. Of IPv6 the first 64 bits count. Any
 * gate's thread.
 */
#ifndef QUIRE_GATE_ADDRESSES_H
#define QUIRE_GATE_ADDRESSES_H

#include "server/gate/ip.h"
#include "server/limits.h"
#include "server/rate/holders.h"

#include <pthread.h>

struct addresses {
    pthread_mutex_t lock;
    struct holders holders;
    const struct limits *limits;
};

enum address_rate { ADDRESS_CONNECTS, ADDRESS_BAD_TOKENS, ADDRESS_BAD_LINKS, ADDRESS_SOCKETS };

void addresses_init(struct addresses *addresses, const struct limits *limits);
void addresses_deinit(struct addresses *addresses);

/* One more socket of this address. NULL: it has too many. */
struct holder *addresses_enter(struct addresses *addresses, const struct ip *ip);
/* One less. NULL does nothing. */
void addresses_leave(struct addresses *addresses, struct holder *holder);
/* One more of these. How long it has to wait; 0: it may. A NULL holder may always. */
uint64_t addresses_take(struct addresses *addresses, struct holder *holder, enum address_rate rate,
                        uint64_t now_ms);
/* How long one more would have to wait. */
uint64_t addresses_wait_ms(struct addresses *addresses, const struct holder *holder,
                           enum address_rate rate, uint64_t now_ms);

#endif

#include "server/gate/addresses.h"

#include <string.h>
#include <sys/random.h>

#define V6_PREFIX 8

static enum setting setting_of(enum address_rate rate)
{
    static const enum setting settings[] = {[ADDRESS_CONNECTS] = SETTING_RATE_CONNECTS,
                                            [ADDRESS_BAD_TOKENS] = SETTING_RATE_BAD_TOKENS,
                                            [ADDRESS_BAD_LINKS] = SETTING_RATE_ADDRESS_BAD_LINKS,
                                            [ADDRESS_SOCKETS] = SETTING_RATE_SOCKETS};
    return settings[rate];
}

void addresses_init(struct addresses *addresses, const struct limits *limits)
{
    uint64_t seed = 0;
    (void)!getrandom(&seed, sizeof(seed), 0);
    pthread_mutex_init(&addresses->lock, NULL);
    holders_init(&addresses->holders, seed);
    addresses->limits = limits;
}

void addresses_deinit(struct addresses *addresses)
{
    holders_deinit(&addresses->holders);
    pthread_mutex_destroy(&addresses->lock);
}

/* Whoever has an IPv6 address has 2^64 of them. */
static size_t key_size(const struct ip *ip)
{
    return ip_is_v4(ip) ? sizeof(ip->bytes) : V6_PREFIX;
}

struct holder *addresses_enter(struct addresses *addresses, const struct ip *ip)
{
    pthread_mutex_lock(&addresses->lock);
    struct holder *holder = holders_take(&addresses->holders, ip->bytes, key_size(ip));
    if (holder->count > addresses->limits->values[SETTING_ADDRESS_CONNECTIONS]) {
        holders_release(&addresses->holders, holder);
        holder = NULL;
    }
    pthread_mutex_unlock(&addresses->lock);
    return holder;
}

void addresses_leave(struct addresses *addresses, struct holder *holder)
{
    pthread_mutex_lock(&addresses->lock);
    holders_release(&addresses->holders, holder);
    pthread_mutex_unlock(&addresses->lock);
}

uint64_t addresses_take(struct addresses *addresses, struct holder *holder, enum address_rate rate,
                        uint64_t now_ms)
{
    if (holder == NULL) {
        return 0;
    }
    pthread_mutex_lock(&addresses->lock);
    uint64_t wait_ms = bucket_take(&holder->buckets[rate],
                                   limits_rate(addresses->limits, setting_of(rate)), 1, now_ms);
    pthread_mutex_unlock(&addresses->lock);
    return wait_ms;
}

uint64_t addresses_wait_ms(struct addresses *addresses, const struct holder *holder,
                           enum address_rate rate, uint64_t now_ms)
{
    if (holder == NULL) {
        return 0;
    }
    pthread_mutex_lock(&addresses->lock);
    uint64_t wait_ms = bucket_wait_ms(&holder->buckets[rate],
                                      limits_rate(addresses->limits, setting_of(rate)), 1, now_ms);
    pthread_mutex_unlock(&addresses->lock);
    return wait_ms;
}

#include "server/gate/proxies.h"

#include "server/gate/memory.h"
#include "server/gate/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int proxies_init(struct proxies *proxies, const char *list, char *message_out, size_t message_size)
{
    size_t size;
    *proxies = (struct proxies){0};
    for (const char *word = words_first(list, &size); word != NULL;
         word = words_next(word, &size)) {
        struct ip_network network;
        if (ip_network_parse(word, size, &network) != 0) {
            snprintf(
                message_out, message_size,
                "trusted-proxy \"%.*s\" is no address: it takes 127.0.0.1, 10.0.0.0/8 (without "
                "bits after the first 8) or fd00::/8",
                (int)(size < 60 ? size : 60), word);
            proxies_deinit(proxies);
            return -1;
        }
        proxies->networks =
            memory_array(proxies->networks, proxies->count + 1, sizeof(*proxies->networks));
        proxies->networks[proxies->count++] = network;
    }
    return 0;
}

void proxies_deinit(struct proxies *proxies)
{
    free(proxies->networks);
    *proxies = (struct proxies){0};
}

bool proxies_hold(const struct proxies *proxies, const struct ip *ip)
{
    for (size_t i = 0; i < proxies->count; i++) {
        if (ip_network_holds(&proxies->networks[i], ip)) {
            return true;
        }
    }
    return false;
}

/* The last entry of the first `*size` bytes of the list, which are cut down to those before it. */
static bool take_last(const char *list, size_t *size, struct ip *ip_out)
{
    size_t end = *size;
    while (end > 0 && strchr(" \t", list[end - 1]) != NULL) {
        end--;
    }
    size_t start = end;
    while (start > 0 && list[start - 1] != ',') {
        start--;
    }
    *size = start > 0 ? start - 1 : 0;
    while (start < end && strchr(" \t", list[start]) != NULL) {
        start++;
    }
    return ip_parse(list + start, end - start, ip_out) == 0;
}

struct ip proxies_client(const struct proxies *proxies, const struct ip *from,
                         const char *forwarded_for)
{
    struct ip client = *from;
    struct ip before;
    size_t size = strlen(forwarded_for);
    while (size > 0 && proxies_hold(proxies, &client) && take_last(forwarded_for, &size, &before)) {
        client = before;
    }
    return client;
}

#include "server/gate/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define V4_AT   12 /* where the four bytes of an IPv4 address are */
#define V4_BITS (V4_AT * 8)

static struct ip ip_of_v4(const void *four)
{
    struct ip ip = {.bytes = {[10] = 0xff, [11] = 0xff}};
    memcpy(ip.bytes + V4_AT, four, 4);
    return ip;
}

bool ip_is_v4(const struct ip *ip)
{
    static const uint8_t prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip->bytes, prefix, V4_AT) == 0;
}

struct ip ip_of_socket(const struct sockaddr *address)
{
    struct ip ip = {0};
    if (address->sa_family == AF_INET) {
        return ip_of_v4(&((const struct sockaddr_in *)address)->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, sizeof(ip.bytes));
    }
    return ip;
}

int ip_parse(const char *text, size_t size, struct ip *ip_out)
{
    char copy[IP_TEXT_MAX];
    bool bracketed = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    if (bracketed) {
        text++;
        size -= 2;
    }
    if (size >= sizeof(copy)) {
        return -1;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    uint8_t four[4];
    if (!bracketed && inet_pton(AF_INET, copy, four) == 1) {
        *ip_out = ip_of_v4(four);
        return 0;
    }
    return inet_pton(AF_INET6, copy, ip_out->bytes) == 1 ? 0 : -1;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *ip_text(const struct ip *ip, char *text_out)
{
    text_out[0] = '\0';
    if (ip_is_v4(ip)) {
        inet_ntop(AF_INET, ip->bytes + V4_AT, text_out, IP_TEXT_MAX);
    } else {
        inet_ntop(AF_INET6, ip->bytes, text_out, IP_TEXT_MAX);
    }
    return text_out;
}

static bool bit_is_set(const struct ip *ip, unsigned bit)
{
    return (ip->bytes[bit / 8] >> (7 - bit % 8)) & 1;
}

static bool is_zero_after(const struct ip *ip, unsigned bits)
{
    for (unsigned bit = bits; bit < 128; bit++) {
        if (bit_is_set(ip, bit)) {
            return false;
        }
    }
    return true;
}

static int parse_bits(const char *text, size_t size, unsigned most, unsigned *bits_out)
{
    unsigned bits = 0;
    if (size == 0 || size > 3) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        bits = bits * 10 + (unsigned)(text[i] - '0');
    }
    *bits_out = bits;
    return bits <= most ? 0 : -1;
}

int ip_network_parse(const char *text, size_t size, struct ip_network *network_out)
{
    const char *slash = memchr(text, '/', size);
    size_t address_size = slash == NULL ? size : (size_t)(slash - text);
    if (ip_parse(text, address_size, &network_out->ip) != 0) {
        return -1;
    }
    network_out->bits = 128;
    if (slash == NULL) {
        return 0;
    }
    bool four = memchr(text, ':', address_size) == NULL;
    unsigned bits;
    if (parse_bits(slash + 1, size - address_size - 1, four ? 32 : 128, &bits) != 0) {
        return -1;
    }
    network_out->bits = four ? V4_BITS + bits : bits;
    return is_zero_after(&network_out->ip, network_out->bits) ? 0 : -1;
}

bool ip_network_holds(const struct ip_network *network, const struct ip *ip)
{
    unsigned bytes = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(network->ip.bytes, ip->bytes, bytes) != 0) {
        return false;
    }
    return rest == 0 || (network->ip.bytes[bytes] ^ ip->bytes[bytes]) >> (8 - rest) == 0;
}

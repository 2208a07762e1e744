#include "tools/peer/digest.h"

#include <assert.h>
#include <string.h>

#define BLOCK_SIZE     64
#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_MAX        64

static uint32_t rotate_left(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static void expand_block(const uint8_t *block, uint32_t words[80])
{
    for (unsigned i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 80; i++)
        words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
}

static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20)
        return ((b & c) | (~b & d)) + 0x5a827999u;
    if (round < 40)
        return (b ^ c ^ d) + 0x6ed9eba1u;
    if (round < 60)
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void add_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t words[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    expand_block(block, words);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotate_left(a, 5) + mix(i, b, c, d) + e + words[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void digest_sha1(const void *data, size_t size, uint8_t out[DIGEST_SHA1_SIZE])
{
    uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    const uint8_t *bytes = data;
    uint8_t tail[2 * BLOCK_SIZE] = {0};
    size_t whole = size / BLOCK_SIZE * BLOCK_SIZE, rest = size - whole;
    size_t tail_size = rest < BLOCK_SIZE - 8 ? BLOCK_SIZE : 2 * BLOCK_SIZE;
    uint64_t bits = (uint64_t)size * 8;

    for (size_t at = 0; at < whole; at += BLOCK_SIZE)
        add_block(state, bytes + at);
    if (rest > 0)
        memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        tail[tail_size - 1 - i] = (uint8_t)(bits >> (8 * i));
    for (size_t at = 0; at < tail_size; at += BLOCK_SIZE)
        add_block(state, tail + at);
    for (unsigned i = 0; i < DIGEST_SHA1_SIZE; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void digest_base64(const void *data, size_t size, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;

    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t word = (uint32_t)bytes[at] << 16 | (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
                        (left > 2 ? bytes[at + 2] : 0u);
        *out++ = alphabet[word >> 18];
        *out++ = alphabet[word >> 12 & 63];
        *out++ = left > 1 ? alphabet[word >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[word & 63] : '=';
    }
    *out = '\0';
}

void digest_websocket_accept(const char *key, char out[DIGEST_BASE64_SIZE(DIGEST_SHA1_SIZE) + 1])
{
    char text[KEY_MAX + sizeof WEBSOCKET_GUID];
    uint8_t hash[DIGEST_SHA1_SIZE];
    size_t size = strlen(key);

    assert(size <= KEY_MAX);
    memcpy(text, key, size);
    memcpy(text + size, WEBSOCKET_GUID, sizeof WEBSOCKET_GUID);
    digest_sha1(text, strlen(text), hash);
    digest_base64(hash, sizeof hash, out);
}

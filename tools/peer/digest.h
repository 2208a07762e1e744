/*
 * SHA-1 and base64, for the one place that needs them: the Sec-WebSocket-Accept header of a
 * handshake (RFC 6455, section 4.2.2).
 */
#ifndef QUIRE_PEER_DIGEST_H
#define QUIRE_PEER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA1_SIZE 20
/* Characters of `size` bytes in base64, without the closing NUL. */
#define DIGEST_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

void digest_sha1(const void *data, size_t size, uint8_t out[DIGEST_SHA1_SIZE]);

/* Writes DIGEST_BASE64_SIZE(size) characters and a NUL. */
void digest_base64(const void *data, size_t size, char *out);

/* The value of Sec-WebSocket-Accept that answers the given Sec-WebSocket-Key. */
void digest_websocket_accept(const char *key, char out[DIGEST_BASE64_SIZE(DIGEST_SHA1_SIZE) + 1]);

#endif

/* The secrets of links that share documents: 128 random bits as text. Only their hashes are kept.
 */
#ifndef QUIRE_AUTH_LINK_SECRET_H
#define QUIRE_AUTH_LINK_SECRET_H

#include <stddef.h>
#include <stdint.h>

#define LINK_SECRET_BYTES 16
#define LINK_SECRET_SIZE  23 /* of its text: base64url without padding, and NUL */
#define LINK_HASH_SIZE    32

void link_secret_text(const uint8_t *random, char *text_out);
/* BLAKE2b-256 of the text, or of whatever else somebody shows in its place. */
void link_secret_hash(const uint8_t *text, size_t size, uint8_t *hash_out);

#endif

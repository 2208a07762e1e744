/* The proof of a client number: WELCOME hands it out, a later HELLO shows it. */
#ifndef QUIRE_AUTH_CLIENT_KEY_H
#define QUIRE_AUTH_CLIENT_KEY_H

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_KEY_SECRET_SIZE 32
#define CLIENT_KEY_SIZE        16

/* Writes CLIENT_KEY_SIZE bytes: BLAKE2b of the number (8 bytes, lowest first) and whose it is ("":
 * nobody's in particular), keyed with `secret` (CLIENT_KEY_SECRET_SIZE bytes). Any thread. */
void client_key_derive(const uint8_t *secret, uint64_t client, const char *subject,
                       uint8_t *key_out);

#endif

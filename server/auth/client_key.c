#include "server/auth/client_key.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(CLIENT_KEY_SIZE == crypto_generichash_BYTES_MIN, "size of a client key");
_Static_assert(CLIENT_KEY_SECRET_SIZE == crypto_generichash_KEYBYTES, "size of the secret");

void client_key_derive(const uint8_t *secret, uint64_t client, const char *subject,
                       uint8_t *key_out)
{
    crypto_generichash_state state;
    uint8_t number[8];
    for (unsigned i = 0; i < sizeof(number); i++)
        number[i] = (uint8_t)(client >> (8 * i));
    int failed = crypto_generichash_init(&state, secret, CLIENT_KEY_SECRET_SIZE, CLIENT_KEY_SIZE) |
                 crypto_generichash_update(&state, number, sizeof(number)) |
                 crypto_generichash_update(&state, (const uint8_t *)subject, strlen(subject)) |
                 crypto_generichash_final(&state, key_out, CLIENT_KEY_SIZE);
    assert(!failed);
    (void)failed;
}

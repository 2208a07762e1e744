#include "storage/secret.h"

#include <sodium.h>
#include <string.h>

uint8_t *secret_new(void)
{
    uint8_t *secret = sodium_init() < 0 ? NULL : sodium_malloc(SECRET_SIZE);

    if (secret != NULL)
        memset(secret, 0, SECRET_SIZE);
    return secret;
}

void secret_free(uint8_t *secret)
{
    sodium_free(secret);
}

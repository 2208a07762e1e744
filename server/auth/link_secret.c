#include "server/auth/link_secret.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(LINK_HASH_SIZE == crypto_generichash_BYTES, "size of a link's hash");

void link_secret_text(const uint8_t *random, char *text_out)
{
    sodium_bin2base64(text_out, LINK_SECRET_SIZE, random, LINK_SECRET_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void link_secret_hash(const uint8_t *text, size_t size, uint8_t *hash_out)
{
    int failed = crypto_generichash(hash_out, LINK_HASH_SIZE, text, size, NULL, 0);
    assert(!failed);
    (void)failed;
}

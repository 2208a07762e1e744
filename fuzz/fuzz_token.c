/* Bytes as a token, or as the header and the claims (with a line end between) of one that is well
 * signed. What is taken, a second reading takes too, which looks at it from the end: first the
 * claims, then the proof. */
#include "fuzz.h"

#include "server/auth/token.h"

#include <assert.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#define NOW     1800000000
#define LEEWAY  30
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define MAX     8192

static const uint8_t secret[32] = "a secret of thirty-two bytes....";
static const uint8_t seed[32] = "a seed that everybody may know..";

static json_t *part(const char *text, size_t size)
{
    char bytes[MAX];
    size_t count = 0;
    const char *end;
    if (sodium_base642bin((uint8_t *)bytes, sizeof bytes, text, size, NULL, &count, &end,
                          VARIANT) ||
        end != text + size) {
        return NULL;
    }
    return json_loadb(bytes, count, JSON_REJECT_DUPLICATES, NULL);
}

static bool is_signed(const char *token, size_t size, const char *signature, const char *alg,
                      const uint8_t *public_key)
{
    uint8_t bytes[crypto_sign_BYTES], mac[crypto_auth_hmacsha256_BYTES];
    size_t count = 0;
    const char *end = strchr(signature, '\0');
    if (sodium_base642bin(bytes, sizeof bytes, signature, (size_t)(end - signature), NULL, &count,
                          NULL, VARIANT) != 0) {
        return false;
    }
    crypto_auth_hmacsha256(mac, (const uint8_t *)token, size, secret);
    return strcmp(alg, "HS256") == 0
               ? count == sizeof mac && memcmp(mac, bytes, count) == 0
               : strcmp(alg, "EdDSA") == 0 && count == sizeof bytes &&
                     crypto_sign_verify_detached(bytes, (const uint8_t *)token, size, public_key) ==
                         0;
}

/* Would this token be good? `text` ends with NUL and has none before. */
static bool is_good(const char *text, const uint8_t *public_key, const struct token *token)
{
    const char *first = strchr(text, '.'), *last = strrchr(text, '.');
    if (first == NULL || first == last || memchr(first + 1, '.', (size_t)(last - first - 1))) {
        return false;
    }
    json_t *claims = part(first + 1, (size_t)(last - first - 1)),
           *header = part(text, (size_t)(first - text));
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    json_int_t exp = json_integer_value(json_object_get(claims, "exp"));
    bool good = alg && kid && sub && json_object_get(header, "crit") == NULL &&
                exp + LEEWAY > NOW && strcmp(token->subject, sub) == 0 && token->expires_s == exp &&
                json_integer_value(json_object_get(claims, "nbf")) <= NOW + LEEWAY &&
                strcmp(kid, strcmp(alg, "HS256") == 0 ? "a" : "b") == 0 &&
                is_signed(text, (size_t)(last - text), last + 1, alg, public_key);
    json_decref(claims);
    json_decref(header);
    return good;
}

static size_t append(char *out, size_t size, const uint8_t *bytes, size_t count)
{
    sodium_bin2base64(out + size, 2 * MAX - size, bytes, count, VARIANT);
    return strlen(out);
}

/* What `data` holds in two parts, signed by one of the keys; its size. */
static size_t sign(const uint8_t *data, size_t size, bool by_mac, const uint8_t *secret_key,
                   char *out)
{
    uint8_t signature[crypto_sign_BYTES];
    const uint8_t *line = memchr(data, '\n', size);
    size_t first = line == NULL ? size : (size_t)(line - data);
    size_t at = append(out, 0, data, first);
    out[at++] = '.';
    at = append(out, at, data + first + (line != NULL), size - first - (line != NULL));
    if (by_mac) {
        crypto_auth_hmacsha256(signature, (const uint8_t *)out, at, secret);
    } else {
        crypto_sign_detached(signature, NULL, (const uint8_t *)out, at, secret_key);
    }
    out[at++] = '.';
    return append(out, at, signature, by_mac ? crypto_auth_hmacsha256_BYTES : sizeof signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token_keys keys = {.count = 2,
                              .keys = {{.name = "a", .algorithm = TOKEN_HS256, .size = 32},
                                       {.name = "b", .algorithm = TOKEN_EDDSA}}};
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    char text[2 * MAX] = "";
    if (size == 0 || size > MAX / 2 || sodium_init() < 0) {
        return 0;
    }
    memcpy(keys.keys[0].bytes, secret, sizeof secret);
    crypto_sign_seed_keypair(keys.keys[1].bytes, secret_key, seed);
    size_t count = size - 1;
    if (data[0] % 3 == 0) {
        memcpy(text, data + 1, count);
    } else {
        count = sign(data + 1, count, data[0] % 3 == 1, secret_key, text);
    }
    struct token_rules rules = {.keys = &keys, .issuer = "", .audience = "", .leeway_s = LEEWAY};
    struct token token;
    if (token_read(&rules, (const uint8_t *)text, count, NOW, &token) == NULL) {
        assert(strlen(text) == count && is_good(text, keys.keys[1].bytes, &token));
        token_deinit(&token);
    }
    return 0;
}

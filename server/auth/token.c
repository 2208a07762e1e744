#include "server/auth/token.h"

#include "server/auth/token_parts.h"
#include "server/limits.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* Parameters of a header that would have the server fetch keys, take them from the token itself, or
 * do what it does not know. */
static const char *const refused_parameters[] = {"jku",  "x5u", "jwk", "x5c",
                                                 "crit", "b64", "zip", "enc"};

/* ---- parts -------------------------------------------------------------------------------------
 */

/* What was encoded in base64url, as a JSON object; NULL: it is none. Strict: no padding, no other
 * characters, no spare bits, no key twice. */
static json_t *decode_object(const char *encoded, size_t size)
{
    uint8_t decoded[LIMIT_TOKEN_BYTES];
    size_t decoded_size;
    if (sodium_base642bin(decoded, sizeof(decoded), encoded, size, NULL, &decoded_size, NULL,
                          VARIANT) != 0)
        return NULL;
    json_t *object = json_loadb((const char *)decoded, decoded_size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

const char *token_split(const uint8_t *bytes, size_t size, struct token_parts *parts_out)
{
    *parts_out = (struct token_parts){.signed_bytes = bytes};
    if (size > LIMIT_TOKEN_BYTES)
        return "the token is longer than 4096 bytes";
    const char *text = (const char *)bytes;
    const char *first = size > 0 ? memchr(text, '.', size) : NULL;
    const char *last = size > 0 ? memrchr(text, '.', size) : NULL;
    if (!first || first == last || memchr(first + 1, '.', (size_t)(last - first - 1)))
        return "the token is not three parts with points between";
    parts_out->claims = first + 1;
    parts_out->claims_size = (size_t)(last - first - 1);
    parts_out->signed_size = (size_t)(last - text);
    if (sodium_base642bin(parts_out->signature, sizeof(parts_out->signature), last + 1,
                          size - parts_out->signed_size - 1, NULL, &parts_out->signature_size, NULL,
                          VARIANT) != 0)
        return "the token's signature is not base64url without padding, or too long";
    parts_out->header = decode_object(text, (size_t)(first - text));
    return parts_out->header ? NULL : "the token's header is not a JSON object in base64url";
}

void token_parts_deinit(struct token_parts *parts)
{
    json_decref(parts->header);
    parts->header = NULL;
}

json_t *token_claims(const struct token_parts *parts)
{
    return decode_object(parts->claims, parts->claims_size);
}

/* ---- proof -------------------------------------------------------------------------------------
 */

const char *token_choose_key(const struct token_keys *keys, const json_t *header,
                             const struct token_key **key_out)
{
    const json_t *type = json_object_get(header, "typ");
    const json_t *kid = json_object_get(header, "kid");
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    for (size_t i = 0; i < sizeof(refused_parameters) / sizeof(refused_parameters[0]); i++)
        if (json_object_get(header, refused_parameters[i]))
            return "the token's header has a parameter that is not allowed";
    if (type && (!json_is_string(type) || strcasecmp(json_string_value(type), "JWT") != 0))
        return "the token is of another kind (typ)";
    if (kid && !json_is_string(kid))
        return "the token's kid is not a string";
    const struct token_key *key = token_keys_find(keys, kid ? json_string_value(kid) : NULL);
    if (!key)
        return kid ? "the token was made with a key that is not known here (kid)"
                   : "the token does not say with which key it was made (kid)";
    if (!algorithm || strcmp(algorithm, token_algorithm_name(key->algorithm)) != 0)
        return "the token's algorithm is not that of its key (alg)";
    *key_out = key;
    return NULL;
}

const char *token_prove(const struct token_key *key, const struct token_parts *parts)
{
    return token_key_proves(key, parts->signed_bytes, parts->signed_size, parts->signature,
                            parts->signature_size)
               ? NULL
               : "the token's signature is wrong";
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static const char *take_claims(const struct token_rules *rules, const struct token_parts *parts,
                               int64_t now_s, struct token *token)
{
    json_t *claims = token_claims(parts);
    const char *wrong = claims ? NULL : "the token's claims are not a JSON object in base64url";
    for (size_t i = 0; i < TOKEN_CLAIM_COUNT && !wrong; i++)
        wrong = token_take_claim(&token_claim_table[i], claims, rules, now_s, token);
    json_decref(claims);
    return wrong;
}

const char *token_read(const struct token_rules *rules, const uint8_t *bytes, size_t size,
                       int64_t now_s, struct token *token_out)
{
    struct token_parts parts;
    const struct token_key *key = NULL;
    *token_out = (struct token){0};
    const char *wrong = token_split(bytes, size, &parts);
    if (!wrong)
        wrong = token_choose_key(rules->keys, parts.header, &key);
    if (!wrong)
        wrong = token_prove(key, &parts);
    if (!wrong)
        wrong = take_claims(rules, &parts, now_s, token_out);
    token_out->key = key;
    token_parts_deinit(&parts);
    if (wrong)
        token_deinit(token_out);
    return wrong;
}

void token_deinit(struct token *token)
{
    access_deinit(&token->user);
}

void token_free(struct token *token)
{
    if (token)
        token_deinit(token);
    free(token);
}

/* ---- making ------------------------------------------------------------------------------------
 */

/* Appends in base64url; the new size, or 0 when there is no room. */
static size_t append(char *token, size_t size, const void *bytes, size_t count)
{
    if (size + sodium_base64_encoded_len(count, VARIANT) > LIMIT_TOKEN_BYTES + 1)
        return 0;
    sodium_bin2base64(token + size, LIMIT_TOKEN_BYTES + 1 - size, bytes, count, VARIANT);
    return size + strlen(token + size);
}

void token_draw_id(char *id_out)
{
    uint8_t random[16];
    randombytes_buf(random, sizeof(random));
    sodium_bin2base64(id_out, TOKEN_ID_SIZE, random, sizeof(random), VARIANT);
}

char *token_make(const struct token_key *key, const json_t *claims)
{
    char header[128 + TOKEN_KEY_NAME_MAX];
    uint8_t signature[TOKEN_SIGNATURE_MAX];
    char *token = malloc(LIMIT_TOKEN_BYTES + 1);
    char *text = json_dumps(claims, JSON_COMPACT);
    if (!token || !text)
        abort();
    int header_size =
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
                 token_algorithm_name(key->algorithm), key->name);
    size_t size = append(token, 0, header, (size_t)header_size);
    token[size++] = '.';
    size = append(token, size, text, strlen(text));
    free(text);
    if (size > 0 && size < LIMIT_TOKEN_BYTES) {
        size_t signature_size = token_key_sign(key, (const uint8_t *)token, size, signature);
        token[size++] = '.';
        size = append(token, size, signature, signature_size);
        if (size > 0)
            return token;
    }
    free(token);
    return NULL;
}

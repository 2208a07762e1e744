/*
 * A token from inside: its parts as JSON, and the check of each claim, in one table. For token_read
 * and for those that explain or make tokens.
 */
#ifndef QUIRE_AUTH_TOKEN_PARTS_H
#define QUIRE_AUTH_TOKEN_PARTS_H

#include "server/auth/token.h"

#include <jansson.h>

struct token_parts {
    const uint8_t *signed_bytes;
    size_t signed_size;
    uint8_t signature[TOKEN_SIGNATURE_MAX];
    size_t signature_size;
    json_t *header; /* an object */
    const char *claims;
    size_t claims_size; /* in base64url */
};

/* Each says what is wrong, or NULL. token_parts_deinit in either case. */
const char *token_split(const uint8_t *bytes, size_t size, struct token_parts *parts_out);
void token_parts_deinit(struct token_parts *parts);
/* Finds the key the header names, of the algorithm it names. */
const char *token_choose_key(const struct token_keys *keys, const json_t *header,
                             const struct token_key **key_out);
const char *token_prove(const struct token_key *key, const struct token_parts *parts);
/* The claims, an object that the caller owns; NULL: they are none. Not to be looked at before
 * token_prove. */
json_t *token_claims(const struct token_parts *parts);

struct token_claim {
    const char *name;
    bool is_needed;
    /* `value` is never NULL. Takes it over into the token, or says what is wrong with it. */
    const char *(*take)(const json_t *value, const struct token_rules *rules, int64_t now_s,
                        struct token *token);
};

#define TOKEN_CLAIM_COUNT 12
extern const struct token_claim token_claim_table[TOKEN_CLAIM_COUNT];

/* One claim of the claims, which may not be there. */
const char *token_take_claim(const struct token_claim *claim, const json_t *claims,
                             const struct token_rules *rules, int64_t now_s, struct token *token);

#define TOKEN_ID_SIZE 23
/* A name for a token, its jti: 128 random bits in base64url, and NUL. */
void token_draw_id(char *id_out);

/* The token of these claims, signed with a key that can; it ends with NUL. The caller frees it.
 * NULL: it would be longer than LIMIT_TOKEN_BYTES. */
char *token_make(const struct token_key *key, const json_t *claims);

#endif

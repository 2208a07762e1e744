/*
 * What a client shows to be let in: a JWT (RFC 7519) in its compact form, signed with one of the
 * server's keys. What it says:
 *
 *     sub    who it is; 1 to 128 bytes; must be there
 *     exp    until when it is good, as are nbf and iat in seconds since 1970; must be there
 *     nbf    from when on it is good
 *     iat    when it was made; not in the future
 *     iss    who made it; must be the issuer, if the server has one set
 *     aud    for whom, a string or several; one must be the server's, if it has one set; none may
 *            be there if it has not
 *     name   the person's name in all documents; color, "#rrggbb", the same
 *     role   "admin": owner of every document
 *     docs   roles in documents, as {"handbook-*": "viewer", "plan": "editor"}
 *     create true: may create documents whose ids the server draws, as their owner
 *     jti    the token's own name, 1 to 128 bytes, by which it can be taken back
 *
 * Other claims are ignored. A claim of another type than it should have makes the token worthless.
 */
#ifndef QUIRE_AUTH_TOKEN_H
#define QUIRE_AUTH_TOKEN_H

#include "server/auth/access.h"
#include "server/auth/token_keys.h"

#include <stddef.h>
#include <stdint.h>

#define TOKEN_SUBJECT_MAX 128
#define TOKEN_NAME_MAX    240 /* bytes of LIMIT_NAME_CHARS code points */
#define TOKEN_COLOR_MAX   8

/* Whose tokens are taken. */
struct token_rules {
    const struct token_keys *keys;
    const char *issuer, *audience; /* "": any; none */
    int64_t leeway_s;              /* by which clocks may differ */
};

/* What a good token says. */
struct token {
    char subject[TOKEN_SUBJECT_MAX + 1];
    char name[TOKEN_NAME_MAX + 1]; /* "": none, as of the colour */
    char color[TOKEN_COLOR_MAX];
    char id[TOKEN_SUBJECT_MAX + 1]; /* jti; "": none */
    int64_t issued_s;               /* iat; 0: not said */
    int64_t expires_s;
    const struct token_key *key; /* that proved it */
    struct access_user user;
};

/* Checks a token by everything that rules and time say. NULL: it is good, and token_deinit frees
 * what it says; else what is wrong with it, a sentence for whoever made it. */
const char *token_read(const struct token_rules *rules, const uint8_t *bytes, size_t size,
                       int64_t now_s, struct token *token_out);
void token_deinit(struct token *token);
/* Of one on the heap; NULL does nothing. */
void token_free(struct token *token);

#endif

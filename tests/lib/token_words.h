/* Tokens for tests: keys in a file of their own, and tokens of any header and claims, also of those
 * that nobody would make in earnest. What is not possible fails the test. */
#ifndef QUIRE_TESTS_TOKEN_WORDS_H
#define QUIRE_TESTS_TOKEN_WORDS_H

#include "server/auth/token.h"

#include <stddef.h>

#define TOKEN_WORDS_SIZE 16384

/* The keys of RFC 7515 (A.1) and RFC 8037 (A.1). */
#define TOKEN_WORDS_SECRET                                                                         \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define TOKEN_WORDS_SEED   "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define TOKEN_WORDS_PUBLIC "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
/* The one, named "a", and the other, named "b", as a server has them. */
#define TOKEN_WORDS_KEYS                                                                           \
    "a HS256 " TOKEN_WORDS_SECRET "\n"                                                             \
    "b EdDSA " TOKEN_WORDS_PUBLIC "\n"

/* Keys read from a file that holds this text. */
struct token_keys *token_words_keys(const char *text);
/* Appends base64url to a string of TOKEN_WORDS_SIZE. */
void token_words_encode(char *out, const void *bytes, size_t size);
/* header.claims.signature, signed with a key that can; returned in `out` of TOKEN_WORDS_SIZE. */
const char *token_words_sign(char *out, const struct token_key *key, const char *header,
                             const char *claims);
/* A token of these claims (a format and its arguments) with key "a". */
const char *token_words_claim(char *out, const struct token_keys *keys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

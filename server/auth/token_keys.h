/*
 * The keys that prove tokens, from a file with one on each line:
 *
 *     2026-a HS256 sVqSGKNqoa7xrGmgTl2jGZ2pAk4TzYCWLZWJ0P7XKpM
 *     2026-b EdDSA 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
 *
 * A name (the token's `kid`: 1 to 64 of A-Z a-z 0-9 _ . -), the algorithm, and the key in base64url
 * without padding: for HS256 the secret (32 to 256 bytes), for EdDSA an Ed25519 public key, for
 * EdDSA-secret the seed of an Ed25519 key pair, which can also make tokens. A key has one algorithm
 * and is good for no other. Empty lines and those that begin with # are skipped.
 *
 * Keys lie in memory of libsodium's: locked, fenced in, read-only, not in a core dump.
 */
#ifndef QUIRE_AUTH_TOKEN_KEYS_H
#define QUIRE_AUTH_TOKEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_KEYS_MAX         32
#define TOKEN_KEY_NAME_MAX     64
#define TOKEN_SECRET_BYTES_MIN 32
#define TOKEN_SECRET_BYTES_MAX 256
#define TOKEN_MAC_SIZE         32
#define TOKEN_SIGNATURE_MAX    64

enum token_algorithm { TOKEN_HS256, TOKEN_EDDSA };

struct token_key {
    char name[TOKEN_KEY_NAME_MAX + 1];
    enum token_algorithm algorithm;
    bool can_sign;
    size_t size;                           /* HS256: of the secret */
    uint8_t bytes[TOKEN_SECRET_BYTES_MAX]; /* HS256: the secret. EdDSA: public key (32), and if it
                                              can sign, libsodium's secret key (64) behind it */
};

struct token_keys {
    size_t count;
    struct token_key keys[TOKEN_KEYS_MAX];
};

/* Reads a file that nobody but its owner (this process's user, or root) can read. NULL:
 * `message_out` says in a sentence what is wrong, without a byte of a key. */
struct token_keys *token_keys_read(const char *path, char *message_out, size_t message_size);
/* The same of one that is open for reading; the message calls it by this name. */
struct token_keys *token_keys_read_file(int fd, const char *name, char *message_out,
                                        size_t message_size);
void token_keys_free(struct token_keys *keys);

/* The key of this name, or NULL. Without a name (NULL): the only key there is. */
const struct token_key *token_keys_find(const struct token_keys *keys, const char *name);

/* The same algorithm and the same key. */
bool token_key_same(const struct token_key *key, const struct token_key *other);

const char *token_algorithm_name(enum token_algorithm algorithm);

/* Does `signature` prove `data`? */
bool token_key_proves(const struct token_key *key, const uint8_t *data, size_t size,
                      const uint8_t *signature, size_t signature_size);
/* Signs with a key that can; the size of the signature in `signature_out` (TOKEN_SIGNATURE_MAX). */
size_t token_key_sign(const struct token_key *key, const uint8_t *data, size_t size,
                      uint8_t *signature_out);

/* Makes a new file, readable by its owner alone, with one new key of this name that can sign;
 * `public_path`: for EdDSA, one with the key that proves them, for the server (else NULL). -1 with
 * a sentence, and no file. */
int token_keys_make(const char *path, const char *name, enum token_algorithm algorithm,
                    const char *public_path, char *message_out, size_t message_size);

#endif

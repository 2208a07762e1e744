#include "server/auth/token_keys.h"

#include "server/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIANT       sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define NAME_REASON   "a key's name is 1 to 64 of A-Z a-z 0-9 _ . -"
#define RANDOM_REASON "there is no source of randomness"

_Static_assert(TOKEN_MAC_SIZE == crypto_auth_hmacsha256_BYTES, "size of an HS256 signature");
_Static_assert(TOKEN_SIGNATURE_MAX == crypto_sign_BYTES, "size of an EdDSA signature");
_Static_assert(TOKEN_SECRET_BYTES_MAX >= crypto_sign_PUBLICKEYBYTES + crypto_sign_SECRETKEYBYTES,
               "room for both keys of a pair");

const char *token_algorithm_name(enum token_algorithm algorithm)
{
    return algorithm == TOKEN_HS256 ? "HS256" : "EdDSA";
}

/* ---- a line ------------------------------------------------------------------------------------
 */

/* The next word of a line, ended with NUL in place, or NULL. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " \t\r");
    size_t size = strcspn(word, " \t\r");
    *line = word + size + (word[size] != '\0');
    word[size] = '\0';
    return size > 0 ? word : NULL;
}

static bool is_name(const char *word)
{
    size_t size = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    return word[size] == '\0' && size > 0 && size <= TOKEN_KEY_NAME_MAX;
}

static const char *take_pair(struct token_key *key)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (key->size != crypto_sign_SEEDBYTES)
        return "an EdDSA-secret is 32 bytes in base64url: 43 characters";
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_seed_keypair(public, secret, key->bytes);
    memcpy(key->bytes, public, sizeof(public));
    memcpy(key->bytes + sizeof(public), secret, sizeof(secret));
    sodium_memzero(secret, sizeof(secret));
    key->can_sign = true;
    return NULL;
}

/* What is wrong with the key's bytes, or NULL. */
static const char *take_algorithm(struct token_key *key, const char *algorithm)
{
    if (strcmp(algorithm, "HS256") == 0) {
        key->algorithm = TOKEN_HS256;
        key->can_sign = true;
        return key->size < TOKEN_SECRET_BYTES_MIN
                   ? "a key for HS256 has at least 32 bytes: 43 characters of base64url"
                   : NULL;
    }
    key->algorithm = TOKEN_EDDSA;
    if (strcmp(algorithm, "EdDSA-secret") == 0)
        return take_pair(key);
    if (strcmp(algorithm, "EdDSA") != 0)
        return "the algorithm is HS256, EdDSA or EdDSA-secret";
    return key->size == crypto_sign_PUBLICKEYBYTES
               ? NULL
               : "a public key for EdDSA is 32 bytes in base64url: 43 characters";
}

/* What is wrong with the line, or NULL. */
static const char *take_line(struct token_keys *keys, char *line)
{
    const char *name = next_word(&line);
    if (!name || *name == '#')
        return NULL;
    const char *algorithm = next_word(&line);
    const char *encoded = next_word(&line);
    if (!algorithm || !encoded || next_word(&line))
        return "a line is a name, an algorithm and a key";
    if (!is_name(name))
        return NAME_REASON;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].name, name) == 0)
            return "another key has this name";
    if (keys->count == TOKEN_KEYS_MAX)
        return "there are more than 32 keys";
    struct token_key *key = &keys->keys[keys->count];
    strcpy(key->name, name);
    if (sodium_base642bin(key->bytes, sizeof(key->bytes), encoded, strlen(encoded), NULL,
                          &key->size, NULL, VARIANT) != 0)
        return "the key is not base64url without padding, of at most 256 bytes";
    const char *wrong = take_algorithm(key, algorithm);
    keys->count += !wrong;
    return wrong;
}

static int take_lines(struct token_keys *keys, const char *path, char *text, char *message_out,
                      size_t message_size)
{
    unsigned number = 1;
    for (char *line = text; line; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        const char *wrong = take_line(keys, line);
        if (wrong) {
            snprintf(message_out, message_size, "%s: line %u: %s", path, number, wrong);
            return -1;
        }
        line = end ? end + 1 : NULL;
    }
    if (keys->count > 0)
        return 0;
    snprintf(message_out, message_size, "%s: there is no key in it", path);
    return -1;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

/* What is wrong with the file itself, or NULL. */
static const char *refuse_file(const struct stat *file)
{
    if (!S_ISREG(file->st_mode))
        return "it is not a file";
    if (file->st_uid != geteuid() && file->st_uid != 0)
        return "it belongs to another user";
    if (file->st_mode & 077)
        return "others can get at it: let its owner alone read it (chmod 600)";
    return file->st_size > LIMIT_KEYS_BYTES ? "it is too long for a file of keys" : NULL;
}

/* The file's text in guarded memory, ended with NUL. */
static char *read_text(int fd, const char *name, char *message_out, size_t message_size)
{
    struct stat file;
    char *text = NULL;
    const char *wrong = fstat(fd, &file) != 0 ? strerror(errno) : refuse_file(&file);
    if (!wrong && !(text = sodium_malloc(LIMIT_KEYS_BYTES + 1)))
        wrong = "there is not enough memory";
    size_t size = 0;
    for (ssize_t got = 1; !wrong && got > 0 && size < LIMIT_KEYS_BYTES; size += (size_t)got)
        if ((got = pread(fd, text + size, LIMIT_KEYS_BYTES - size, (off_t)size)) < 0)
            wrong = strerror(errno);
    if (!wrong && memchr(text, '\0', size))
        wrong = "it is not text";
    if (wrong) {
        snprintf(message_out, message_size, "%s: the keys cannot be used: %s", name, wrong);
        sodium_free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* Of the hashes of JSON objects, so that nobody makes keys that collide. By itself jansson would
 * look for it when the first token comes, in a file that the sandbox has out of reach by then. */
static void draw_seed(void)
{
    json_object_seed(1 + (size_t)randombytes_uniform(UINT32_MAX));
}

struct token_keys *token_keys_read_file(int fd, const char *name, char *message_out,
                                        size_t message_size)
{
    if (sodium_init() < 0) {
        snprintf(message_out, message_size, "%s", RANDOM_REASON);
        return NULL;
    }
    draw_seed();
    char *text = read_text(fd, name, message_out, message_size);
    if (!text)
        return NULL;
    struct token_keys *keys = sodium_malloc(sizeof(*keys));
    if (keys) {
        keys->count = 0;
        memset(keys->keys, 0, sizeof(keys->keys));
        if (take_lines(keys, name, text, message_out, message_size) != 0) {
            sodium_free(keys);
            keys = NULL;
        } else {
            sodium_mprotect_readonly(keys);
        }
    } else {
        snprintf(message_out, message_size, "there is not enough memory");
    }
    sodium_free(text);
    return keys;
}

struct token_keys *token_keys_read(const char *path, char *message_out, size_t message_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        snprintf(message_out, message_size, "%s: the keys cannot be used: %s", path,
                 strerror(errno));
        return NULL;
    }
    struct token_keys *keys = token_keys_read_file(fd, path, message_out, message_size);
    close(fd);
    return keys;
}

void token_keys_free(struct token_keys *keys)
{
    sodium_free(keys);
}

const struct token_key *token_keys_find(const struct token_keys *keys, const char *name)
{
    if (!name)
        return keys->count == 1 ? &keys->keys[0] : NULL;
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].name, name) == 0)
            return &keys->keys[i];
    return NULL;
}

bool token_key_same(const struct token_key *key, const struct token_key *other)
{
    size_t size = key->algorithm == TOKEN_HS256 ? key->size : crypto_sign_PUBLICKEYBYTES;
    return key->algorithm == other->algorithm &&
           (key->algorithm != TOKEN_HS256 || key->size == other->size) &&
           sodium_memcmp(key->bytes, other->bytes, size) == 0;
}

/* ---- signatures --------------------------------------------------------------------------------
 */

static void authenticate(const struct token_key *key, const uint8_t *data, size_t size,
                         uint8_t *mac_out)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key->bytes, key->size);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, mac_out);
    sodium_memzero(&state, sizeof(state));
}

bool token_key_proves(const struct token_key *key, const uint8_t *data, size_t size,
                      const uint8_t *signature, size_t signature_size)
{
    uint8_t mac[TOKEN_MAC_SIZE];
    if (key->algorithm == TOKEN_EDDSA)
        return signature_size == crypto_sign_BYTES &&
               crypto_sign_verify_detached(signature, data, size, key->bytes) == 0;
    if (signature_size != sizeof(mac))
        return false;
    authenticate(key, data, size, mac);
    return sodium_memcmp(mac, signature, sizeof(mac)) == 0;
}

size_t token_key_sign(const struct token_key *key, const uint8_t *data, size_t size,
                      uint8_t *signature_out)
{
    if (key->algorithm == TOKEN_HS256) {
        authenticate(key, data, size, signature_out);
        return TOKEN_MAC_SIZE;
    }
    crypto_sign_detached(signature_out, NULL, data, size, key->bytes + crypto_sign_PUBLICKEYBYTES);
    return crypto_sign_BYTES;
}

/* ---- a new key ---------------------------------------------------------------------------------
 */

/* One line into a new file. */
static int write_key(const char *path, const char *name, const char *algorithm,
                     const uint8_t *bytes, char *message_out, size_t message_size)
{
    char encoded[sodium_base64_ENCODED_LEN(TOKEN_SECRET_BYTES_MIN, VARIANT)];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(message_out, message_size, "%s cannot be made: %s", path, strerror(errno));
        return -1;
    }
    sodium_bin2base64(encoded, sizeof(encoded), bytes, TOKEN_SECRET_BYTES_MIN, VARIANT);
    int failed = dprintf(fd, "%s %s %s\n", name, algorithm, encoded) < 0 || fsync(fd) != 0;
    sodium_memzero(encoded, sizeof(encoded));
    failed |= close(fd) != 0;
    if (failed) {
        snprintf(message_out, message_size, "%s cannot be written: %s", path, strerror(errno));
        unlink(path);
    }
    return failed ? -1 : 0;
}

int token_keys_make(const char *path, const char *name, enum token_algorithm algorithm,
                    const char *public_path, char *message_out, size_t message_size)
{
    uint8_t secret[TOKEN_SECRET_BYTES_MIN], pair[crypto_sign_SECRETKEYBYTES];
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    if (!is_name(name)) {
        snprintf(message_out, message_size, "%s", NAME_REASON);
        return -1;
    }
    if (sodium_init() < 0) {
        snprintf(message_out, message_size, "%s", RANDOM_REASON);
        return -1;
    }
    randombytes_buf(secret, sizeof(secret));
    crypto_sign_seed_keypair(public, pair, secret);
    int result = write_key(path, name, algorithm == TOKEN_HS256 ? "HS256" : "EdDSA-secret", secret,
                           message_out, message_size);
    bool wrote_secret = result == 0;
    if (wrote_secret && algorithm == TOKEN_EDDSA)
        result = write_key(public_path, name, "EdDSA", public, message_out, message_size);
    if (result != 0 && wrote_secret)
        unlink(path);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(pair, sizeof(pair));
    return result;
}

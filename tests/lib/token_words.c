#include "lib/token_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/temp_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct token_keys *token_words_keys(const char *text)
{
    char dir[TEMP_DIR_MAX], path[TEMP_DIR_MAX + 8], message[256];
    temp_dir_make(dir);
    snprintf(path, sizeof(path), "%s/keys", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    struct token_keys *keys = token_keys_read(path, message, sizeof(message));
    temp_dir_remove(dir);
    if (!keys)
        fail_msg("%s", message);
    return keys;
}

void token_words_encode(char *out, const void *bytes, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *from = bytes;
    char *at = out + strlen(out);
    assert_true(strlen(out) + size * 4 / 3 + 4 < TOKEN_WORDS_SIZE);
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < size; i++) {
        held = (held << 8) | from[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *at++ = letters[(held >> (bits - 6)) & 63];
    }
    if (bits > 0)
        *at++ = letters[(held << (6 - bits)) & 63];
    *at = '\0';
}

const char *token_words_sign(char *out, const struct token_key *key, const char *header,
                             const char *claims)
{
    uint8_t signature[TOKEN_SIGNATURE_MAX];
    out[0] = '\0';
    token_words_encode(out, header, strlen(header));
    strcat(out, ".");
    token_words_encode(out, claims, strlen(claims));
    size_t size = token_key_sign(key, (const uint8_t *)out, strlen(out), signature);
    strcat(out, ".");
    token_words_encode(out, signature, size);
    return out;
}

const char *token_words_claim(char *out, const struct token_keys *keys, const char *format, ...)
{
    char claims[TOKEN_WORDS_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(claims, sizeof(claims), format, arguments);
    va_end(arguments);
    assert_in_range(size, 0, sizeof(claims) - 1);
    return token_words_sign(out, token_keys_find(keys, "a"), "{\"alg\":\"HS256\",\"kid\":\"a\"}",
                            claims);
}

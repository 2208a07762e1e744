/* Files of keys: which are taken, which are not, and that nobody hears what is in them. */
#include "lib/temp_dir.h"
#include "server/auth/token_keys.h"
#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A42 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* The link step leads the comparisons of quire-auth here. */
int __real_sodium_memcmp(const void *one, const void *other, size_t size);
int __wrap_sodium_memcmp(const void *one, const void *other, size_t size);

static size_t compared; /* bytes, by the one comparison that takes the same time for all */

int __wrap_sodium_memcmp(const void *one, const void *other, size_t size)
{
    compared += size;
    return __real_sodium_memcmp(one, other, size);
}

void __wrap_json_object_seed(size_t seed);

static size_t seeds[2]; /* that jansson was given, the last one first */

void __wrap_json_object_seed(size_t seed)
{
    seeds[1] = seeds[0];
    seeds[0] = seed;
}

struct place {
    char dir[TEMP_DIR_MAX], path[TEMP_DIR_MAX + 16], other[TEMP_DIR_MAX + 16];
    char message[512];
};

static int setup(void **state)
{
    static struct place place;
    temp_dir_make(place.dir);
    snprintf(place.path, sizeof(place.path), "%s/keys", place.dir);
    snprintf(place.other, sizeof(place.other), "%s/keys.pub", place.dir);
    *state = &place;
    return 0;
}

static int teardown(void **state)
{
    const struct place *place = *state;
    temp_dir_remove(place->dir);
    return 0;
}

static struct token_keys *read_bytes(struct place *place, const char *bytes, size_t size)
{
    unlink(place->path);
    int fd = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
    return token_keys_read(place->path, place->message, sizeof(place->message));
}

static void expect_refused(struct place *place, const char *text, const char *part)
{
    assert_null(read_bytes(place, text, strlen(text)));
    if (!strstr(place->message, part))
        fail_msg("\"%s\" does not hold \"%s\"", place->message, part);
    assert_non_null(strstr(place->message, place->path));
    assert_null(strstr(place->message, "AAAA"));
}

static void keys_of_both_kinds_are_read(void **state)
{
    static const char text[] =
        "# the keys\n\n  a.1_-\tHS256  " A43 "A\r\nb EdDSA " A43 "\nc EdDSA-secret " A43;
    struct token_keys *keys = read_bytes(*state, text, strlen(text));
    assert_non_null(keys);
    assert_int_equal(keys->count, 3);
    const struct token_key *first = token_keys_find(keys, "a.1_-");
    assert_int_equal(first->algorithm, TOKEN_HS256);
    assert_int_equal(first->size, 33);
    assert_true(first->can_sign);
    assert_false(token_keys_find(keys, "b")->can_sign);
    assert_true(token_keys_find(keys, "c")->can_sign);
    assert_null(token_keys_find(keys, "d"));
    assert_null(token_keys_find(keys, NULL));
    token_keys_free(keys);
}

static void row_96_a_key_that_is_empty_or_short_is_refused(void **state)
{
    expect_refused(*state, "", "no key");
    expect_refused(*state, "\n\n# a HS256 " A43 "\n", "no key");
    expect_refused(*state, "a HS256\n", "line 1: a line is a name, an algorithm and a key");
    expect_refused(*state, "a HS256 " A42 "\n", "at least 32 bytes");
    expect_refused(*state, "# x\na HS256 AAAA\n", "line 2: a key for HS256 has at least 32 bytes");
    expect_refused(*state, "a EdDSA " A43 "A\n", "32 bytes");
    expect_refused(*state, "a EdDSA-secret " A42 "\n", "32 bytes");
}

static void lines_that_are_wrong_are_refused(void **state)
{
    expect_refused(*state, "a HS256 " A43 " more\n", "a line is");
    expect_refused(*state, "a HS256 " A43 "=\n", "not base64url");
    expect_refused(*state, "a HS256 " A42 "B\n", "not base64url");
    expect_refused(*state, "a HS256 +" A42 "\n", "not base64url");
    expect_refused(*state, "a HS512 " A43 "\n", "the algorithm is");
    expect_refused(*state, "a none " A43 "\n", "the algorithm is");
    expect_refused(*state, "a/b HS256 " A43 "\n", "name is 1 to 64");
    expect_refused(*state, A42 A42 " HS256 " A43 "\n", "name is 1 to 64");
    expect_refused(*state, "a HS256 " A43 "\na HS256 " A43 "\n", "line 2: another key");
    assert_null(read_bytes(*state, "a HS256 " A43 "\0\n", 53));
    assert_non_null(strstr(((struct place *)*state)->message, "not text"));
}

static void the_most_and_one_more(void **state)
{
    struct place *place = *state;
    char text[64 * (TOKEN_KEYS_MAX + 1)] = "", line[64];
    for (int i = 0; i < TOKEN_KEYS_MAX; i++) {
        snprintf(line, sizeof(line), "k%d HS256 " A43 "\n", i);
        strcat(text, line);
    }
    struct token_keys *keys = read_bytes(place, text, strlen(text));
    assert_int_equal(keys->count, TOKEN_KEYS_MAX);
    token_keys_free(keys);
    expect_refused(place, strcat(text, "more HS256 " A43 "\n"), "more than 32 keys");

    static char longest[LIMIT_KEYS_BYTES + 2];
    memset(longest, '\n', LIMIT_KEYS_BYTES + 1);
    memcpy(longest, "a HS256 " A43, 51);
    keys = read_bytes(place, longest, LIMIT_KEYS_BYTES);
    assert_non_null(keys);
    token_keys_free(keys);
    assert_null(read_bytes(place, longest, LIMIT_KEYS_BYTES + 1));
    assert_non_null(strstr(place->message, "too long"));

    char key[512] = "a HS256 ";
    for (int i = 0; i < 8; i++)
        strcat(key, A42);
    strcat(key, "AAAAA"); /* 341 characters: 255 bytes and one bit pair too many */
    strcat(key, "A");     /* 342: 256 bytes */
    keys = read_bytes(place, key, strlen(key));
    assert_int_equal(keys->keys[0].size, TOKEN_SECRET_BYTES_MAX);
    token_keys_free(keys);
    expect_refused(place, strcat(key, "A"), "at most 256 bytes");
}

static void files_that_others_can_read_are_refused(void **state)
{
    struct place *place = *state;
    static const mode_t modes[] = {0604, 0640, 0602, 0620, 0610, 0644, 0666};
    token_keys_free(read_bytes(place, "a HS256 " A43, 51));
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(place->path, modes[i]), 0);
        assert_null(token_keys_read(place->path, place->message, sizeof(place->message)));
        assert_non_null(strstr(place->message, "chmod 600"));
    }
    assert_int_equal(chmod(place->path, 0400), 0);
    struct token_keys *keys = token_keys_read(place->path, place->message, sizeof(place->message));
    assert_non_null(keys);
    token_keys_free(keys);
    assert_null(token_keys_read(place->dir, place->message, sizeof(place->message)));
    assert_non_null(strstr(place->message, "not a file"));
    assert_null(token_keys_read("/nowhere/keys", place->message, sizeof(place->message)));
    assert_non_null(strstr(place->message, "/nowhere/keys: the keys cannot be used: No such file"));
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_null(token_keys_read(place->path, place->message, sizeof(place->message)));
    assert_non_null(strstr(place->message, "not a file"));
}

static void new_keys_sign_for_those_who_prove(void **state)
{
    struct place *place = *state;
    static const uint8_t data[] = "data";
    uint8_t signature[TOKEN_SIGNATURE_MAX];
    for (int i = 0; i < 2; i++) {
        enum token_algorithm algorithm = i == 0 ? TOKEN_HS256 : TOKEN_EDDSA;
        struct stat file;
        unlink(place->path);
        assert_int_equal(token_keys_make(place->path, "new", algorithm, place->other,
                                         place->message, sizeof(place->message)),
                         0);
        assert_int_equal(stat(place->path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
        struct token_keys *keys =
            token_keys_read(place->path, place->message, sizeof(place->message));
        struct token_keys *proving = token_keys_read(i == 0 ? place->path : place->other,
                                                     place->message, sizeof(place->message));
        size_t size = token_key_sign(&keys->keys[0], data, sizeof(data), signature);
        assert_true(token_key_proves(&proving->keys[0], data, sizeof(data), signature, size));
        assert_int_equal(proving->keys[0].can_sign, i == 0);
        token_keys_free(keys);
        token_keys_free(proving);
    }
    assert_int_equal(token_keys_make(place->path, "new", TOKEN_HS256, NULL, place->message,
                                     sizeof(place->message)),
                     -1);
    assert_non_null(strstr(place->message, "File exists"));
    /* Half of a pair is none. */
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(token_keys_make(place->path, "new", TOKEN_EDDSA, place->other, place->message,
                                     sizeof(place->message)),
                     -1);
    assert_non_null(strstr(place->message, "keys.pub cannot be made: File exists"));
    assert_int_equal(access(place->path, F_OK), -1);
    assert_int_equal(token_keys_make(place->other, "a b", TOKEN_HS256, NULL, place->message,
                                     sizeof(place->message)),
                     -1);
}

/* Row 113: whatever the first byte is that differs, all of them are compared, by libsodium. EdDSA
 * is verified by it as well, and compares nothing secret. */
static void row_113_codes_are_compared_in_constant_time(void **state)
{
    static const char line[] = "k HS256 " A43 "\n";
    struct token_keys *keys = read_bytes(*state, line, strlen(line));
    uint8_t mac[TOKEN_SIGNATURE_MAX];
    assert_non_null(keys);
    const struct token_key *key = &keys->keys[0];
    const uint8_t data[] = "data";
    size_t size = token_key_sign(key, data, sizeof(data), mac);
    assert_int_equal(size, TOKEN_MAC_SIZE);
    for (size_t i = 0; i <= size; i++) {
        if (i < size)
            mac[i] ^= 1;
        compared = 0;
        assert_int_equal(token_key_proves(key, data, sizeof(data), mac, size), i == size);
        assert_int_equal(compared, TOKEN_MAC_SIZE);
        if (i < size)
            mac[i] ^= 1;
    }
    compared = 0; /* another length is known before anything is compared */
    assert_false(token_key_proves(key, data, sizeof(data), mac, size - 1));
    assert_int_equal(compared, 0);
    token_keys_free(keys);
}

/* With 0, or without this, jansson takes the time and the process's number. */
static void row_67_hashes_of_json_are_seeded_at_random_before_a_token_comes(void **state)
{
    static const char text[] = "a HS256 " A43;
    token_keys_free(read_bytes(*state, text, strlen(text)));
    token_keys_free(read_bytes(*state, text, strlen(text)));
    assert_int_not_equal(seeds[0], 0);
    assert_int_not_equal(seeds[1], 0);
    assert_int_not_equal(seeds[0], seeds[1]);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(keys_of_both_kinds_are_read),
        CASE(row_96_a_key_that_is_empty_or_short_is_refused),
        CASE(row_67_hashes_of_json_are_seeded_at_random_before_a_token_comes),
        CASE(lines_that_are_wrong_are_refused),
        CASE(the_most_and_one_more),
        CASE(files_that_others_can_read_are_refused),
        CASE(row_113_codes_are_compared_in_constant_time),
        CASE(new_keys_sign_for_those_who_prove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What makes a token worthless, and what a good one says. The rows are those of a list of known
 * attacks on tokens; each is tried against keys of both algorithms where it can be.
 */
#include "lib/token_words.h"

#include "server/auth/token_parts.h"
#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define NOW    1700000000
#define GOOD   "\"sub\":\"ann\",\"exp\":1700000600"
#define HEADER "{\"alg\":\"HS256\",\"kid\":\"a\"}"

/* As many bytes as the id of a document has at most. */
#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
    struct token_keys *keys;    /* as a server has them */
    struct token_keys *signing; /* as a maker of tokens has them */
    struct token_rules rules;
    struct token token;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.keys = token_words_keys(TOKEN_WORDS_KEYS);
    fixture.signing =
        token_words_keys("a HS256 " TOKEN_WORDS_SECRET "\nb EdDSA-secret " TOKEN_WORDS_SEED "\n");
    fixture.rules =
        (struct token_rules){.keys = fixture.keys, .issuer = "", .audience = "", .leeway_s = 30};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    token_keys_free(fixture->keys);
    token_keys_free(fixture->signing);
    return 0;
}

static const char *read_token(struct fixture *fixture, const char *token)
{
    return token_read(&fixture->rules, (const uint8_t *)token, strlen(token), NOW, &fixture->token);
}

static void expect_good(struct fixture *fixture, const char *token)
{
    const char *wrong = read_token(fixture, token);
    if (wrong)
        fail_msg("%s: %s", token, wrong);
    token_deinit(&fixture->token);
}

static void expect_wrong(struct fixture *fixture, const char *token, const char *part)
{
    const char *wrong = read_token(fixture, token);
    if (!wrong)
        fail_msg("taken: %s", token);
    if (!strstr(wrong, part))
        fail_msg("\"%s\" does not hold \"%s\"", wrong, part);
}

static void expect_header_wrong(struct fixture *fixture, const char *header, const char *part)
{
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &fixture->signing->keys[0], header, "{" GOOD "}");
    expect_wrong(fixture, token, part);
}

static void expect_claims_wrong(struct fixture *fixture, const char *claims, const char *part)
{
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &fixture->signing->keys[0], HEADER, claims);
    expect_wrong(fixture, token, part);
}

static void expect_claims_good(struct fixture *fixture, const char *claims)
{
    char token[TOKEN_WORDS_SIZE];
    expect_good(fixture, token_words_sign(token, &fixture->signing->keys[0], HEADER, claims));
}

/* ---- signatures ---- */

static void published_examples_are_proven(void **state)
{
    const struct fixture *fixture = *state;
    static const char hs256[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c"
        "nVlfQ";
    static const char eddsa[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    char encoded[TOKEN_WORDS_SIZE];
    uint8_t signature[TOKEN_SIGNATURE_MAX];
    static const struct {
        const char *bytes, *signature;
    } examples[] = {{hs256, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
                    {eddsa, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9"
                            "g7sVvpAr_MuM0KAg"}};
    for (size_t i = 0; i < COUNT(examples); i++) {
        const uint8_t *bytes = (const uint8_t *)examples[i].bytes;
        size_t bytes_size = strlen(examples[i].bytes);
        size_t size = token_key_sign(&fixture->signing->keys[i], bytes, bytes_size, signature);
        encoded[0] = '\0';
        token_words_encode(encoded, signature, size);
        assert_string_equal(encoded, examples[i].signature);
        assert_true(token_key_proves(&fixture->keys->keys[i], bytes, bytes_size, signature, size));
        for (size_t bit = 0; bit < size * 8; bit++) {
            signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(
                token_key_proves(&fixture->keys->keys[i], bytes, bytes_size, signature, size));
            signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t less = 0; less < size; less++)
            assert_false(
                token_key_proves(&fixture->keys->keys[i], bytes, bytes_size, signature, less));
    }
}

static void row_95_no_algorithm_is_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\",\"kid\":\"a\"}",   "{\"alg\":\"NONE\",\"kid\":\"a\"}",
        "{\"alg\":\"nOnE\",\"kid\":\"a\"}",   "{\"kid\":\"a\"}",
        "{\"alg\":null,\"kid\":\"a\"}",       "{\"alg\":\"\",\"kid\":\"a\"}",
        "{\"alg\":[\"HS256\"],\"kid\":\"a\"}"};
    for (size_t i = 0; i < COUNT(headers); i++) {
        char token[TOKEN_WORDS_SIZE];
        expect_header_wrong(*state, headers[i], "alg");
        token_words_sign(token, &((struct fixture *)*state)->signing->keys[0], headers[i],
                         "{" GOOD "}");
        *(strrchr(token, '.') + 1) = '\0'; /* without a signature */
        expect_wrong(*state, token, "alg");
    }
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &((struct fixture *)*state)->signing->keys[0], HEADER, "{" GOOD "}");
    *(strrchr(token, '.') + 1) = '\0';
    expect_wrong(*state, token, "signature");
}

static void row_97_a_key_has_one_algorithm(void **state)
{
    const struct fixture *fixture = *state;
    /* HS256 with the bytes of the public key as the secret. */
    struct token_keys *confused = token_words_keys("b HS256 " TOKEN_WORDS_PUBLIC "\n");
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &confused->keys[0], "{\"alg\":\"HS256\",\"kid\":\"b\"}", "{" GOOD "}");
    expect_wrong(*state, token, "alg");
    token_words_sign(token, &confused->keys[0], "{\"alg\":\"EdDSA\",\"kid\":\"b\"}", "{" GOOD "}");
    expect_wrong(*state, token, "signature");
    token_words_sign(token, &fixture->signing->keys[1], "{\"alg\":\"EdDSA\",\"kid\":\"b\"}",
                     "{" GOOD "}");
    expect_good(*state, token);
    token_words_sign(token, &fixture->signing->keys[1], "{\"alg\":\"EdDSA\",\"kid\":\"a\"}",
                     "{" GOOD "}");
    expect_wrong(*state, token, "alg");
    token_keys_free(confused);
}

static void row_98_other_algorithms_are_refused(void **state)
{
    static const char *const names[] = {"HS384", "HS512", "RS256", "ES256", "hs256", "HS256 "};
    for (size_t i = 0; i < COUNT(names); i++) {
        char header[64];
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"a\"}", names[i]);
        expect_header_wrong(*state, header, "alg");
    }
}

/* ---- times ---- */

static void row_99_times_are_kept_with_a_leeway(void **state)
{
    expect_claims_wrong(*state, "{\"sub\":\"ann\"}", "exp");
    expect_claims_wrong(*state, "{\"sub\":\"ann\",\"exp\":1699999970}", "expired");
    expect_claims_good(*state, "{\"sub\":\"ann\",\"exp\":1699999971}");
    char until[64];
    snprintf(until, sizeof(until), "{\"sub\":\"ann\",\"exp\":%d}", NOW + LIMIT_TOKEN_LIFE_S);
    expect_claims_good(*state, until);
    snprintf(until, sizeof(until), "{\"sub\":\"ann\",\"exp\":%d}", NOW + LIMIT_TOKEN_LIFE_S + 1);
    expect_claims_wrong(*state, until, "366 days");
    expect_claims_good(*state, "{" GOOD ",\"nbf\":1700000030}");
    expect_claims_wrong(*state, "{" GOOD ",\"nbf\":1700000031}", "not good yet");
    expect_claims_good(*state, "{" GOOD ",\"iat\":1700000030}");
    expect_claims_wrong(*state, "{" GOOD ",\"iat\":1700000031}", "future");
    static const char *const times[] = {"\"1700000600\"",
                                        "1700000600.5",
                                        "1.7e9",
                                        "null",
                                        "true",
                                        "-1",
                                        "0",
                                        "[]",
                                        "9007199254740993",
                                        "{}"};
    for (size_t i = 0; i < COUNT(times); i++) {
        char claims[256];
        snprintf(claims, sizeof(claims), "{\"sub\":\"ann\",\"exp\":%s}", times[i]);
        expect_claims_wrong(*state, claims, "exp is not a whole number");
        snprintf(claims, sizeof(claims), "{" GOOD ",\"nbf\":%s}", times[i]);
        expect_claims_wrong(*state, claims, "nbf is not a whole number");
        snprintf(claims, sizeof(claims), "{" GOOD ",\"iat\":%s}", times[i]);
        expect_claims_wrong(*state, claims, "iat is not a whole number");
    }
    expect_claims_wrong(*state, "{\"sub\":\"ann\",\"exp\":99999999999999999999}", "JSON");
}

/* ---- for whom ---- */

static void row_100_issuer_audience_and_kind_fit_exactly(void **state)
{
    struct fixture *fixture = *state;
    expect_claims_good(fixture, "{" GOOD ",\"iss\":\"anybody\"}");
    expect_claims_wrong(fixture, "{" GOOD ",\"iss\":1}", "iss");
    expect_claims_wrong(fixture, "{" GOOD ",\"aud\":\"quire\"}", "audience");
    fixture->rules.issuer = "https://id.example";
    fixture->rules.audience = "quire";
    expect_claims_wrong(fixture, "{" GOOD ",\"aud\":\"quire\"}", "(iss)");
    expect_claims_wrong(fixture, "{" GOOD ",\"iss\":\"https://id.example\"}", "(aud)");
#define MADE GOOD ",\"iss\":\"https://id.example\""
    expect_claims_good(fixture, "{" MADE ",\"aud\":\"quire\"}");
    expect_claims_good(fixture, "{" MADE ",\"aud\":[\"other\",\"quire\"]}");
    static const char *const audiences[] = {"\"quir\"", "\"quire2\"", "\"Quire\"",
                                            "[]",       "[\"no\"]",   "null",
                                            "{}",       "1",          "[\"quire\",1]"};
    for (size_t i = 0; i < COUNT(audiences); i++) {
        char claims[256];
        snprintf(claims, sizeof(claims), "{" MADE ",\"aud\":%s}", audiences[i]);
        expect_claims_wrong(fixture, claims, "aud");
    }
    expect_claims_wrong(fixture, "{" GOOD ",\"iss\":\"https://id.example/\",\"aud\":\"quire\"}",
                        "another issuer");
    fixture->rules.issuer = fixture->rules.audience = "";
    expect_header_wrong(fixture, "{\"alg\":\"HS256\",\"kid\":\"a\",\"typ\":\"at+jwt\"}", "typ");
    expect_header_wrong(fixture, "{\"alg\":\"HS256\",\"kid\":\"a\",\"typ\":1}", "typ");
    char token[TOKEN_WORDS_SIZE];
    expect_good(fixture, token_words_sign(token, &fixture->signing->keys[0],
                                          "{\"alg\":\"HS256\",\"kid\":\"a\",\"typ\":\"JWT\"}",
                                          "{" GOOD "}"));
}

static void row_101_a_header_only_chooses_among_the_keys(void **state)
{
    static const char *const kids[] = {"\"../../dev/null\"", "\"a' OR 1=1\"", "\"\"", "\"A\"",
                                       "\"a \""};
    static const char *const parameters[] = {"\"jku\":\"https://evil.example\"",
                                             "\"x5u\":\"https://evil.example\"",
                                             "\"jwk\":{}",
                                             "\"x5c\":[]",
                                             "\"crit\":[\"exp\"]",
                                             "\"crit\":null",
                                             "\"b64\":false",
                                             "\"zip\":\"DEF\""};
    char header[TOKEN_WORDS_SIZE / 4];
    for (size_t i = 0; i < COUNT(kids); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":%s}", kids[i]);
        expect_header_wrong(*state, header, "kid");
    }
    for (size_t i = 0; i < COUNT(parameters); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"a\",%s}", parameters[i]);
        expect_header_wrong(*state, header, "not allowed");
    }
    expect_header_wrong(*state, "{\"alg\":\"HS256\",\"kid\":1}", "kid");
    expect_header_wrong(*state, "{\"alg\":\"HS256\"}", "kid"); /* there are two */
    memset(header, 'a', 2900);
    memcpy(header, "{\"alg\":\"HS256\",\"kid\":\"", 22);
    strcpy(header + 2900, "\"}");
    expect_header_wrong(*state, header, "kid");
}

static void one_key_needs_no_name(void **state)
{
    struct fixture *fixture = *state;
    struct token_keys *one = token_words_keys("only HS256 " TOKEN_WORDS_SECRET "\n");
    char token[TOKEN_WORDS_SIZE];
    fixture->rules.keys = one;
    expect_good(fixture,
                token_words_sign(token, &one->keys[0], "{\"alg\":\"HS256\"}", "{" GOOD "}"));
    token_keys_free(one);
}

/* ---- form ---- */

static void row_102_the_form_is_strict(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_WORDS_SIZE], other[TOKEN_WORDS_SIZE + 8];
    token_words_sign(token, &fixture->signing->keys[0], HEADER, "{" GOOD "}");
    expect_good(fixture, token);
    static const char *const behind[] = {"=", ".", ".x", " ", "\n", "A", "AA", "%3D"};
    for (size_t i = 0; i < COUNT(behind); i++) {
        snprintf(other, sizeof(other), "%s%s", token, behind[i]);
        expect_wrong(fixture, other, "the token");
        snprintf(other, sizeof(other), "%s%s", behind[i], token);
        expect_wrong(fixture, other, "the token");
    }
    /* 43 characters are 32 bytes and two bits, which must be 0. */
    strcpy(other, token);
    other[strlen(other) - 1]++;
    expect_wrong(fixture, other, "not base64url");
    static const char *const forms[] = {"",    ".",     "..",  "...",      "a",
                                        "a.b", "a.b.c", ".a.", "e30.e30.", "e30=.e30.e30"};
    for (size_t i = 0; i < COUNT(forms); i++)
        expect_wrong(fixture, forms[i], "the token");
    for (size_t size = 0; size < strlen(token); size++) { /* each beginning of it */
        uint8_t *exact = malloc(size + 1);
        memcpy(exact, token, size);
        assert_non_null(token_read(&fixture->rules, exact, size, NOW, &fixture->token));
        free(exact);
    }
}

static void row_102_4096_bytes_are_the_most(void **state)
{
    struct fixture *fixture = *state;
    char claims[TOKEN_WORDS_SIZE / 2], token[TOKEN_WORDS_SIZE];
    size_t taken = 0;
    for (int more = 0; more < 3200; more++) {
        snprintf(claims, sizeof(claims), "{" GOOD ",\"x\":\"%0*d\"}", more, 0);
        token_words_sign(token, &fixture->signing->keys[0], HEADER, claims);
        if (strlen(token) > LIMIT_TOKEN_BYTES)
            break;
        if (strlen(token) >= LIMIT_TOKEN_BYTES - 2) {
            expect_good(fixture, token);
            taken++;
        }
    }
    assert_true(taken > 0);
    expect_wrong(fixture, token, "longer than 4096");
    memset(token, '[', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    expect_wrong(fixture, token, "longer than 4096");
    memset(claims, '[', 2900);
    claims[2900] = '\0';
    expect_claims_wrong(fixture, claims, "JSON");
}

static void row_103_nothing_may_be_said_twice(void **state)
{
    expect_claims_wrong(*state, "{" GOOD ",\"sub\":\"bob\"}", "JSON");
    expect_claims_wrong(*state, "{" GOOD ",\"docs\":{\"a\":\"viewer\",\"a\":\"owner\"}}", "JSON");
    expect_header_wrong(*state, "{\"alg\":\"none\",\"kid\":\"a\",\"alg\":\"HS256\"}", "JSON");
}

static void row_104_a_claim_of_a_wrong_type_makes_the_token_worthless(void **state)
{
    static const struct {
        const char *claim, *values[9];
    } wrong[] = {
        {"role", {"\"owner\"", "\"Admin\"", "true", "1", "[\"admin\"]", "{}", "null", "\"\""}},
        {"docs",
         {"\"*\"", "[]", "true", "null", "{\"a\":\"admin\"}", "{\"a\":\"none\"}", "{\"a\":1}",
          "{\"a\":[\"owner\"]}", "{\"a\":\"Owner\"}"}},
        {"docs",
         {"{\"\":\"owner\"}", "{\"a*b\":\"owner\"}", "{\"**\":\"owner\"}", "{\"a/b\":\"owner\"}",
          "{\"\\u00e4\":\"owner\"}", "{\"a \":\"owner\"}", "{\"" LONGEST "x\":\"owner\"}",
          "{\"" LONGEST "x*\":\"owner\"}"}},
        {"name",
         {"1", "\"\"", "null", "\"a\\nb\"", "\"\\u0085\"", "\"\\u007f\"", "[\"Ann\"]",
          "\"0123456789012345678901234567890123456789012345678901234567890\""}},
        {"create", {"\"true\"", "1", "0", "null", "[]", "{}", "[true]"}},
        {"jti", {"1", "\"\"", "null", "[\"a\"]", "{}", "true"}},
        {"color",
         {"\"red\"", "\"#12345\"", "\"#1234567\"", "\"#12345g\"", "\"1234567\"", "1", "null",
          "\"\""}},
    };
    char claims[512];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        for (size_t k = 0; k < COUNT(wrong[i].values) && wrong[i].values[k]; k++) {
            snprintf(claims, sizeof(claims), "{" GOOD ",\"%s\":%s}", wrong[i].claim,
                     wrong[i].values[k]);
            expect_claims_wrong(*state, claims, "the token's");
        }
    }
    static const char *const subjects[] = {"1",  "\"\"",         "null", "[\"ann\"]",
                                           "{}", "\"a\\u0001\"", "true"};
    for (size_t i = 0; i < COUNT(subjects); i++) {
        snprintf(claims, sizeof(claims), "{\"exp\":1700000600,\"sub\":%s}", subjects[i]);
        expect_claims_wrong(*state, claims, "sub");
    }
    expect_claims_wrong(*state, "{\"exp\":1700000600}", "sub");
    expect_claims_wrong(*state,
                        "["
                        "\""
                        "sub\"]",
                        "JSON object");
    expect_claims_wrong(*state, "{" GOOD ",\"name\":\"a\\u0000b\"}", "JSON");
    expect_claims_wrong(*state, "{" GOOD ",\"name\":\"\xff\"}", "JSON");
}

/* ---- what it says ---- */

static void a_good_token_says_who_and_what(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &fixture->signing->keys[0], HEADER,
                     "{" GOOD ",\"name\":\"Ann \xc3\x84\",\"color\":\"#A0b1C2\",\"other\":[1],"
                     "\"docs\":{\"handbook-*\":\"editor\",\"handbook-old\":\"viewer\","
                     "\"handbook-new-*\":\"commenter\",\"plan\":\"owner\"}}");
    assert_null(read_token(fixture, token));
    assert_string_equal(fixture->token.subject, "ann");
    assert_string_equal(fixture->token.name, "Ann \xc3\x84");
    assert_string_equal(fixture->token.color, "#A0b1C2");
    assert_int_equal(fixture->token.expires_s, NOW + 600);
    static const struct {
        const char *id;
        enum access_role role;
    } roles[] = {{"handbook-", ACCESS_EDITOR},
                 {"handbook-x", ACCESS_EDITOR},
                 {"handbook-old", ACCESS_VIEWER},
                 {"handbook-older", ACCESS_EDITOR},
                 {"handbook-new-x", ACCESS_COMMENTER},
                 {"plan", ACCESS_OWNER},
                 {"plan2", ACCESS_NONE},
                 {"pla", ACCESS_NONE},
                 {"Plan", ACCESS_NONE},
                 {"handbook", ACCESS_NONE}};
    for (size_t i = 0; i < COUNT(roles); i++)
        assert_int_equal(access_role(&fixture->token.user, roles[i].id), roles[i].role);
    token_deinit(&fixture->token);
    expect_claims_good(fixture, "{" GOOD ",\"docs\":{}}");
}

static void an_admin_owns_and_a_star_means_all(void **state)
{
    struct fixture *fixture = *state;
    char token[TOKEN_WORDS_SIZE];
    token_words_sign(token, &fixture->signing->keys[0], HEADER,
                     "{" GOOD ",\"role\":\"admin\",\"docs\":{\"a\":\"viewer\"}}");
    assert_null(read_token(fixture, token));
    assert_int_equal(access_role(&fixture->token.user, "a"), ACCESS_OWNER);
    assert_int_equal(access_role(&fixture->token.user, "b"), ACCESS_OWNER);
    token_deinit(&fixture->token);
    token_words_sign(token, &fixture->signing->keys[0], HEADER,
                     "{" GOOD ",\"docs\":{\"*\":\"viewer\",\"a\":\"editor\"}}");
    assert_null(read_token(fixture, token));
    assert_int_equal(access_role(&fixture->token.user, "a"), ACCESS_EDITOR);
    assert_int_equal(access_role(&fixture->token.user, "b"), ACCESS_VIEWER);
    token_deinit(&fixture->token);
}

static void the_grant_that_says_most_decides_wherever_it_stands(void **state)
{
    static const char *const docs[] = {"\"ab\":\"viewer\",\"a*\":\"commenter\",\"*\":\"owner\"",
                                       "\"*\":\"owner\",\"a*\":\"commenter\",\"ab\":\"viewer\"",
                                       "\"a*\":\"commenter\",\"ab\":\"viewer\",\"*\":\"owner\""};
    struct fixture *fixture = *state;
    char token[TOKEN_WORDS_SIZE], claims[256];
    for (size_t i = 0; i < COUNT(docs); i++) {
        snprintf(claims, sizeof(claims), "{" GOOD ",\"docs\":{%s}}", docs[i]);
        token_words_sign(token, &fixture->signing->keys[0], HEADER, claims);
        assert_null(read_token(fixture, token));
        assert_int_equal(access_role(&fixture->token.user, "ab"), ACCESS_VIEWER);
        assert_int_equal(access_role(&fixture->token.user, "ac"), ACCESS_COMMENTER);
        assert_int_equal(access_role(&fixture->token.user, "b"), ACCESS_OWNER);
        token_deinit(&fixture->token);
    }
}

static void each_claim_may_be_as_long_as_its_limit(void **state)
{
    _Static_assert(TOKEN_SUBJECT_MAX == 2 * (sizeof(LONGEST) - 1), "two are the longest subject");
    static const char *const good[] = {
        "{\"exp\":1700000600,\"sub\":\"" LONGEST LONGEST "\"}",
        "{" GOOD ",\"jti\":\"" LONGEST LONGEST "\"}",
        "{" GOOD ",\"docs\":{\"" LONGEST "\":\"viewer\",\"" LONGEST "*\":\"viewer\"}}",
        "{" GOOD ",\"name\":\"\u00e4\u00e4345678901234567890123456789012345678901234567890123456789"
        "0\"}",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        expect_claims_good(*state, good[i]);
    expect_claims_wrong(*state, "{\"exp\":1700000600,\"sub\":\"" LONGEST LONGEST "x\"}", "sub");
    expect_claims_wrong(*state, "{" GOOD ",\"jti\":\"" LONGEST LONGEST "x\"}", "jti");
}

/* Of an algorithm whose tokens can have every length here. */
static void the_longest_token_that_is_read_is_made_and_no_longer_one(void **state)
{
    struct fixture *fixture = *state;
    size_t longest = 0;
    for (size_t more = 2800; more < LIMIT_TOKEN_BYTES; more++) {
        json_t *claims = json_pack("{s:s,s:i,s:o}", "sub", "ann", "exp", NOW + 600, "more",
                                   json_sprintf("%*s", (int)more, ""));
        char *token = token_make(&fixture->signing->keys[1], claims);
        json_decref(claims);
        if (!token)
            break;
        longest = strlen(token);
        expect_good(fixture, token);
        free(token);
    }
    assert_int_equal(longest, LIMIT_TOKEN_BYTES);
}

/* Both keys are good while a server has both: so one can follow the other. */
static void keys_are_changed_one_after_the_other(void **state)
{
    struct fixture *fixture = *state;
    struct token_keys *later = token_words_keys("b EdDSA " TOKEN_WORDS_PUBLIC "\n");
    char old[TOKEN_WORDS_SIZE], new[TOKEN_WORDS_SIZE];
    token_words_sign(old, &fixture->signing->keys[0], HEADER, "{" GOOD "}");
    token_words_sign(new, &fixture->signing->keys[1], "{\"alg\":\"EdDSA\",\"kid\":\"b\"}",
                     "{" GOOD "}");
    expect_good(fixture, old);
    expect_good(fixture, new);
    fixture->rules.keys = later;
    expect_wrong(fixture, old, "kid");
    expect_good(fixture, new);
    token_keys_free(later);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(published_examples_are_proven),
        CASE(row_95_no_algorithm_is_refused),
        CASE(row_97_a_key_has_one_algorithm),
        CASE(row_98_other_algorithms_are_refused),
        CASE(row_99_times_are_kept_with_a_leeway),
        CASE(row_100_issuer_audience_and_kind_fit_exactly),
        CASE(row_101_a_header_only_chooses_among_the_keys),
        CASE(one_key_needs_no_name),
        CASE(row_102_the_form_is_strict),
        CASE(row_102_4096_bytes_are_the_most),
        CASE(row_103_nothing_may_be_said_twice),
        CASE(row_104_a_claim_of_a_wrong_type_makes_the_token_worthless),
        CASE(a_good_token_says_who_and_what),
        CASE(an_admin_owns_and_a_star_means_all),
        CASE(the_grant_that_says_most_decides_wherever_it_stands),
        CASE(each_claim_may_be_as_long_as_its_limit),
        CASE(the_longest_token_that_is_read_is_made_and_no_longer_one),
        CASE(keys_are_changed_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/auth/token_parts.h"

#include "server/limits.h"

#include <string.h>

#define SECONDS_MAX (INT64_C(1) << 53)

static const char *take_text(const json_t *value, char *out, size_t size_max, const char *wrong)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    if (!text || size == 0 || size > size_max)
        return wrong;
    memcpy(out, text, size + 1);
    return NULL;
}

static bool is_time(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) > 0 &&
           json_integer_value(value) < SECONDS_MAX;
}

/* C0, DEL and C1, as in names that people give themselves. */
static bool has_controls(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
            return true;
    return false;
}

static size_t code_points(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* ---- one function for each claim ---------------------------------------------------------------
 */

#define CLAIM(function)                                                                            \
    static const char *function(const json_t *value, const struct token_rules *rules,              \
                                int64_t now_s, struct token *token)

CLAIM(take_sub)
{
    (void)rules, (void)now_s;
    const char *wrong = take_text(value, token->subject, TOKEN_SUBJECT_MAX,
                                  "the token's sub is not a string of 1 to 128 bytes");
    if (!wrong && has_controls(token->subject))
        wrong = "the token's sub has control characters";
    return wrong;
}

CLAIM(take_exp)
{
    if (!is_time(value))
        return "the token's exp is not a whole number of seconds";
    token->expires_s = json_integer_value(value);
    if (token->expires_s - now_s > LIMIT_TOKEN_LIFE_S)
        return "the token's exp is more than 366 days ahead";
    return now_s >= token->expires_s + rules->leeway_s ? "the token has expired" : NULL;
}

CLAIM(take_nbf)
{
    (void)token;
    if (!is_time(value))
        return "the token's nbf is not a whole number of seconds";
    return json_integer_value(value) > now_s + rules->leeway_s ? "the token is not good yet" : NULL;
}

CLAIM(take_iat)
{
    if (!is_time(value))
        return "the token's iat is not a whole number of seconds";
    token->issued_s = json_integer_value(value);
    return json_integer_value(value) > now_s + rules->leeway_s ? "the token is from the future"
                                                               : NULL;
}

CLAIM(take_iss)
{
    (void)now_s, (void)token;
    if (!json_is_string(value))
        return "the token's iss is not a string";
    return *rules->issuer && strcmp(json_string_value(value), rules->issuer) != 0
               ? "the token is of another issuer"
               : NULL;
}

CLAIM(take_aud)
{
    (void)now_s, (void)token;
    static const char other[] = "the token is for another audience";
    bool is_found = false;
    if (json_is_string(value))
        return strcmp(json_string_value(value), rules->audience) == 0 ? NULL : other;
    if (!json_is_array(value))
        return "the token's aud is neither a string nor an array of strings";
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *one = json_string_value(json_array_get(value, i));
        if (!one)
            return "the token's aud is neither a string nor an array of strings";
        is_found |= strcmp(one, rules->audience) == 0;
    }
    return is_found ? NULL : other;
}

CLAIM(take_name)
{
    (void)rules, (void)now_s;
    static const char wrong[] = "the token's name is not 1 to 60 characters, none of them control";
    if (take_text(value, token->name, TOKEN_NAME_MAX, wrong) ||
        code_points(token->name) > LIMIT_NAME_CHARS || has_controls(token->name))
        return wrong;
    return NULL;
}

CLAIM(take_color)
{
    (void)rules, (void)now_s;
    static const char wrong[] = "the token's color is not # and six hexadecimal digits";
    if (take_text(value, token->color, TOKEN_COLOR_MAX - 1, wrong) || token->color[0] != '#' ||
        strspn(token->color + 1, "0123456789abcdefABCDEF") != 6)
        return wrong;
    return NULL;
}

CLAIM(take_role)
{
    (void)rules, (void)now_s;
    const char *role = json_string_value(value);
    if (!role || strcmp(role, "admin") != 0)
        return "the token's role is not \"admin\"; leave it out for others";
    token->user.is_owner = true;
    return NULL;
}

CLAIM(take_docs)
{
    (void)rules, (void)now_s;
    const char *pattern;
    json_t *named;
    if (!json_is_object(value))
        return "the token's docs is not an object";
    json_object_foreach((json_t *)(uintptr_t)value, pattern, named)
    {
        const char *name = json_string_value(named);
        enum access_role role = name ? access_role_find(name) : ACCESS_NONE;
        if (role == ACCESS_NONE)
            return "a role in the token's docs is not owner, editor, commenter or viewer";
        if (!access_grant(&token->user, pattern, role))
            return "a key of the token's docs is neither the id of a document nor the beginning of "
                   "ids and *";
    }
    return NULL;
}

CLAIM(take_create)
{
    (void)rules, (void)now_s;
    token->user.may_create = json_is_true(value);
    return json_is_boolean(value) ? NULL : "the token's create is neither true nor false";
}

CLAIM(take_jti)
{
    (void)rules, (void)now_s;
    return take_text(value, token->id, TOKEN_SUBJECT_MAX,
                     "the token's jti is not a string of 1 to 128 bytes");
}

const struct token_claim token_claim_table[TOKEN_CLAIM_COUNT] = {
    {"sub", true, take_sub},    {"exp", true, take_exp},        {"nbf", false, take_nbf},
    {"iat", false, take_iat},   {"iss", false, take_iss},       {"aud", false, take_aud},
    {"name", false, take_name}, {"color", false, take_color},   {"role", false, take_role},
    {"docs", false, take_docs}, {"create", false, take_create}, {"jti", false, take_jti},
};

const char *token_take_claim(const struct token_claim *claim, const json_t *claims,
                             const struct token_rules *rules, int64_t now_s, struct token *token)
{
    const json_t *value = json_object_get(claims, claim->name);
    if (value)
        return claim->take(value, rules, now_s, token);
    if (claim->take == take_iss && *rules->issuer)
        return "the token does not say who made it (iss)";
    if (claim->take == take_aud && *rules->audience)
        return "the token does not say for whom it is (aud)";
    if (claim->take == take_exp)
        return "the token does not say until when it is good (exp)";
    return claim->is_needed ? "the token does not say whose it is (sub)" : NULL;
}

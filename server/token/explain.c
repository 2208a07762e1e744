#include "server/token/explain.h"

#include "server/auth/token_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A value as JSON of ASCII alone: what is in a token must not move a terminal's cursor. */
static void print_value(FILE *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    fputs(text ? text : "?", out);
    free(text);
}

static void print_time(FILE *out, const json_t *value, int64_t now_s)
{
    time_t at = (time_t)json_integer_value(value);
    int64_t from_now_s = (int64_t)at - now_s;
    struct tm utc;
    char date[64] = "?";
    if (gmtime_r(&at, &utc))
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    fprintf(out, " (%s, %" PRId64 " s %s)", date, from_now_s < 0 ? -from_now_s : from_now_s,
            from_now_s < 0 ? "ago" : "from now");
}

static bool is_time(const char *name)
{
    return strcmp(name, "exp") == 0 || strcmp(name, "nbf") == 0 || strcmp(name, "iat") == 0;
}

static void print_line(FILE *out, const char *name, const json_t *value, const char *wrong,
                       int64_t now_s)
{
    fprintf(out, "  %-10s ", name);
    print_value(out, value);
    if (is_time(name) && json_is_integer(value))
        print_time(out, value, now_s);
    fprintf(out, "%s%s\n", wrong ? "  WRONG: " : "", wrong ? wrong : "");
}

static void explain_header(FILE *out, const json_t *header, const char *wrong)
{
    const char *name;
    json_t *value;
    fprintf(out, "Header\n");
    json_object_foreach((json_t *)(uintptr_t)header, name, value)
    {
        print_line(out, name, value, NULL, 0);
    }
    if (wrong)
        fprintf(out, "  WRONG: %s\n", wrong);
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < TOKEN_CLAIM_COUNT; i++)
        if (strcmp(token_claim_table[i].name, name) == 0)
            return true;
    return false;
}

/* The first thing that is wrong, or NULL. */
static const char *explain_claims(FILE *out, const json_t *claims, const struct token_rules *rules,
                                  int64_t now_s)
{
    const char *first = NULL, *name;
    struct token token = {0};
    json_t *value;
    fprintf(out, "Claims\n");
    for (size_t i = 0; i < TOKEN_CLAIM_COUNT; i++) {
        const struct token_claim *claim = &token_claim_table[i];
        const char *wrong = token_take_claim(claim, claims, rules, now_s, &token);
        value = json_object_get(claims, claim->name);
        if (value)
            print_line(out, claim->name, value, wrong, now_s);
        else if (wrong)
            fprintf(out, "  %-10s WRONG: %s\n", claim->name, wrong);
        first = first ? first : wrong;
    }
    json_object_foreach((json_t *)(uintptr_t)claims, name, value)
    {
        if (!is_known(name)) {
            fprintf(out, "  (ignored)  ");
            print_value(out, value);
            fputc('\n', out);
        }
    }
    if (!token.user.is_owner && token.user.grant_count == 0)
        fprintf(out, "  It lets nobody into any document (docs, role)\n");
    token_deinit(&token);
    return first;
}

bool token_explain(FILE *out, const struct token_rules *rules, const char *token, int64_t now_s)
{
    struct token_parts parts;
    const struct token_key *key = NULL;
    const char *wrong = token_split((const uint8_t *)token, strlen(token), &parts);
    if (!wrong) {
        wrong = token_choose_key(rules->keys, parts.header, &key);
        explain_header(out, parts.header, wrong);
        const char *unproven = key ? token_prove(key, &parts) : "there is no key to prove it with";
        fprintf(out, "Signature\n  %s%s\n", unproven ? "WRONG: " : "good",
                unproven ? unproven : "");
        wrong = wrong ? wrong : unproven;
        json_t *claims = token_claims(&parts);
        const char *claimed = claims ? explain_claims(out, claims, rules, now_s)
                                     : "the token's claims are not a JSON object in base64url";
        wrong = wrong ? wrong : claimed;
        json_decref(claims);
    }
    token_parts_deinit(&parts);
    fprintf(out, "%s%s\n", wrong ? "The token is not good: " : "The token is good",
            wrong ? wrong : "");
    return !wrong;
}

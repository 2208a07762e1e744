#include "guard.h"

#include "lib/token_words.h"
#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD_FOR_S (INT64_C(300) * 24 * 3600)

struct guard {
    struct token_keys *keys;
    struct token_rules rules;
    char token[TOKEN_WORDS_SIZE];
};

struct guard *guard_new(void)
{
    struct guard *guard = bytes_alloc(1, sizeof *guard);
    guard->keys = token_words_keys(TOKEN_WORDS_KEYS);
    guard->rules = (struct token_rules){.keys = guard->keys, .issuer = "", .audience = ""};
    return guard;
}

void guard_free(struct guard *guard)
{
    if (guard != NULL) {
        token_keys_free(guard->keys);
        free(guard);
    }
}

const struct token_rules *guard_rules(const struct guard *guard)
{
    return guard == NULL ? NULL : &guard->rules;
}

const char *guard_token(struct guard *guard, const char *subject, int64_t now_s,
                        const char *const *ids, size_t count, const struct roles *roles)
{
    char docs[GUARD_DOCUMENTS * (ACCESS_ID_MAX + 32)] = "";
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(docs);
        if (roles->of[i] != ACCESS_NONE) {
            snprintf(docs + size, sizeof docs - size, "%s\"%s\":\"%s\"", size > 0 ? "," : "",
                     ids[i], access_role_name(roles->of[i]));
        }
    }
    return token_words_claim(guard->token, guard->keys,
                             "{\"sub\":\"%s\",\"exp\":%lld,\"docs\":{%s}}", subject,
                             (long long)(now_s + GOOD_FOR_S), docs);
}

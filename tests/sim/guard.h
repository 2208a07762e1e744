/* A server that asks for tokens, and the tokens that let people in with a role in each document. */
#ifndef QUIRE_TESTS_SIM_GUARD_H
#define QUIRE_TESTS_SIM_GUARD_H

#include "server/auth/access.h"

#include <stddef.h>
#include <stdint.h>

#define GUARD_DOCUMENTS 3

/* What somebody may do, in each document. */
struct roles {
    enum access_role of[GUARD_DOCUMENTS];
};

struct guard;
struct token_rules;

struct guard *guard_new(void);
/* Of NULL: nothing. */
void guard_free(struct guard *guard);
/* NULL of NULL: nobody is asked. */
const struct token_rules *guard_rules(const struct guard *guard);
/* A token of `subject`, good from `now_s` for longer than any round, with these roles in the
 * documents with these ids. Lives until the next call. */
const char *guard_token(struct guard *guard, const char *subject, int64_t now_s,
                        const char *const *ids, size_t count, const struct roles *roles);

#endif

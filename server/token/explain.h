/* A token in words: each of its claims, what is wrong with it, and what it lets somebody do. */
#ifndef QUIRE_TOKEN_EXPLAIN_H
#define QUIRE_TOKEN_EXPLAIN_H

#include "server/auth/token.h"

#include <stdbool.h>
#include <stdio.h>

/* True: the token is good. */
bool token_explain(FILE *out, const struct token_rules *rules, const char *token, int64_t now_s);

#endif

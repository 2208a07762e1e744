/* A hub that asks for tokens, people who show them, and what they are told. Over hub_transcript.h.
 */
#ifndef QUIRE_TESTS_HUB_GUARDED_H
#define QUIRE_TESTS_HUB_GUARDED_H

#include "hub_transcript.h"
#include "token_words.h"

#define GUARDED_NOW_S    1700000000
#define GUARDED_LEEWAY_S 30
#define HOUR_S           3600

struct guarded {
    struct world world;
    struct token_keys *keys;
    struct token_rules rules;
    char token[TOKEN_WORDS_SIZE];
};

/* cmocka's fixture: *state is a struct guarded. */
int guarded_setup(void **state);
int guarded_teardown(void **state);
/* The same setup with other limits. */
int guarded_setup_limited(void **state, const struct limits *limits);

/* Good for so long from the world's first second, with more claims (",…" or ""). Lives until the
 * next call. */
const char *token_of(struct guarded *guarded, const char *sub, int64_t for_s, const char *more);
/* A connection that has said hello; `token` may be NULL. */
struct world_connection *hello_with(struct guarded *guarded, const char *token);
/* One that has been welcomed. */
struct world_connection *person(struct guarded *guarded, const char *sub, int64_t for_s,
                                const char *more);
/* One that owns all documents. */
struct world_connection *admin(struct guarded *guarded);
/* Shows another token, with ref 77. */
void renew(struct guarded *guarded, struct world_connection *connection, const char *token);
/* The code of the next ERROR, or NULL. */
const char *error_of(struct world_connection *connection);

#endif

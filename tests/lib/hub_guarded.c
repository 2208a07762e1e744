#include "lib/hub_guarded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define U(value) ((uint64_t)(value))

int guarded_setup(void **state)
{
    return guarded_setup_limited(state, NULL);
}

int guarded_setup_limited(void **state, const struct limits *limits)
{
    static struct guarded guarded;
    guarded.keys = token_words_keys(TOKEN_WORDS_KEYS);
    guarded.rules = (struct token_rules){
        .keys = guarded.keys, .issuer = "", .audience = "", .leeway_s = GUARDED_LEEWAY_S};
    world_start_limited(&guarded.world, &guarded.rules, limits);
    *state = &guarded;
    return 0;
}

int guarded_teardown(void **state)
{
    struct guarded *guarded = *state;
    world_stop(&guarded->world);
    token_keys_free(guarded->keys);
    return 0;
}

const char *token_of(struct guarded *guarded, const char *sub, int64_t for_s, const char *more)
{
    return token_words_claim(guarded->token, guarded->keys, "{\"sub\":\"%s\",\"exp\":%lld%s}", sub,
                             (long long)(GUARDED_NOW_S + for_s), more);
}

struct world_connection *hello_with(struct guarded *guarded, const char *token)
{
    struct world_connection *connection = world_connect(&guarded->world);
    world_send(&guarded->world, connection, WIRE_HELLO, token ? "sssnns" : "nssnns",
               token ? token : "Name", token ? "Name" : "#123456", token ? "#123456" : "test",
               "test");
    return connection;
}

struct world_connection *person(struct guarded *guarded, const char *sub, int64_t for_s,
                                const char *more)
{
    struct reader fields;
    struct world_connection *connection = hello_with(guarded, token_of(guarded, sub, for_s, more));
    assert_true(world_find(connection, WIRE_WELCOME, &fields));
    return connection;
}

struct world_connection *admin(struct guarded *guarded)
{
    return person(guarded, "admin", 10 * HOUR_S, ",\"role\":\"admin\"");
}

void renew(struct guarded *guarded, struct world_connection *connection, const char *token)
{
    world_send(&guarded->world, connection, WIRE_TOKEN, "us", U(77), token);
}

const char *error_of(struct world_connection *connection)
{
    static char code[64];
    struct reader fields;
    if (!world_find(connection, WIRE_ERROR, &fields))
        return NULL;
    struct ot_slice text;
    get_uint(&fields);
    get_uint(&fields);
    assert_true(reader_string(&fields, &text) && text.size < sizeof(code));
    memcpy(code, text.data, text.size);
    code[text.size] = '\0';
    return code;
}

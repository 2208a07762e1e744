/* Who is let in, for how long, and what another token changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "server/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- being let in ---- */

static void without_a_good_token_nobody_is_let_in(void **state)
{
    struct guarded *guarded = *state;
    char wrong[TOKEN_WORDS_SIZE];
    strcpy(wrong, token_of(guarded, "ann", HOUR_S, ""));
    wrong[strlen(wrong) - 2] = wrong[strlen(wrong) - 2] == 'A' ? 'B' : 'A';
    const char *const tokens[] = {NULL, "", "x", "a.b.c", wrong};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct world_connection *connection = hello_with(guarded, tokens[i]);
        assert_string_equal(error_of(connection), "unauthorized");
        assert_int_equal(connection->closed, WIRE_CLOSE_UNAUTHORIZED);
        assert_true(connection->has_bad_token);
        /* What it has sent meanwhile is not heard. */
        world_send(&guarded->world, connection, WIRE_LIST, "uunn", U(1), U(10));
        assert_false(has_news(connection));
    }
    struct world_connection *late =
        hello_with(guarded, token_of(guarded, "ann", -GUARDED_LEEWAY_S - 1, ""));
    assert_int_equal(late->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_int_equal(person(guarded, "ann", HOUR_S, "")->closed, 0);
}

/* Row 115: a client number is the server's to give, and its key to prove. */
static void rows_78_115_a_client_number_is_not_chosen_by_the_client(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = hello_with(guarded, token_of(guarded, "ann", HOUR_S, ""));
    struct identity identity = identity_of(ann);
    struct world_connection *bob = world_connect(world);
    const char *token = token_of(guarded, "bob", HOUR_S, "");
    /* Not even with its key: it was issued to somebody else (row 78). */
    world_send(world, bob, WIRE_HELLO, "sssubs", token, "Bob", "#123456", identity.client,
               (struct ot_slice){identity.key, WIRE_KEY_SIZE}, "test");
    assert_int_not_equal(identity_of(bob).client, identity.client);
    assert_int_equal(ann->closed, 0);
    /* Nor she herself without it. */
    bob = world_connect(world);
    token = token_of(guarded, "ann", HOUR_S, "");
    identity.key[0] ^= 1;
    world_send(world, bob, WIRE_HELLO, "sssubs", token, "Bob", "#123456", identity.client,
               (struct ot_slice){identity.key, WIRE_KEY_SIZE}, "test");
    assert_int_not_equal(identity_of(bob).client, identity.client);
    assert_int_equal(ann->closed, 0);
    struct world_connection *again = world_connect(world);
    identity.key[0] ^= 1;
    world_send(world, again, WIRE_HELLO, "sssubs", token, "Ann", "#123456", identity.client,
               (struct ot_slice){identity.key, WIRE_KEY_SIZE}, "test");
    assert_int_equal(identity_of(again).client, identity.client);
    assert_int_equal(ann->closed, WIRE_CLOSE_REPLACED);
}

static void the_token_s_name_is_not_the_client_s_to_choose(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann =
        person(guarded, "ann", HOUR_S,
               ",\"role\":\"admin\",\"name\":\"Ann Verified\",\"color\":\"#00ff00\"");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    world_send(world, ann, WIRE_PROFILE, "ss", "Mallory", "#ff0000");
    world_send(world, ann, WIRE_CHAT, "uuus", U(1), U(0), U(9), "hello");
    world_commit(world);
    struct reader fields;
    assert_true(world_find(ann, WIRE_CHATTED, &fields));
    get_uint(&fields);
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, "Ann Verified");
    expect_text(&fields, "#00ff00");
}

static void a_new_token_s_name_is_shown_to_others(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"role\":\"admin\"");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    world_pass(world, 200);
    world_forget(ann);
    renew(guarded, ann,
          token_of(guarded, "ann", HOUR_S, ",\"role\":\"admin\",\"name\":\"Queen Ann\""));
    assert_true(world_find(ann, WIRE_DONE, &fields));
    size_t at = ann->at;
    world_pass(world, 200);
    assert_non_null(memmem(ann->received.data + at, ann->received.size - at, "Queen Ann", 9));
    world_forget(ann);
    renew(guarded, ann,
          token_of(guarded, "ann", HOUR_S,
                   ",\"role\":\"admin\",\"name\":\"Queen Ann\",\"color\":\"#abcdef\""));
    at = ann->at;
    world_pass(world, 200);
    assert_non_null(memmem(ann->received.data + at, ann->received.size - at, "#abcdef", 7));
}

/* ---- the end of a token ---- */

static uint64_t expect_expiring(struct world_connection *connection)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_EXPIRING, &fields));
    return get_uint(&fields);
}

static uint64_t expect_expiring_soon(struct world *world, struct world_connection *connection)
{
    world_pass(world, 1010);
    return expect_expiring(connection);
}

static void row_106_a_token_s_end_is_told_and_kept(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = person(guarded, "ann", 100, "");
    int64_t end_ms = 100 * 1000;
    world_pass(world, (uint64_t)(end_ms - LIMIT_TOKEN_NOTICE_MS) - world->now_ms - 10);
    assert_false(has_news(ann));
    world_pass(world, 1010);
    assert_in_range(expect_expiring(ann), LIMIT_TOKEN_NOTICE_MS - 1010, LIMIT_TOKEN_NOTICE_MS);
    world_pass(world, (uint64_t)end_ms - world->now_ms - 10);
    assert_false(has_news(ann)); /* it is told once */
    assert_int_equal(ann->closed, 0);
    world_pass(world, 1010);
    assert_string_equal(error_of(ann), "unauthorized");
    assert_int_equal(ann->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_false(ann->has_bad_token);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_MEMBERS), 0);
}

/* The leeway lets in whose clock is behind; it does not lengthen what everybody else has. */
static void row_99_a_token_taken_by_the_leeway_lives_as_long_as_that(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = person(guarded, "ann", -GUARDED_LEEWAY_S + 10, "");
    assert_in_range(expect_expiring_soon(world, ann), 1, 10000);
    world_pass(world, 5000);
    assert_int_equal(ann->closed, 0);
    world_pass(world, 6000);
    assert_int_equal(ann->closed, WIRE_CLOSE_UNAUTHORIZED);
}

static void row_106_another_token_in_time_keeps_the_connection(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *ann = person(guarded, "ann", 100, ",\"docs\":{\"d\":\"editor\"}");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    expect_opened(ann);
    world_pass(world, 75000);
    expect_expiring(ann);
    /* The same one again is good still, and changes nothing. */
    renew(guarded, ann, token_of(guarded, "ann", 100, ",\"docs\":{\"d\":\"editor\"}"));
    assert_true(world_find(ann, WIRE_DONE, &fields));
    assert_int_equal(get_uint(&fields), 77);
    renew(guarded, ann, token_of(guarded, "ann", 300, ",\"docs\":{\"d\":\"editor\"}"));
    assert_true(world_find(ann, WIRE_DONE, &fields));
    world_pass(world, 100000);
    assert_false(has_news(ann));
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    world_pass(world, 100000);
    expect_expiring(ann);
    world_pass(world, 70000);
    assert_int_equal(ann->closed, WIRE_CLOSE_UNAUTHORIZED);
}

static void row_99_a_clock_that_jumps_ends_tokens_at_once(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, "");
    struct world_connection *bob = person(guarded, "bob", 3 * HOUR_S, "");
    world->unix_ms += 2 * HOUR_S * INT64_C(1000);
    world_pass(world, 1010);
    assert_int_equal(ann->closed, WIRE_CLOSE_UNAUTHORIZED);
    world->unix_ms -= 10 * HOUR_S * INT64_C(1000);
    world_pass(world, 1010);
    assert_int_equal(bob->closed, 0);
    assert_false(has_news(bob) && world_find(bob, WIRE_EXPIRING, &(struct reader){0}));
}

static void many_tokens_end_at_once(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *people[60];
    for (size_t i = 0; i < COUNT(people); i++) {
        char sub[16];
        snprintf(sub, sizeof(sub), "p%zu", i);
        people[i] = person(guarded, sub, i % 3 == 0 ? HOUR_S : 100 + (int64_t)i % 2, "");
    }
    world_pass(world, 140000);
    for (size_t i = 0; i < COUNT(people); i++)
        assert_int_equal(people[i]->closed, i % 3 == 0 ? 0 : WIRE_CLOSE_UNAUTHORIZED);
}

/* An edit that was taken is committed, although its author's token ends before it is. */
static void row_106_what_was_taken_is_kept(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *bob = admin(guarded);
    struct world_connection *ann = person(guarded, "ann", 100, ",\"docs\":{\"d\":\"editor\"}");
    create(world, bob, "d", STORE_TEXT);
    open_fresh(world, bob, "d");
    open_fresh(world, ann, "d");
    expect_opened(bob);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_pass(world, 140000);
    assert_int_equal(ann->closed, WIRE_CLOSE_UNAUTHORIZED);
    world_commit(world);
    struct reader fields;
    assert_true(world_find(bob, WIRE_EDITED, &fields));
}

static void row_107_another_user_s_token_ends_the_connection(void **state)
{
    struct guarded *guarded = *state;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, "");
    renew(guarded, ann, token_of(guarded, "bob", HOUR_S, ",\"role\":\"admin\""));
    assert_string_equal(error_of(ann), "forbidden");
    assert_int_equal(ann->closed, WIRE_CLOSE_FORBIDDEN);
    struct world_connection *eve = person(guarded, "eve", HOUR_S, "");
    renew(guarded, eve, "worthless");
    assert_string_equal(error_of(eve), "unauthorized");
    assert_int_equal(eve->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_true(eve->has_bad_token); /* row 114 */
}

static void row_114_tokens_that_a_guest_tries_are_not_looked_at(void **state)
{
    struct guarded *guarded = *state;
    struct reader fields;
    world_stop(&guarded->world);
    world_start_with_guests(&guarded->world, &guarded->rules);
    struct world_connection *guest = hello_with(guarded, NULL);
    assert_true(world_find(guest, WIRE_WELCOME, &fields));
    renew(guarded, guest, "worthless");
    assert_string_equal(error_of(guest), "forbidden");
    assert_int_equal(guest->closed, WIRE_CLOSE_FORBIDDEN);
}

static void tokens_are_shown_no_faster_than_the_rate(void **state)
{
    struct guarded *guarded = *state;
    struct limits limits = limits_preset();
    struct reader fields;
    guarded_teardown(state);
    limits.values[SETTING_RATE_TOKENS] = 2;
    guarded_setup_limited(state, &limits);
    struct world_connection *two[] = {person(guarded, "ann", HOUR_S, ""),
                                      person(guarded, "ann", HOUR_S, "")};
    for (int i = 0; i < 2; i++) { /* over all connections of the user */
        renew(guarded, two[i], token_of(guarded, "ann", HOUR_S, ""));
        assert_true(world_find(two[i], WIRE_DONE, &fields));
    }
    renew(guarded, two[0], "worthless"); /* it is not even looked at */
    assert_string_equal(error_of(two[0]), "rate_limited");
    assert_int_equal(two[0]->closed, 0);
    world_pass(&guarded->world, 31000);
    renew(guarded, two[0], token_of(guarded, "ann", HOUR_S, ""));
    assert_true(world_find(two[0], WIRE_DONE, &fields));
}

/* ---- roles that change ---- */

static void expect_role(struct world_connection *connection, const char *role)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ROLE, &fields));
    assert_int_equal(get_uint(&fields), 0);
    expect_text(&fields, role);
}

static void give_role(struct guarded *guarded, struct world_connection *ann, const char *role)
{
    char claims[64];
    snprintf(claims, sizeof(claims), ",\"docs\":{\"d\":\"%s\"}", role);
    renew(guarded, ann, token_of(guarded, "ann", HOUR_S, claims));
}

static void a_new_token_s_roles_count_from_then_on(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *boss = admin(guarded);
    create(world, boss, "d", STORE_TEXT);
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    open_fresh(world, boss, "d");
    open_fresh(world, ann, "d");
    expect_opened(ann);
    give_role(guarded, ann, "viewer");
    expect_role(ann, "viewer");
    edit(world, ann, 1, 0, insertion(0, "x"));
    assert_string_equal(error_of(ann), "forbidden");
    edit(world, boss, 1, 0, insertion(0, "y"));
    world_commit(world);
    expect_edit(ann, 1, insertion(0, "y")); /* the channel was never closed */
    give_role(guarded, ann, "commenter");
    expect_role(ann, "commenter");
    give_role(guarded, ann, "editor");
    expect_role(ann, "editor");
    edit(world, ann, 1, 1, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 2, 1);
    renew(guarded, ann, token_of(guarded, "ann", HOUR_S, ""));
    assert_true(world_find(ann, WIRE_CLOSED, &fields));
    get_uint(&fields);
    expect_text(&fields, "forbidden");
    open_fresh(world, ann, "d");
    assert_string_equal(error_of(ann), "not_found");
}

/* What was taken before the role went is committed, and its author hears so. */
static void an_edit_under_way_when_the_role_goes_was_taken(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    create(world, admin(guarded), "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    give_role(guarded, ann, "viewer");
    expect_role(ann, "viewer");
    world_commit(world);
    expect_ack(ann, 1, 1);
}

/* While its OPEN waits, OPENED is what tells the role. */
/* It is saved already: to refuse its copy would have the author keep it for unsaved. */
static void a_copy_of_a_saved_edit_is_no_new_one_whatever_the_role_is(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    create(world, admin(guarded), "d", STORE_TEXT);
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    give_role(guarded, ann, "viewer");
    edit(world, ann, 1, 0, insertion(0, "x"));
    assert_false(world_find(ann, WIRE_ERROR, &fields));
    edit(world, ann, 2, 1, insertion(0, "y"));
    assert_string_equal(error_of(ann), "forbidden");
}

static void a_role_that_changes_before_opened_is_told_by_it(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct reader fields;
    struct world_connection *boss = admin(guarded);
    create(world, boss, "d", STORE_TEXT);
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    open_fresh(world, boss, "d");
    edit(world, boss, 1, 0, insertion(0, "y"));
    open_fresh(world, ann, "d"); /* waits for the commit */
    give_role(guarded, ann, "viewer");
    world_commit(world);
    size_t at = ann->at;
    assert_true(world_find(ann, WIRE_OPENED, &fields));
    assert_non_null(memmem(ann->received.data + at, ann->at - at, "viewer", 6));
    assert_false(world_find(ann, WIRE_ROLE, &fields));
    struct world_connection *bob = person(guarded, "bob", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    edit(world, boss, 2, 1, insertion(0, "z"));
    open_fresh(world, bob, "d");
    renew(guarded, bob, token_of(guarded, "bob", HOUR_S, ""));
    world_commit(world);
    assert_string_equal(error_of(bob), "not_found");
    assert_false(world_find(bob, WIRE_OPENED, &fields));
}

/* ---- tokens that are taken back ---- */

static struct store_revocation revocation(enum store_revoked kind, const char *name,
                                          int64_t before_s)
{
    struct store_revocation it = {
        .kind = kind, .before_s = before_s, .until_s = GUARDED_NOW_S + 1000};
    strcpy(it.name, name);
    return it;
}

static struct world_connection *with_claims(struct guarded *guarded, const char *sub, int64_t iat,
                                            const char *jti)
{
    char claims[128] = "";
    if (iat != 0)
        snprintf(claims, sizeof(claims), ",\"iat\":%lld", (long long)iat);
    snprintf(claims + strlen(claims), sizeof(claims) - strlen(claims), ",\"jti\":\"%s\"", jti);
    return hello_with(guarded, token_of(guarded, sub, HOUR_S, claims));
}

static void row_108_a_token_that_is_taken_back_ends_its_connections(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *one = with_claims(guarded, "ann", GUARDED_NOW_S - 5, "one");
    struct world_connection *two = with_claims(guarded, "ann", GUARDED_NOW_S - 5, "two");
    struct world_connection *bob = with_claims(guarded, "bob", GUARDED_NOW_S - 5, "three");
    struct store_revocation it = revocation(STORE_REVOKED_TOKEN, "one", 0);
    world_revoke(world, 7, &it);
    assert_int_equal(world->answered_ticket, 7);
    assert_int_equal(world->answered_result, STORE_OK);
    assert_string_equal(error_of(one), "unauthorized");
    assert_int_equal(one->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_false(one->has_bad_token);
    assert_int_equal(two->closed, 0);
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S - 5, "one")->closed,
                     WIRE_CLOSE_UNAUTHORIZED);
    /* TOKEN does not let it in either. */
    renew(guarded, two, token_of(guarded, "ann", HOUR_S, ",\"jti\":\"one\""));
    assert_int_equal(two->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_int_equal(bob->closed, 0);
    /* Nor does a server that has started anew. */
    world_crash(world);
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S - 5, "one")->closed,
                     WIRE_CLOSE_UNAUTHORIZED);
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S - 5, "four")->closed, 0);
}

static void row_108_all_tokens_of_somebody_from_before_a_time_are_taken_back(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *old = with_claims(guarded, "ann", GUARDED_NOW_S - 5, "a");
    struct world_connection *undated = with_claims(guarded, "ann", 0, "b");
    struct world_connection *new = with_claims(guarded, "ann", GUARDED_NOW_S, "c");
    struct world_connection *other = with_claims(guarded, "anna", GUARDED_NOW_S - 5, "d");
    struct store_revocation it = revocation(STORE_REVOKED_SUBJECT, "ann", GUARDED_NOW_S);
    world_revoke(world, 1, &it);
    assert_int_equal(old->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_int_equal(undated->closed, WIRE_CLOSE_UNAUTHORIZED);
    assert_int_equal(new->closed, 0);
    assert_int_equal(other->closed, 0);
    /* A jti of that name is not a sub. */
    assert_int_equal(with_claims(guarded, "eve", GUARDED_NOW_S - 5, "ann")->closed, 0);
}

static int count_revocation(void *context, const struct store_revocation *it)
{
    (void)it;
    ++*(size_t *)context;
    return 0;
}

static void what_is_of_no_use_any_more_is_forgotten(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    size_t count = 0;
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%d", i);
        struct store_revocation it = revocation(STORE_REVOKED_TOKEN, name, 0);
        world_revoke(world, 1, &it);
    }
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S, "t39")->closed,
                     WIRE_CLOSE_UNAUTHORIZED);
    world->unix_ms += 1010 * 1000;
    struct store_revocation it = revocation(STORE_REVOKED_TOKEN, "last", 0);
    it.until_s += 2000;
    world_revoke(world, 1, &it);
    assert_int_equal(store_revocations(world->store, count_revocation, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S, "t39")->closed, 0);
    assert_int_equal(with_claims(guarded, "ann", GUARDED_NOW_S, "last")->closed,
                     WIRE_CLOSE_UNAUTHORIZED);
}

/* ---- edits that are not allowed ---- */

static void row_109_the_third_forbidden_edit_ends_the_connection(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    create(world, admin(guarded), "d", STORE_TEXT);
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"viewer\"}");
    open_fresh(world, ann, "d");
    for (int round = 0; round < 2; round++) { /* slowly, any number of them */
        for (int i = 0; i < 2; i++) {
            edit(world, ann, 1, 0, insertion(0, "x"));
            assert_string_equal(error_of(ann), "forbidden");
        }
        world_pass(world, LIMIT_FORBIDDEN_MS + 10);
    }
    edit(world, ann, 1, 0, insertion(0, "x"));
    edit(world, ann, 1, 0, insertion(0, "x"));
    give_role(guarded, ann, "commenter"); /* told anew, it may err anew */
    edit(world, ann, 1, 0, insertion(0, "x"));
    edit(world, ann, 1, 0, insertion(0, "x"));
    assert_int_equal(ann->closed, 0);
    edit(world, ann, 1, 0, insertion(0, "x"));
    assert_int_equal(ann->closed, WIRE_CLOSE_FORBIDDEN);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_MEMBERS), 0);
}

static void a_server_without_keys_takes_everybody_as_owner(void **state)
{
    struct guarded *guarded = *state;
    struct world open_world;
    world_start(&open_world);
    struct world_connection *ann = world_connect(&open_world);
    world_send(&open_world, ann, WIRE_HELLO, "sssnns", "any token", "Ann", "#123456", "test");
    create(&open_world, ann, "d", STORE_TEXT);
    world_send(&open_world, ann, WIRE_TOKEN, "us", U(1), token_of(guarded, "x", HOUR_S, ""));
    struct reader fields;
    assert_true(world_find(ann, WIRE_DONE, &fields));
    world_send(&open_world, ann, WIRE_DELETE, "us", U(2), "d");
    assert_true(world_find(ann, WIRE_DONE, &fields));
    world_stop(&open_world);
}

/* Whoever is given the document anew sends the last edit anew: all of those may have been under way
 * when the role went. */
static void row_109_copies_of_an_edit_are_no_further_attempts(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    create(world, admin(guarded), "d", STORE_TEXT);
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    open_fresh(world, ann, "d");
    for (int i = 0; i < 2 * LIMIT_FORBIDDEN_EDITS; i++) {
        world_lag(world, ann, 0, ann->channels[0].attachment, 0);
    }
    give_role(guarded, ann, "viewer");
    for (int i = 0; i < 2 * LIMIT_FORBIDDEN_EDITS + 1; i++) {
        edit(world, ann, 1, 0, insertion(0, "x"));
    }
    assert_int_equal(ann->closed, 0);
    for (int i = 0; i < LIMIT_FORBIDDEN_EDITS; i++) {
        assert_int_equal(ann->closed, 0);
        edit(world, ann, 1, 0, insertion(0, "x"));
    }
    assert_int_equal(ann->closed, WIRE_CLOSE_FORBIDDEN);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, guarded_setup, guarded_teardown)
    const struct CMUnitTest tests[] = {
        CASE(without_a_good_token_nobody_is_let_in),
        CASE(rows_78_115_a_client_number_is_not_chosen_by_the_client),
        CASE(the_token_s_name_is_not_the_client_s_to_choose),
        CASE(a_new_token_s_name_is_shown_to_others),
        CASE(row_106_a_token_s_end_is_told_and_kept),
        CASE(row_99_a_token_taken_by_the_leeway_lives_as_long_as_that),
        CASE(row_106_another_token_in_time_keeps_the_connection),
        CASE(row_99_a_clock_that_jumps_ends_tokens_at_once),
        CASE(many_tokens_end_at_once),
        CASE(row_106_what_was_taken_is_kept),
        CASE(row_107_another_user_s_token_ends_the_connection),
        CASE(row_114_tokens_that_a_guest_tries_are_not_looked_at),
        CASE(tokens_are_shown_no_faster_than_the_rate),
        CASE(a_new_token_s_roles_count_from_then_on),
        CASE(an_edit_under_way_when_the_role_goes_was_taken),
        CASE(a_copy_of_a_saved_edit_is_no_new_one_whatever_the_role_is),
        CASE(a_role_that_changes_before_opened_is_told_by_it),
        CASE(row_108_a_token_that_is_taken_back_ends_its_connections),
        CASE(row_108_all_tokens_of_somebody_from_before_a_time_are_taken_back),
        CASE(what_is_of_no_use_any_more_is_forgotten),
        CASE(row_109_the_third_forbidden_edit_ends_the_connection),
        CASE(row_109_copies_of_an_edit_are_no_further_attempts),
        CASE(a_server_without_keys_takes_everybody_as_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The protocol machine in single turns: what is refused, what is not the server's, what is said no
 * more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/session_world.h"
#include "tools/peer/bytes.h"

#include <string.h>

static struct ot_buf insert(uint64_t at, const char *text)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};

    ot_builder_retain(builder, at, PEER_NIL);
    ot_builder_insert(builder, bytes_of(text), PEER_NIL);
    bytes_must(ot_builder_finish(builder, &op));
    ot_builder_free(builder);
    return op;
}

static void type_text(struct client *client, uint64_t at, const char *text)
{
    struct ot_buf op = insert(at, text);
    assert_int_equal(session_edit(client->session, ot_buf_slice(&op)), OT_OK);
    ot_buf_deinit(&op);
}

static void assert_shows(struct client *client, const char *text)
{
    struct ot_buf shown = {0};
    bytes_must(ot_doc_text(session_shown(client->session), &shown));
    assert_int_equal(shown.size, strlen(text));
    assert_memory_equal(shown.data, text, shown.size);
    ot_buf_deinit(&shown);
}

static void an_edit_that_can_never_be_taken_is_handed_back(void **state)
{
    struct rng rng = {1};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "a");
    type_text(client, 1, "b");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "split_surrogate");
    assert_int_equal(client->refusals, 1);
    assert_shows(client, "");
    type_text(client, 0, "c");
    settle(&world);
    assert_shows(client, "c");
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void tell_role(struct client *client, const char *role)
{
    struct peer_message message = {.kind = WIRE_ROLE};
    message.role.role = bytes_of(role);
    tell(client, &message);
}

static void an_edit_that_is_not_allowed_stays_and_the_others_are_followed(void **state)
{
    struct rng rng = {2};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "mine");
    ot_buf_clear(&client->said);
    tell_role(client, "viewer");
    tell_error(client, 1, "forbidden");
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    type_text(&world.clients[1], 0, "theirs ");
    settle(&world);
    assert_shows(client, "theirs mine");
    assert_false(session_settled(client->session));
    assert_int_equal(client->seq, 0);

    /* With the right back, a new connection saves it. */
    lose(client);
    settle(&world);
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void what_a_role_does_not_allow_waits_for_one_that_does(void **state)
{
    struct rng rng = {6};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "on its way ");
    ot_buf_clear(&client->said);
    tell_role(client, "viewer");
    tell_error(client, 1, "forbidden");
    type_text(client, 11, "and later");
    type_text(&world.clients[1], 0, "theirs ");
    settle(&world);
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    assert_int_equal(client->seq, 0);
    assert_shows(client, "theirs on its way and later");
    tell_role(client, "editor");
    settle(&world);
    assert_int_equal(client->seq, 1); /* in one edit with what came after it */
    assert_true(session_settled(client->session));
    assert_shows(client, "theirs on its way and later");
    world_end(&world);
}

/* The server has lost track of what it told: it is asked. */
static void an_edit_that_is_refused_in_a_role_that_allows_it_asks_for_the_role(void **state)
{
    struct rng rng = {7};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "mine");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "forbidden");
    assert_int_equal(session_state(client->session), SESSION_OPENING);
    settle(&world);
    assert_int_equal(client->seq, 1);
    assert_shows(client, "mine");
    world_end(&world);
}

static void an_edit_that_there_is_no_room_for_waits(void **state)
{
    struct rng rng = {8};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "mine");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "document_full");
    type_text(client, 4, " and more");
    assert_int_equal(client->said.size, 0);
    assert_shows(client, "mine and more");
    session_retry(client->session);
    settle(&world);
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    world_end(&world);
}

/* Without it the edit would be handed back as one that can never be taken. */
static void an_edit_that_came_too_soon_is_sent_again_as_it_is(void **state)
{
    struct rng rng = {8};
    struct world world;
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    type_text(client, 0, "mine");
    ot_buf_clear(&client->said);
    tell_error(client, 1, "rate_limited");
    assert_int_equal(client->said.size, 0);
    assert_shows(client, "mine");
    session_retry(client->session);
    settle(&world);
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    assert_shows(client, "mine");
    world_end(&world);
}

static void another_document_than_the_servers_is_replaced(void **state)
{
    struct rng rng = {3};
    struct world world;
    struct peer_message hash = {.kind = WIRE_HASH};
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    type_text(client, 0, "abc");
    settle(&world);
    hash.hash.version = 1;
    hash.hash.crc = world.hashes[1] ^ 1;
    type_text(client, 3, "d");
    tell(client, &hash);
    assert_int_equal(client->divergences, 1);
    assert_int_equal(session_state(client->session), SESSION_OPENING);
    settle(&world);
    assert_shows(client, "abcd");
    assert_true(session_settled(client->session));
    world_end(&world);
}

static void a_gap_in_the_log_brings_the_document_anew(void **state)
{
    struct rng rng = {4};
    struct world world;
    struct ot_buf op = insert(0, "x");
    struct peer_message edit = {.kind = WIRE_EDITED};
    (void)state;

    world_begin(&world, &rng);
    settle(&world);
    edit.edit.version = 2;
    edit.edit.op = ot_buf_slice(&op);
    assert_int_equal(session_receive(world.clients[0].session, &edit), -1);
    edit.edit.version = 1;
    edit.edit.op.size--;
    assert_int_equal(session_receive(world.clients[1].session, &edit), -1);
    settle(&world);
    assert_shows(&world.clients[0], "");
    assert_true(session_settled(world.clients[0].session));
    assert_true(session_settled(world.clients[1].session));
    ot_buf_deinit(&op);
    world_end(&world);
}

static void a_closed_channel_says_nothing_more(void **state)
{
    struct rng rng = {5};
    struct world world;
    struct peer_message closed = {.kind = WIRE_CLOSED};
    (void)state;

    world_begin(&world, &rng);
    struct client *client = &world.clients[0];
    settle(&world);
    closed.closed.code = bytes_of("deleted");
    tell(client, &closed);
    assert_int_equal(session_state(client->session), SESSION_OFFLINE);
    type_text(client, 0, "x");
    assert_int_equal(client->said.size, 0);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_that_can_never_be_taken_is_handed_back),
        cmocka_unit_test(an_edit_that_is_not_allowed_stays_and_the_others_are_followed),
        cmocka_unit_test(what_a_role_does_not_allow_waits_for_one_that_does),
        cmocka_unit_test(an_edit_that_is_refused_in_a_role_that_allows_it_asks_for_the_role),
        cmocka_unit_test(an_edit_that_there_is_no_room_for_waits),
        cmocka_unit_test(an_edit_that_came_too_soon_is_sent_again_as_it_is),
        cmocka_unit_test(another_document_than_the_servers_is_replaced),
        cmocka_unit_test(a_gap_in_the_log_brings_the_document_anew),
        cmocka_unit_test(a_closed_channel_says_nothing_more),
    };
    return cmocka_run_group_tests_name("peer_turns", tests, NULL, NULL);
}

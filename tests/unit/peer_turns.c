/* The protocol machine in single turns: what is refused, what is not the server's, what is said no
 * more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/session_world.h"
#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

/* The tests' state is the first client of a world in which everybody is connected. */
static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    world_begin(world, &(struct rng){1});
    settle(world);
    *state = &world->clients[0];
    return 0;
}

static int end(void **state)
{
    struct world *world = ((struct client *)*state)->world;

    world_end(world);
    free(world);
    return 0;
}

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

/* Its first edit is not taken. */
static void be_refused(struct client *client, const char *code)
{
    ot_buf_clear(&client->said);
    tell_error(client, 1, code);
}

static void assert_saved_as(struct client *client, const char *text)
{
    settle(client->world);
    assert_int_equal(client->seq, 1);
    assert_true(session_settled(client->session));
    assert_shows(client, text);
}

static void an_edit_that_can_never_be_taken_is_handed_back(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "a");
    type_text(client, 1, "b");
    be_refused(client, "split_surrogate");
    assert_int_equal(client->refusals, 1);
    assert_shows(client, "");
    type_text(client, 0, "c");
    assert_saved_as(client, "c");
}

static void tell_role(struct client *client, const char *role)
{
    struct peer_message message = {.kind = WIRE_ROLE};
    message.role.role = bytes_of(role);
    tell(client, &message);
}

static void an_edit_that_is_not_allowed_stays_and_the_others_are_followed(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "mine");
    tell_role(client, "viewer");
    be_refused(client, "forbidden");
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    type_text(&client->world->clients[1], 0, "theirs ");
    settle(client->world);
    assert_shows(client, "theirs mine");
    assert_false(session_settled(client->session));
    assert_int_equal(client->seq, 0);

    /* With the right back, a new connection saves it. */
    lose(client);
    assert_saved_as(client, "theirs mine");
}

static void what_a_role_does_not_allow_waits_for_one_that_does(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "on its way ");
    tell_role(client, "viewer");
    be_refused(client, "forbidden");
    type_text(client, 11, "and later");
    type_text(&client->world->clients[1], 0, "theirs ");
    settle(client->world);
    assert_int_equal(session_state(client->session), SESSION_BLOCKED);
    assert_int_equal(client->seq, 0);
    assert_shows(client, "theirs on its way and later");
    tell_role(client, "editor");
    /* in one edit with what came after it */
    assert_saved_as(client, "theirs on its way and later");
}

/* The server has lost track of what it told: it is asked. */
static void an_edit_that_is_refused_in_a_role_that_allows_it_asks_for_the_role(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "mine");
    be_refused(client, "forbidden");
    assert_int_equal(session_state(client->session), SESSION_OPENING);
    assert_saved_as(client, "mine");
}

static void an_edit_that_there_is_no_room_for_waits(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "mine");
    be_refused(client, "document_full");
    type_text(client, 4, " and more");
    assert_int_equal(client->said.size, 0);
    assert_shows(client, "mine and more");
    session_retry(client->session);
    assert_saved_as(client, "mine and more");
}

/* Without it the edit would be handed back as one that can never be taken. */
static void an_edit_that_came_too_soon_is_sent_again_as_it_is(void **state)
{
    struct client *client = *state;
    type_text(client, 0, "mine");
    be_refused(client, "rate_limited");
    assert_int_equal(client->said.size, 0);
    assert_shows(client, "mine");
    session_retry(client->session);
    assert_saved_as(client, "mine");
}

static void another_document_than_the_servers_is_replaced(void **state)
{
    struct client *client = *state;
    struct peer_message hash = {.kind = WIRE_HASH};

    type_text(client, 0, "abc");
    settle(client->world);
    hash.hash.version = 1;
    hash.hash.crc = client->world->hashes[1] ^ 1;
    type_text(client, 3, "d");
    tell(client, &hash);
    assert_int_equal(client->divergences, 1);
    assert_int_equal(session_state(client->session), SESSION_OPENING);
    settle(client->world);
    assert_shows(client, "abcd");
    assert_true(session_settled(client->session));
}

static void a_gap_in_the_log_brings_the_document_anew(void **state)
{
    struct client *client = *state, *other = client + 1;
    struct ot_buf op = insert(0, "x");
    struct peer_message edit = {.kind = WIRE_EDITED};

    edit.edit.version = 2;
    edit.edit.op = ot_buf_slice(&op);
    assert_int_equal(session_receive(client->session, &edit), -1);
    edit.edit.version = 1;
    edit.edit.op.size--;
    assert_int_equal(session_receive(other->session, &edit), -1);
    settle(client->world);
    assert_shows(client, "");
    assert_true(session_settled(client->session));
    assert_true(session_settled(other->session));
    ot_buf_deinit(&op);
}

static void a_closed_channel_says_nothing_more(void **state)
{
    struct client *client = *state;
    struct peer_message closed = {.kind = WIRE_CLOSED};

    closed.closed.code = bytes_of("deleted");
    tell(client, &closed);
    assert_int_equal(session_state(client->session), SESSION_OFFLINE);
    type_text(client, 0, "x");
    assert_int_equal(client->said.size, 0);
}

#define TURN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TURN(an_edit_that_can_never_be_taken_is_handed_back),
        TURN(an_edit_that_is_not_allowed_stays_and_the_others_are_followed),
        TURN(what_a_role_does_not_allow_waits_for_one_that_does),
        TURN(an_edit_that_is_refused_in_a_role_that_allows_it_asks_for_the_role),
        TURN(an_edit_that_there_is_no_room_for_waits),
        TURN(an_edit_that_came_too_soon_is_sent_again_as_it_is),
        TURN(another_document_than_the_servers_is_replaced),
        TURN(a_gap_in_the_log_brings_the_document_anew),
        TURN(a_closed_channel_says_nothing_more),
    };
    return cmocka_run_group_tests_name("peer_turns", tests, NULL, NULL);
}

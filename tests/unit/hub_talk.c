/* Presence, chat and the list of documents, as a transcript of the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_transcript.h"
#include "server/limits.h"

#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

/* ---- helpers ---- */

static bool get_bool(struct reader *reader)
{
    bool value;
    assert_true(reader_bool(reader, &value));
    return value;
}

static uint32_t get_array(struct reader *reader)
{
    uint32_t count;
    assert_true(reader_array(reader, &count));
    return count;
}

static uint64_t expect_done_uint(struct world_connection *connection, uint64_t ref)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_DONE, &fields));
    assert_int_equal(get_uint(&fields), ref);
    return get_uint(&fields);
}

static uint64_t open_document(struct world *world, struct world_connection *connection)
{
    struct reader fields;
    struct ot_slice skipped;
    world_send(world, connection, WIRE_OPEN, "uusnnn", U(9), U(3), "d");
    assert_true(world_find(connection, WIRE_OPENED, &fields));
    for (int i = 0; i < 6; i++) {
        get_uint(&fields);
    }
    assert_true(reader_bytes(&fields, &skipped));
    get_uint(&fields);
    assert_true(reader_string(&fields, &skipped) && reader_string(&fields, &skipped));
    return get_uint(&fields);
}

static struct ot_slice insert_at_start(char letter)
{
    static uint8_t bytes[3] = {0x02, 0x09, 'a'};
    bytes[2] = (uint8_t)letter;
    return (struct ot_slice){bytes, sizeof bytes};
}

struct presence {
    uint64_t version, people;
    bool full;
    uint32_t members;
    struct reader rest; /* stands at the first member */
};

static struct presence expect_presence(struct world_connection *connection)
{
    struct presence presence;
    struct reader fields;
    assert_true(world_find(connection, WIRE_PRESENCE, &fields));
    assert_int_equal(get_uint(&fields), 3);
    presence.version = get_uint(&fields);
    presence.full = get_bool(&fields);
    presence.people = get_uint(&fields);
    presence.members = get_array(&fields);
    presence.rest = fields;
    return presence;
}

struct pair {
    struct world_connection *ann, *bob;
    uint64_t ann_member, bob_member;
};

static struct pair two_members(struct world *world)
{
    struct pair pair = {.ann = hello(world, "Ann"), .bob = hello(world, "Bob")};
    create(world, pair.ann, "d", STORE_TEXT);
    pair.ann_member = open_document(world, pair.ann);
    pair.bob_member = open_document(world, pair.bob);
    world_pass(world, 200);
    world_forget(pair.ann);
    world_forget(pair.bob);
    return pair;
}

static void cursor(struct world *world, struct world_connection *connection, uint64_t version,
                   uint64_t at)
{
    world_send(world, connection, WIRE_CURSOR, "uuuufs", U(3), version, at, at, "mine");
}

static void expect_cursor(struct world_connection *connection, uint64_t member, uint64_t at)
{
    struct presence presence = expect_presence(connection);
    assert_int_equal(presence.members, 1);
    assert_int_equal(get_array(&presence.rest), 5);
    assert_int_equal(get_uint(&presence.rest), member);
    assert_int_equal(get_uint(&presence.rest), at);
    assert_int_equal(get_uint(&presence.rest), at);
    assert_false(get_bool(&presence.rest));
    expect_text(&presence.rest, "mine");
}

/* ---- presence ---- */

static void who_comes_is_told_who_is_here_and_the_others_hear_of_it(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    struct world_connection *eve = hello(world, "Eve");
    uint64_t member = open_document(world, eve);
    struct presence presence = expect_presence(eve);
    assert_true(presence.full);
    assert_int_equal(presence.people, 3);
    assert_int_equal(presence.members, 3);
    world_pass(world, 100);
    presence = expect_presence(pair.ann);
    assert_false(presence.full);
    assert_int_equal(presence.people, 3);
    assert_int_equal(presence.members, 1);
    assert_int_equal(get_array(&presence.rest), 7);
    assert_int_equal(get_uint(&presence.rest), member);
    world_gone(world, eve);
    world_pass(world, 100);
    presence = expect_presence(pair.bob);
    presence = expect_presence(pair.bob);
    assert_int_equal(presence.people, 2);
    assert_int_equal(get_array(&presence.rest), 1);
    assert_int_equal(get_uint(&presence.rest), member);
}

static void many_moves_within_a_tick_are_one(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    world_commit(world);
    cursor(world, pair.ann, 1, 0);
    world_pass(world, 10);
    world_forget(pair.bob);
    for (int i = 0; i < 20; i++) {
        cursor(world, pair.ann, 1, i % 2);
    }
    world_pass(world, 100);
    expect_cursor(pair.bob, pair.ann_member, 1);
    struct reader fields;
    assert_false(world_find(pair.bob, WIRE_PRESENCE, &fields));
}

static void a_cursor_is_carried_along_by_edits(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    world_commit(world);
    cursor(world, pair.bob, 0, 0); /* made on version 0: Ann's text comes behind it */
    world_pass(world, 100);
    expect_cursor(pair.ann, pair.bob_member, 0);
    cursor(world, pair.bob, 1, 1);
    world_pass(world, 100);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(2), U(1), insert_at_start('y'));
    world_commit(world);
    struct world_connection *eve = hello(world, "Eve");
    open_document(world, eve);
    struct presence presence = expect_presence(eve);
    uint64_t found = WIRE_NONE;
    for (uint32_t i = 0; i < presence.members; i++) {
        struct ot_slice skipped;
        get_array(&presence.rest);
        uint64_t member = get_uint(&presence.rest);
        uint64_t anchor = get_uint(&presence.rest);
        get_uint(&presence.rest);
        get_bool(&presence.rest);
        assert_true(reader_nil(&presence.rest) || reader_string(&presence.rest, &skipped));
        assert_true(reader_string(&presence.rest, &skipped));
        assert_true(reader_string(&presence.rest, &skipped));
        found = member == pair.bob_member ? anchor : found;
    }
    assert_int_equal(found, 2);
}

static void a_cursor_past_the_end_is_put_at_the_end(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    cursor(world, pair.ann, 0, 1000000);
    world_pass(world, 100);
    expect_cursor(pair.bob, pair.ann_member, 0);
}

static void the_end_is_that_of_the_document_which_people_see(void **state)
{
    static const uint8_t delete_1[] = {0x02, 0x0a};
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    world_commit(world);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(2), U(1),
               (struct ot_slice){delete_1, sizeof delete_1}); /* not on disk yet */
    cursor(world, pair.bob, 1, 1);
    world_pass(world, 100);
    expect_cursor(pair.ann, pair.bob_member, 1);
}

static void typing_ends_by_itself(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_CURSOR, "uunntn", U(3), U(0));
    world_pass(world, 100);
    struct presence presence = expect_presence(pair.bob);
    get_array(&presence.rest);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    assert_true(get_bool(&presence.rest));
    world_pass(world, LIMIT_TYPING_MS + 2000);
    presence = expect_presence(pair.bob);
    get_array(&presence.rest);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    assert_false(get_bool(&presence.rest));
}

static void a_new_name_is_shown(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_PROFILE, "ss", "Anna", "#abcdef");
    world_pass(world, 100);
    struct presence presence = expect_presence(pair.bob);
    assert_int_equal(get_array(&presence.rest), 7);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    get_uint(&presence.rest);
    get_bool(&presence.rest);
    assert_true(reader_nil(&presence.rest));
    expect_text(&presence.rest, "Anna");
    expect_text(&presence.rest, "#abcdef");
}

static void a_crowd_is_counted_and_not_listed(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "d", STORE_TEXT);
    open_document(world, ann);
    /* one connection cannot read a document twice: a crowd of members comes from many connections
     */
    for (int i = 0; i < 40; i++) {
        open_document(world, hello(world, "Reader"));
    }
    world_pass(world, 300);
    struct world_connection *eve = hello(world, "Eve");
    open_document(world, eve);
    struct presence presence = expect_presence(eve);
    assert_int_equal(presence.people, 42);
    assert_true(presence.members <= LIMIT_PRESENCE_SHOWN);
}

/* ---- chat ---- */

static void expect_chat(struct world_connection *connection, uint64_t number, const char *text)
{
    struct reader fields;
    struct ot_slice skipped;
    assert_true(world_find(connection, WIRE_CHATTED, &fields));
    assert_int_equal(get_uint(&fields), 3);
    assert_int_equal(get_uint(&fields), number);
    get_uint(&fields);
    assert_true(reader_string(&fields, &skipped) && reader_string(&fields, &skipped));
    assert_true(get_uint(&fields) > 0);
    expect_text(&fields, text);
}

static void chat(struct world *world, struct world_connection *connection, uint64_t ref,
                 uint64_t nonce, const char *text)
{
    world_send(world, connection, WIRE_CHAT, "uuus", ref, U(3), nonce, text);
}

static void a_message_is_numbered_stored_and_acknowledged(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    chat(world, pair.ann, 77, 1, "hello");
    struct reader fields;
    assert_false(world_find(pair.bob, WIRE_CHATTED, &fields));
    world_commit(world);
    expect_chat(pair.bob, 1, "hello");
    assert_int_equal(expect_done_uint(pair.ann, 77), 1);
    chat(world, pair.bob, 5, 1, "hi"); /* another client's nonce is another message */
    world_commit(world);
    expect_chat(pair.ann, 2, "hi");
}

static void a_message_sent_again_is_not_said_again(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    chat(world, pair.ann, 1, 9, "once");
    chat(world, pair.ann, 2, 9, "once");
    world_commit(world);
    assert_int_equal(expect_done_uint(pair.ann, 1), 1);
    assert_int_equal(expect_done_uint(pair.ann, 2), 1);
    chat(world, pair.ann, 3, 9, "once");
    world_commit(world);
    assert_int_equal(expect_done_uint(pair.ann, 3), 1);
    expect_chat(pair.bob, 1, "once");
    struct reader fields;
    assert_false(world_find(pair.bob, WIRE_CHATTED, &fields));
}

static void a_message_sent_again_at_once_is_answered_when_it_is_on_disk(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.bob, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    chat(world, pair.ann, 1, 9, "once"); /* both wait behind the edit */
    chat(world, pair.ann, 2, 9, "once");
    world_commit(world);
    assert_int_equal(expect_done_uint(pair.ann, 1), 1);
    assert_int_equal(expect_done_uint(pair.ann, 2), 1);
    expect_chat(pair.bob, 1, "once");
    struct reader fields;
    assert_false(world_find(pair.bob, WIRE_CHATTED, &fields));
}

static void a_message_to_a_document_that_was_closed_meanwhile_is_refused(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.bob, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    chat(world, pair.ann, 1, 9, "never");
    world->append_result = STORE_E_FULL;
    world_commit(world);
    expect_error(pair.ann, "not_open");
}

static void a_message_is_answered_though_its_document_was_closed_meanwhile(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    struct store_request *edit = world->appends;
    world->appends = NULL; /* it fails by itself, before the message is on disk */
    world->appends_end = &world->appends;
    world->appends_asked--;
    chat(world, pair.bob, 1, 9, "stays");
    edit->result = STORE_E_FULL;
    hub_stored(world->hub, edit);
    world_commit(world);
    assert_int_equal(expect_done_uint(pair.bob, 1), 1);
    open_document(world, pair.ann);
    expect_chat(pair.ann, 1, "stays");
}

static void who_comes_later_gets_the_newest_messages_and_can_ask_for_older_ones(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    for (uint64_t i = 1; i <= LIMIT_CHAT_OPEN + 5; i++) {
        chat(world, pair.ann, i, i, i == 3 ? "the third" : "m");
        world_commit(world);
    }
    world_crash(world);
    struct world_connection *eve = hello(world, "Eve");
    open_document(world, eve);
    expect_chat(eve, 6, "m");
    struct reader fields;
    size_t count = 1;
    while (world_find(eve, WIRE_CHATTED, &fields)) {
        count++;
    }
    assert_int_equal(count, LIMIT_CHAT_OPEN);
    world_send(world, eve, WIRE_CHATS, "uuuu", U(8), U(3), U(5), U(2));
    assert_true(world_find(eve, WIRE_CHATS_PAGE, &fields));
    assert_int_equal(get_uint(&fields), 8);
    assert_int_equal(get_uint(&fields), 3);
    assert_true(get_bool(&fields));
    assert_int_equal(get_array(&fields), 2);
    get_array(&fields);
    assert_int_equal(get_uint(&fields), 3);
    expect_text(&fields, "Ann");
    expect_text(&fields, "#123456");
    get_uint(&fields);
    expect_text(&fields, "the third");
}

/* ---- documents ---- */

static void documents_are_created_listed_and_renamed(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    struct reader fields;
    struct ot_slice id;
    world_send(world, pair.bob, WIRE_CREATE, "uusn", U(4), U(STORE_RICH), "Other");
    assert_true(world_find(pair.bob, WIRE_DONE, &fields));
    get_uint(&fields);
    assert_true(reader_string(&fields, &id));
    assert_int_equal(id.size, 12);
    world_send(world, pair.bob, WIRE_CREATE, "uuss", U(5), U(STORE_RICH), "Again", "d");
    expect_error(pair.bob, "exists");
    world_send(world, pair.bob, WIRE_RENAME, "uss", U(6), "d", "New title");
    assert_true(world_find(pair.ann, WIRE_RENAMED, &fields));
    get_uint(&fields);
    expect_text(&fields, "New title");
    world_send(world, pair.bob, WIRE_LIST, "uunn", U(7), U(10));
    assert_true(world_find(pair.bob, WIRE_DOCUMENTS, &fields));
    assert_int_equal(get_uint(&fields), 7);
    assert_false(get_bool(&fields));
    assert_int_equal(get_array(&fields), 2);
    world_send(world, pair.bob, WIRE_RENAME, "uss", U(6), "none", "New title");
    expect_error(pair.bob, "not_found");
}

static void a_deleted_document_closes_for_everybody(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    struct reader fields;
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(1), U(0), insert_at_start('x'));
    world_send(world, pair.bob, WIRE_DELETE, "us", U(1), "d");
    world_send(world, pair.ann, WIRE_EDIT, "uuub", U(3), U(2), U(0), insert_at_start('x'));
    expect_error(pair.ann, "not_open");
    world_commit(world);
    assert_true(world_find(pair.ann, WIRE_CLOSED, &fields));
    assert_int_equal(get_uint(&fields), 3);
    expect_text(&fields, "deleted");
    assert_true(world_find(pair.bob, WIRE_DONE, &fields));
    world_send(world, pair.ann, WIRE_OPEN, "uusnnn", U(9), U(3), "d");
    expect_error(pair.ann, "not_found");
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
}

static void one_document_on_two_channels_is_refused(void **state)
{
    struct world *world = *state;
    struct pair pair = two_members(world);
    world_send(world, pair.ann, WIRE_OPEN, "uusnnn", U(9), U(4), "d");
    expect_error(pair.ann, "already_open");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(who_comes_is_told_who_is_here_and_the_others_hear_of_it),
        CASE(many_moves_within_a_tick_are_one),
        CASE(a_cursor_is_carried_along_by_edits),
        CASE(a_cursor_past_the_end_is_put_at_the_end),
        CASE(the_end_is_that_of_the_document_which_people_see),
        CASE(typing_ends_by_itself),
        CASE(a_new_name_is_shown),
        CASE(a_crowd_is_counted_and_not_listed),
        CASE(a_message_is_numbered_stored_and_acknowledged),
        CASE(a_message_sent_again_is_not_said_again),
        CASE(a_message_sent_again_at_once_is_answered_when_it_is_on_disk),
        CASE(a_message_to_a_document_that_was_closed_meanwhile_is_refused),
        CASE(a_message_is_answered_though_its_document_was_closed_meanwhile),
        CASE(who_comes_later_gets_the_newest_messages_and_can_ask_for_older_ones),
        CASE(documents_are_created_listed_and_renamed),
        CASE(a_deleted_document_closes_for_everybody),
        CASE(one_document_on_two_channels_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

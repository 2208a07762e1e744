/* What the hub promises to those in a room, as a transcript of the protocol. */
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

/* ---- clients ---- */

static void a_key_proves_a_client_and_the_newest_connection_wins(void **state)
{
    struct world *world = *state;
    struct world_connection *first = hello(world, "Ann");
    struct identity identity = identity_of(first);
    struct world_connection *second = hello_again(world, &identity);
    assert_int_equal(identity_of(second).client, identity.client);
    assert_int_equal(first->closed, WIRE_CLOSE_REPLACED);
    assert_int_equal(second->closed, 0);
    identity.key[3] ^= 1;
    struct world_connection *thief = hello_again(world, &identity);
    assert_int_not_equal(identity_of(thief).client, identity.client);
    assert_int_equal(second->closed, 0);
}

/* ---- edits ---- */

static void nobody_sees_an_edit_before_it_is_on_disk(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "hello"));
    assert_false(has_news(ann));
    assert_false(has_news(bob));
    world_commit(world);
    expect_ack(ann, 1, 1);
    expect_edit(bob, 1, insertion(0, "hello"));
}

static void the_committed_edit_wins_a_tie(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "A"));
    edit(world, bob, 1, 0, insertion(0, "B"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    expect_edit(ann, 2, insertion(1, "B"));
    expect_edit(bob, 1, insertion(0, "A"));
    expect_ack(bob, 2, 1);
    struct world_connection *eve = hello(world, "Eve");
    open_fresh(world, eve, "d");
    expect_bytes(expect_opened(eve).snapshot, insertion(0, "AB"));
}

/* One ACK, at its place: a second one could overtake what a slow reader has still to be given. */
static void a_repeated_edit_is_taken_once(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "x"));
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    assert_false(has_news(ann));
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    assert_false(has_news(ann));
    expect_edit(bob, 1, insertion(0, "x"));
    assert_false(has_news(bob));
}

static void another_edit_of_a_number_that_is_taken_is_refused(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "a"));
    world_commit(world);
    edit(world, bob, 1, 1, insertion(0, "b"));
    edit(world, ann, 1, 1, insertion(0, "z"));
    expect_error(ann, "seq_conflict");
    /* transformed meanwhile, it is the same */
    edit(world, ann, 1, 1, insertion(1, "a"));
    edit(world, ann, 2, 1, insertion(1, "c"));
    world_commit(world);
    expect_ack(ann, 3, 2);
}

/* Somebody who is back in a document whose only edit, theirs, has left memory. */
static struct world_connection *back_after_edit_left_memory(struct world *world)
{
    struct world_connection *ann = hello(world, "Ann");
    struct identity identity = identity_of(ann);
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    world_gone(world, ann);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
    world_crash(world);
    ann = hello_again(world, &identity);
    open_fresh(world, ann, "d");
    world_forget(ann);
    return ann;
}

static void another_edit_of_a_number_is_refused_when_the_first_has_left_memory(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = back_after_edit_left_memory(world);
    edit(world, ann, 1, 0, insertion(0, "z"));
    expect_error(ann, "seq_conflict");
    edit(world, ann, 1, 0, insertion(0, "x"));
    expect_ack(ann, 1, 1);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    expect_ack(ann, 2, 2);
}

static void another_edit_of_a_number_is_refused_when_the_room_has_gone_on(void **state)
{
    enum { SIZE = 300000, EDITS = 5 }; /* more than is kept in memory */
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    char *text = calloc(1, SIZE + 1);
    memset(text, 'b', SIZE);
    for (uint64_t seq = 1; seq <= EDITS; seq++) {
        edit(world, bob, seq, seq, insertion(0, text));
        world_commit(world);
    }
    free(text);
    world_forget(ann);
    edit(world, ann, 1, 1, insertion(0, "z"));
    expect_error(ann, "seq_conflict");
    edit(world, ann, 1, 1, insertion(0, "x")); /* over the connection that has its ACK */
    assert_false(has_news(ann));
    edit(world, ann, 2, EDITS + 1, insertion(0, "y"));
    world_commit(world);
    expect_ack(ann, EDITS + 2, 2);
}

static void a_repeated_edit_that_cannot_be_compared_closes_the_channel(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = back_after_edit_left_memory(world);
    struct world_connection *bob = hello(world, "Bob");
    open_fresh(world, bob, "d");
    edit(world, bob, 1, 1, insertion(0, "y")); /* what is read now waits for this */
    edit(world, ann, 1, 0, insertion(0, "x"));
    struct store_request *repeated = world->asked;
    assert_int_equal(repeated->kind, REQUEST_REPEATED);
    world->asked = NULL;
    world->asked_end = &world->asked;
    repeated->result = STORE_E_CORRUPT;
    world_forget(ann);
    hub_stored(world->hub, repeated);
    struct reader fields;
    assert_true(world_find(ann, WIRE_CLOSED, &fields));
    get_uint(&fields);
    expect_text(&fields, "internal");
    world_commit(world);
    expect_ack(bob, 2, 1);
}

static void an_edit_repeated_over_another_connection_gets_its_ack_again(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    struct identity identity = identity_of(ann);
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    world_gone(world, ann);
    ann = hello_again(world, &identity);
    open_fresh(world, ann, "d");
    assert_int_equal(expect_opened(ann).seq, 1);
    world_forget(ann);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    assert_false(has_news(ann));
}

static void edits_that_do_not_fit_are_refused_and_nothing_changes(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 2, 0, insertion(0, "x"));
    expect_error(ann, "bad_seq");
    edit(world, ann, 1, 1, insertion(0, "x"));
    expect_error(ann, "bad_base");
    edit(world, ann, 1, 0, insertion(1, "x"));
    expect_error(ann, "out_of_range");
    static const uint8_t bold[] = {0x0c, 0x0d, 0x04, 0x81, 0xa1, 'b', 0xc3, 'x'};
    edit(world, ann, 1, 0, (struct ot_slice){bold, sizeof bold});
    expect_error(ann, "not_text");
    world_send(world, ann, WIRE_EDIT, "uuub", U(5), U(1), U(0), insertion(0, "x"));
    expect_error(ann, "not_open");
    edit(world, ann, 1, 0, insertion(0, "ok"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    edit(world, ann, 2, 0, insertion(0, "x"));
    expect_error(ann, "bad_base");
    expect_edit(bob, 1, insertion(0, "ok"));
    assert_false(has_news(bob));
}

static void every_so_often_the_hash_is_told(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    for (uint64_t seq = 1; seq <= LIMIT_HASH_EDITS; seq++) {
        edit(world, ann, seq, seq - 1, insertion(0, "y"));
        world_commit(world);
    }
    struct reader fields;
    assert_true(world_find(bob, WIRE_HASH, &fields));
    get_uint(&fields);
    assert_int_equal(get_uint(&fields), LIMIT_HASH_EDITS);
    uint64_t hash = get_uint(&fields);
    struct world_connection *eve = hello(world, "Eve");
    open_fresh(world, eve, "d");
    assert_int_equal(ot_hash(expect_opened(eve).snapshot), hash);
}

/* ---- a full disk ---- */

static void a_full_disk_refuses_edits_and_shows_none_of_them(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    world->append_result = STORE_E_FULL;
    edit(world, ann, 1, 0, insertion(0, "x"));
    edit(world, bob, 1, 0, insertion(0, "y"));
    world_commit(world);
    expect_error(ann, "storage_full");
    expect_error(bob, "storage_full");
    struct reader fields;
    assert_true(world_find(ann, WIRE_CLOSED, &fields));
    world->append_result = STORE_OK;
    world_pass(world, LIMIT_STORAGE_PROBE_MS + 1);
    open_fresh(world, ann, "d");
    assert_int_equal(expect_opened(ann).head, 0);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
}

/* What is refused before it is taken in closes nothing, however often it comes. */
static void readers_stay_while_the_disk_is_full(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct reader fields;
    two_people(world, &ann, &bob);
    world->append_result = STORE_E_FULL;
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    open_fresh(world, ann, "d");
    open_fresh(world, bob, "d");
    for (int i = 0; i < 5; i++) {
        world_forget(ann);
        world_forget(bob);
        edit(world, ann, 1, 0, insertion(0, "x"));
        world_send(world, bob, WIRE_CHAT, "uuus", U(9), U(0), U(9), "hello");
        world_commit(world);
        expect_error(ann, "storage_full");
        expect_error(bob, "storage_full");
        assert_false(world_find(bob, WIRE_CLOSED, &fields));
        world_pass(world, LIMIT_STORAGE_RETRY_MS);
    }
    world->append_result = STORE_OK;
    world_pass(world, LIMIT_STORAGE_PROBE_MS + 1);
    world_forget(ann);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    expect_edit(bob, 1, insertion(0, "x"));
}

/* ---- stopping ---- */

static void stopping_finishes_what_was_taken_and_takes_no_more(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "x"));
    struct hub_in *in = calloc(1, sizeof *in);
    in->kind = HUB_IN_STOP;
    hub_receive(world->hub, in);
    edit(world, bob, 1, 0, insertion(0, "y"));
    expect_error(bob, "overloaded");
    assert_false(hub_stopped(world->hub));
    world_commit(world);
    expect_ack(ann, 1, 1);
    assert_true(hub_stopped(world->hub));
    assert_int_equal(store_unsettled(world->store, 0), 0);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_key_proves_a_client_and_the_newest_connection_wins),
        CASE(nobody_sees_an_edit_before_it_is_on_disk),
        CASE(the_committed_edit_wins_a_tie),
        CASE(a_repeated_edit_is_taken_once),
        CASE(another_edit_of_a_number_that_is_taken_is_refused),
        CASE(another_edit_of_a_number_is_refused_when_the_first_has_left_memory),
        CASE(another_edit_of_a_number_is_refused_when_the_room_has_gone_on),
        CASE(a_repeated_edit_that_cannot_be_compared_closes_the_channel),
        CASE(an_edit_repeated_over_another_connection_gets_its_ack_again),
        CASE(edits_that_do_not_fit_are_refused_and_nothing_changes),
        CASE(every_so_often_the_hash_is_told),
        CASE(a_full_disk_refuses_edits_and_shows_none_of_them),
        CASE(readers_stay_while_the_disk_is_full),
        CASE(stopping_finishes_what_was_taken_and_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

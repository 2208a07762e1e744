/* What those get who open a document, come back to it, or fall behind. */
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

/* ---- opening ---- */

static void a_rich_document_begins_with_a_newline_and_a_text_with_nothing(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "rich", STORE_RICH);
    create(world, ann, "text", STORE_TEXT);
    open_fresh(world, ann, "rich");
    expect_bytes(expect_opened(ann).snapshot, insertion(0, "\n"));
    open_fresh(world, ann, "text");
    expect_bytes(expect_opened(ann).snapshot, (struct ot_slice){(const uint8_t *)"", 1});
}

static void opening_waits_for_edits_that_are_not_on_disk(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "z"));
    struct world_connection *eve = hello(world, "Eve");
    world_forget(eve);
    open_fresh(world, eve, "d");
    assert_false(has_news(eve));
    edit(world, ann, 2, 0, insertion(0, "never: its base is too old"));
    world_commit(world);
    struct opened opened = expect_opened(eve);
    assert_int_equal(opened.version, 1);
    expect_bytes(opened.snapshot, insertion(0, "z"));
}

/* Nothing is said on a channel before OPENED, not even that an edit is known. */
static void who_waits_for_a_document_edits_nothing(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    struct identity identity = identity_of(hello(world, "Carl"));
    struct world_connection *carl = hello_again(world, &identity);
    open_fresh(world, carl, "d");
    edit(world, carl, 1, 0, insertion(0, "c"));
    world_commit(world);
    edit(world, ann, 1, 1, insertion(0, "z"));
    carl = hello_again(world, &identity);
    open_fresh(world, carl, "d");
    world_forget(carl);
    edit(world, carl, 1, 0, insertion(0, "c"));
    expect_error(carl, "not_open");
    world_commit(world);
    assert_int_equal(expect_opened(carl).version, 2);
    edit(world, carl, 1, 0, insertion(0, "c"));
    expect_ack(carl, 1, 1);
}

static void opening_is_refused_when_the_edits_it_waits_for_can_not_be_stored(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct reader fields;
    two_people(world, &ann, &bob);
    world->append_result = STORE_E_FULL;
    edit(world, ann, 1, 0, insertion(0, "z"));
    struct world_connection *eve = hello(world, "Eve");
    world_forget(eve);
    open_fresh(world, eve, "d");
    world_commit(world);
    expect_error(eve, "storage_full");
    assert_false(world_find(eve, WIRE_CLOSED, &fields));
    assert_true(world_find(bob, WIRE_CLOSED, &fields));
}

/* Somebody who opens a document just before it is deleted, and waits for its history, which is
 * asked for after the deletion. */
static struct world_connection *open_before_deletion(struct world *world)
{
    struct world_connection *ann = hello(world, "Ann");
    struct identity identity = identity_of(ann);
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    world_gone(world, ann);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    struct world_connection *bob = hello(world, "Bob");
    open_fresh(world, bob, "d");
    edit(world, bob, 1, 1, insertion(0, "z")); /* what is read now waits for this */
    ann = hello_again(world, &identity);
    world_forget(ann);
    open_at(world, ann, "d", 0);
    world_send(world, bob, WIRE_DELETE, "us", U(1), "d");
    world_commit(world);
    return ann;
}

static void opening_is_refused_when_the_document_is_deleted_meanwhile(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = open_before_deletion(world);
    expect_error(ann, "not_found");
    assert_false(has_news(ann));
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
}

static void opening_goes_on_when_the_document_can_not_be_deleted(void **state)
{
    struct world *world = *state;
    world->delete_result = STORE_E_FULL;
    struct world_connection *ann = open_before_deletion(world);
    struct opened opened = expect_opened(ann);
    assert_int_equal(opened.version, 0);
    assert_int_equal(opened.head, 2);
    expect_ack(ann, 1, 1);
    expect_edit(ann, 2, insertion(0, "z"));
}

static void a_client_that_comes_back_goes_on_where_it_was(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    struct identity identity = identity_of(ann);
    struct world_connection *bob = hello(world, "Bob");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    open_fresh(world, bob, "d");
    edit(world, bob, 1, 0, insertion(0, "1"));
    world_commit(world);
    edit(world, ann, 1, 1, insertion(1, "2")); /* arrives, but its ACK is never read */
    world_commit(world);
    edit(world, bob, 2, 2, insertion(2, "3"));
    world_commit(world);
    world_gone(world, ann);

    ann = hello_again(world, &identity);
    open_at(world, ann, "d", 0);
    struct opened opened = expect_opened(ann);
    assert_int_equal(opened.version, 0);
    assert_int_equal(opened.head, 3);
    assert_int_equal(opened.seq, 1);
    assert_null(opened.snapshot.data);
    expect_edit(ann, 1, insertion(0, "1"));
    expect_ack(ann, 2, 1);
    expect_edit(ann, 3, insertion(2, "3"));
    struct reader fields;
    assert_int_equal(world_next(ann, &fields), WIRE_HASH);
}

static void a_long_absence_is_caught_up_with_folded_edits(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    for (uint64_t seq = 1; seq <= LIMIT_CATCHUP_EDITS + 1; seq++) {
        edit(world, bob, seq, seq - 1, insertion(seq - 1, "n"));
        world_commit(world);
    }
    world_send(world, ann, WIRE_CLOSE, "u", U(0));
    world_forget(ann);
    open_at(world, ann, "d", 0);
    expect_opened(ann);
    struct reader fields;
    assert_int_equal(world_next(ann, &fields), WIRE_CATCHUP);
    get_uint(&fields);
    assert_int_equal(get_uint(&fields), 1);
    assert_int_equal(get_uint(&fields), LIMIT_CATCHUP_EDITS + 1);
    char text[LIMIT_CATCHUP_EDITS + 2] = {0};
    memset(text, 'n', LIMIT_CATCHUP_EDITS + 1);
    expect_bytes(get_bytes(&fields), insertion(0, text));
}

static void history_that_left_memory_is_read_from_the_store(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        edit(world, bob, seq, seq - 1, insertion(0, "h"));
        world_commit(world);
    }
    world_gone(world, ann);
    world_gone(world, bob);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
    assert_int_equal(store_unsettled(world->store, 0), 0);

    struct world_connection *eve = hello(world, "Eve");
    open_at(world, eve, "d", 1);
    struct opened opened = expect_opened(eve);
    assert_int_equal(opened.version, 1);
    assert_null(opened.snapshot.data);
    expect_edit(eve, 2, insertion(0, "h"));
    expect_edit(eve, 3, insertion(0, "h"));
}

static void another_epoch_or_an_unknown_version_gets_a_snapshot(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "s"));
    world_commit(world);
    struct world_connection *eve = hello(world, "Eve");
    world_send(world, eve, WIRE_OPEN, "uusuun", U(9), U(0), "d", U(123), U(0));
    expect_bytes(expect_opened(eve).snapshot, insertion(0, "s"));
    open_at(world, eve, "d", 7);
    expect_bytes(expect_opened(eve).snapshot, insertion(0, "s"));
    open_fresh(world, eve, "nothing");
    expect_error(eve, "not_found");
}

static void everything_acknowledged_is_there_after_a_crash(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    struct identity identity = identity_of(ann);
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "kept"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    edit(world, ann, 2, 1, insertion(0, "lost"));
    world_crash(world);

    ann = hello_again(world, &identity);
    open_at(world, ann, "d", 1);
    struct opened opened = expect_opened(ann);
    assert_int_equal(opened.head, 1);
    assert_int_equal(opened.seq, 1);
    edit(world, ann, 2, 1, insertion(4, "!"));
    world_commit(world);
    expect_ack(ann, 2, 2);
    struct world_connection *eve = hello(world, "Eve");
    open_fresh(world, eve, "d");
    expect_bytes(expect_opened(eve).snapshot, insertion(0, "kept!"));
}

static void a_reader_that_fell_behind_is_attached_anew(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "1"));
    world_commit(world);
    world_forget(bob);
    world_lag(world, bob, 0, bob->channels[0].attachment, 0);
    struct opened opened = expect_opened(bob);
    assert_int_equal(opened.version, 0);
    expect_edit(bob, 1, insertion(0, "1"));
    edit(world, bob, 1, 1, insertion(1, "2"));
    world_commit(world);
    expect_ack(bob, 2, 1);
}

static void a_lag_of_before_the_channel_was_opened_anew_means_nothing(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    uint64_t before = bob->channels[0].attachment;
    edit(world, ann, 1, 0, insertion(0, "1"));
    world_commit(world);
    open_fresh(world, bob, "d");
    expect_opened(bob);
    world_forget(bob);
    world_lag(world, bob, 0, before, 0);
    assert_false(has_news(bob));
    edit(world, ann, 2, 1, insertion(0, "2"));
    world_commit(world);
    expect_edit(bob, 2, insertion(0, "2"));
}

static void a_reader_that_cannot_be_caught_up_is_closed(void **state)
{
    enum { SIZE = 300000, EDITS = 5 }; /* more than is kept in memory */
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    char *text = calloc(1, SIZE + 1);
    memset(text, 'x', SIZE);
    for (uint64_t version = 0; version < EDITS; version++) {
        edit(world, ann, version + 1, version, insertion(0, text));
        world_commit(world);
    }
    free(text);
    edit(world, ann, EDITS + 1, EDITS, insertion(0, "y")); /* what is read now waits for this */
    world_forget(bob);
    world_lag(world, bob, 0, bob->channels[0].attachment, 0);
    struct store_request *history = world->asked;
    assert_int_equal(history->kind, REQUEST_HISTORY);
    world->asked = NULL;
    world->asked_end = &world->asked;
    history->result = STORE_E_CORRUPT;
    hub_stored(world->hub, history);
    struct reader fields;
    assert_int_equal(world_next(bob, &fields), WIRE_CLOSED);
    get_uint(&fields);
    expect_text(&fields, "internal");
    edit(world, bob, 1, EDITS, insertion(0, "z"));
    expect_error(bob, "not_open");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_rich_document_begins_with_a_newline_and_a_text_with_nothing),
        CASE(opening_waits_for_edits_that_are_not_on_disk),
        CASE(who_waits_for_a_document_edits_nothing),
        CASE(opening_is_refused_when_the_edits_it_waits_for_can_not_be_stored),
        CASE(opening_is_refused_when_the_document_is_deleted_meanwhile),
        CASE(opening_goes_on_when_the_document_can_not_be_deleted),
        CASE(a_client_that_comes_back_goes_on_where_it_was),
        CASE(a_long_absence_is_caught_up_with_folded_edits),
        CASE(history_that_left_memory_is_read_from_the_store),
        CASE(another_epoch_or_an_unknown_version_gets_a_snapshot),
        CASE(everything_acknowledged_is_there_after_a_crash),
        CASE(a_reader_that_fell_behind_is_attached_anew),
        CASE(a_lag_of_before_the_channel_was_opened_anew_means_nothing),
        CASE(a_reader_that_cannot_be_caught_up_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

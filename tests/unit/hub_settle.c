/* A document whose snapshot is not what its stored edits make: it is found before that takes the
 * place of the one before, and closed, and the others live on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_transcript.h"
#include "lib/plant.h"
#include "server/hub/room.h"
#include "server/limits.h"

#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

static struct room *room_d(struct world *world)
{
    struct room *room = room_find(world->hub, (struct ot_slice){(const uint8_t *)"d", 1});
    assert_non_null(room);
    return room;
}

/* The document "d" is settled with its next edit, as if there had been many. */
static void settle_next(struct world *world)
{
    struct room *room = room_d(world);
    room->settled = room->head - LIMIT_SETTLE_EDITS;
}

static int64_t key_d(struct world *world)
{
    struct store_document document;
    assert_int_equal(store_find(world->store, "d", &document), STORE_OK);
    return document.key;
}

static uint64_t snapshot_version(struct world *world)
{
    struct store_head head;
    assert_int_equal(store_load(world->store, key_d(world), &head), STORE_OK);
    return head.snapshot_version;
}

/* Text "x", settled at version 1, and somebody else's document "other". */
static void settled_document(struct world *world, struct world_connection **ann,
                             struct world_connection **bob)
{
    two_people(world, ann, bob);
    create(world, *bob, "other", STORE_TEXT);
    settle_next(world);
    edit(world, *ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    assert_int_equal(snapshot_version(world), 1);
    world_forget(*ann);
    world_forget(*bob);
}

static void expect_closed(struct world_connection *connection)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_CLOSED, &fields));
    get_uint(&fields);
    expect_text(&fields, "storage_corrupt");
}

/* "d" is closed for both, and stays so; what was saved of it before is still there. */
static void expect_quarantine(struct world *world, struct world_connection *ann,
                              struct world_connection *bob, uint64_t version)
{
    assert_int_equal(world->logged, 1);
    expect_closed(ann);
    expect_closed(bob);
    open_fresh(world, ann, "d");
    expect_error(ann, "storage_corrupt");
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    open_fresh(world, bob, "d");
    expect_error(bob, "storage_corrupt");
    assert_int_equal(world->logged, 1);
    assert_int_equal(snapshot_version(world), version);

    open_fresh(world, bob, "other");
    expect_opened(bob);
    edit(world, bob, 1, 0, insertion(0, "o"));
    world_commit(world);
    expect_ack(bob, 1, 1);
}

/* ---- what is planted ---- */

static void a_document_in_memory_that_is_not_what_its_edits_make_is_closed(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct ot_error error;
    settled_document(world, &ann, &bob);
    assert_int_equal(ot_doc_apply(room_d(world)->doc, insertion(0, "?"), &error), OT_OK);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    expect_ack(ann, 2, 2);
    expect_quarantine(world, ann, bob, 1);

    /* Started anew, it goes on from what was stored, all of which is right. */
    world_crash(world);
    struct world_connection *eve = hello(world, "Eve");
    open_fresh(world, eve, "d");
    expect_bytes(expect_opened(eve).snapshot, insertion(0, "xy"));
}

static void an_edit_that_is_stored_as_another_is_found(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    settled_document(world, &ann, &bob);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    struct store_request *append = world->appends;
    append->blob->data[append->blob->size - 1] = 'z';
    world_commit(world);
    expect_quarantine(world, ann, bob, 1);
}

static void a_snapshot_that_was_replaced_is_found(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    bool done = false;
    settled_document(world, &ann, &bob);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    struct ot_slice wrong = insertion(0, "of another document");
    while (!done) {
        assert_int_equal(store_settle(world->store, key_d(world), 2,
                                      (struct store_slice){wrong.data, wrong.size}, 1, &done),
                         STORE_OK);
    }
    settle_next(world);
    edit(world, ann, 3, 2, insertion(2, "z"));
    world_commit(world);
    expect_quarantine(world, ann, bob, 2);
}

/* Another row in its place, whole in itself. */
static void a_snapshot_of_another_document_in_its_place_is_found(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    settled_document(world, &ann, &bob);
    open_fresh(world, bob, "other");
    expect_opened(bob);
    edit(world, bob, 1, 0, insertion(0, "o"));
    world_commit(world);
    world_send(world, bob, WIRE_CLOSE, "u", U(0));
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    open_fresh(world, bob, "d");
    world_forget(bob);
    plant(world->store, "UPDATE snapshots SET (data, sum) ="
                        " (SELECT data, sum FROM snapshots WHERE doc = 2) WHERE doc = 1");
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    assert_int_equal(world->logged, 1);
    expect_closed(ann);
    expect_closed(bob);
    open_fresh(world, bob, "d");
    expect_error(bob, "storage_corrupt");
    world_crash(world);
    bob = hello(world, "Bob");
    open_fresh(world, bob, "d");
    expect_error(bob, "storage_corrupt");
    open_fresh(world, bob, "other");
    expect_bytes(expect_opened(bob).snapshot, insertion(0, "o"));
}

/* ---- large edits ---- */

static void large_edits_are_settled_before_they_are_many(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    assert_true(room_d(world)->edited_bytes > 0);
    room_d(world)->edited_bytes = LIMIT_SETTLE_BYTES - 100;
    edit(world, ann, 2, 1, insertion(0, "short"));
    world_commit(world);
    assert_int_equal(snapshot_version(world), 0);
    char text[101] = "";
    memset(text, 'y', sizeof(text) - 1);
    edit(world, ann, 3, 2, insertion(0, text));
    world_commit(world);
    assert_int_equal(snapshot_version(world), 3);
    assert_int_equal(room_d(world)->edited_bytes, 0);
}

/* In how many slices the edits of "d" are replayed, moved and saved. */
static unsigned slices(struct world *world)
{
    struct store_request *request = request_new(REQUEST_SETTLE);
    unsigned count = 0;
    request->key = key_d(world);
    request->first = room_d(world)->head;
    request->document = room_d(world)->document;
    request->blob = blob_ref(room_snapshot(room_d(world)));
    for (; request->result == STORE_OK && !request->done; count++) {
        if (request->replaying)
            request_replay(request);
        else
            request_serve(world->store, request);
    }
    assert_int_equal(request->result, STORE_OK);
    request_free(request);
    return count;
}

static void a_slice_of_settling_holds_few_large_edits(void **state)
{
    enum { EDITS = 32, SIZE = 32000 };
    struct world *world = *state;
    struct world_connection *ann, *bob;
    char *text = calloc(1, SIZE + 1);
    unsigned all[2];
    two_people(world, &ann, &bob);
    for (uint64_t version = 0; version < 2 * EDITS; version++) {
        if (version == EDITS) {
            all[0] = slices(world);
            memset(text, 'x', SIZE);
        } else if (version < EDITS) {
            text[0] = 'x';
        }
        edit(world, ann, version + 1, version, insertion(0, text));
        world_commit(world);
    }
    all[1] = slices(world);
    free(text);
    assert_true(all[1] >= all[0] + 2 * EDITS * SIZE / 65536 - 2);
}

/* Each time takes as long as the document is, so whoever comes and goes does not bring it about. */
static void who_leaves_before_an_edit_is_stored_has_nothing_settled_at_once(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    settled_document(world, &ann, &bob);
    world_gone(world, bob);
    edit(world, ann, 2, 1, insertion(0, "y"));
    world_gone(world, ann);
    size_t asked = world->asked_count;
    world_commit(world);
    assert_int_equal(world->asked_count, asked);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    assert_int_equal(snapshot_version(world), 2);
}

/* ---- what is done with it ---- */

static void expect_reopened(struct world *world, const char *id, int result)
{
    world_reopen(world, 7, id);
    assert_int_equal(world->answered_ticket, 7);
    assert_int_equal(world->answered_result, result);
}

static void a_document_that_was_closed_can_be_opened_again(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct ot_error error;
    settled_document(world, &ann, &bob);
    expect_reopened(world, "d", STORE_OK);
    expect_reopened(world, "none", STORE_E_NOT_FOUND);
    expect_reopened(world, "", STORE_E_NOT_FOUND);
    expect_reopened(world, "12345678901234567890123456789012345678901234567890123456789012345",
                    STORE_E_NOT_FOUND);
    assert_int_equal(ot_doc_apply(room_d(world)->doc, insertion(0, "?"), &error), OT_OK);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    expect_ack(ann, 2, 2);
    expect_quarantine(world, ann, bob, 1);

    expect_reopened(world, "d", STORE_OK);
    open_fresh(world, ann, "d");
    expect_bytes(expect_opened(ann).snapshot, insertion(0, "xy"));
    settle_next(world);
    edit(world, ann, 3, 2, insertion(2, "z"));
    world_commit(world);
    expect_ack(ann, 3, 3);
    assert_int_equal(snapshot_version(world), 3);
}

/* Those that were on their way when it was closed are stored first. */
static void a_document_is_opened_again_with_the_edits_that_were_on_their_way(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct ot_error error;
    settled_document(world, &ann, &bob);
    assert_int_equal(ot_doc_apply(room_d(world)->doc, insertion(0, "?"), &error), OT_OK);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    expect_closed(ann);
    world_reopen(world, 7, "d");
    open_fresh(world, ann, "d");
    expect_opened(ann);
    edit(world, ann, 3, 2, insertion(2, "z"));
    room_d(world)->damaged = true;
    world_reopen(world, 8, "d");
    world_commit(world);
    assert_int_equal(world->answered_ticket, 8);
    assert_int_equal(world->answered_result, STORE_OK);
    open_fresh(world, bob, "d");
    expect_bytes(expect_opened(bob).snapshot, insertion(0, "xyz"));
}

static void what_is_stored_of_a_document_and_damaged_keeps_it_closed(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    settled_document(world, &ann, &bob);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    struct store_request *append = world->appends;
    append->blob->data[append->blob->size - 1] = '\xff';
    world_commit(world);
    expect_quarantine(world, ann, bob, 1);
    expect_reopened(world, "d", STORE_E_CORRUPT);
    open_fresh(world, ann, "d");
    expect_error(ann, "storage_corrupt");
}

static void a_document_that_was_closed_can_be_deleted(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct reader fields;
    struct ot_error error;
    settled_document(world, &ann, &bob);
    assert_int_equal(ot_doc_apply(room_d(world)->doc, insertion(0, "?"), &error), OT_OK);
    settle_next(world);
    edit(world, ann, 2, 1, insertion(1, "y"));
    world_commit(world);
    world->delete_result = STORE_E_FULL;
    world_send(world, ann, WIRE_DELETE, "us", U(1), "d");
    expect_error(ann, "storage_full");
    open_fresh(world, ann, "d");
    expect_error(ann, "storage_corrupt");
    world->delete_result = STORE_OK;
    world_send(world, ann, WIRE_DELETE, "us", U(1), "d");
    assert_true(world_find(ann, WIRE_DONE, &fields));
    open_fresh(world, ann, "d");
    expect_error(ann, "not_found");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_document_in_memory_that_is_not_what_its_edits_make_is_closed),
        CASE(an_edit_that_is_stored_as_another_is_found),
        CASE(a_snapshot_that_was_replaced_is_found),
        CASE(a_snapshot_of_another_document_in_its_place_is_found),
        CASE(large_edits_are_settled_before_they_are_many),
        CASE(a_slice_of_settling_holds_few_large_edits),
        CASE(who_leaves_before_an_edit_is_stored_has_nothing_settled_at_once),
        CASE(a_document_that_was_closed_can_be_opened_again),
        CASE(a_document_is_opened_again_with_the_edits_that_were_on_their_way),
        CASE(what_is_stored_of_a_document_and_damaged_keeps_it_closed),
        CASE(a_document_that_was_closed_can_be_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

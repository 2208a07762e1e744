/* Who opens a document while it is edited: the snapshot is made now and then, and shared, and who
 * comes in between gets the edits since too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))
#define LETTERS  400000
#define REST_MS  (1 + LETTERS / LIMIT_SNAPSHOT_PACE)

static struct room *room_d(struct world *world)
{
    struct room *room = room_find(world->hub, (struct ot_slice){(const uint8_t *)"d", 1});
    assert_non_null(room);
    return room;
}

/* The text "d" of so many letters at version 1, in which Ann is the only one, and has read all. */
static void write_text_of(struct world *world, struct world_connection *ann, size_t letters)
{
    char *text = calloc(1, letters + 1);
    memset(text, 'x', letters);
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, text));
    world_commit(world);
    free(text);
    world_forget(ann);
    world->now_ms += 1000; /* since when it was opened, empty */
}

static struct world_connection *write_text(struct world *world, size_t letters)
{
    struct world_connection *ann = hello(world, "Ann");
    write_text_of(world, ann, letters);
    return ann;
}

static struct world_connection *arrive(struct world *world, const char *name)
{
    struct world_connection *connection = hello(world, name);
    world_forget(connection);
    open_fresh(world, connection, "d");
    return connection;
}

/* Edit `seq` of Ann, who alone edits. */
static void type(struct world *world, struct world_connection *ann, uint64_t seq)
{
    edit(world, ann, seq, seq - 1, insertion(0, "y"));
    world_commit(world);
    world_forget(ann);
}

/* HASH, if that is what is next. */
static bool is_hash_next(struct world_connection *connection, uint64_t version)
{
    struct reader fields;
    bool is = world_next(connection, &fields) == WIRE_HASH;
    if (is) {
        get_uint(&fields);
        assert_int_equal(get_uint(&fields), version);
    }
    return is;
}

static void who_comes_soon_after_others_gets_their_snapshot_and_the_edits_since(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    assert_int_equal(expect_opened(arrive(world, "Bob")).version, 1);
    const struct blob *made = room_d(world)->snapshot;
    world->now_ms += REST_MS - 1;
    type(world, ann, 2);
    type(world, ann, 3);
    struct world_connection *carl = arrive(world, "Carl");
    struct opened opened = expect_opened(carl);
    assert_int_equal(opened.version, 1);
    assert_int_equal(opened.head, 3);
    assert_int_equal(opened.snapshot.size, made->size);
    assert_ptr_equal(room_d(world)->snapshot, made);
    assert_true(is_hash_next(carl, 1));
    expect_edit(carl, 2, insertion(0, "y"));
    expect_edit(carl, 3, insertion(0, "y"));
    type(world, ann, 4);
    expect_edit(carl, 4, insertion(0, "y"));
    edit(world, carl, 1, 4, insertion(0, "c"));
    world_commit(world);
    expect_ack(carl, 5, 1);
}

/* One millisecond, and one for each so many bytes. */
static void a_snapshot_rests_as_long_as_the_limit_says(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    assert_int_equal(expect_opened(arrive(world, "Bob")).version, 1);
    type(world, ann, 2);
    world->now_ms += REST_MS - 1;
    assert_int_equal(expect_opened(arrive(world, "Carl")).version, 1);
    world->now_ms += 1;
    struct world_connection *dora = arrive(world, "Dora");
    assert_int_equal(expect_opened(dora).version, 2);
    assert_true(is_hash_next(dora, 2));
}

static void many_edits_since_are_folded(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    arrive(world, "Bob");
    for (uint64_t i = 0; i <= LIMIT_CATCHUP_EDITS; i++) {
        type(world, ann, 2 + i);
    }
    struct world_connection *carl = arrive(world, "Carl");
    assert_int_equal(expect_opened(carl).version, 1);
    struct reader fields;
    assert_true(world_find(carl, WIRE_CATCHUP, &fields));
    get_uint(&fields);
    assert_int_equal(get_uint(&fields), 2);
    assert_int_equal(get_uint(&fields), 2 + LIMIT_CATCHUP_EDITS);
}

static void a_snapshot_is_made_anew_when_the_edits_since_are_a_quarter_of_it(void **state)
{
    enum { PART = LETTERS / 16 };
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    char text[PART + 1] = {0};
    memset(text, 'z', PART);
    arrive(world, "Bob");
    uint64_t version = 1;
    for (; version < 4; version++) {
        edit(world, ann, version + 1, version, insertion(0, text));
        world_commit(world);
    }
    assert_int_equal(expect_opened(arrive(world, "Carl")).version, 1);
    edit(world, ann, version + 1, version, insertion(0, text));
    world_commit(world);
    assert_int_equal(expect_opened(arrive(world, "Dora")).version, version + 1);
}

/* And when those that lead on from it have left memory. */
static void a_snapshot_is_made_anew_when_the_edits_since_are_not_at_hand(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    struct room *room = room_d(world);
    arrive(world, "Bob");
    type(world, ann, 2);
    type(world, ann, 3);
    room->history.count--; /* as if there had been many more */
    blob_unref(history_at(&room->history, room->history.first)->blob);
    room->history.first++;
    assert_int_equal(room->history.first, 2);
    assert_int_equal(expect_opened(arrive(world, "Carl")).version, 1);
    blob_unref(history_at(&room->history, room->history.first)->blob);
    room->history.first++;
    room->history.count--;
    assert_int_equal(expect_opened(arrive(world, "Dora")).version, 3);
}

/* What the client may have on its way has to be in it. */
static void who_has_edited_since_waits_for_another_snapshot(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    arrive(world, "Bob");
    world->now_ms += 1;
    type(world, ann, 2);
    open_fresh(world, ann, "d");
    assert_false(has_news(ann));
    uint64_t next_ms = room_d(world)->snapshot_rests_ms;
    assert_int_equal(next_ms, world->now_ms + REST_MS - 1);
    assert_true(hub_next_ms(world->hub) <= next_ms);
    world->now_ms = next_ms - 1;
    hub_tick(world->hub);
    assert_false(has_news(ann));
    world->now_ms = next_ms;
    hub_tick(world->hub);
    struct opened opened = expect_opened(ann);
    assert_int_equal(opened.version, 2);
    assert_int_equal(opened.seq, 2);
    assert_int_equal(room_d(world)->awaiting, 0);
    edit(world, ann, 3, 2, insertion(0, "z"));
    world_commit(world);
    expect_ack(ann, 3, 3);
}

/* Nobody is taken back to before what they have seen, which is not known of who names nothing. */
static void who_may_remember_more_waits_for_another_snapshot(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    struct world_connection *bob = arrive(world, "Bob");
    struct world_connection *carl = arrive(world, "Carl");
    struct identity identity = identity_of(hello(world, "Dora"));
    struct world_connection *dora = hello_again(world, &identity);
    type(world, ann, 2);
    world_forget(bob);
    open_fresh(world, bob, "d"); /* on the open channel */
    world_send(world, carl, WIRE_CLOSE, "u", U(0));
    world_forget(carl);
    open_fresh(world, carl, "d");
    world_forget(dora);
    open_fresh(world, dora, "d");
    assert_false(has_news(bob) || has_news(carl) || has_news(dora));
    assert_int_equal(room_d(world)->awaiting, 3);
    world_send(world, carl, WIRE_CLOSE, "u", U(0));
    open_fresh(world, bob, "d");
    assert_int_equal(room_d(world)->awaiting, 2);
    assert_int_equal(expect_opened(arrive(world, "Eve")).version, 1);
    type(world, ann, 3);
    world_pass(world, REST_MS + 10);
    const struct blob *made = room_d(world)->snapshot;
    assert_int_equal(expect_opened(bob).version, 3);
    assert_int_equal(expect_opened(dora).version, 3);
    assert_ptr_equal(room_d(world)->snapshot, made);
    struct reader fields;
    assert_false(world_find(carl, WIRE_OPENED, &fields));
    assert_false(world_find(bob, WIRE_OPENED, &fields));
    assert_int_equal(room_d(world)->awaiting, 0);
}

/* A reader that fell behind with an edit under way, and can not be caught up. */
static void who_fell_behind_waits_too_and_stays(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    arrive(world, "Bob");
    type(world, ann, 2);
    world_lag(world, ann, 0, ann->channels[0].attachment, 7); /* no such version */
    assert_false(has_news(ann));
    edit(world, ann, 3, 2, insertion(0, "z"));
    world_commit(world);
    world_forget(ann);
    world_pass(world, REST_MS + 10);
    assert_int_equal(expect_opened(ann).version, 3);
}

/* Bytes of work that are counted as such. */
#define COUNTED 40000

static void who_names_a_version_that_is_newer_than_the_snapshot_goes_on_from_it(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    struct world_connection *bob = arrive(world, "Bob");
    char word[COUNTED / LIMIT_CATCHUP_EDITS] = {0};
    memset(word, 'w', sizeof word - 1);
    for (uint64_t i = 0; i <= LIMIT_CATCHUP_EDITS + 1; i++) {
        edit(world, ann, 2 + i, 1 + i, insertion(0, word));
        world_commit(world);
    }
    while (rates_allow_work(world->hub, COUNTED)) {
        /* until nothing may be folded any more */
    }
    world_forget(bob);
    open_at(world, bob, "d", 2);
    struct opened opened = expect_opened(bob);
    assert_int_equal(opened.version, 2);
    assert_null(opened.snapshot.data);
    for (uint64_t i = 1; i <= LIMIT_CATCHUP_EDITS + 1; i++) {
        expect_edit(bob, 2 + i, insertion(0, word));
    }
    struct world_connection *carl = arrive(world, "Carl");
    assert_int_equal(expect_opened(carl).version, 1);
    assert_true(is_hash_next(carl, 1));
    expect_edit(carl, 2, insertion(0, word));
}

/* It can not be told from what is at hand; another one comes with later edits. */
static void who_goes_on_while_the_snapshot_rests_is_told_no_hash(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    struct world_connection *bob = arrive(world, "Bob");
    type(world, ann, 2);
    world_forget(bob);
    open_at(world, bob, "d", 1);
    assert_null(expect_opened(bob).snapshot.data);
    expect_edit(bob, 2, insertion(0, "y"));
    assert_false(is_hash_next(bob, 2));
    world->now_ms += REST_MS;
    world_forget(bob);
    open_at(world, bob, "d", 1);
    expect_opened(bob);
    expect_edit(bob, 2, insertion(0, "y"));
    assert_true(is_hash_next(bob, 2));
}

/* ---- while the answer waits for the last of the edits ---- */

/* Carl, who has opened the document on a channel while edit 3 is not on disk yet. */
static struct world_connection *come_before_commit(struct world *world)
{
    struct world_connection *ann = write_text(world, LETTERS);
    arrive(world, "Bob");
    type(world, ann, 2);
    edit(world, ann, 3, 2, insertion(0, "y"));
    struct world_connection *carl = arrive(world, "Carl");
    assert_false(has_news(carl));
    return carl;
}

static void who_closes_the_channel_meanwhile_hears_nothing(void **state)
{
    struct world *world = *state;
    struct world_connection *carl = come_before_commit(world);
    world_send(world, carl, WIRE_CLOSE, "u", U(0));
    world_commit(world);
    assert_false(has_news(carl));
    assert_int_equal(room_d(world)->waiting, 0);
}

static void who_opens_it_anew_meanwhile_is_answered_once(void **state)
{
    struct world *world = *state;
    struct world_connection *carl = come_before_commit(world);
    world_send(world, carl, WIRE_CLOSE, "u", U(0));
    open_fresh(world, carl, "d");
    open_fresh(world, carl, "d");
    assert_false(has_news(carl));
    world_commit(world);
    struct opened opened = expect_opened(carl);
    assert_int_equal(opened.version, 1);
    assert_int_equal(opened.head, 3);
    assert_true(is_hash_next(carl, 1));
    expect_edit(carl, 2, insertion(0, "y"));
    expect_edit(carl, 3, insertion(0, "y"));
    struct reader fields;
    assert_false(world_find(carl, WIRE_OPENED, &fields));
}

static void when_the_edits_can_not_be_stored_it_is_refused_and_then_given_as_it_is(void **state)
{
    struct world *world = *state;
    struct world_connection *carl = come_before_commit(world);
    world->append_result = STORE_E_FULL;
    world_commit(world);
    expect_error(carl, "storage_full");
    world->append_result = STORE_OK;
    world_forget(carl);
    open_fresh(world, carl, "d");
    struct opened opened = expect_opened(carl);
    assert_int_equal(opened.version, 2);
    assert_int_equal(opened.head, 2);
}

/* ---- whose role changes meanwhile ---- */

#define OWNS ",\"docs\":{\"d\":\"owner\"}"
#define SEES ",\"docs\":{\"d\":\"viewer\"}"

/* The next OPENED: with version 1, head 2 and this role. */
static void expect_role(struct world_connection *connection, const char *role)
{
    struct reader fields;
    struct ot_slice string;
    assert_true(world_find(connection, WIRE_OPENED, &fields));
    for (int i = 0; i < 3; i++) {
        get_uint(&fields); /* channel, ref, epoch */
    }
    assert_int_equal(get_uint(&fields), 1);
    assert_int_equal(get_uint(&fields), 2);
    get_uint(&fields); /* seq */
    get_bytes(&fields);
    get_uint(&fields); /* type */
    assert_true(reader_string(&fields, &string));
    expect_text(&fields, role);
}

static void a_role_that_changes_meanwhile_is_the_one_that_is_told(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = person(guarded, "ann", HOUR_S, OWNS);
    struct world_connection *carl = person(guarded, "carl", HOUR_S, OWNS);
    write_text_of(world, ann, LETTERS);
    open_fresh(world, person(guarded, "bob", HOUR_S, OWNS), "d");
    edit(world, ann, 2, 1, insertion(0, "y"));
    world_forget(carl);
    open_fresh(world, carl, "d");
    renew(guarded, carl, token_of(guarded, "carl", HOUR_S, SEES));
    world_commit(world);
    expect_role(carl, "viewer");
    assert_true(is_hash_next(carl, 1));
    expect_edit(carl, 2, insertion(0, "y"));
    edit(world, carl, 1, 2, insertion(0, "x"));
    assert_string_equal(error_of(carl), "forbidden");

    renew(guarded, carl, token_of(guarded, "carl", HOUR_S, OWNS));
    edit(world, ann, 3, 2, insertion(0, "z"));
    world_send(world, carl, WIRE_CLOSE, "u", U(0));
    world_forget(carl);
    open_fresh(world, carl, "d");
    assert_false(has_news(carl));
    renew(guarded, carl, token_of(guarded, "carl", HOUR_S, ""));
    assert_string_equal(error_of(carl), "not_found");
    world_forget(carl);
    world_commit(world);
    assert_false(has_news(carl));
}

/* ---- cold ---- */

static size_t loads(const struct world *world)
{
    size_t count = 0;
    for (const struct store_request *request = world->asked; request != NULL;
         request = request->next) {
        count += request->kind == REQUEST_LOAD;
    }
    return count;
}

static void many_who_open_what_is_not_in_memory_have_it_loaded_and_made_once(void **state)
{
    enum { MANY = 20 };
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    world_gone(world, ann);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
    struct world_connection *people[MANY];
    for (size_t i = 0; i < MANY; i++) {
        people[i] = hello(world, "Somebody");
        world_forget(people[i]);
    }
    ann = hello(world, "Ann");
    edit(world, ann, 1, 0, insertion(0, "")); /* not_open; what is read now waits for nothing */
    for (size_t i = 0; i < MANY; i++) {
        open_fresh(world, people[i], "d");
        assert_in_range(loads(world), 0, 1);
    }
    world_run(world);
    const struct blob *made = room_d(world)->snapshot;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(expect_opened(people[i]).snapshot.size, made->size);
    }
    assert_int_equal(room_d(world)->snapshot_at, 1);
}

/* The one that is stored, with the edits since. */
static void the_snapshot_that_a_document_was_loaded_from_is_the_one_at_hand(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = write_text(world, LETTERS);
    world_gone(world, ann);
    world_pass(world, LIMIT_ROOM_IDLE_MS + 3000);
    ann = arrive(world, "Ann");
    expect_opened(ann);
    edit(world, ann, 1, 1, insertion(0, "y"));
    world_commit(world);
    world_crash(world);
    struct world_connection *bob = arrive(world, "Bob");
    struct opened opened = expect_opened(bob);
    assert_int_equal(opened.version, 1);
    assert_int_equal(opened.head, 2);
    assert_in_range(opened.snapshot.size, LETTERS, LETTERS + 16);
    assert_true(is_hash_next(bob, 1));
    expect_edit(bob, 2, insertion(0, "y"));
    uint32_t stored = room_d(world)->snapshot_hash;
    world_pass(world, REST_MS);
    room_renew_snapshot(world->hub, room_d(world));
    assert_int_equal(room_d(world)->snapshot_at, 2);
    assert_int_not_equal(room_d(world)->snapshot_hash, stored);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(who_comes_soon_after_others_gets_their_snapshot_and_the_edits_since),
        CASE(a_snapshot_rests_as_long_as_the_limit_says),
        CASE(many_edits_since_are_folded),
        CASE(a_snapshot_is_made_anew_when_the_edits_since_are_a_quarter_of_it),
        CASE(a_snapshot_is_made_anew_when_the_edits_since_are_not_at_hand),
        CASE(who_has_edited_since_waits_for_another_snapshot),
        CASE(who_may_remember_more_waits_for_another_snapshot),
        CASE(who_fell_behind_waits_too_and_stays),
        CASE(who_names_a_version_that_is_newer_than_the_snapshot_goes_on_from_it),
        CASE(who_goes_on_while_the_snapshot_rests_is_told_no_hash),
        CASE(who_closes_the_channel_meanwhile_hears_nothing),
        CASE(who_opens_it_anew_meanwhile_is_answered_once),
        CASE(when_the_edits_can_not_be_stored_it_is_refused_and_then_given_as_it_is),
        cmocka_unit_test_setup_teardown(a_role_that_changes_meanwhile_is_the_one_that_is_told,
                                        guarded_setup, guarded_teardown),
        CASE(many_who_open_what_is_not_in_memory_have_it_loaded_and_made_once),
        CASE(the_snapshot_that_a_document_was_loaded_from_is_the_one_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

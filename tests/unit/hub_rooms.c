/* What the hub promises to those in a room, as a transcript of the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_world.h"
#include "server/limits.h"

#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

/* ---- fixture ---- */

static int setup(void **state)
{
    static struct world world;
    world_start(*state = &world);
    return 0;
}

static int teardown(void **state)
{
    world_stop(*state);
    return 0;
}

/* ---- helpers ---- */

static uint64_t get_uint(struct reader *reader)
{
    uint64_t value;
    assert_true(reader_uint_or_nil(reader, &value));
    return value;
}

static struct ot_slice get_bytes(struct reader *reader)
{
    struct ot_slice bytes = {NULL, 0};
    assert_true(reader_nil(reader) || reader_bytes(reader, &bytes));
    return bytes;
}

static void expect_text(struct reader *reader, const char *expected)
{
    struct ot_slice string;
    assert_true(reader_string(reader, &string));
    assert_int_equal(string.size, strlen(expected));
    assert_memory_equal(string.data, expected, string.size);
}

/* Lives until seven further calls. */
static struct ot_slice insertion(uint64_t position, const char *text)
{
    static struct ot_buf bufs[8];
    static size_t turn;
    struct ot_buf *buf = &bufs[turn++ % 8];
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_buf_deinit(buf);
    *buf = (struct ot_buf){0};
    ot_builder_retain(builder, position, (struct ot_slice){0});
    ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)text, strlen(text)},
                      (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, buf), OT_OK);
    ot_builder_free(builder);
    return ot_buf_slice(buf);
}

static void expect_bytes(struct ot_slice bytes, struct ot_slice expected)
{
    assert_int_equal(bytes.size, expected.size);
    assert_memory_equal(bytes.data, expected.data, expected.size);
}

static struct world_connection *hello(struct world *world, const char *name)
{
    struct world_connection *connection = world_connect(world);
    world_send(world, connection, WIRE_HELLO, "nssnns", name, "#123456", "test");
    return connection;
}

struct identity {
    uint64_t client;
    uint8_t key[WIRE_KEY_SIZE];
};

static struct identity identity_of(struct world_connection *connection)
{
    struct identity identity;
    struct reader fields;
    assert_true(world_find(connection, WIRE_WELCOME, &fields));
    identity.client = get_uint(&fields);
    struct ot_slice key = get_bytes(&fields);
    assert_int_equal(key.size, WIRE_KEY_SIZE);
    memcpy(identity.key, key.data, key.size);
    return identity;
}

static struct world_connection *hello_again(struct world *world, const struct identity *identity)
{
    struct world_connection *connection = world_connect(world);
    world_send(world, connection, WIRE_HELLO, "nssubs", "Ann", "#123456", identity->client,
               (struct ot_slice){identity->key, WIRE_KEY_SIZE}, "test");
    return connection;
}

static void create(struct world *world, struct world_connection *connection, const char *id,
                   unsigned type)
{
    struct reader fields;
    world_send(world, connection, WIRE_CREATE, "uuss", U(1), U(type), "A title", id);
    assert_true(world_find(connection, WIRE_DONE, &fields));
}

static void open_at(struct world *world, struct world_connection *connection, const char *id,
                    uint64_t version)
{
    world_send(world, connection, WIRE_OPEN, "uusuun", U(9), U(0), id, store_epoch(world->store),
               version);
}

static void open_fresh(struct world *world, struct world_connection *connection, const char *id)
{
    world_send(world, connection, WIRE_OPEN, "uusnnn", U(9), U(0), id);
}

struct opened {
    uint64_t version, head, seq, member;
    struct ot_slice snapshot;
};

static struct opened expect_opened(struct world_connection *connection)
{
    struct opened opened = {0};
    struct reader fields;
    struct ot_slice string;
    assert_true(world_find(connection, WIRE_OPENED, &fields));
    get_uint(&fields); /* channel */
    get_uint(&fields); /* ref */
    get_uint(&fields); /* epoch */
    opened.version = get_uint(&fields);
    opened.head = get_uint(&fields);
    opened.seq = get_uint(&fields);
    opened.snapshot = get_bytes(&fields);
    get_uint(&fields); /* type */
    reader_string(&fields, &string);
    reader_string(&fields, &string);
    opened.member = get_uint(&fields);
    return opened;
}

static void edit(struct world *world, struct world_connection *connection, uint64_t seq,
                 uint64_t base, struct ot_slice op)
{
    world_send(world, connection, WIRE_EDIT, "uuub", U(0), seq, base, op);
}

static void expect_ack(struct world_connection *connection, uint64_t version, uint64_t seq)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ACK, &fields));
    assert_int_equal(get_uint(&fields), 0);
    assert_int_equal(get_uint(&fields), version);
    assert_int_equal(get_uint(&fields), seq);
}

static void expect_edit(struct world_connection *connection, uint64_t version, struct ot_slice op)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_EDITED, &fields));
    get_uint(&fields);
    assert_int_equal(get_uint(&fields), version);
    get_uint(&fields);
    expect_bytes(get_bytes(&fields), op);
}

static void expect_error(struct world_connection *connection, const char *code)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ERROR, &fields));
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, code);
}

static bool has_news(struct world_connection *connection)
{
    return connection->at < connection->received.size;
}

/* Two people in a text document "d". */
static void two_people(struct world *world, struct world_connection **ann,
                       struct world_connection **bob)
{
    *ann = hello(world, "Ann");
    *bob = hello(world, "Bob");
    create(world, *ann, "d", STORE_TEXT);
    open_fresh(world, *ann, "d");
    open_fresh(world, *bob, "d");
    expect_opened(*ann);
    expect_opened(*bob);
    world_pass(world, 100);
    world_forget(*ann);
    world_forget(*bob);
}

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
    assert_int_equal(hub_stats(world->hub).rooms, 0);
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
    open_fresh(world, ann, "d");
    assert_int_equal(expect_opened(ann).head, 0);
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
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
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_key_proves_a_client_and_the_newest_connection_wins),
        CASE(nobody_sees_an_edit_before_it_is_on_disk),
        CASE(the_committed_edit_wins_a_tie),
        CASE(a_repeated_edit_is_taken_once),
        CASE(an_edit_repeated_over_another_connection_gets_its_ack_again),
        CASE(edits_that_do_not_fit_are_refused_and_nothing_changes),
        CASE(every_so_often_the_hash_is_told),
        CASE(a_rich_document_begins_with_a_newline_and_a_text_with_nothing),
        CASE(opening_waits_for_edits_that_are_not_on_disk),
        CASE(a_client_that_comes_back_goes_on_where_it_was),
        CASE(a_long_absence_is_caught_up_with_folded_edits),
        CASE(history_that_left_memory_is_read_from_the_store),
        CASE(another_epoch_or_an_unknown_version_gets_a_snapshot),
        CASE(everything_acknowledged_is_there_after_a_crash),
        CASE(a_reader_that_fell_behind_is_attached_anew),
        CASE(a_lag_of_before_the_channel_was_opened_anew_means_nothing),
        CASE(a_full_disk_refuses_edits_and_shows_none_of_them),
        CASE(stopping_finishes_what_was_taken_and_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

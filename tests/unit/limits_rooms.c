/* What rooms are bounded by: each number at its limit and one past it, each time just before it has
 * passed and when it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "server/hub/room.h"
#include "server/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U(value) ((uint64_t)(value))
#define STEP_MS  10 /* of world_pass */
#define SWEEP_MS 1000

/* ---- stand-ins ---- */

static size_t document_memory; /* what documents are to take; 0: what they do */
static size_t revocations_most;

size_t __real_ot_doc_memory(const struct ot_doc *doc);
size_t __wrap_ot_doc_memory(const struct ot_doc *doc);
int __wrap_store_revoke(struct store *store, const struct store_revocation *revocation,
                        size_t most);

size_t __wrap_ot_doc_memory(const struct ot_doc *doc)
{
    return document_memory > 0 ? document_memory : __real_ot_doc_memory(doc);
}

int __wrap_store_revoke(struct store *store, const struct store_revocation *revocation, size_t most)
{
    (void)store;
    (void)revocation;
    revocations_most = most;
    return STORE_E_LIMIT;
}

/* ---- words ---- */

static struct room *room_d(struct world *world)
{
    struct room *room = room_find(world->hub, (struct ot_slice){(const uint8_t *)"d", 1});
    assert_non_null(room);
    return room;
}

static uint64_t rooms(const struct world *world)
{
    return metrics_get(hub_metrics(world->hub), METRIC_ROOMS);
}

/* Somebody alone in the text document "d". */
static struct world_connection *alone(struct world *world)
{
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    world_forget(ann);
    return ann;
}

/* The document "d" has versions 1 to `count`, of these operations, and nobody has it open. */
static void write_edits(struct world *world, uint64_t count, const struct ot_slice *ops)
{
    struct store_document document;
    create(world, hello(world, "Ann"), "d", STORE_TEXT);
    assert_int_equal(store_find(world->store, "d", &document), STORE_OK);
    struct store_edit *edits = calloc(count, sizeof(*edits));
    for (uint64_t i = 0; i < count; i++)
        edits[i] = (struct store_edit){.key = document.key,
                                       .version = i + 1,
                                       .client = 77,
                                       .seq = i + 1,
                                       .at_ms = 1,
                                       .op = {ops[i].data, ops[i].size}};
    assert_int_equal(store_append(world->store, edits, count, NULL, 0), STORE_OK);
    free(edits);
}

/* The same, each of one operation. */
static void write_history(struct world *world, uint64_t count, struct ot_slice op)
{
    struct ot_slice *ops = calloc(count, sizeof(*ops));
    for (uint64_t i = 0; i < count; i++)
        ops[i] = op;
    write_edits(world, count, ops);
    free(ops);
}

/* Whether one who comes back at `version` is given what came since, and not a snapshot. */
static bool is_caught_up(struct world *world, uint64_t version)
{
    struct world_connection *bob = hello(world, "Bob");
    open_at(world, bob, "d", version);
    world_run(world);
    struct opened opened = expect_opened(bob);
    world_gone(world, bob);
    return opened.snapshot.data == NULL;
}

static size_t count_of(struct world_connection *connection, unsigned kind)
{
    struct reader fields;
    size_t count = 0;
    for (unsigned next; (next = world_next(connection, &fields)) != 0;)
        count += next == kind;
    return count;
}

/* ---- catching up ---- */

static void edits_are_sent_one_by_one_up_to_the_limit(void **state)
{
    struct world *world = *state;
    write_history(world, LIMIT_CATCHUP_EDITS + 1, insertion(0, "x"));
    struct world_connection *few = hello(world, "Few"), *more = hello(world, "More");
    open_at(world, few, "d", 1);
    world_run(world);
    assert_int_equal(count_of(few, WIRE_EDITED), LIMIT_CATCHUP_EDITS);
    open_at(world, more, "d", 0);
    world_run(world);
    assert_int_equal(count_of(more, WIRE_CATCHUP), 1);
}

/* However much others have had gone through: so few are always given. */
static void as_many_are_given_when_nothing_may_be_gone_through(void **state)
{
    struct world *world = *state;
    enum { LETTERS = 10000 };
    static char text[LETTERS + 1];
    memset(text, 'x', LETTERS);
    write_history(world, LIMIT_CATCHUP_EDITS + 1, insertion(0, text));
    assert_true(rates_allow_work(world->hub, LIMIT_WORK_BYTES / 4));
    assert_true(is_caught_up(world, 1));
    assert_false(is_caught_up(world, 0));
}

/* Retains `length` units with `key`: nil, all of them or every other one. */
static struct ot_slice patch(uint64_t length, size_t key_bytes, bool every_other, struct ot_buf *op)
{
    static uint8_t key[4096];
    struct ot_buf attributes = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    memset(key, 'k', sizeof(key));
    ot_value_map(&attributes, 1);
    ot_value_string(&attributes, (struct ot_slice){key, key_bytes});
    ot_value_nil(&attributes);
    for (uint64_t i = 0; every_other && i < length; i++)
        ot_builder_retain(builder, 1,
                          i % 2 == 0 ? (struct ot_slice){0} : ot_buf_slice(&attributes));
    if (!every_other)
        ot_builder_retain(builder, length, ot_buf_slice(&attributes));
    assert_int_equal(ot_builder_finish(builder, op), OT_OK);
    ot_builder_free(builder);
    ot_buf_deinit(&attributes);
    return ot_buf_slice(op);
}

/* Two kilobytes of format over what another edit has cut in thousands would be there for each. */
static void what_would_be_much_more_when_folded_is_sent_one_by_one(void **state)
{
    enum { LETTERS = 4000, EDITS = LIMIT_CATCHUP_EDITS + 2 };
    struct world *world = *state;
    char text[LETTERS + 1];
    struct ot_slice ops[EDITS];
    struct ot_buf cuts = {0}, all = {0};
    memset(text, 'x', LETTERS);
    text[LETTERS] = '\0';
    struct ot_slice first = insertion(0, text);
    struct blob *copy = blob_copy(first.data, first.size);
    ops[0] = (struct ot_slice){copy->data, copy->size};
    ops[1] = patch(LETTERS, 1, true, &cuts);
    ops[2] = patch(LETTERS, 2000, false, &all);
    struct ot_slice letter = insertion(0, "x");
    for (size_t i = 3; i < EDITS; i++)
        ops[i] = letter;
    write_edits(world, EDITS, ops);
    struct world_connection *bob = hello(world, "Bob");
    open_at(world, bob, "d", 1);
    world_run(world);
    assert_int_equal(count_of(bob, WIRE_EDITED), EDITS - 1);
    struct world_connection *carl = hello(world, "Carl");
    open_at(world, carl, "d", 0); /* of what is put in, the formats that nothing has are dropped */
    world_run(world);
    assert_int_equal(count_of(carl, WIRE_CATCHUP), 1);
    blob_unref(copy);
    ot_buf_deinit(&cuts);
    ot_buf_deinit(&all);
}

static void who_is_farther_behind_than_the_limit_gets_a_snapshot(void **state)
{
    struct world *world = *state;
    write_history(world, LIMIT_RESUME_EDITS + 1, insertion(0, "x"));
    assert_true(is_caught_up(world, 1));
    assert_false(is_caught_up(world, 0));
}

/* Puts in so many letters that it takes so many bytes. */
static struct blob *sized(size_t bytes)
{
    char *text = calloc(1, bytes);
    struct ot_slice op = {0};
    for (size_t size = bytes - 16; op.size < bytes; size++) {
        memset(text, 'a', size);
        op = insertion(0, text);
    }
    assert_int_equal(op.size, bytes);
    free(text);
    return blob_copy(op.data, op.size);
}

/* Whether one who comes back at the beginning gets what has left memory: as many bytes as may be
 * read, and so many more. The last three edits are still there. */
static bool are_read(struct world *world, size_t more)
{
    enum { PARTS = 16, PART = LIMIT_HISTORY_BYTES / PARTS, ALL = PARTS + 3 };
    struct blob *part = sized(PART), *longer = sized(PART + more);
    struct ot_slice ops[ALL];
    for (size_t i = 0; i < ALL; i++)
        ops[i] = (struct ot_slice){part->data, part->size};
    ops[0] = (struct ot_slice){longer->data, longer->size};
    write_edits(world, ALL, ops);
    blob_unref(part);
    blob_unref(longer);
    open_fresh(world, hello(world, "Ann"), "d");
    world_run(world);
    assert_int_equal(room_d(world)->history.first, PARTS + 1);
    return is_caught_up(world, 0);
}

static void who_misses_as_many_bytes_as_the_limit_gets_them(void **state)
{
    assert_true(are_read(*state, 0));
}

static void who_misses_a_byte_more_than_the_limit_gets_a_snapshot(void **state)
{
    assert_false(are_read(*state, 1));
}

/* A quarter of it at once, and as much again in each quarter of a second. */
static void so_much_of_history_is_gone_through_in_a_second(void **state)
{
    struct world *world = *state;
    enum { QUARTER = LIMIT_WORK_BYTES / 4, LARGE = QUARTER / 2, MICROSECOND = 68 };
    alone(world);
    for (int quarter = 0; quarter < 4; quarter++) {
        assert_true(rates_allow_work(world->hub, LARGE));
        assert_false(rates_allow_work(world->hub, LARGE + MICROSECOND));
        assert_true(rates_allow_work(world->hub, LARGE));
        assert_false(rates_allow_work(world->hub, LARGE));
        world->now_ms += 250;
    }
}

/* ---- edits ---- */

/* The n-th edit, committed. */
static void say_edit(struct world *world, struct world_connection *connection, uint64_t n)
{
    edit(world, connection, n, n - 1, insertion(0, "x"));
    world_commit(world);
}

static void a_snapshot_is_saved_after_so_many_edits(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    struct room *room = room_d(world);
    room->settled = room->head - (LIMIT_SETTLE_EDITS - 2);
    say_edit(world, ann, 1);
    assert_int_not_equal(room->settled, 1);
    say_edit(world, ann, 2);
    assert_int_equal(room->settled, 2);
}

static void a_snapshot_is_saved_after_so_many_bytes(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    struct room *room = room_d(world);
    size_t size = insertion(0, "x").size;
    room->edited_bytes = LIMIT_SETTLE_BYTES - 1 - size;
    say_edit(world, ann, 1);
    assert_int_equal(room->edited_bytes, LIMIT_SETTLE_BYTES - 1);
    room->edited_bytes = LIMIT_SETTLE_BYTES - size;
    say_edit(world, ann, 2);
    assert_int_equal(room->settled, 2);
    assert_int_equal(room->edited_bytes, 0);
}

static void a_hash_is_told_after_so_many_edits(void **state)
{
    struct world *world = *state;
    struct reader fields;
    struct world_connection *ann = alone(world);
    for (uint64_t seq = 1; seq < LIMIT_HASH_EDITS; seq++)
        say_edit(world, ann, seq);
    assert_false(world_find(ann, WIRE_HASH, &fields));
    say_edit(world, ann, LIMIT_HASH_EDITS);
    assert_true(world_find(ann, WIRE_HASH, &fields));
}

static void a_document_takes_no_more_memory_than_the_limit(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    document_memory = LIMIT_DOCUMENT_MEMORY;
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    document_memory = LIMIT_DOCUMENT_MEMORY + 1;
    edit(world, ann, 2, 1, insertion(0, "x"));
    document_memory = 0;
    expect_error(ann, "document_full");
}

/* ---- people ---- */

/* Of those listed, and of all, in the full presence that the next one to open "d" is given. */
static void look_at_people(struct world *world, uint64_t *listed_out, uint64_t *people_out)
{
    struct world_connection *bob = hello(world, "Bob");
    struct reader fields;
    bool full;
    uint32_t listed;
    open_fresh(world, bob, "d");
    world_run(world);
    assert_true(world_find(bob, WIRE_PRESENCE, &fields));
    get_uint(&fields);
    get_uint(&fields);
    assert_true(reader_bool(&fields, &full) && full);
    *people_out = get_uint(&fields);
    assert_true(reader_array(&fields, &listed));
    *listed_out = listed;
}

static void so_many_are_listed_and_the_others_counted(void **state)
{
    struct world *world = *state;
    uint64_t listed, people;
    alone(world);
    for (int i = 2; i < LIMIT_PRESENCE_SHOWN; i++)
        open_fresh(world, hello(world, "Reader"), "d");
    look_at_people(world, &listed, &people);
    assert_int_equal(listed, LIMIT_PRESENCE_SHOWN);
    assert_int_equal(people, LIMIT_PRESENCE_SHOWN);
    look_at_people(world, &listed, &people);
    assert_int_equal(listed, LIMIT_PRESENCE_SHOWN);
    assert_int_equal(people, LIMIT_PRESENCE_SHOWN + 1);
}

/* It is looked at six times in that time. */
static void typing_holds_for_so_long(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    world_pass(world, 1000);
    world_send(world, ann, WIRE_CURSOR, "uuuuts", U(0), U(0), U(0), U(0), "mine");
    struct room *room = room_d(world);
    assert_int_equal(room->typing, 1);
    world_pass(world, LIMIT_TYPING_MS - STEP_MS);
    assert_int_equal(room->typing, 1);
    world_pass(world, LIMIT_TYPING_MS / 6 + STEP_MS);
    assert_int_equal(room->typing, 0);
}

static void an_empty_room_stays_for_so_long(void **state)
{
    struct world *world = *state;
    world_gone(world, alone(world));
    world_pass(world, LIMIT_ROOM_IDLE_MS - STEP_MS);
    assert_int_equal(rooms(world), 1);
    world_pass(world, SWEEP_MS + STEP_MS);
    world_run(world);
    assert_int_equal(rooms(world), 0);
}

/* ---- pages ---- */

static void chat_comes_in_pages(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    struct reader fields;
    uint32_t count;
    bool more;
    for (uint64_t n = 1; n <= LIMIT_CHAT_PAGE + 1; n++) {
        world_send(world, ann, WIRE_CHAT, "uuus", U(9), U(0), n, "m");
        world_run(world);
        world_commit(world);
    }
    for (uint64_t asked = LIMIT_CHAT_PAGE; asked <= LIMIT_CHAT_PAGE + 1; asked++) {
        world_forget(ann);
        world_send(world, ann, WIRE_CHATS, "uuuu", U(8), U(0), U(LIMIT_CHAT_PAGE + 2), asked);
        world_run(world);
        assert_true(world_find(ann, WIRE_CHATS_PAGE, &fields));
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_bool(&fields, &more) && more);
        assert_true(reader_array(&fields, &count));
        assert_int_equal(count, LIMIT_CHAT_PAGE);
    }
}

static void who_opens_gets_the_last_chat(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    for (uint64_t n = 1; n <= LIMIT_CHAT_OPEN + 1; n++) {
        world_send(world, ann, WIRE_CHAT, "uuus", U(9), U(0), n, "m");
        world_run(world);
        world_commit(world);
        if (n < LIMIT_CHAT_OPEN)
            continue;
        struct world_connection *bob = hello(world, "Bob");
        open_fresh(world, bob, "d");
        world_run(world);
        assert_int_equal(count_of(bob, WIRE_CHATTED), LIMIT_CHAT_OPEN);
    }
}

static void documents_come_in_pages(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann");
    struct reader fields;
    uint32_t count;
    bool more;
    for (int i = 0; i <= LIMIT_LIST_PAGE; i++) {
        char id[16];
        snprintf(id, sizeof(id), "d%d", i);
        create(world, ann, id, STORE_TEXT);
    }
    for (uint64_t asked = LIMIT_LIST_PAGE; asked <= LIMIT_LIST_PAGE + 1; asked++) {
        world_forget(ann);
        world_send(world, ann, WIRE_LIST, "uunn", U(8), asked);
        world_run(world);
        assert_true(world_find(ann, WIRE_DOCUMENTS, &fields));
        get_uint(&fields);
        assert_true(reader_bool(&fields, &more) && more);
        assert_true(reader_array(&fields, &count));
        assert_int_equal(count, LIMIT_LIST_PAGE);
    }
}

/* ---- what is refused ---- */

/* An edit of somebody who may not; the code with which the connection is closed, or 0. */
static unsigned try(struct guarded *guarded, struct world_connection *ann)
{
    edit(&guarded->world, ann, 1, 0, insertion(0, "x"));
    world_forget(ann);
    return ann->closed;
}

static struct world_connection *viewer(struct guarded *guarded)
{
    struct world_connection *ann = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"viewer\"}");
    open_fresh(&guarded->world, ann, "d");
    return ann;
}

static void forbidden_edits_are_counted_for_so_long(void **state)
{
    struct guarded *guarded = *state;
    create(&guarded->world, admin(guarded), "d", STORE_TEXT);
    for (int late = 0; late <= 1; late++) {
        struct world_connection *ann = viewer(guarded);
        for (int i = 1; i < LIMIT_FORBIDDEN_EDITS; i++)
            assert_int_equal(try(guarded, ann), 0);
        guarded->world.now_ms += LIMIT_FORBIDDEN_MS + late;
        assert_int_equal(try(guarded, ann), late ? 0 : WIRE_CLOSE_FORBIDDEN);
    }
}

static void a_full_disk_is_to_be_tried_again_after_so_long(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    struct reader fields;
    struct ot_slice text;
    world->append_result = STORE_E_FULL;
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    assert_true(world_find(ann, WIRE_ERROR, &fields));
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, "storage_full");
    assert_true(reader_string(&fields, &text));
    assert_int_equal(get_uint(&fields), LIMIT_STORAGE_RETRY_MS);
    assert_int_equal(metrics_get_refused(hub_metrics(world->hub), "storage_full"), 2);
}

/* Whether the hub has asked the store for room, of all that it asks for in a moment. */
static bool looks_for_room(struct world *world)
{
    size_t asked = world->asked_count;
    hub_tick(world->hub);
    world_run(world);
    return world->asked_count > asked;
}

static void a_full_disk_is_looked_at_again_after_so_long(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = alone(world);
    world->append_result = STORE_E_FULL;
    edit(world, ann, 1, 0, insertion(0, "x"));
    world_commit(world);
    for (int looks = 0; looks < 3; looks++) {
        world->now_ms += LIMIT_STORAGE_PROBE_MS - 1;
        assert_false(looks_for_room(world));
        world->now_ms += 1;
        assert_true(looks_for_room(world));
    }
}

static void the_store_is_told_how_many_revocations_there_may_be(void **state)
{
    struct guarded *guarded = *state;
    struct store_revocation revocation = {STORE_REVOKED_TOKEN, "one", 0, GUARDED_NOW_S + 9};
    world_revoke(&guarded->world, 1, &revocation);
    world_run(&guarded->world);
    assert_int_equal(revocations_most, LIMIT_REVOCATIONS);
    assert_int_equal(guarded->world.answered_result, STORE_E_LIMIT);
}

static void so_many_lines_a_second_tell_of_what_is_refused(void **state)
{
    struct world *world = *state;
    alone(world);
    for (int second = 0; second < 2; second++) {
        for (int i = 0; i < LIMIT_REFUSED_LINES; i++)
            assert_true(rates_allow_line(world->hub));
        assert_false(rates_allow_line(world->hub));
        world->now_ms += 1000;
    }
}

int main(void)
{
#define CASE(test)    cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define GUARDED(test) cmocka_unit_test_setup_teardown(test, guarded_setup, guarded_teardown)
    const struct CMUnitTest tests[] = {
        CASE(edits_are_sent_one_by_one_up_to_the_limit),
        CASE(what_would_be_much_more_when_folded_is_sent_one_by_one),
        CASE(who_is_farther_behind_than_the_limit_gets_a_snapshot),
        CASE(as_many_are_given_when_nothing_may_be_gone_through),
        CASE(who_misses_as_many_bytes_as_the_limit_gets_them),
        CASE(who_misses_a_byte_more_than_the_limit_gets_a_snapshot),
        CASE(so_much_of_history_is_gone_through_in_a_second),
        CASE(a_snapshot_is_saved_after_so_many_edits),
        CASE(a_snapshot_is_saved_after_so_many_bytes),
        CASE(a_hash_is_told_after_so_many_edits),
        CASE(a_document_takes_no_more_memory_than_the_limit),
        CASE(so_many_are_listed_and_the_others_counted),
        CASE(typing_holds_for_so_long),
        CASE(an_empty_room_stays_for_so_long),
        CASE(chat_comes_in_pages),
        CASE(who_opens_gets_the_last_chat),
        CASE(documents_come_in_pages),
        CASE(a_full_disk_is_to_be_tried_again_after_so_long),
        CASE(a_full_disk_is_looked_at_again_after_so_long),
        CASE(so_many_lines_a_second_tell_of_what_is_refused),
        GUARDED(forbidden_edits_are_counted_for_so_long),
        GUARDED(the_store_is_told_how_many_revocations_there_may_be),
    };
    return cmocka_run_group_tests_name("limits_rooms", tests, NULL, NULL);
}

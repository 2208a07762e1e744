/* What edits, cursors and readers that are far behind may cost, and what they get beyond that. */
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
#define EDITS    200
#define PIECES   1000 /* of an edit, some 3000 bytes */

/* Inserts a letter at so many places; `far`: and deletes what no document has. */
static struct ot_buf scattered(unsigned pieces, bool far)
{
    struct ot_buf op = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    for (unsigned i = 0; i < pieces; i++) {
        ot_builder_retain(builder, 1, (struct ot_slice){0});
        ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)"a", 1},
                          (struct ot_slice){0});
    }
    if (far) {
        ot_builder_retain(builder, 100000000, (struct ot_slice){0});
        ot_builder_delete(builder, 1);
    }
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    ot_builder_free(builder);
    return op;
}

/* The document "d" with a history that takes long to go through. */
static void long_history(struct world *world, struct world_connection **ann,
                         struct world_connection **bob)
{
    char text[PIECES + 2];
    struct ot_buf op = scattered(PIECES, false);
    two_people(world, ann, bob);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    edit(world, *ann, 1, 0, insertion(0, text));
    world_commit(world);
    for (uint64_t version = 1; version <= EDITS; version++) {
        edit(world, *ann, version + 1, version, ot_buf_slice(&op));
        world_commit(world);
        world_pass(world, 100);
    }
    ot_buf_deinit(&op);
    world_pass(world, 2000);
    world_forget(*ann);
    world_forget(*bob);
}

/* Asks for what takes long until there is no time for it any more; gives how often that was. */
static unsigned use_up(struct world *world, struct world_connection *connection)
{
    struct ot_buf late = scattered(PIECES, true);
    struct reader fields;
    unsigned count = 0;
    struct ot_slice code;
    do {
        world_forget(connection);
        edit(world, connection, 1, 1, ot_buf_slice(&late));
        assert_true(world_find(connection, WIRE_ERROR, &fields));
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_string(&fields, &code));
        count++;
    } while (code.size != strlen("too_old") && count < 1000);
    ot_buf_deinit(&late);
    return count - 1;
}

static void late_edits_that_take_too_long_are_too_old_and_others_are_not(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct ot_buf large = scattered(PIECES, false);
    long_history(world, &ann, &bob);
    assert_in_range(use_up(world, bob), 2, 6);
    edit(world, ann, EDITS + 2, EDITS + 1, ot_buf_slice(&large));
    world_commit(world);
    expect_ack(ann, EDITS + 2, EDITS + 2);
    edit(world, bob, 1, EDITS - 10, insertion(0, "b")); /* late, but small */
    world_commit(world);
    expect_ack(bob, EDITS + 3, 1);
    world_pass(world, 1000);
    struct world_connection *carl = hello(world, "Carl");
    open_fresh(world, carl, "d");
    edit(world, carl, 1, 1, ot_buf_slice(&large));
    world_commit(world);
    expect_ack(carl, EDITS + 4, 1);
    ot_buf_deinit(&large);
}

static void who_comes_back_too_often_gets_the_document(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    unsigned resumed = 0;
    long_history(world, &ann, &bob);
    for (; resumed < 100; resumed++) {
        world_forget(bob);
        open_at(world, bob, "d", 1);
        if (expect_opened(bob).snapshot.size > 0)
            break;
    }
    assert_in_range(resumed, 2, 6);
    world_forget(bob);
    open_at(world, bob, "d", EDITS - 10); /* not far */
    assert_int_equal(expect_opened(bob).snapshot.size, 0);
    world_pass(world, 1000);
    open_at(world, bob, "d", 1);
    assert_int_equal(expect_opened(bob).snapshot.size, 0);
}

static unsigned cursors(struct world *world)
{
    const struct room *room = room_find(world->hub, (struct ot_slice){(const uint8_t *)"d", 1});
    unsigned count = 0;
    for (size_t i = 0; i < room->member_count; i++)
        count += room->members[i]->head != WIRE_NONE;
    return count;
}

static void point(struct world *world, struct world_connection *connection, uint64_t version)
{
    world_send(world, connection, WIRE_CURSOR, "uuuufn", U(0), version, U(1), U(1));
}

static void cursors_that_take_too_long_are_passed_over(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    char *large = calloc(1, 900001);
    memset(large, 'x', 900000);
    long_history(world, &ann, &bob);
    use_up(world, bob);
    for (int i = 0; i < 10; i++) /* what an edit had left */
        point(world, ann, 1);
    world_send(world, ann, WIRE_CURSOR, "uunnfn", U(0), U(EDITS + 1));
    point(world, ann, 1);
    assert_int_equal(cursors(world), 0);
    point(world, ann, EDITS - 1);
    point(world, bob, EDITS - 1);
    assert_int_equal(cursors(world), 2);
    edit(world, ann, EDITS + 2, EDITS + 1, insertion(0, "a"));
    world_commit(world);
    expect_ack(ann, EDITS + 2, EDITS + 2);
    assert_int_equal(cursors(world), 2);
    edit(world, ann, EDITS + 3, EDITS + 2, insertion(0, large));
    world_commit(world);
    expect_ack(ann, EDITS + 3, EDITS + 3);
    assert_int_equal(cursors(world), 0); /* no time to move them over this */
    point(world, bob, EDITS + 3);
    assert_int_equal(cursors(world), 1);
    world_pass(world, 1000);
    edit(world, ann, EDITS + 4, EDITS + 3, insertion(0, large));
    world_commit(world);
    assert_int_equal(cursors(world), 1);
    free(large);
}

/* How often somebody is heard who says the number of a large edit again and again. */
static unsigned answers_to_repeated(struct world *world, struct world_connection *connection,
                                    uint64_t base)
{
    struct reader fields;
    unsigned refused = 0;
    struct ot_slice code;
    world_forget(connection);
    for (int i = 0; i < 1000; i++)
        edit(world, connection, 1, base, insertion(0, "other"));
    world_commit(world);
    while (world_find(connection, WIRE_ERROR, &fields)) {
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_string(&fields, &code));
        refused += memcmp(code.data, "rate", 4) == 0;
    }
    return 1000 - refused;
}

static void large_edits_that_come_again_are_looked_at_so_often(void **state)
{
    static struct world world;
    struct limits limits = limits_preset();
    struct world_connection *ann, *bob;
    (void)state;
    world_start_limited(&world, NULL, &limits);
    two_people(&world, &ann, &bob);
    char *large = calloc(1, 900001);
    memset(large, 'x', 900000);
    edit(&world, ann, 1, 0, insertion(0, large));
    world_commit(&world);
    assert_in_range(answers_to_repeated(&world, ann, 0), 1, 3);
    world_pass(&world, 20000);
    edit(&world, bob, 1, 1, insertion(0, large)); /* ann's leaves memory */
    world_commit(&world);
    size_t asked = world.asked_count;
    assert_in_range(answers_to_repeated(&world, ann, 0), 1, 3);
    assert_int_equal(world.asked_count - asked, limits.values[SETTING_RATE_PAGES]);
    world_pass(&world, 20000);
    world_forget(ann);
    edit(&world, ann, 2, 2, insertion(0, "a"));
    world_commit(&world);
    expect_ack(ann, 3, 2);
    for (int i = 0; i < 1000; i++) /* small ones as often as anything */
        edit(&world, ann, 2, 2, insertion(0, "a"));
    assert_false(world_find(ann, WIRE_ERROR, &(struct reader){0}));
    free(large);
    world_stop(&world);
}

static int setup_two_edits(void **state)
{
    static struct limits limits;
    limits = limits_preset();
    limits.values[SETTING_RATE_EDIT_BYTES] = 1048576;
    return guarded_setup_limited(state, &limits);
}

static void the_bytes_of_a_user_count_over_all_connections(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *two[2];
    char *large = calloc(1, 500001);
    memset(large, 'x', 500000);
    create(world, admin(guarded), "d", STORE_TEXT);
    for (int i = 0; i < 2; i++) {
        two[i] = person(guarded, "ann", HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
        open_fresh(world, two[i], "d");
        world_run(world);
        edit(world, two[i], 1, U(i), insertion(0, large));
        world_commit(world);
        expect_ack(two[i], U(i) + 1, 1);
    }
    edit(world, two[1], 2, 2, insertion(0, large));
    expect_error(two[1], "rate_limited");
    edit(world, two[1], 2, 2, insertion(0, "small"));
    world_commit(world);
    expect_ack(two[1], 3, 2);
    free(large);
}

/* What is said of an edit: ACK, or the code of the refusal. */
static const char *outcome(struct world *world, struct world_connection *connection, uint64_t seq,
                           uint64_t base, struct ot_slice op)
{
    struct reader fields;
    world_forget(connection);
    edit(world, connection, seq, base, op);
    world_commit(world);
    size_t at = connection->at;
    if (world_find(connection, WIRE_ACK, &fields))
        return "ack";
    connection->at = at;
    return error_of(connection);
}

static void edits_of_many_pieces_wait_and_others_do_not(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    char text[2000] = {0};
    struct ot_buf large = scattered(LIMIT_EDIT_PIECES / 8, true); /* it does not fit anyway */
    struct ot_buf some = scattered(PIECES, false), few = scattered(255, false);
    two_people(world, &ann, &bob);
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(outcome(world, ann, 1, 0, insertion(0, text)), "ack");
    assert_string_equal(outcome(world, ann, 2, 1, ot_buf_slice(&large)), "out_of_range");
    assert_string_equal(outcome(world, bob, 1, 1, ot_buf_slice(&some)), "rate_limited");
    assert_string_equal(outcome(world, bob, 1, 1, ot_buf_slice(&few)), "ack");
    world_pass(world, 1000);
    assert_string_equal(outcome(world, bob, 2, 2, ot_buf_slice(&some)), "ack");
    ot_buf_deinit(&large);
    ot_buf_deinit(&some);
    ot_buf_deinit(&few);
}

/* So many runs of two letters, of which one is bold. */
static struct ot_buf formatted(unsigned runs)
{
    static const uint8_t bold[] = "\x81\xa4"
                                  "bold\xc3";
    const struct ot_slice letter = {(const uint8_t *)"a", 1};
    struct ot_buf op = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    for (unsigned i = 0; i < runs; i++) {
        ot_builder_insert(builder, letter, (struct ot_slice){bold, sizeof(bold) - 1});
        ot_builder_insert(builder, letter, (struct ot_slice){0});
    }
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    ot_builder_free(builder);
    return op;
}

static struct ot_buf italic(unsigned length)
{
    static const uint8_t attributes[] = "\x81\xa6italic\xc3";
    struct ot_buf op = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_builder_retain(builder, length, (struct ot_slice){attributes, sizeof(attributes) - 1});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    ot_builder_free(builder);
    return op;
}

static uint64_t formats(struct world *world, const char *id)
{
    struct ot_slice text = {(const uint8_t *)id, strlen(id)};
    return ot_doc_formats(room_find(world->hub, text)->doc);
}

static void formatting_very_much_waits_and_typing_does_not(void **state)
{
    struct world *world = *state;
    const unsigned runs = 80000;
    struct world_connection *ann = hello(world, "Ann");
    struct ot_buf op = formatted(runs), all = italic(2 * runs), some = italic(100);
    struct ot_buf one = formatted(1);
    create(world, ann, "r", STORE_RICH);
    open_fresh(world, ann, "r");
    world_run(world);
    assert_string_equal(outcome(world, ann, 1, 0, ot_buf_slice(&op)), "ack");
    world_pass(world, 1000);
    assert_string_equal(outcome(world, ann, 2, 1, ot_buf_slice(&all)), "ack");
    assert_string_equal(outcome(world, ann, 3, 2, ot_buf_slice(&all)), "rate_limited");
    assert_string_equal(outcome(world, ann, 3, 2, ot_buf_slice(&some)), "ack");
    world_pass(world, 1000);
    ot_buf_deinit(&op);
    op = formatted(LIMIT_DOCUMENT_FORMATS - (unsigned)formats(world, "r"));
    assert_string_equal(outcome(world, ann, 4, 3, ot_buf_slice(&op)), "ack");
    assert_int_equal(formats(world, "r"), LIMIT_DOCUMENT_FORMATS);
    assert_string_equal(outcome(world, ann, 5, 4, ot_buf_slice(&one)), "ack");
    assert_string_equal(outcome(world, ann, 6, 5, ot_buf_slice(&one)), "document_full");
    assert_string_equal(outcome(world, ann, 6, 5, insertion(0, "plain")), "ack");
    ot_buf_deinit(&op);
    ot_buf_deinit(&all);
    ot_buf_deinit(&some);
    ot_buf_deinit(&one);
}

/* ---- large documents ---- */

static void make_large(struct world *world, struct world_connection *ann, const char *id)
{
    char *text = calloc(1, 900001);
    memset(text, 'x', 900000);
    create(world, ann, id, STORE_TEXT);
    open_fresh(world, ann, id);
    world_run(world);
    assert_string_equal(outcome(world, ann, 1, 0, insertion(0, text)), "ack");
    free(text);
}

static bool is_opened(struct world *world, struct world_connection *connection, const char *id)
{
    struct reader fields;
    world_forget(connection);
    open_fresh(world, connection, id);
    world_run(world);
    return world_find(connection, WIRE_OPENED, &fields);
}

/* Large documents are made, and opened by bob, until there is no time for the last of them. */
static void use_up_large(struct world *world, struct world_connection *ann,
                         struct world_connection *bob, char *id_out)
{
    unsigned count = 0;
    do {
        sprintf(id_out, "large-%u", count);
        make_large(world, ann, id_out);
    } while (is_opened(world, bob, id_out) && ++count < 100);
    assert_in_range(count, LIMIT_LARGE_BYTES / 8 / 1000000, LIMIT_LARGE_BYTES / 8 / 850000);
}

static void large_documents_are_opened_in_turn_and_others_at_once(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann"), *bob = hello(world, "Bob");
    struct world_connection *carl = hello(world, "Carl");
    char id[32];
    create(world, ann, "small", STORE_TEXT);
    use_up_large(world, ann, bob, id);
    assert_true(is_opened(world, carl, "small"));
    assert_false(is_opened(world, carl, id));
    assert_string_equal(outcome(world, ann, 2, 1, insertion(0, "a")), "ack");
    world_forget(bob);
    world_forget(carl);
    world_pass(world, 100);
    assert_int_equal(expect_opened(bob).head, 2); /* as it is by now */
    assert_int_equal(expect_opened(carl).head, 2);
}

static void large_documents_are_loaded_in_turn(void **state)
{
    struct world *world = *state;
    struct world_connection *ann = hello(world, "Ann"), *bob = hello(world, "Bob");
    struct reader fields;
    char id[32];
    make_large(world, ann, "other");
    make_large(world, ann, "gone");
    make_large(world, ann, "renamed");
    open_fresh(world, ann, "other");
    world_send(world, ann, WIRE_CLOSE, "u", U(0));
    world_pass(world, 2 * LIMIT_ROOM_IDLE_MS);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_ROOMS), 0);
    use_up_large(world, ann, bob, id);
    struct world_connection *three[] = {hello(world, "1"), hello(world, "2"), hello(world, "3")};
    assert_false(is_opened(world, three[0], "other"));
    assert_false(is_opened(world, three[1], "gone"));
    assert_false(is_opened(world, three[2], "renamed"));
    /* What is told of a document comes to a room that has been loaded. */
    world_send(world, ann, WIRE_RENAME, "uss", U(9), "renamed", "New");
    world_send(world, ann, WIRE_DELETE, "us", U(9), "gone");
    world_commit(world);
    assert_true(world_find(three[1], WIRE_CLOSED, &fields));
    get_uint(&fields);
    expect_text(&fields, "deleted");
    world_pass(world, 500);
    assert_int_equal(expect_opened(three[0]).head, 1);
    assert_true(world_find(three[2], WIRE_OPENED, &fields));
    assert_non_null(memmem(three[2]->received.data, three[2]->received.size, "New", 3));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(late_edits_that_take_too_long_are_too_old_and_others_are_not),
        CASE(who_comes_back_too_often_gets_the_document),
        cmocka_unit_test(large_edits_that_come_again_are_looked_at_so_often),
        cmocka_unit_test_setup_teardown(the_bytes_of_a_user_count_over_all_connections,
                                        setup_two_edits, guarded_teardown),
        CASE(cursors_that_take_too_long_are_passed_over),
        CASE(large_documents_are_opened_in_turn_and_others_at_once),
        CASE(large_documents_are_loaded_in_turn),
        CASE(edits_of_many_pieces_wait_and_others_do_not),
        CASE(formatting_very_much_waits_and_typing_does_not),
    };
    return cmocka_run_group_tests_name("limits_work", tests, NULL, NULL);
}

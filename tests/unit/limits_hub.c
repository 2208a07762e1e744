/* Each rate of the hub at its limit and one past it: the error, when to come again, and the count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/hub_guarded.h"
#include "server/hub/room.h"
#include "server/limits.h"

#include <stdio.h>
#include <string.h>

#define U(value) ((uint64_t)(value))

/* ---- the rates that are answered with rate_limited ---- */

struct bound {
    const char *name;
    enum setting setting;
    uint64_t count, back_ms; /* how many at once; when there is one more */
    /* Says it for the n-th time, n from 1. */
    void (*say)(struct world *world, struct world_connection *connection, uint64_t n);
    unsigned answer; /* kind of message */
};

static void say_edit(struct world *world, struct world_connection *connection, uint64_t n)
{
    edit(world, connection, n, n - 1, insertion(0, "a"));
    world_commit(world);
}

/* Two fit into the bucket. */
static void say_large_edit(struct world *world, struct world_connection *connection, uint64_t n)
{
    static char text[500001];
    memset(text, 'a', sizeof(text) - 1);
    edit(world, connection, n, n - 1, insertion(0, text));
    world_commit(world);
}

static void say_chat(struct world *world, struct world_connection *connection, uint64_t n)
{
    world_send(world, connection, WIRE_CHAT, "uuus", U(9), U(0), n, "hello");
    world_run(world);
    world_commit(world);
}

static void say_open(struct world *world, struct world_connection *connection, uint64_t n)
{
    (void)n;
    open_fresh(world, connection, "d");
}

static void say_rename(struct world *world, struct world_connection *connection, uint64_t n)
{
    (void)n;
    world_send(world, connection, WIRE_RENAME, "uss", U(9), "d", "Another title");
}

static void say_list(struct world *world, struct world_connection *connection, uint64_t n)
{
    (void)n;
    world_send(world, connection, WIRE_LIST, "uunn", U(9), U(10));
}

static void say_chats(struct world *world, struct world_connection *connection, uint64_t n)
{
    (void)n;
    world_send(world, connection, WIRE_CHATS, "uuuu", U(9), U(0), U(10), U(10));
}

static const struct bound bounds[] = {
    {"edits", SETTING_RATE_EDITS, 5, 1000, say_edit, WIRE_ACK},
    {"edits of a user", SETTING_RATE_USER_EDITS, 5, 2000, say_edit, WIRE_ACK},
    {"edit bytes", SETTING_RATE_EDIT_BYTES, 1200000, 2500, say_large_edit, WIRE_ACK},
    {"chats", SETTING_RATE_CHATS, 5, 2000, say_chat, WIRE_DONE},
    {"opens", SETTING_RATE_OPENS, 5, 2000, say_open, WIRE_OPENED},
    {"renames", SETTING_RATE_CREATES, 5, 12000, say_rename, WIRE_DONE},
    {"lists", SETTING_RATE_PAGES, 5, 2000, say_list, WIRE_DOCUMENTS},
    {"old chat", SETTING_RATE_PAGES, 5, 2000, say_chats, WIRE_CHATS_PAGE},
};

/* Somebody in the document "d" who has not used up anything. */
static struct world_connection *fresh(struct world *world)
{
    struct world_connection *ann = hello(world, "Ann");
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    expect_opened(ann);
    world_pass(world, 60000);
    world_forget(ann);
    return ann;
}

/* The ERROR that must be next but for presence; its retry_ms. */
static uint64_t refusal(struct world_connection *connection)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ERROR, &fields));
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, "rate_limited");
    struct ot_slice text;
    assert_true(reader_string(&fields, &text));
    return get_uint(&fields);
}

static void check_bound(const struct bound *bound)
{
    static struct world world;
    struct limits limits = limits_preset();
    struct reader fields;
    limits.values[bound->setting] = bound->count;
    world_start_limited(&world, NULL, &limits);
    const struct metrics *metrics = hub_metrics(world.hub);
    struct world_connection *ann = fresh(&world);
    uint64_t fits = bound->say == say_large_edit ? 2 : bound->count;
    for (uint64_t n = 1; n <= fits; n++) {
        bound->say(&world, ann, n);
        world_run(&world);
        if (!world_find(ann, bound->answer, &fields))
            fail_msg("%s: %d of %d is refused", bound->name, (int)n, (int)fits);
    }
    assert_int_equal(metrics_get_refused(metrics, "rate_limited"), 0);
    world_forget(ann);
    bound->say(&world, ann, fits + 1);
    world_run(&world);
    uint64_t retry_ms = refusal(ann);
    if (retry_ms < bound->back_ms || retry_ms > bound->back_ms + 10)
        fail_msg("%s: to be tried again after %d ms", bound->name, (int)retry_ms);
    assert_int_equal(metrics_get_refused(metrics, "rate_limited"), 1);
    world_pass(&world, retry_ms + 10); /* it passes in steps of ten */
    world_forget(ann);
    bound->say(&world, ann, fits + 1);
    world_run(&world);
    if (!world_find(ann, bound->answer, &fields))
        fail_msg("%s: refused although it has waited", bound->name);
    world_stop(&world);
}

static void each_rate_is_refused_one_past_its_limit_and_taken_after_the_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
        check_bound(&bounds[i]);
}

static void an_edit_that_was_taken_is_not_refused_when_it_comes_again(void **state)
{
    (void)state;
    static struct world world;
    struct limits limits = limits_preset();
    limits.values[SETTING_RATE_EDITS] = 1;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = fresh(&world);
    say_edit(&world, ann, 1);
    say_edit(&world, ann, 1);
    expect_ack(ann, 1, 1);
    assert_int_equal(metrics_get_refused(hub_metrics(world.hub), "rate_limited"), 0);
    world_stop(&world);
}

/* ---- those that are not answered ---- */

static void edits_that_no_good_client_makes_end_the_connection(void **state)
{
    (void)state;
    static struct world world;
    struct limits limits = limits_preset();
    limits.values[SETTING_RATE_BAD_EDITS] = 3;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = fresh(&world);
    for (int i = 0; i < 3; i++) {
        edit(&world, ann, 1, 0, insertion(1000, "a"));
        expect_error(ann, "out_of_range");
        assert_int_equal(ann->closed, 0);
    }
    edit(&world, ann, 1, 0, insertion(1000, "a"));
    assert_int_equal(ann->closed, WIRE_CLOSE_BAD_MESSAGE);
    edit(&world, ann, 1, 0, insertion(0, "a")); /* it is known no more */
    world_commit(&world);
    assert_int_equal(metrics_get(hub_metrics(world.hub), METRIC_EDITS), 0);
    world_stop(&world);
}

static void who_has_done_nothing_wrong_is_not_ended(void **state)
{
    (void)state;
    static struct world world;
    struct limits limits = limits_preset();
    limits.values[SETTING_RATE_BAD_EDITS] = limits.values[SETTING_RATE_EDITS] = 1;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = fresh(&world);
    say_edit(&world, ann, 1);
    for (int i = 0; i < 10; i++)
        say_edit(&world, ann, 2);
    assert_int_equal(metrics_get_refused(hub_metrics(world.hub), "rate_limited"), 10);
    assert_int_equal(ann->closed, 0);
    world_stop(&world);
}

static void point(struct world *world, struct world_connection *connection, uint64_t at)
{
    world_send(world, connection, WIRE_CURSOR, "uuuufs", U(0), U(1), at, at, "mine");
}

/* The position of the last cursor in the PRESENCE messages that have come; -1: none came. */
static int64_t last_seen(struct world_connection *connection)
{
    struct reader fields;
    int64_t seen = -1;
    while (world_find(connection, WIRE_PRESENCE, &fields)) {
        bool full;
        uint32_t count, size;
        get_uint(&fields);
        get_uint(&fields);
        assert_true(reader_bool(&fields, &full));
        get_uint(&fields);
        assert_true(reader_array(&fields, &count));
        if (count != 1 || !reader_array(&fields, &size))
            continue;
        get_uint(&fields);
        seen = (int64_t)get_uint(&fields);
    }
    return seen;
}

static void cursors_beyond_the_rate_are_thrown_together_and_the_last_one_counts(void **state)
{
    (void)state;
    static struct world world;
    struct limits limits = limits_preset();
    struct world_connection *ann, *bob;
    limits.values[SETTING_RATE_CURSORS] = 2;
    world_start_limited(&world, NULL, &limits);
    two_people(&world, &ann, &bob);
    edit(&world, ann, 1, 0, insertion(0, "0123456789"));
    world_commit(&world);
    world_pass(&world, 5000);
    world_forget(bob);
    for (uint64_t at = 1; at <= 9; at++)
        point(&world, ann, at);
    world_pass(&world, 100);
    assert_int_equal(last_seen(bob), 9);
    point(&world, ann, 3); /* still too soon: it comes with the tick all the same */
    world_pass(&world, 100);
    assert_int_equal(last_seen(bob), 3);
    point(&world, ann, 4);
    world_gone(&world, ann); /* with one held */
    world_pass(&world, 100);
    world_stop(&world);
}

/* ---- documents ---- */

#define CHANNELS 5

/* Also those that are still being opened. */
static void no_more_documents_are_open_than_channels(void **state)
{
    (void)state;
    static struct world world;
    struct limits limits = limits_preset();
    struct reader fields;
    char id[] = "a";
    limits.values[SETTING_CHANNELS] = CHANNELS;
    world_start_limited(&world, NULL, &limits);
    struct world_connection *ann = hello(&world, "Ann");
    for (uint64_t i = 0; i <= CHANNELS; i++, id[0]++)
        create(&world, ann, id, STORE_TEXT);
    id[0] = 'a';
    for (uint64_t i = 0; i < CHANNELS; i++, id[0]++) {
        world_send(&world, ann, WIRE_OPEN, "uusnnn", U(9), i, id);
        assert_true(world_find(ann, WIRE_OPENED, &fields));
    }
    world_send(&world, ann, WIRE_OPEN, "uusnnn", U(9), U(CHANNELS), id);
    expect_error(ann, "channel_limit");
    assert_int_equal(metrics_get_refused(hub_metrics(world.hub), "channel_limit"), 1);
    world_send(&world, ann, WIRE_CLOSE, "u", U(0));
    world_send(&world, ann, WIRE_OPEN, "uusnnn", U(9), U(CHANNELS), id);
    assert_true(world_find(ann, WIRE_OPENED, &fields));
    world_stop(&world);
}

static int setup_few_channels(void **state)
{
    static struct limits few;
    few = limits_preset();
    few.values[SETTING_CHANNELS] = CHANNELS;
    return guarded_setup_limited(state, &few);
}

static void openings_count_as_channels(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *ann = admin(guarded), *bob = person(guarded, "bob", HOUR_S, "");
    struct reader fields;
    create(world, ann, "d", STORE_TEXT);
    open_fresh(world, ann, "d");
    edit(world, ann, 1, 0, insertion(0, "x"));
    for (uint64_t i = 0; i < CHANNELS; i++)
        world_send(world, bob, WIRE_OPEN, "uusnnn", U(10), i, "d");
    assert_false(world_find(bob, WIRE_ERROR, &fields));
    world_send(world, bob, WIRE_OPEN, "uusnnn", U(10), U(CHANNELS), "d");
    assert_string_equal(error_of(bob), "channel_limit");
    world_commit(world);
}

/* ---- what nobody else would bound ---- */

static void what_clients_report_fills_no_log(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    for (int i = 0; i < 100; i++)
        world_send(world, ann, WIRE_DIVERGED, "uuu", U(0), U(0), U(i));
    assert_int_equal(world->logged, LIMIT_REFUSED_LINES);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_DIVERGENCES), 100);
    world_pass(world, 1000);
    world_send(world, ann, WIRE_DIVERGED, "uuu", U(0), U(0), U(1));
    assert_int_equal(world->logged, LIMIT_REFUSED_LINES + 1);
}

/* Somebody new opens "d", and goes. */
static void look_in(struct world *world)
{
    struct world_connection *guest = hello(world, "Guest");
    open_fresh(world, guest, "d");
    world_gone(world, guest);
    ot_buf_deinit(&guest->received);
    world->connection_count--; /* its place, and so its number, is the next one's */
}

static void those_who_only_look_in_are_not_remembered(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    edit(world, ann, 1, 0, insertion(0, "a"));
    world_commit(world);
    expect_ack(ann, 1, 1);
    struct identity identity = identity_of(hello(world, "Carl"));
    struct world_connection *carl = hello_again(world, &identity);
    open_fresh(world, carl, "d");
    edit(world, carl, 1, 1, insertion(0, "c"));
    world_commit(world);
    world_gone(world, carl);
    edit(world, bob, 1, 2, insertion(0, "b")); /* under way all the time */
    for (int i = 0; i < 1000; i++)
        look_in(world);
    const struct room *room = room_find(world->hub, (struct ot_slice){(const uint8_t *)"d", 1});
    assert_true(room->authors.count < 300);
    world_forget(ann);
    edit(world, ann, 1, 0, insertion(0, "a"));
    assert_false(has_news(ann)); /* it came over this connection */
    world_commit(world);
    expect_ack(bob, 3, 1);
    carl = hello_again(world, &identity); /* of whom only the store knows now */
    open_fresh(world, carl, "d");
    assert_int_equal(expect_opened(carl).seq, 1);
    edit(world, carl, 1, 1, insertion(0, "c"));
    expect_ack(carl, 2, 1);
}

/* ---- users ---- */

#define SUB "ann"

static int setup_three(void **state)
{
    struct limits limits = limits_preset();
    static struct limits three;
    limits.values[SETTING_USER_CONNECTIONS] = 3;
    limits.values[SETTING_RATE_USER_EDITS] = 3;
    three = limits;
    return guarded_setup_limited(state, &three);
}

static void a_user_has_no_more_connections_than_the_limit(void **state)
{
    struct guarded *guarded = *state;
    struct world_connection *one = person(guarded, SUB, HOUR_S, "");
    person(guarded, SUB, HOUR_S, "");
    person(guarded, SUB, HOUR_S, "");
    struct world_connection *fourth = hello_with(guarded, token_of(guarded, SUB, HOUR_S, ""));
    assert_true(refusal(fourth) > 0);
    assert_int_equal(fourth->closed, WIRE_CLOSE_OVERLOADED);
    assert_int_equal(metrics_get_refused(hub_metrics(guarded->world.hub), "rate_limited"), 1);
    person(guarded, "bob", HOUR_S, "");
    world_gone(&guarded->world, one);
    person(guarded, SUB, HOUR_S, "");
}

static void a_user_is_one_over_all_connections(void **state)
{
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    struct world_connection *two[2];
    create(world, admin(guarded), "d", STORE_TEXT);
    for (int i = 0; i < 2; i++) {
        two[i] = person(guarded, SUB, HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
        open_fresh(world, two[i], "d");
        world_run(world);
    }
    for (uint64_t n = 1; n <= 3; n++)
        say_edit(world, two[0], n);
    edit(world, two[1], 1, 3, insertion(0, "b"));
    expect_error(two[1], "rate_limited");
    world_gone(world, two[1]);
    struct world_connection *again = person(guarded, SUB, HOUR_S, ",\"docs\":{\"d\":\"editor\"}");
    open_fresh(world, again, "d");
    world_run(world);
    edit(world, again, 1, 3, insertion(0, "b"));
    expect_error(again, "rate_limited"); /* coming back does not help */
}

/* ---- memory ---- */

static uint64_t overload(struct world_connection *connection)
{
    struct reader fields;
    struct ot_slice text;
    assert_true(world_find(connection, WIRE_ERROR, &fields));
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, "overloaded");
    assert_true(reader_string(&fields, &text));
    return get_uint(&fields);
}

static void when_memory_is_tight_empty_rooms_and_cursors_go(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    create(world, ann, "other", STORE_TEXT);
    world_send(world, ann, WIRE_OPEN, "uusnnn", U(9), U(1), "other");
    world_run(world);
    world_send(world, ann, WIRE_CLOSE, "u", U(1));
    world_pass(world, 2000);
    const struct metrics *metrics = hub_metrics(world->hub);
    assert_int_equal(metrics_get(metrics, METRIC_ROOMS), 2);
    hub_press(world->hub, HUB_TIGHT);
    world_pass(world, 10);
    assert_int_equal(metrics_get(metrics, METRIC_ROOMS), 1);
    world_forget(bob);
    point(world, ann, 0);
    world_pass(world, 1000);
    assert_int_equal(last_seen(bob), -1);
    say_edit(world, ann, 1);
    expect_ack(ann, 1, 1);
    hub_press(world->hub, HUB_EASY);
    point(world, ann, 1);
    world_pass(world, 1000);
    assert_int_equal(last_seen(bob), 1);
}

static void when_memory_is_scarce_nobody_new_is_let_in(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    struct reader fields;
    two_people(world, &ann, &bob);
    hub_press(world->hub, HUB_SCARCE);
    struct world_connection *carl = world_connect(world);
    world_send(world, carl, WIRE_HELLO, "nssnns", "Carl", "#123456", "test");
    assert_int_equal(overload(carl), LIMIT_MEMORY_RETRY_MS);
    assert_int_equal(carl->closed, WIRE_CLOSE_OVERLOADED);
    world_send(world, ann, WIRE_OPEN, "uusnnn", U(9), U(1), "other");
    assert_int_equal(overload(ann), LIMIT_MEMORY_RETRY_MS);
    world_send(world, ann, WIRE_CREATE, "uusn", U(9), U(2), "Title");
    assert_int_equal(overload(ann), LIMIT_MEMORY_RETRY_MS);
    say_edit(world, ann, 1);
    expect_ack(ann, 1, 1);
    hub_press(world->hub, HUB_EASY);
    hello(world, "Carl");
    world_send(world, ann, WIRE_CREATE, "uusn", U(9), U(2), "Title");
    world_run(world);
    assert_true(world_find(ann, WIRE_DONE, &fields));
}

static void when_memory_is_out_edits_wait(void **state)
{
    struct world *world = *state;
    struct world_connection *ann, *bob;
    two_people(world, &ann, &bob);
    hub_press(world->hub, HUB_OUT);
    edit(world, ann, 1, 0, insertion(0, "a"));
    assert_int_equal(overload(ann), LIMIT_MEMORY_RETRY_MS);
    say_chat(world, ann, 1);
    assert_int_equal(overload(ann), LIMIT_MEMORY_RETRY_MS);
    hub_press(world->hub, HUB_SCARCE);
    say_edit(world, ann, 1);
    expect_ack(ann, 1, 1);
}

static const char *open_with(struct world *world, struct world_connection *connection,
                             const char *id)
{
    world_send(world, connection, WIRE_OPEN, "uusnnns", U(1), U(0), id, "none");
    world_run(world);
    return error_of(connection);
}

static void links_that_are_none_are_shown_no_faster_than_the_rate(void **state)
{
    struct limits limits = limits_preset();
    limits.values[SETTING_RATE_BAD_LINKS] = 2;
    guarded_setup_limited(state, &limits);
    struct guarded *guarded = *state;
    struct world *world = &guarded->world;
    create(world, admin(guarded), "d", STORE_TEXT);
    struct world_connection *bob = person(guarded, "bob", HOUR_S, "");
    struct world_connection *again = person(guarded, "bob", HOUR_S, "");
    struct world_connection *eve = person(guarded, "eve", HOUR_S, "");
    assert_string_equal(open_with(world, bob, "d"), "not_found");
    assert_string_equal(open_with(world, again, "missing"), "not_found"); /* is one, too */
    assert_int_equal(bob->bad_links + 2 * again->bad_links, 3);
    size_t asked = world->asked_count;
    assert_string_equal(open_with(world, bob, "d"), "rate_limited");
    assert_int_equal(world->asked_count, asked);
    assert_int_equal(metrics_get(hub_metrics(world->hub), METRIC_BAD_LINKS), 2);
    assert_string_equal(open_with(world, eve, "d"), "not_found");
    eve->link_wait_ms = 5; /* there were too many at eve's address */
    assert_string_equal(open_with(world, eve, "d"), "rate_limited");
    world_pass(world, 31000);
    assert_string_equal(open_with(world, bob, "d"), "not_found");
    guarded_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_that_are_none_are_shown_no_faster_than_the_rate),
        cmocka_unit_test(each_rate_is_refused_one_past_its_limit_and_taken_after_the_wait),
        cmocka_unit_test(an_edit_that_was_taken_is_not_refused_when_it_comes_again),
        cmocka_unit_test(edits_that_no_good_client_makes_end_the_connection),
        cmocka_unit_test(who_has_done_nothing_wrong_is_not_ended),
        cmocka_unit_test(cursors_beyond_the_rate_are_thrown_together_and_the_last_one_counts),
        cmocka_unit_test(no_more_documents_are_open_than_channels),
        cmocka_unit_test_setup_teardown(openings_count_as_channels, setup_few_channels,
                                        guarded_teardown),
        cmocka_unit_test_setup_teardown(what_clients_report_fills_no_log, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(those_who_only_look_in_are_not_remembered, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(when_memory_is_tight_empty_rooms_and_cursors_go,
                                        world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(when_memory_is_scarce_nobody_new_is_let_in, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(when_memory_is_out_edits_wait, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_user_has_no_more_connections_than_the_limit, setup_three,
                                        guarded_teardown),
        cmocka_unit_test_setup_teardown(a_user_is_one_over_all_connections, setup_three,
                                        guarded_teardown),
    };
    return cmocka_run_group_tests_name("limits_hub", tests, NULL, NULL);
}

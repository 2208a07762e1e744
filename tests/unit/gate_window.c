/* Positions in a room: who is behind, who falls out of the window, presence. */
#include "unit/gate_reading.h"

#include "server/wire/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void a_slow_subscriber_keeps_the_window_and_a_fast_one_does_not(void **state)
{
    struct world *world = *state;
    struct outbox slow;
    outbox_init(&slow, CONNECTION + 1);
    subscribe(world, 3);
    stream_subscribe(world->stream, &slow,
                     &(struct stream_start){.channel = 1, .position = 100, .tick = 10});
    for (int i = 0; i < 20; i++) {
        say_item(world, 0, 5);
        take_all(world);
        check_sound(world);
    }
    assert_int_equal(world->stream->window.head - world->stream->window.tail, 20);
    outbox_deinit(&slow);
    check_sound(world);
    assert_int_equal(world->stream->window.bytes, 0);
}

static void who_falls_out_of_the_window_is_reported_once_with_what_it_has(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    subscribe(world, 4);
    say_item(world, 0, 5);
    struct window_item chat = {.blob = message(WIRE_CHATTED, 1, 0), .chat = 33};
    stream_push(world->stream, 101, &chat);
    take_all(world);
    for (int i = 0; i <= LIMIT_WINDOW_ITEMS; i++) {
        say_item(world, 0, 5);
    }
    assert_int_equal(world->stream->window.head - world->stream->window.tail, LIMIT_WINDOW_ITEMS);
    world->seen_count = 0;
    take_all(world);
    assert_int_equal(world->lagged, 2);
    assert_int_equal(world->lagged_version, 100);
    assert_int_equal(world->lagged_chat, 33);
    assert_int_equal(world->lagged_channel, 3);
    assert_int_equal(world->seen_count, 0);
    assert_null(world->outbox.subscribers);
    assert_int_equal(world->stream->count, 0);
    check_sound(world);
    say_item(world, 0, 5);
    take_all(world);
    assert_int_equal(world->lagged, 2);
}

static void a_full_window_is_still_read_to_the_end(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    for (int i = 0; i < LIMIT_WINDOW_ITEMS; i++) {
        say_item(world, 0, 5);
    }
    take_all(world);
    assert_int_equal(world->lagged, 0);
    assert_int_equal(world->seen_count, LIMIT_WINDOW_ITEMS);
}

static void a_window_is_bounded_in_bytes_too(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    for (int i = 0; i < 40; i++) {
        say_item(world, 0, LIMIT_WINDOW_BYTES / 16);
        assert_true(world->stream->window.bytes <= LIMIT_WINDOW_BYTES);
    }
    say_item(world, 0, 2 * LIMIT_WINDOW_BYTES);
    assert_int_equal(world->stream->window.head - world->stream->window.tail, 1);
    take_all(world);
    assert_int_equal(world->lagged, 1);
}

/* Two items of so many bytes; how many of them the window keeps. */
static uint64_t kept_of_two(struct world *world, size_t bytes)
{
    const struct window *window = &world->stream->window;
    subscribe(world, 3);
    say_item(world, 0, bytes / 2);
    size_t overhead = window->bytes - bytes / 2;
    say_item(world, 0, bytes - window->bytes - overhead);
    return window->head - window->tail;
}

static void a_window_holds_as_many_bytes_as_the_limit(void **state)
{
    struct world *world = *state;
    assert_int_equal(kept_of_two(world, LIMIT_WINDOW_BYTES), 2);
    assert_int_equal(world->stream->window.bytes, LIMIT_WINDOW_BYTES);
}

static void a_window_holds_no_byte_more(void **state)
{
    assert_int_equal(kept_of_two(*state, LIMIT_WINDOW_BYTES + 1), 1);
}

static void a_room_that_outruns_its_window_asks_to_be_flushed_first(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    for (int i = 0; i < LIMIT_WINDOW_ITEMS / 2; i++) {
        assert_false(stream_is_pressed(world->stream, 5));
        say_item(world, 0, 5);
    }
    assert_true(stream_is_pressed(world->stream, 5));
    stream_flushed(world->stream);
    assert_false(stream_is_pressed(world->stream, 5));
    assert_false(stream_is_pressed(world->stream, LIMIT_WINDOW_BYTES));
    say_item(world, 0, LIMIT_WINDOW_BYTES / 3);
    size_t left = LIMIT_WINDOW_BYTES / 2 - world->stream->fresh_bytes;
    assert_false(stream_is_pressed(world->stream, left));
    assert_true(stream_is_pressed(world->stream, left + 1));
}

static void nothing_is_kept_for_nobody(void **state)
{
    struct world *world = *state;
    say_item(world, 0, 5);
    say_tick(world);
    assert_int_equal(world->stream->window.head, 101);
    assert_int_equal(world->stream->window.bytes, 0);
    assert_int_equal(world->stream->ticks.last, 11);
    check_sound(world);
}

static void items_that_are_known_are_ignored_and_a_gap_begins_anew(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    say_item(world, 0, 5);
    struct window_item again = {.blob = message(WIRE_EDITED, 100, 5), .version = 100};
    stream_push(world->stream, 100, &again);
    assert_int_equal(world->stream->window.head, 101);
    struct window_item later = {.blob = message(WIRE_EDITED, 200, 5), .version = 200};
    stream_push(world->stream, 200, &later);
    assert_int_equal(world->stream->window.tail, 200);
    take_all(world);
    assert_int_equal(world->lagged, 1);
}

static void presence_comes_after_items_and_once(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    say_tick(world);
    say_item(world, 0, 5);
    say_tick(world);
    take_all(world);
    assert_int_equal(world->seen_count, 3);
    check_seen(world, 0, WIRE_EDITED, 3, 100);
    check_seen(world, 1, WIRE_PRESENCE, 3, 11);
    check_seen(world, 2, WIRE_PRESENCE, 3, 12);
    check_sound(world);
    take_all(world);
    assert_int_equal(world->seen_count, 3);
}

static void presence_waits_until_the_items_are_out(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    for (int i = 0; i < 100; i++) {
        say_item(world, 0, 1000);
    }
    say_tick(world);
    bool more;
    assert_true(take(world, &more));
    for (size_t i = 0; i < world->seen_count; i++) {
        assert_int_equal(world->seen[i].kind, WIRE_EDITED);
    }
    take_all(world);
    check_seen(world, 100, WIRE_PRESENCE, 3, 11);
}

static void who_missed_too_many_ticks_asks_once_for_all_of_presence(void **state)
{
    struct world *world = *state;
    struct subscriber *subscriber = subscribe(world, 3);
    for (int i = 0; i < LIMIT_TICKS; i++) {
        say_tick(world);
    }
    take_all(world);
    assert_int_equal(world->asked, 0);
    assert_int_equal(world->seen_count, LIMIT_TICKS);
    for (int i = 0; i <= LIMIT_TICKS; i++) {
        say_tick(world);
    }
    take_all(world);
    take_all(world);
    say_tick(world);
    take_all(world);
    assert_int_equal(world->asked, 1);
    assert_int_equal(world->seen_count, LIMIT_TICKS);
    check_sound(world);
    /* The answer is of a tick that is not the last any more: the rest follows it. */
    uint64_t last = world->stream->ticks.last;
    subscriber_full(subscriber, last - 1, message(WIRE_PRESENCE, 999, 0));
    take_all(world);
    assert_int_equal(world->seen_count, LIMIT_TICKS + 2);
    check_seen(world, LIMIT_TICKS, WIRE_PRESENCE, 3, 999);
    check_seen(world, LIMIT_TICKS + 1, WIRE_PRESENCE, 3, last);
    check_sound(world);
}

static void a_new_subscriber_gets_full_presence_before_ticks(void **state)
{
    struct world *world = *state;
    stream_subscribe(
        world->stream, &world->outbox,
        &(struct stream_start){
            .channel = 3, .position = 100, .tick = 10, .full = message(WIRE_PRESENCE, 999, 0)});
    say_item(world, 0, 5);
    say_tick(world);
    take_all(world);
    check_seen(world, 0, WIRE_EDITED, 3, 100);
    check_seen(world, 1, WIRE_PRESENCE, 3, 999);
    check_seen(world, 2, WIRE_PRESENCE, 3, 11);
    check_sound(world);
}

static void large_presence_goes_in_parts_with_its_channel(void **state)
{
    struct world *world = *state;
    stream_subscribe(
        world->stream, &world->outbox,
        &(struct stream_start){.channel = 3,
                               .position = 100,
                               .tick = 10,
                               .full = message(WIRE_EDITED, 999, 2 * LIMIT_FLUSH_BYTES)});
    say_tick(world);
    take_all(world);
    check_seen(world, 0, WIRE_EDITED, 3, 999);
    check_seen(world, 1, WIRE_PRESENCE, 3, 11);
    check_sound(world);
}

/* ---- at random: every reader gets every item in order or is told that it lags ---- */

struct reader_state {
    struct outbox outbox;
    struct subscriber *subscriber;
    uint64_t next; /* position that must come next */
    bool in_parts;
};

static void on_presence(void *context, const struct subscriber *subscriber)
{
    (void)context;
    (void)subscriber;
}

static void on_lagged_reader(void *context, const struct subscriber *subscriber)
{
    struct reader_state *reader = context;
    assert_int_equal(subscriber->version + 1, reader->next);
    reader->subscriber = NULL;
}

static void check_frame(struct reader_state *reader, const struct outbox_frame *frame)
{
    size_t header = frame->data[1] < 126 ? 2 : frame->data[1] == 126 ? 4 : 10;
    struct reader bytes = {.data = frame->data + header, .size = frame->size - header};
    while (bytes.at < bytes.size) {
        struct reader next = bytes;
        assert_true(reader_skip(&next));
        uint32_t count;
        uint64_t kind;
        uint64_t channel;
        uint64_t number;
        assert_true(reader_array(&bytes, &count) && reader_uint(&bytes, &kind) &&
                    reader_uint(&bytes, &channel) && reader_uint(&bytes, &number));
        assert_int_equal(channel, 3);
        assert_int_equal(number, reader->next++);
        bytes = next;
    }
}

static void join_reader(struct world *world, struct reader_state *reader)
{
    uint64_t head = world->stream->window.head;
    reader->next = head;
    reader->subscriber = stream_subscribe(
        world->stream, &reader->outbox,
        &(struct stream_start){.channel = 3, .position = head, .tick = 10, .version = head - 1});
}

static void random_readers_miss_nothing(void **state)
{
    enum { READERS = 8, STEPS = 20000 };
    struct world *world = *state;
    const char *given = getenv("QUIRE_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("QUIRE_SEED=%u\n", seed);
    struct reader_state readers[READERS] = {0};
    for (int i = 0; i < READERS; i++) {
        outbox_init(&readers[i].outbox, (uint64_t)i + 1);
    }
    for (int step = 0; step < STEPS; step++) {
        /* The higher its number, the slower a reader. */
        struct reader_state *reader = &readers[rand_r(&seed) % (1 + rand_r(&seed) % READERS)];
        unsigned what = (unsigned)rand_r(&seed) % 100;
        if (what < 60) {
            say_item(world, 0, (unsigned)rand_r(&seed) % 3000);
        } else if (reader->subscriber == NULL) {
            join_reader(world, reader);
        } else if (what < 98) {
            const struct outbox_events events = {reader, on_lagged_reader, on_presence};
            struct outbox_frame frame =
                outbox_take(&reader->outbox, &events, world->memory + FRAME_HEADER_MAX);
            if (frame.size > 0) {
                check_frame(reader, &frame);
            }
        } else {
            stream_unsubscribe(reader->subscriber);
            reader->subscriber = NULL;
        }
        check_sound(world);
    }
    for (int i = 0; i < READERS; i++) {
        outbox_deinit(&readers[i].outbox);
    }
    check_sound(world);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, reading_start, reading_stop)
    const struct CMUnitTest tests[] = {
        CASE(a_slow_subscriber_keeps_the_window_and_a_fast_one_does_not),
        CASE(who_falls_out_of_the_window_is_reported_once_with_what_it_has),
        CASE(a_full_window_is_still_read_to_the_end),
        CASE(a_window_is_bounded_in_bytes_too),
        CASE(a_window_holds_as_many_bytes_as_the_limit),
        CASE(a_window_holds_no_byte_more),
        CASE(a_room_that_outruns_its_window_asks_to_be_flushed_first),
        CASE(nothing_is_kept_for_nobody),
        CASE(items_that_are_known_are_ignored_and_a_gap_begins_anew),
        CASE(presence_comes_after_items_and_once),
        CASE(presence_waits_until_the_items_are_out),
        CASE(who_missed_too_many_ticks_asks_once_for_all_of_presence),
        CASE(a_new_subscriber_gets_full_presence_before_ticks),
        CASE(large_presence_goes_in_parts_with_its_channel),
        CASE(random_readers_miss_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

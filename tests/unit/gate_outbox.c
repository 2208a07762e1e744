/* How what a connection is sent is put into frames. */
#include "unit/gate_reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_outbox_gives_nothing(void **state)
{
    struct world *world = *state;
    bool more;
    assert_false(take(world, &more));
    subscribe(world, 3);
    assert_false(take(world, &more));
    check_sound(world);
}

static void own_messages_share_a_frame_in_their_order(void **state)
{
    struct world *world = *state;
    for (uint64_t i = 0; i < 10; i++) {
        outbox_add(&world->outbox, parts_of(message(WIRE_DONE, i, 0)));
    }
    take_all(world);
    assert_int_equal(world->frames, 1);
    assert_int_equal(world->seen_count, 10);
    for (uint64_t i = 0; i < 10; i++) {
        check_seen(world, i, WIRE_DONE, 0, i);
    }
}

static void items_carry_the_channel_of_each_subscriber(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    subscribe(world, 127);
    say_item(world, 0, 5);
    say_item(world, 0, 5);
    take_all(world);
    assert_int_equal(world->frames, 1);
    assert_int_equal(world->seen_count, 4);
    check_seen(world, 0, WIRE_EDITED, 127, 100);
    check_seen(world, 1, WIRE_EDITED, 127, 101);
    check_seen(world, 2, WIRE_EDITED, 3, 100);
    check_seen(world, 3, WIRE_EDITED, 3, 101);
    check_sound(world);
}

static void the_shared_bytes_are_never_changed(void **state)
{
    struct world *world = *state;
    subscribe(world, 9);
    say_item(world, 0, 5);
    struct blob *blob = blob_ref(window_at(&world->stream->window, 100)->blob);
    take_all(world);
    assert_int_equal(blob->data[ENCODE_CHANNEL_AT], 0);
    blob_unref(blob);
}

static void own_edits_come_back_as_acknowledgements(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    say_item(world, CONNECTION + 1, 5);
    say_item(world, CONNECTION, 5);
    say_item(world, 0, 5);
    take_all(world);
    assert_int_equal(world->seen_count, 3);
    check_seen(world, 0, WIRE_EDITED, 3, 100);
    check_seen(world, 1, WIRE_ACK, 3, 101);
    assert_int_equal(world->seen[1].second, 1010);
    check_seen(world, 2, WIRE_EDITED, 3, 102);
}

/* The hand-written ACK against the encoder's, at every width of a number. */
static void acknowledgements_are_as_the_encoder_writes_them(void **state)
{
    static const uint64_t numbers[] = {1,
                                       127,
                                       128,
                                       255,
                                       256,
                                       65535,
                                       65536,
                                       UINT32_MAX,
                                       (uint64_t)UINT32_MAX + 1,
                                       (UINT64_C(1) << 53) - 1};
    struct world *world = *state;
    subscribe(world, 3);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t position = world->stream->window.head;
        struct window_item item = {.blob = message(WIRE_EDITED, 1, 1),
                                   .version = numbers[i],
                                   .author = CONNECTION,
                                   .seq = numbers[i]};
        stream_push(world->stream, position, &item);
        const struct outbox_events events = reading_events(world);
        struct outbox_frame frame =
            outbox_take(&world->outbox, &events, world->memory + FRAME_HEADER_MAX);
        struct ot_buf expected = {0};
        encode_ack(&expected, 3, numbers[i], numbers[i]);
        assert_int_equal(frame.size, 2 + expected.size);
        assert_memory_equal(frame.data + 2, expected.data, expected.size);
        ot_buf_deinit(&expected);
    }
}

static void own_messages_go_before_items(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    say_item(world, 0, 5);
    outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 1, 0)));
    take_all(world);
    check_seen(world, 0, WIRE_DONE, 0, 1);
    check_seen(world, 1, WIRE_EDITED, 3, 100);
}

static void a_subscriber_gets_only_what_comes_after_its_position(void **state)
{
    struct world *world = *state;
    struct subscriber *first = subscribe(world, 1);
    say_item(world, 0, 5);
    say_item(world, 0, 5);
    subscribe(world, 2);
    say_item(world, 0, 5);
    take_all(world);
    assert_int_equal(world->seen_count, 4);
    check_seen(world, 0, WIRE_EDITED, 2, 102);
    check_seen(world, 1, WIRE_EDITED, 1, 100);
    assert_int_equal(first->version, 102);
    check_sound(world);
}

static void a_frame_holds_no_more_than_its_limit(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    for (int i = 0; i < 100; i++) {
        say_item(world, 0, 1000);
    }
    bool more;
    assert_true(take(world, &more));
    assert_true(more);
    check_sound(world);
    assert_true(take(world, &more));
    assert_false(more);
    assert_false(take(world, &more));
    assert_int_equal(world->seen_count, 100);
    assert_int_equal(world->parts, 0);
    check_sound(world);
}

static void a_message_of_exactly_the_limit_is_one_frame(void **state)
{
    struct world *world = *state;
    struct blob *blob = message(WIRE_EDITED, 1, LIMIT_FLUSH_BYTES - EDIT_OVERHEAD);
    assert_int_equal(blob->size, LIMIT_FLUSH_BYTES);
    outbox_add(&world->outbox, parts_of(blob));
    outbox_add(&world->outbox,
               parts_of(message(WIRE_EDITED, 2, LIMIT_FLUSH_BYTES - EDIT_OVERHEAD + 1)));
    bool more;
    assert_true(take(world, &more));
    assert_true(more);
    assert_int_equal(world->parts, 0);
    take_all(world);
    assert_int_equal(world->parts, 1);
    assert_int_equal(world->seen_count, 2);
}

static void a_large_message_of_its_own_goes_in_parts_and_alone(void **state)
{
    struct world *world = *state;
    outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 1, 0)));
    outbox_add(&world->outbox, parts_of(message(WIRE_EDITED, 9, 5 * LIMIT_FLUSH_BYTES)));
    outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 2, 0)));
    take_all(world);
    assert_int_equal(world->frames, 3);
    assert_int_equal(world->parts, 5);
    assert_int_equal(world->seen_count, 3);
    check_seen(world, 0, WIRE_DONE, 0, 1);
    check_seen(world, 1, WIRE_EDITED, 0, 9);
    check_seen(world, 2, WIRE_DONE, 0, 2);
}

/* Bytes that tell their place, in two blobs. */
static struct parts numbered(size_t outer_size, size_t inner_size, size_t inner_at)
{
    struct parts parts = {blob_new(outer_size), blob_new(inner_size), inner_at};
    for (size_t i = 0; i < outer_size + inner_size; i++) {
        bool is_inner = i >= inner_at && i < inner_at + inner_size;
        size_t place = i < inner_at ? i : is_inner ? i - inner_at : i - inner_size;
        (is_inner ? parts.inner : parts.outer)->data[place] = (uint8_t)(i + 1);
    }
    return parts;
}

static void bytes_in_two_blobs_are_copied_from_any_place_to_any_other(void **state)
{
    (void)state;
    for (size_t inner_at = 0; inner_at <= 5; inner_at++) {
        struct parts parts = numbered(5, 7, inner_at);
        assert_int_equal(parts_size(&parts), 12);
        for (size_t at = 0; at <= 12; at++) {
            for (size_t size = 0; at + size <= 12; size++) {
                uint8_t out[14] = {0};
                parts_copy(&parts, at, size, out + 1);
                for (size_t i = 0; i < size; i++) {
                    assert_int_equal(out[1 + i], at + i + 1);
                }
                assert_int_equal(out[0], 0);
                assert_int_equal(out[1 + size], 0);
            }
        }
        parts_unref(&parts);
    }
}

/* An EDIT whose operation is shared. */
static struct parts split_message(uint64_t number, size_t size, struct blob *shared)
{
    struct blob *whole = message(WIRE_EDITED, number, size);
    size_t at = whole->size - size;
    struct parts parts = {blob_copy(whole->data, at), blob_ref(shared), at};
    blob_unref(whole);
    return parts;
}

static void what_is_shared_stands_in_the_message_and_is_let_go_of(void **state)
{
    struct world *world = *state;
    for (size_t size = 100; size <= 5 * LIMIT_FLUSH_BYTES; size += 5 * LIMIT_FLUSH_BYTES - 100) {
        struct blob *shared = blob_new(size);
        memset(shared->data, 0, size);
        world->seen_count = world->parts = 0;
        outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 1, 0)));
        outbox_add(&world->outbox, split_message(9, size, shared));
        outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 2, 0)));
        assert_true(outbox_held_bytes(&world->outbox) >= size);
        take_all(world);
        assert_int_equal(world->parts, size / LIMIT_FLUSH_BYTES);
        assert_int_equal(world->seen_count, 3);
        check_seen(world, 0, WIRE_DONE, 0, 1);
        check_seen(world, 1, WIRE_EDITED, 0, 9);
        check_seen(world, 2, WIRE_DONE, 0, 2);
        outbox_add(&world->outbox, split_message(9, size, shared));
        outbox_drop(&world->outbox);
        assert_int_equal(outbox_held_bytes(&world->outbox), 0);
        assert_int_equal(atomic_load(&shared->refs), 1);
        blob_unref(shared);
    }
}

static void a_large_item_goes_in_parts_with_its_channel(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    subscribe(world, 4);
    say_item(world, 0, 5);
    say_item(world, 0, 3 * LIMIT_FLUSH_BYTES);
    say_item(world, 0, 5);
    take_all(world);
    assert_int_equal(world->seen_count, 6);
    check_seen(world, 0, WIRE_EDITED, 4, 100);
    check_seen(world, 1, WIRE_EDITED, 4, 101);
    check_seen(world, 2, WIRE_EDITED, 4, 102);
    check_seen(world, 3, WIRE_EDITED, 3, 100);
    check_seen(world, 4, WIRE_EDITED, 3, 101);
    check_seen(world, 5, WIRE_EDITED, 3, 102);
    check_sound(world);
}

static void a_large_item_survives_the_window_it_came_from(void **state)
{
    struct world *world = *state;
    subscribe(world, 3);
    say_item(world, 0, 3 * LIMIT_FLUSH_BYTES);
    bool more;
    assert_true(take(world, &more));
    stream_unsubscribe(outbox_subscriber(&world->outbox, 3));
    assert_int_equal(world->stream->window.bytes, 0);
    take_all(world);
    check_seen(world, 0, WIRE_EDITED, 3, 100);
}

static void what_is_dropped_does_not_cut_a_large_message(void **state)
{
    struct world *world = *state;
    outbox_add(&world->outbox, parts_of(message(WIRE_EDITED, 9, 2 * LIMIT_FLUSH_BYTES)));
    outbox_add(&world->outbox, parts_of(message(WIRE_DONE, 2, 0)));
    bool more;
    assert_true(take(world, &more));
    outbox_drop(&world->outbox);
    assert_int_equal(world->outbox.bytes, 0);
    take_all(world);
    assert_int_equal(world->seen_count, 1);
    check_seen(world, 0, WIRE_EDITED, 0, 9);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, reading_start, reading_stop)
    const struct CMUnitTest tests[] = {
        CASE(an_empty_outbox_gives_nothing),
        CASE(own_messages_share_a_frame_in_their_order),
        CASE(items_carry_the_channel_of_each_subscriber),
        CASE(the_shared_bytes_are_never_changed),
        CASE(own_edits_come_back_as_acknowledgements),
        CASE(acknowledgements_are_as_the_encoder_writes_them),
        CASE(own_messages_go_before_items),
        CASE(a_subscriber_gets_only_what_comes_after_its_position),
        CASE(a_frame_holds_no_more_than_its_limit),
        CASE(a_message_of_exactly_the_limit_is_one_frame),
        CASE(a_large_message_of_its_own_goes_in_parts_and_alone),
        CASE(bytes_in_two_blobs_are_copied_from_any_place_to_any_other),
        CASE(what_is_shared_stands_in_the_message_and_is_let_go_of),
        CASE(a_large_item_goes_in_parts_with_its_channel),
        CASE(a_large_item_survives_the_window_it_came_from),
        CASE(what_is_dropped_does_not_cut_a_large_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

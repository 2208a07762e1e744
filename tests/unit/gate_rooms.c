/* Fan-out through real sockets. */
#include "unit/gate_world.h"

#include "server/limits.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SNAPSHOT_BYTES 16777216
#define ROOM           9

static int start(void **state)
{
    *state = world_start(NULL);
    return 0;
}

static int stop(void **state)
{
    world_stop(*state);
    return 0;
}

/* A short message that stands for any: [44, n, nil]. */
#define DONE_SIZE 4
static struct blob *done(uint64_t n)
{
    struct ot_buf out = {0};
    encode_done_nil(&out, n);
    struct blob *blob = encode_blob(&out);
    ot_buf_deinit(&out);
    return blob;
}

static void check_done(struct ws_raw *ws, uint8_t n)
{
    const uint8_t expected[] = {0x93, WIRE_DONE, n, 0xc0};
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message_size, sizeof(expected));
    assert_memory_equal(ws->message, expected, sizeof(expected));
}

/* Reads EDITs of a channel until `last`; each version is one more than the one before. */
static void read_edits(struct ws_raw *ws, uint8_t channel, uint64_t first, uint64_t last)
{
    uint64_t next = first;
    while (next <= last) {
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
        for (size_t at = 0; at < ws->message_size; next++) {
            uint8_t on;
            assert_int_equal(world_read_edit(ws, &at, &on), next);
            assert_int_equal(on, channel);
        }
    }
    assert_int_equal(next, last + 1);
}

static struct ws_raw *join_room(struct world *world, uint8_t channel, uint64_t position,
                                int receive_bytes, uint64_t *connection_out)
{
    struct ws_raw *ws = world_join(world, receive_bytes, connection_out);
    world_attach(world, *connection_out, channel, ROOM, position, done(1));
    check_done(ws, 1);
    return ws;
}

static void items_reach_every_reader_on_its_channel(void **state)
{
    enum { READERS = 20, ITEMS = 50 };
    struct world *world = *state;
    struct ws_raw *readers[READERS];
    for (uint8_t i = 0; i < READERS; i++) {
        uint64_t connection;
        readers[i] = join_room(world, i, 0, 0, &connection);
    }
    for (uint64_t i = 0; i < ITEMS; i++) {
        world_item(world, ROOM, i, world_edit(i + 1, 20));
    }
    for (uint8_t i = 0; i < READERS; i++) {
        read_edits(readers[i], i, 1, ITEMS);
        ws_raw_free(readers[i]);
    }
}

static void items_come_after_the_answer_to_open_and_only_those_after_it(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    uint64_t other;
    struct ws_raw *first = join_room(world, 1, 0, 0, &other);
    struct ws_raw *ws = world_join(world, 0, &connection);
    world_hold(world);
    world_item(world, ROOM, 0, world_edit(1, 5));
    world_attach(world, connection, 3, ROOM, 1, done(7));
    world_item(world, ROOM, 1, world_edit(2, 5));
    world_release(world);
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_memory_equal(ws->message, "\x93\x2c\x07\xc0", 4);
    size_t at = 4;
    uint8_t channel;
    assert_int_equal(world_read_edit(ws, &at, &channel), 2);
    assert_int_equal(channel, 3);
    assert_int_equal(at, ws->message_size);
    ws_raw_free(first);
    ws_raw_free(ws);
}

static void reopening_a_channel_replaces_what_it_had(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &connection);
    world_hold(world);
    world_item(world, ROOM, 0, world_edit(1, 5));
    world_attach(world, connection, 3, ROOM, 1, done(2));
    world_release(world);
    check_done(ws, 2);
    world_item(world, ROOM, 1, world_edit(2, 5));
    read_edits(ws, 3, 2, 2);
    world_check_quiet(ws);
    ws_raw_free(ws);
}

static void what_comes_in_one_turn_goes_out_in_one_frame(void **state)
{
    enum { ROOMS = 10, ITEMS = 20 };
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (uint8_t room = 0; room < ROOMS; room++) {
        world_attach(world, connection, room, ROOM + room, 0, done(room));
    }
    for (size_t answered = 0; answered < ROOMS;) {
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
        answered += ws->message_size / DONE_SIZE;
    }
    size_t frames = ws->frames;
    world_hold(world);
    for (uint64_t i = 0; i < ITEMS; i++) {
        for (uint64_t room = 0; room < ROOMS; room++) {
            world_item(world, ROOM + room, i, world_edit(i + 1, 20));
        }
    }
    world_send(world, connection, done(99));
    world_release(world);
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->frames, frames + 1);
    size_t count = 0;
    for (size_t at = 4; at < ws->message_size; count++) {
        uint8_t channel;
        assert_int_not_equal(world_read_edit(ws, &at, &channel), 0);
    }
    assert_int_equal(count, ROOMS * ITEMS);
    ws_raw_free(ws);
}

static void an_author_gets_an_acknowledgement_instead_of_its_edit(void **state)
{
    struct world *world = *state;
    uint64_t author;
    uint64_t reader;
    struct ws_raw *writing = join_room(world, 3, 0, 0, &author);
    struct ws_raw *reading = join_room(world, 4, 0, 0, &reader);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_ITEM,
                                        .room = ROOM,
                                        .position = 0,
                                        .version = 1,
                                        .author = author,
                                        .seq = 300,
                                        .blob = world_edit(1, 5)});
    assert_int_equal(ws_raw_next(writing), WS_RAW_BINARY);
    assert_int_equal(writing->message_size, 7);
    assert_memory_equal(writing->message, "\x94\x25\x03\x01\xcd\x01\x2c", 7);
    read_edits(reading, 4, 1, 1);
    ws_raw_free(writing);
    ws_raw_free(reading);
}

static void a_detached_channel_gets_its_last_message_and_no_more(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &connection);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_DETACH,
                                        .connection = connection,
                                        .channel = 3,
                                        .blob = done(8)});
    world_item(world, ROOM, 0, world_edit(1, 5));
    check_done(ws, 8);
    world_check_quiet(ws);
    ws_raw_free(ws);
}

static void a_forgotten_room_says_nothing(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &connection);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_FORGET, .room = ROOM});
    world_item(world, ROOM, 0, world_edit(1, 5));
    world_tell(world, &(struct hub_out){
                          .kind = HUB_OUT_PRESENCE, .room = ROOM, .tick = 1, .blob = done(1)});
    world_send(world, connection, done(2));
    check_done(ws, 2);
    world_check_quiet(ws);
    ws_raw_free(ws);
}

static void words_to_connections_that_are_gone_are_dropped(void **state)
{
    struct world *world = *state;
    uint64_t gone;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &gone);
    ws_raw_free(ws);
    world_expect(world, HUB_IN_GONE, gone);
    ws = world_join(world, 0, &connection);
    world_send(world, gone, done(1));
    world_attach(world, gone, 1, ROOM, 5, done(2));
    world_tell(world, &(struct hub_out){
                          .kind = HUB_OUT_FULL, .connection = gone, .room = ROOM, .blob = done(3)});
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_CLOSE, .connection = gone, .code = 4500});
    world_check_quiet(ws);
    assert_false(world_has_posts(world));
    ws_raw_free(ws);
}

static struct blob *presence(uint64_t n)
{
    struct ot_buf out = {0};
    encode_presence(&out, 0, n, false, 1, 0);
    struct blob *blob = encode_blob(&out);
    ot_buf_deinit(&out);
    return blob;
}

static void check_presence(struct ws_raw *ws, uint8_t channel, uint8_t n)
{
    const uint8_t expected[] = {0x96, WIRE_PRESENCE, channel, n, 0xc2, 1, 0x90};
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message_size, sizeof(expected));
    assert_memory_equal(ws->message, expected, sizeof(expected));
}

static void presence_is_asked_for_when_ticks_were_missed(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &connection);
    world_tell(world, &(struct hub_out){
                          .kind = HUB_OUT_PRESENCE, .room = ROOM, .tick = 1, .blob = presence(1)});
    check_presence(ws, 3, 1);
    world_tell(world, &(struct hub_out){
                          .kind = HUB_OUT_PRESENCE, .room = ROOM, .tick = 3, .blob = presence(3)});
    struct hub_in *in = world_take(world);
    assert_int_equal(in->kind, HUB_IN_PRESENCE);
    assert_int_equal(in->connection, connection);
    assert_int_equal(in->channel, 3);
    free(in);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_FULL,
                                        .connection = connection,
                                        .channel = 3,
                                        .room = ROOM,
                                        .tick = 3,
                                        .blob = presence(99)});
    check_presence(ws, 3, 99);
    world_check_quiet(ws);
    ws_raw_free(ws);
}

static void the_hub_closes_with_last_words_and_a_code(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, 0, &connection);
    world_tell(world, &(struct hub_out){.kind = HUB_OUT_CLOSE,
                                        .connection = connection,
                                        .code = WIRE_CLOSE_REPLACED,
                                        .blob = done(5)});
    check_done(ws, 5);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_REPLACED);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
}

/* ---- slow readers ---- */

/* Receive buffers that are soon full. With the smaller one, large messages take long, since the
 * kernel waits between its segments. */
#define SLOW_BUFFER   524288
#define SLOWER_BUFFER 8192
/* More than the kernel takes. */
#define LARGE_BYTES 8388608

/* Whether something has come, or comes in a moment. */
static bool has_more(const struct ws_raw *ws)
{
    struct pollfd socket = {.fd = ws->socket, .events = POLLIN};
    return ws->size > 0 || poll(&socket, 1, 20) > 0;
}

/* What a reader that does not read costs: the end of the window, and no more. When it reads, it
 * gets the start of what it missed, in order, and the hub is told where it was lost. */
static void a_reader_that_does_not_read_is_only_a_position(void **state)
{
    enum { ITEMS = 20000, SIZE = 1000 };
    struct world *world = *state;
    uint64_t slow_connection;
    uint64_t fast_connection;
    struct ws_raw *slow = join_room(world, 3, 0, SLOW_BUFFER, &slow_connection);
    struct ws_raw *fast = join_room(world, 4, 0, 0, &fast_connection);
    struct blob *early = NULL;
    for (uint64_t i = 0; i < ITEMS; i++) {
        struct blob *blob = world_edit(i + 1, SIZE);
        if (i == ITEMS / 2) {
            early = blob_ref(blob);
        }
        world_item(world, ROOM, i, blob);
        if (i % 100 == 99) {
            read_edits(fast, 4, i - 98, i + 1);
        }
    }
    /* The fast one has all of it; nobody holds what the slow one has not taken. */
    world_check_quiet(fast);
    assert_int_equal(atomic_load(&early->refs), 1);
    blob_unref(early);
    uint64_t written = gates_metric(world->gates, METRIC_BYTES_OUT);
    assert_true(written < UINT64_C(1100) * ITEMS + 8 * 1048576);

    uint64_t next = 1;
    while (!world_has_posts(world)) {
        if (!has_more(slow)) {
            continue; /* the gate is about to find that it cannot go on */
        }
        assert_int_equal(ws_raw_next(slow), WS_RAW_BINARY);
        for (size_t at = 0; at < slow->message_size; next++) {
            uint8_t channel;
            assert_int_equal(world_read_edit(slow, &at, &channel), next);
        }
    }
    struct hub_in *in = world_take(world);
    assert_int_equal(in->kind, HUB_IN_LAGGED);
    assert_int_equal(in->connection, slow_connection);
    assert_int_equal(in->channel, 3);
    assert_int_equal(in->attachment, 1003);
    assert_true(in->version >= next - 1);
    world_attach(world, slow_connection, 3, ROOM, ITEMS, done(77));
    read_edits(slow, 3, next, in->version);
    check_done(slow, 77);
    world_item(world, ROOM, ITEMS, world_edit(ITEMS + 1, SIZE));
    read_edits(slow, 3, ITEMS + 1, ITEMS + 1);
    free(in);
    ws_raw_free(slow);
    ws_raw_free(fast);
}

/* One who pauses, but not for longer than the window holds, misses nothing and needs few frames. */
static void a_reader_that_catches_up_gets_everything_in_few_frames(void **state)
{
    enum { ITEMS = 900, SIZE = 1000 };
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = join_room(world, 3, 0, SLOWER_BUFFER, &connection);
    size_t frames = ws->frames;
    for (uint64_t i = 0; i < ITEMS; i++) {
        world_item(world, ROOM, i, world_edit(i + 1, SIZE));
    }
    uint64_t other;
    struct ws_raw *witness = world_join(world, 0, &other);
    world_check_quiet(witness);
    read_edits(ws, 3, 1, ITEMS);
    assert_true(ws->frames - frames < ITEMS);
    assert_false(world_has_posts(world));
    ws_raw_free(witness);
    ws_raw_free(ws);
}

/* 16 MiB in 64 KiB parts: nobody waits for it, and it arrives whole. */
static void a_snapshot_goes_to_a_slow_reader_in_parts(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    uint64_t other;
    struct ws_raw *slow = world_join(world, SLOW_BUFFER, &connection);
    struct ws_raw *witness = world_join(world, 0, &other);
    struct blob *snapshot = world_edit(5, SNAPSHOT_BYTES);
    world_attach(world, connection, 3, ROOM, 0, blob_ref(snapshot));
    world_item(world, ROOM, 0, world_edit(1, 5));
    world_check_quiet(witness);
    /* libwebsockets holds a copy of a part at most. */
    assert_int_equal(atomic_load(&snapshot->refs), 2);
    assert_true(gates_metric(world->gates, METRIC_BYTES_OUT) < SNAPSHOT_BYTES);
    assert_int_equal(ws_raw_next(slow), WS_RAW_BINARY);
    assert_int_equal(slow->message_size, snapshot->size);
    assert_memory_equal(slow->message, snapshot->data, snapshot->size);
    assert_true(slow->frames >= SNAPSHOT_BYTES / LIMIT_FLUSH_BYTES);
    read_edits(slow, 3, 1, 1);
    blob_unref(snapshot);
    ws_raw_free(slow);
    ws_raw_free(witness);
}

static void too_much_waiting_for_one_connection_ends_it(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SLOW_BUFFER, &connection);
    struct blob *large = world_edit(5, LARGE_BYTES);
    world_send(world, connection, blob_ref(large));
    while (gates_metric(world->gates, METRIC_BYTES_OUT) == 0) {
        usleep(1000);
    }
    for (int i = 0; i < LIMIT_OUTBOX_BYTES / LARGE_BYTES; i++) {
        world_send(world, connection, blob_ref(large));
    }
    world_expect(world, HUB_IN_GONE, connection);
    /* What had begun to go out is not cut; the rest is never sent. */
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message_size, large->size);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    blob_unref(large);
    ws_raw_free(ws);
}

/* Answers of the gate itself count as well, small as they are. */
static void who_asks_for_ever_and_reads_nothing_is_ended(void **state)
{
    static const uint8_t ping[] = {0x92, WIRE_PING, 1};
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SLOW_BUFFER, &connection);
    size_t size = limits_preset().values[SETTING_FRAME_BYTES] / sizeof(ping) * sizeof(ping);
    uint8_t *pings = malloc(size);
    for (size_t at = 0; at < size; at += sizeof(ping)) {
        memcpy(pings + at, ping, sizeof(ping));
    }
    while (!world_has_posts(world) && ws_raw_send_binary(ws, pings, size)) {
    }
    world_expect(world, HUB_IN_GONE, connection);
    free(pings);
    ws_raw_free(ws);
}

static void a_reader_that_takes_nothing_for_long_is_ended(void **state)
{
    (void)state;
    struct world *world = world_start(&(struct gate_options){.stall_ms = 200, .close_ms = 200});
    uint64_t connection;
    struct ws_raw *ws = world_join(world, SLOW_BUFFER, &connection);
    struct blob *large = world_edit(5, SNAPSHOT_BYTES);
    world_send(world, connection, large);
    world_expect(world, HUB_IN_GONE, connection);
    while (gates_metric(world->gates, METRIC_CONNECTIONS) > 0) {
        usleep(1000);
    }
    ws_raw_free(ws);
    world_stop(world);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(items_reach_every_reader_on_its_channel),
        CASE(items_come_after_the_answer_to_open_and_only_those_after_it),
        CASE(reopening_a_channel_replaces_what_it_had),
        CASE(what_comes_in_one_turn_goes_out_in_one_frame),
        CASE(an_author_gets_an_acknowledgement_instead_of_its_edit),
        CASE(a_detached_channel_gets_its_last_message_and_no_more),
        CASE(a_forgotten_room_says_nothing),
        CASE(words_to_connections_that_are_gone_are_dropped),
        CASE(presence_is_asked_for_when_ticks_were_missed),
        CASE(the_hub_closes_with_last_words_and_a_code),
        CASE(a_reader_that_does_not_read_is_only_a_position),
        CASE(a_reader_that_catches_up_gets_everything_in_few_frames),
        CASE(a_snapshot_goes_to_a_slow_reader_in_parts),
        CASE(too_much_waiting_for_one_connection_ends_it),
        CASE(who_asks_for_ever_and_reads_nothing_is_ended),
        cmocka_unit_test(a_reader_that_takes_nothing_for_long_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

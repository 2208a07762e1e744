#include "unit/gate_world.h"

#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static const uint8_t ping[] = {0x92, WIRE_PING, 5};
static const uint8_t pong[] = {0x92, WIRE_PONG, 5};
/* [4, ch]: CLOSE of a channel, the shortest message that goes to the hub. */
static const uint8_t close_3[] = {0x92, WIRE_CLOSE, 3};

static void check_next(struct ws_raw *ws, const void *data, size_t size)
{
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message_size, size);
    assert_memory_equal(ws->message, data, size);
}

static void check_error(struct ws_raw *ws, const char *code)
{
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    assert_int_equal(ws->message[1], WIRE_ERROR);
    assert_non_null(memmem(ws->message, ws->message_size, code, strlen(code)));
}

static void a_hello_reaches_the_hub(void **state)
{
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    assert_true(ws_raw_send_binary(ws, WORLD_HELLO, WORLD_HELLO_SIZE));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->kind, HUB_IN_MESSAGE);
    assert_int_equal(in->message.kind, WIRE_HELLO);
    assert_int_equal(in->message.hello.name.size, 3);
    assert_memory_equal(in->message.hello.name.data, "Ann", 3);
    assert_true(in->message.hello.name.data > in->bytes &&
                in->message.hello.name.data < in->bytes + in->size);
    assert_int_equal(in->size, WORLD_HELLO_SIZE);
    uint64_t connection = in->connection;
    free(in);
    ws_raw_free(ws);
    world_expect(world, HUB_IN_GONE, connection);
}

static void connections_have_numbers_that_are_never_used_twice(void **state)
{
    struct world *world = *state;
    uint64_t before = 0;
    for (int i = 0; i < 20; i++) {
        uint64_t connection;
        struct ws_raw *ws = world_join(world, 0, &connection);
        assert_true(connection > before);
        before = connection;
        ws_raw_free(ws);
        world_expect(world, HUB_IN_GONE, connection);
    }
}

static void a_ping_is_answered_without_the_hub(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_binary(ws, ping, sizeof(ping)));
    check_next(ws, pong, sizeof(pong));
    assert_false(world_has_posts(world));
    ws_raw_free(ws);
}

static void many_messages_in_one_frame_are_all_read(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    uint8_t frame[sizeof(close_3) * 100 + sizeof(ping)];
    for (size_t i = 0; i < 100; i++) {
        memcpy(frame + i * sizeof(close_3), close_3, sizeof(close_3));
        frame[i * sizeof(close_3) + 2] = (uint8_t)i;
    }
    memcpy(frame + 100 * sizeof(close_3), ping, sizeof(ping));
    assert_true(ws_raw_send_binary(ws, frame, sizeof(frame)));
    check_next(ws, pong, sizeof(pong));
    for (uint8_t i = 0; i < 100; i++) {
        struct hub_in *in = world_take(world);
        assert_int_equal(in->connection, connection);
        assert_int_equal(in->message.kind, WIRE_CLOSE);
        assert_int_equal(in->message.channel, i);
        free(in);
    }
    ws_raw_free(ws);
}

static void a_frame_in_fragments_is_put_together(void **state)
{
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    for (size_t i = 0; i < WORLD_HELLO_SIZE; i++) {
        assert_true(ws_raw_send_frame(ws, i == 0 ? WS_RAW_BINARY : WS_RAW_CONTINUATION, false,
                                      &WORLD_HELLO[i], 1));
        assert_true(ws_raw_send_frame(ws, WS_RAW_CONTINUATION, false, "", 0));
    }
    assert_true(ws_raw_send_frame(ws, WS_RAW_CONTINUATION, true, "", 0));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->message.kind, WIRE_HELLO);
    assert_int_equal(in->size, WORLD_HELLO_SIZE);
    free(in);
    world_check_quiet(ws);
    ws_raw_free(ws);
}

/* Of such an EDIT, besides the text: head of the message 10, of the operation 5. */
#define EDIT_OVERHEAD 15
#define FRAME_BYTES   ((size_t)limits_preset().values[SETTING_FRAME_BYTES])

/* [5, 0, 1, 0, bin]: an EDIT that inserts `size` bytes of text. The caller frees it. */
static uint8_t *make_edit(size_t size, size_t *size_out)
{
    struct ot_buf op = {0};
    struct ot_buf frame = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    uint8_t *text = malloc(size);
    memset(text, 'a', size);
    ot_builder_insert(builder, (struct ot_slice){text, size}, (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    const uint8_t head[] = {0x95,
                            WIRE_EDIT,
                            0,
                            1,
                            0,
                            0xc6,
                            (uint8_t)(op.size >> 24),
                            (uint8_t)(op.size >> 16),
                            (uint8_t)(op.size >> 8),
                            (uint8_t)op.size};
    ot_buf_append(&frame, head, sizeof(head));
    ot_buf_append(&frame, op.data, op.size);
    ot_buf_deinit(&op);
    ot_builder_free(builder);
    free(text);
    *size_out = frame.size;
    return frame.data;
}

static void a_frame_of_the_largest_size_is_taken_and_one_byte_more_is_not(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    size_t size;
    uint8_t *largest = make_edit(FRAME_BYTES - EDIT_OVERHEAD, &size);
    assert_int_equal(size, FRAME_BYTES);
    assert_true(ws_raw_send_binary(ws, largest, size));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->message.kind, WIRE_EDIT);
    assert_int_equal(in->size, FRAME_BYTES);
    free(in);
    free(largest);

    uint8_t *larger = make_edit(FRAME_BYTES - EDIT_OVERHEAD + 1, &size);
    assert_int_equal(size, FRAME_BYTES + 1);
    ws_raw_send_binary(ws, larger, size);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    world_expect(world, HUB_IN_GONE, connection);
    free(larger);
    ws_raw_free(ws);
}

static void a_frame_that_only_promises_to_be_huge_is_refused_at_once(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_header(ws, WS_RAW_BINARY, true, UINT64_C(1) << 62));
    assert_true(ws_raw_send(ws, "x", 1));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    ws_raw_free(ws);
}

static void fragments_that_add_up_to_too_much_are_refused(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    uint8_t *part = calloc(1, FRAME_BYTES / 4);
    bool sent = ws_raw_send_frame(ws, WS_RAW_BINARY, false, part, FRAME_BYTES / 4);
    for (int i = 0; i < 4 && sent; i++) {
        sent = ws_raw_send_frame(ws, WS_RAW_CONTINUATION, false, part, FRAME_BYTES / 4);
    }
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TOO_LARGE);
    free(part);
    ws_raw_free(ws);
}

static void a_text_frame_ends_the_connection(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_frame(ws, WS_RAW_TEXT, true, "hello", 5));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TEXT);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);

    ws = ws_raw_open(world->port, 0);
    assert_true(ws_raw_send_frame(ws, WS_RAW_TEXT, true, "", 0));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_TEXT);
    ws_raw_free(ws);
}

static void text_that_is_not_utf8_ends_the_connection_with_its_own_code(void **state)
{
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    assert_true(ws_raw_send_frame(ws, WS_RAW_TEXT, true, "\xed\xa0\x80", 3));
    assert_int_equal(ws_raw_close_code(ws), 1007);
    ws_raw_free(ws);
}

static void anything_before_hello_ends_the_connection(void **state)
{
    struct world *world = *state;
    const struct {
        const void *data;
        size_t size;
    } firsts[] = {{ping, sizeof(ping)}, {close_3, sizeof(close_3)}};
    for (size_t i = 0; i < 2; i++) {
        struct ws_raw *ws = ws_raw_open(world->port, 0);
        assert_true(ws_raw_send_binary(ws, firsts[i].data, firsts[i].size));
        assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
        ws_raw_free(ws);
    }
    assert_false(world_has_posts(world));
}

static void a_second_hello_is_a_bad_message(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_binary(ws, WORLD_HELLO, WORLD_HELLO_SIZE));
    check_error(ws, "bad_message");
    assert_false(world_has_posts(world));
    world_check_quiet(ws);
    ws_raw_free(ws);
}

static void the_third_bad_message_ends_the_connection(void **state)
{
    static const uint8_t unknown[] = {0x92, 63, 0};
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (int i = 1; i < LIMIT_BAD_MESSAGES; i++) {
        assert_true(ws_raw_send_binary(ws, unknown, sizeof(unknown)));
        check_error(ws, "bad_message");
        world_check_quiet(ws);
    }
    assert_true(ws_raw_send_binary(ws, unknown, sizeof(unknown)));
    check_error(ws, "bad_message");
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_BAD_MESSAGE);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
}

static void a_bad_message_does_not_spoil_the_others_of_its_frame(void **state)
{
    static const uint8_t frame[] = {0x92, WIRE_CLOSE, 3, 0x92, 63, 0, 0x92, WIRE_PING, 5};
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_binary(ws, frame, sizeof(frame)));
    world_expect(world, HUB_IN_MESSAGE, connection);
    check_error(ws, "bad_message");
    assert_int_equal(ws->message[ws->message_size - 1], 5);
    ws_raw_free(ws);
}

static void a_refused_name_may_be_corrected(void **state)
{
    static const char no_name[] = "\x97\x01\xc0\xa0\xa7#2266cc\xc0\xc0\xa2me";
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    for (int i = 0; i < LIMIT_BAD_MESSAGES + 1; i++) {
        assert_true(ws_raw_send_binary(ws, no_name, sizeof(no_name) - 1));
        check_error(ws, "bad_name");
    }
    assert_true(ws_raw_send_binary(ws, WORLD_HELLO, WORLD_HELLO_SIZE));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->message.kind, WIRE_HELLO);
    free(in);
    ws_raw_free(ws);
}

/* Where the next message begins is not known: the rest of the frame is passed over. */
static void bytes_that_are_no_message_end_the_connection_with_the_third(void **state)
{
    static const uint8_t cut_off[] = {0x92, WIRE_PING, 5, 0xc1, 0x92, WIRE_PING, 6};
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (int i = 1; i < LIMIT_BAD_MESSAGES; i++) {
        assert_true(ws_raw_send_binary(ws, cut_off, sizeof(cut_off)));
        assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
        assert_int_equal(ws->message[1], WIRE_PONG);
        assert_non_null(memmem(ws->message, ws->message_size, "bad_message", 11));
        assert_int_equal(ws->message[ws->message_size - 1], 0); /* the error is the last */
        world_check_quiet(ws);
    }
    assert_true(ws_raw_send_binary(ws, "", 0));
    check_error(ws, "bad_message");
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_BAD_MESSAGE);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
}

static void frames_sent_with_the_handshake_are_read(void **state)
{
    struct world *world = *state;
    char head[2048];
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    struct ot_buf bytes = {0};
    ot_buf_append(&bytes, WS_RAW_HANDSHAKE, strlen(WS_RAW_HANDSHAKE));
    const uint8_t hello_head[] = {0x82, 0x80 | WORLD_HELLO_SIZE, 0, 0, 0, 0};
    const uint8_t ping_head[] = {0x82, 0x80 | sizeof(ping), 0, 0, 0, 0};
    ot_buf_append(&bytes, hello_head, sizeof(hello_head));
    ot_buf_append(&bytes, WORLD_HELLO, WORLD_HELLO_SIZE);
    ot_buf_append(&bytes, ping_head, sizeof(ping_head));
    ot_buf_append(&bytes, ping, sizeof(ping));
    assert_true(ws_raw_send(ws, bytes.data, bytes.size));
    ot_buf_deinit(&bytes);
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 101);
    check_next(ws, pong, sizeof(pong));
    struct hub_in *in = world_take(world);
    assert_int_equal(in->message.kind, WIRE_HELLO);
    free(in);
    ws_raw_free(ws);
}

static void a_hub_that_is_full_ends_the_connection_for_now(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    pthread_mutex_lock(&world->lock);
    world->full = true;
    pthread_mutex_unlock(&world->lock);
    assert_true(ws_raw_send_binary(ws, close_3, sizeof(close_3)));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
    pthread_mutex_lock(&world->lock);
    world->full = false;
    pthread_mutex_unlock(&world->lock);
}

static void too_many_messages_waiting_for_the_hub_end_the_connection(void **state)
{
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    for (int i = 0; i < LIMIT_CONNECTION_INBOX; i++) {
        assert_true(ws_raw_send_binary(ws, close_3, sizeof(close_3)));
    }
    world_check_quiet(ws);
    world_expect(world, HUB_IN_MESSAGE, connection);
    assert_true(ws_raw_send_binary(ws, close_3, sizeof(close_3)));
    world_check_quiet(ws);
    assert_true(ws_raw_send_binary(ws, close_3, sizeof(close_3)));
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_OVERLOADED);
    for (int i = 0; i < LIMIT_CONNECTION_INBOX; i++) {
        world_expect(world, HUB_IN_MESSAGE, connection);
    }
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
}

static void a_close_of_the_client_is_answered(void **state)
{
    static const uint8_t code[] = {0x03, 0xe8};
    struct world *world = *state;
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_true(ws_raw_send_frame(ws, WS_RAW_CLOSE, true, code, sizeof(code)));
    assert_int_equal(ws_raw_close_code(ws), 1000);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
}

static void a_client_that_says_nothing_after_the_handshake_is_ended(void **state)
{
    (void)state;
    struct world *world = world_start(&(struct gate_options){.hello_ms = 50});
    struct ws_raw *ws = ws_raw_open(world->port, 0);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_NO_HELLO);
    assert_false(world_has_posts(world));
    ws_raw_free(ws);
    world_stop(world);
}

static void a_silent_client_is_pinged_and_then_ended(void **state)
{
    (void)state;
    struct world *world = world_start(&(struct gate_options){.silence_ms = 1500, .ping_ms = 50});
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    assert_int_equal(ws_raw_next(ws), WS_RAW_PING);
    assert_int_equal(ws->message_size, 1);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_IDLE);
    world_expect(world, HUB_IN_GONE, connection);
    ws_raw_free(ws);
    world_stop(world);
}

static void a_client_that_answers_pings_is_pinged_again(void **state)
{
    (void)state;
    struct world *world = world_start(&(struct gate_options){.silence_ms = 3000, .ping_ms = 50});
    uint64_t connection;
    struct ws_raw *ws = world_join(world, 0, &connection);
    /* Each ping comes a tick or two after the pong before it: together far more than the limit. */
    for (int i = 0; i < 8; i++) {
        assert_int_equal(ws_raw_next(ws), WS_RAW_PING);
        assert_true(ws_raw_send_frame(ws, WS_RAW_PONG, true, ws->message, ws->message_size));
    }
    assert_false(world_has_posts(world));
    ws_raw_free(ws);
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hello_reaches_the_hub, start, stop),
        cmocka_unit_test_setup_teardown(connections_have_numbers_that_are_never_used_twice, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_ping_is_answered_without_the_hub, start, stop),
        cmocka_unit_test_setup_teardown(many_messages_in_one_frame_are_all_read, start, stop),
        cmocka_unit_test_setup_teardown(a_frame_in_fragments_is_put_together, start, stop),
        cmocka_unit_test_setup_teardown(
            a_frame_of_the_largest_size_is_taken_and_one_byte_more_is_not, start, stop),
        cmocka_unit_test_setup_teardown(a_frame_that_only_promises_to_be_huge_is_refused_at_once,
                                        start, stop),
        cmocka_unit_test_setup_teardown(fragments_that_add_up_to_too_much_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_text_frame_ends_the_connection, start, stop),
        cmocka_unit_test_setup_teardown(text_that_is_not_utf8_ends_the_connection_with_its_own_code,
                                        start, stop),
        cmocka_unit_test_setup_teardown(anything_before_hello_ends_the_connection, start, stop),
        cmocka_unit_test_setup_teardown(a_second_hello_is_a_bad_message, start, stop),
        cmocka_unit_test_setup_teardown(the_third_bad_message_ends_the_connection, start, stop),
        cmocka_unit_test_setup_teardown(a_bad_message_does_not_spoil_the_others_of_its_frame, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_refused_name_may_be_corrected, start, stop),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_message_end_the_connection_with_the_third,
                                        start, stop),
        cmocka_unit_test_setup_teardown(frames_sent_with_the_handshake_are_read, start, stop),
        cmocka_unit_test_setup_teardown(a_hub_that_is_full_ends_the_connection_for_now, start,
                                        stop),
        cmocka_unit_test_setup_teardown(too_many_messages_waiting_for_the_hub_end_the_connection,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_close_of_the_client_is_answered, start, stop),
        cmocka_unit_test(a_client_that_says_nothing_after_the_handshake_is_ended),
        cmocka_unit_test(a_silent_client_is_pinged_and_then_ended),
        cmocka_unit_test(a_client_that_answers_pings_is_pinged_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

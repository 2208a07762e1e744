/* What is read of those who flood without saying anything, before anybody is told of it. */
#include "unit/gate_world.h"

#include "server/gate/socket_bytes.h"
#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Hostile input, row 40: libwebsockets tells nothing of pings without a gap between them. */
static void bytes_that_are_of_no_message_are_no_more_than_the_limit(void **state)
{
    (void)state;
    static const uint8_t ping[6] = {0x89, 0x80};
    struct world *world = world_start(NULL);
    size_t size = 4 * LIMIT_UNSEEN_BYTES / sizeof(ping) * sizeof(ping);
    uint8_t *pings = malloc(size);
    uint64_t connection, quiet;
    assert_non_null(pings);
    for (size_t at = 0; at < size; at += sizeof(ping))
        memcpy(pings + at, ping, sizeof(ping));
    struct ws_raw *good = world_join(world, 0, &quiet);
    struct ws_raw *ws = world_join(world, 0, &connection);
    ws_raw_send(ws, pings, size);
    world_expect(world, HUB_IN_GONE, connection);
    assert_int_equal(world_closed(world, WIRE_CLOSE_OVERLOADED), 1);
    world_check_quiet(good);
    free(pings);
    ws_raw_free(ws);
    ws_raw_free(good);
    world_stop(world);
}

/* Sends for as long as anything is taken, and until what the server has read of it stays the same:
 * how much that is. */
static uint64_t flood(const struct ws_raw *ws, const uint8_t *bytes, size_t size)
{
    int server = world_other_end(ws);
    uint64_t read = 0, before;
    assert_true(server >= 0);
    do {
        before = read;
        for (int i = 0; i < 50; i++) {
            (void)send(ws->socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
            usleep(2000);
        }
        read = socket_read_bytes(server);
    } while (read != before);
    return read;
}

static void flood_of_pings_is_read_no_further_than(uint64_t most, bool is_stranger)
{
    static uint8_t pings[600000];
    uint64_t connection, quiet;
    for (size_t at = 0; at < sizeof(pings); at += 6)
        memcpy(pings + at, (uint8_t[6]){0x89, 0x80}, 6);
    /* Long enough for the flood to be seen to stay where it is. */
    struct world *world = world_start(&(struct gate_options){.close_ms = 60000});
    struct ws_raw *good = world_join(world, 0, &quiet);
    struct ws_raw *ws =
        is_stranger ? ws_raw_open(world->port, 0) : world_join(world, 0, &connection);
    if (!is_stranger) {
        ws_raw_send_frame(ws, WS_RAW_TEXT, true, "", 0); /* for which it is told to go */
    }
    uint64_t read = flood(ws, pings, sizeof(pings));
    assert_in_range(read, 1, most);
    assert_int_equal(world_closed(world, is_stranger ? WIRE_CLOSE_OVERLOADED : WIRE_CLOSE_TEXT), 1);
    world_check_quiet(good);
    ws_raw_free(ws);
    ws_raw_free(good);
    world_stop(world);
}

/* So much may be read until somebody looks. */
#define GLANCE_BYTES ((uint64_t)65536)

static void of_a_stranger_no_more_is_read_than_the_limit(void **state)
{
    (void)state;
    flood_of_pings_is_read_no_further_than(LIMIT_STRANGER_BYTES + GLANCE_BYTES, true);
}

static void of_who_is_told_to_go_no_more_is_read_than_the_limit(void **state)
{
    (void)state;
    flood_of_pings_is_read_no_further_than(LIMIT_ANSWER_BYTES + 2 * GLANCE_BYTES, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_of_no_message_are_no_more_than_the_limit),
        cmocka_unit_test(of_a_stranger_no_more_is_read_than_the_limit),
        cmocka_unit_test(of_who_is_told_to_go_no_more_is_read_than_the_limit),
    };
    return cmocka_run_group_tests_name("limits_flood", tests, NULL, NULL);
}

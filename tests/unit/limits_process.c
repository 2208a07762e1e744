/* What the running program counts, and where it tells it. */
#include "lib/operate_world.h"
#include "lib/ws_raw.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define HELLO                                                                                      \
    "\x97\x01\xc0\xa3"                                                                             \
    "Ann\xa7#2266cc\xc0\xc0\xa2me"
#define PAGE_REQUEST "GET /metrics HTTP/1.1\r\nHost: quire.test\r\n\r\n"

static void stop(struct process *process)
{
    process_signal(process, SIGTERM);
    assert_int_equal(process_end(process), 0);
}

static int page(unsigned port, char *body, size_t size)
{
    char head[4096];
    struct ws_raw *ws = ws_raw_connect(port, 0);
    assert_true(ws_raw_send_text(ws, PAGE_REQUEST));
    int status = ws_raw_head(ws, head, sizeof(head));
    assert_true(ws_raw_read_to_end(ws));
    snprintf(body, size, "%.*s", (int)ws->size, (const char *)ws->data);
    ws_raw_free(ws);
    return status;
}

static void the_command_tells_what_the_server_counts(void **state)
{
    const struct place *place = *state;
    static struct process process;
    char body[256];
    quire(1, "no server runs on", "metrics", "--data", place->data);
    unsigned port = process_serve(&process, place->data,
                                  (const char *const[]){"--allow-host", "quire.test", NULL});
    struct ws_raw *ws = ws_raw_open(port, 0);
    assert_true(ws_raw_send_binary(ws, HELLO, sizeof(HELLO) - 1));
    assert_int_equal(ws_raw_next(ws), WS_RAW_BINARY);
    quire(0, "\nquire_connections 1\n", "metrics", "--data", place->data);
    assert_true(ws_raw_send_frame(ws, WS_RAW_TEXT, true, "x", 1));
    assert_int_equal(ws_raw_close_code(ws), 1003);
    quire(0, "\nquire_closes_total{code=\"1003\"} 1\n", "metrics", "--data", place->data);
    assert_int_equal(page(port, body, sizeof(body)), 404);
    ws_raw_free(ws);
    stop(&process);
}

static void the_page_is_there_when_it_is_asked_for(void **state)
{
    const struct place *place = *state;
    static struct process process;
    static char body[65536];
    unsigned port =
        process_serve(&process, place->data,
                      (const char *const[]){"--metrics", "on", "--allow-host", "quire.test", NULL});
    assert_int_equal(page(port, body, sizeof(body)), 200);
    assert_holds(body, "\nquire_connections 0\n");
    assert_holds(body, "\nquire_closes_total{code=\"4508\"} 0\n");
    stop(&process);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_command_tells_what_the_server_counts, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(the_page_is_there_when_it_is_asked_for, place_setup,
                                        place_teardown),
    };
    return cmocka_run_group_tests_name("limits_process", tests, NULL, NULL);
}

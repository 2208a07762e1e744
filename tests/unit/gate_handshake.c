#include "unit/gate_world.h"

#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

/* The good handshake with one part of it put in another way. */
static void make_request(const char *part, const char *instead, char *request_out, size_t capacity)
{
    const char *at = strstr(WS_RAW_HANDSHAKE, part);
    assert_non_null(at);
    snprintf(request_out, capacity, "%.*s%s%s", (int)(at - WS_RAW_HANDSHAKE), WS_RAW_HANDSHAKE,
             instead, at + strlen(part));
}

static int ask(struct world *world, const char *part, const char *instead, char *head_out,
               size_t capacity)
{
    char request[8192];
    make_request(part, instead, request, sizeof(request));
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_non_null(ws);
    assert_true(ws_raw_send_text(ws, request));
    int status = ws_raw_head(ws, head_out, capacity);
    if (status != 101) {
        assert_true(ws_raw_read_to_end(ws));
    }
    ws_raw_free(ws);
    return status;
}

static void check_status(struct world *world, const char *part, const char *instead, int status)
{
    char head[2048];
    uint64_t before = gates_metric(world->gates, METRIC_HANDSHAKES_REFUSED);
    assert_int_equal(ask(world, part, instead, head, sizeof(head)), status);
    uint64_t refused = gates_metric(world->gates, METRIC_HANDSHAKES_REFUSED) - before;
    assert_int_equal(refused, status != 101);
}

/* Refused by libwebsockets itself, which just hangs up or says what it likes; never 101. */
static void check_refused(struct world *world, const char *part, const char *instead)
{
    char head[2048];
    assert_int_not_equal(ask(world, part, instead, head, sizeof(head)), 101);
}

static void a_good_handshake_is_accepted_with_the_subprotocol(void **state)
{
    char head[2048];
    assert_int_equal(ask(*state, "GET", "GET", head, sizeof(head)), 101);
    assert_non_null(strstr(head, "Sec-WebSocket-Protocol: quire.v1\r\n"));
    assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_null(strcasestr(head, "Sec-WebSocket-Extensions"));
}

static void the_subprotocol_may_be_one_of_several(void **state)
{
    check_status(*state, "Protocol: quire.v1", "Protocol: other.v9, quire.v1", 101);
}

static void another_method_is_refused(void **state)
{
    check_status(*state, "GET", "POST", 405);
    check_status(*state, "GET", "PUT", 405);
}

static void http_1_0_is_refused(void **state)
{
    check_status(*state, "HTTP/1.1", "HTTP/1.0", 505);
}

static void other_websocket_versions_are_told_the_right_one(void **state)
{
    char head[2048];
    assert_int_equal(ask(*state, "Version: 13", "Version: 8", head, sizeof(head)), 426);
    assert_non_null(strstr(head, "Sec-WebSocket-Version: 13\r\n"));
    check_status(*state, "Sec-WebSocket-Version: 13\r\n", "", 426);
}

static void a_missing_or_unknown_subprotocol_is_refused(void **state)
{
    check_status(*state, "Sec-WebSocket-Protocol: quire.v1\r\n", "", 400);
    check_status(*state, "quire.v1", "quire.v2", 400);
    check_status(*state, "quire.v1", "quire.v11", 400);
    check_refused(*state, "Protocol: quire.v1", "Protocol: quire-pages, quire.v1");
}

static void another_path_is_refused(void **state)
{
    check_status(*state, "/ws", "/", 404);
    check_status(*state, "/ws", "/wss", 404);
    check_status(*state, "/ws", "/d/note", 404);
}

static void a_bad_key_is_refused(void **state)
{
    check_status(*state, "dGhlIHNhbXBsZSBub25jZQ==", "abcd", 400);
    check_status(*state, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q==", 400);
    check_status(*state, WS_RAW_KEY, "", 400);
}

static void another_upgrade_is_refused(void **state)
{
    check_status(*state, "Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
                 400);
    check_refused(*state, "Upgrade: websocket", "Upgrade: foofoofoofoofoofoofoofoofoofoofoo");
    check_refused(*state, "Connection: Upgrade", "Connection: close");
}

static void a_handshake_with_a_body_is_refused(void **state)
{
    check_status(*state, "Host:", "Content-Length: 5\r\nHost:", 400);
    check_status(*state, "Host:", "Transfer-Encoding: chunked\r\nHost:", 400);
}

static void connect_opens_nothing(void **state)
{
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_true(ws_raw_read_to_end(ws));
    struct metrics sum;
    do {
        sum = (struct metrics){0};
        gates_metrics(world->gates, &sum);
    } while (metrics_get_request_refused(&sum, "no_request") == 0);
    assert_null(ws->size == 0 ? NULL : memmem(ws->data, ws->size, " 200 ", 5));
    ws_raw_free(ws);
}

static void http_2_is_not_spoken(void **state)
{
    struct world *world = *state;
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    assert_true(ws_raw_read_to_end(ws));
    ws_raw_free(ws);
}

/* CVE-2025-11677: a page on a connection that is kept, then an unknown upgrade on it. */
static void an_upgrade_after_a_page_on_one_connection_is_never_looked_at(void **state)
{
    struct world *world = *state;
    char head[2048];
    struct ws_raw *ws = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(ws, "GET /healthz HTTP/1.1\r\nHost: quire.test\r\n"
                                     "Connection: keep-alive\r\n\r\n"));
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 200);
    assert_non_null(strstr(head, "Connection: close\r\n"));
    ws_raw_send_text(ws, "GET /ws HTTP/1.1\r\nHost: quire.test\r\nUpgrade: foofoofoofoo\r\n"
                         "Connection: Upgrade\r\n\r\n");
    assert_true(ws_raw_read_to_end(ws));
    assert_null(memmem(ws->data, ws->size, "HTTP/1.1", 8));
    ws_raw_free(ws);
}

static void pages_of_other_sites_are_refused(void **state)
{
    check_status(*state, "Host:", "Origin: https://evil.test\r\nHost:", 403);
    check_status(*state, "Host:", "Origin: null\r\nHost:", 403);
    check_status(*state, "Host:", "Origin: https://quire.test.evil.test\r\nHost:", 403);
}

static void a_page_of_this_server_is_accepted(void **state)
{
    check_status(*state, "Host:", "Origin: http://quire.test\r\nHost:", 101);
    check_status(*state, "Host:", "Origin: https://QUIRE.test\r\nHost:", 101);
}

static void a_name_that_is_not_ours_is_refused(void **state)
{
    check_status(*state, "Host: quire.test", "Host: evil.test", 421);
    check_status(*state, "Host: quire.test", "Host: quire.test.evil.test", 421);
    check_status(*state, "Host: quire.test", "Host: 192.0.2.1", 421);
    struct metrics sum = {0};
    gates_metrics(((struct world *)*state)->gates, &sum);
    assert_int_equal(metrics_get_request_refused(&sum, "host"), 3);
    assert_int_equal(metrics_get_request_refused(&sum, "origin"), 0);
    check_status(*state, "Host: quire.test", "Host: localhost:1", 101);
    check_status(*state, "Host: quire.test", "Host: 127.0.0.1", 101);
    check_status(*state, "Host: quire.test", "Host: [::1]:8080", 101);
}

static void each_refusal_is_counted_under_its_reason(void **state)
{
    static const struct {
        const char *part, *instead, *reason;
    } refused[] = {
        {"GET", "POST", "method"},
        {"HTTP/1.1", "HTTP/1.0", "http_version"},
        {"Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "upgrade"},
        {"/ws", "/wss", "path"},
        {"Version: 13", "Version: 8", "websocket_version"},
        {WS_RAW_KEY, "", "key"},
        {"quire.v1", "quire.v2", "subprotocol"},
        {"Host:", "Origin: https://evil.test\r\nHost:", "origin"},
        {"Host:", "Content-Length: 5\r\nHost:", "body"},
        {"quire.test", "quire.test/x", "no_host"},
        {"quire.test", "evil.test", "host"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char head[2048];
        struct metrics sum = {0};
        ask(world, refused[i].part, refused[i].instead, head, sizeof(head));
        gates_metrics(world->gates, &sum);
        if (metrics_get_request_refused(&sum, refused[i].reason) != 1) {
            fail_msg("it is not counted: %s", refused[i].reason);
        }
        assert_int_equal(metrics_get(&sum, METRIC_HANDSHAKES_REFUSED), i + 1);
    }
}

/* The line of the log that the request leads to. */
static void check_line(struct world *world, const char *part, const char *instead, const char *line)
{
    char head[2048], last[WORLD_LINE_MAX];
    unsigned before = world_logged(world, last);
    ask(world, part, instead, head, sizeof(head));
    assert_int_equal(world_logged(world, last), before + 1);
    assert_string_equal(last, line);
}

static void the_log_tells_what_would_have_to_be_allowed(void **state)
{
    check_line(*state, "quire.test", "Evil.test:8080",
               "refused reason=host status=421 ip=127.0.0.1 value=\"Evil.test:8080\" "
               "option=allow-host");
    check_line(*state, "Host:", "Origin: https://evil.test\r\nHost:",
               "refused reason=origin status=403 ip=127.0.0.1 value=\"https://evil.test\" "
               "option=allow-origin");
    check_line(*state, "/ws", "/wss", "refused reason=path status=404 ip=127.0.0.1");
}

static void what_is_no_place_is_kept_out_of_the_log(void **state)
{
    check_line(*state, "Host:", "Origin: null\r\nHost:",
               "refused reason=origin status=403 ip=127.0.0.1 value=\"null\" option=allow-origin");
    check_line(*state, "Host:", "Origin: https://ann:secret@evil.test\r\nHost:",
               "refused reason=origin status=403 ip=127.0.0.1 value=\"?\" option=allow-origin");
    check_line(*state, "Host:", "Origin: https://evil.test\"\r\nHost:",
               "refused reason=origin status=403 ip=127.0.0.1 value=\"?\" option=allow-origin");
}

static void one_host_is_named_and_no_more(void **state)
{
    check_status(*state, "Host: quire.test\r\n", "Host: quire.test\r\nHost: quire.test\r\n", 400);
    check_status(*state, "Host: quire.test\r\n", "Host: \r\n", 400);
    check_status(*state, "Host: quire.test\r\n", "Host: quire.test/x\r\n", 400);
    check_status(*state, "Host: quire.test\r\n", "Host: a@quire.test\r\n", 400);
    check_refused(*state, "Host: quire.test\r\n", "");
}

static void headers_that_come_twice_are_refused(void **state)
{
    check_status(*state, WS_RAW_KEY, WS_RAW_KEY WS_RAW_KEY, 400);
    check_status(*state, "Sec-WebSocket-Version: 13\r\n",
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", 426);
    check_status(*state,
                 "Host:", "Origin: http://quire.test\r\nOrigin: http://quire.test\r\nHost:", 403);
    check_status(*state, "Host:", "Content-Length: 0\r\nContent-Length: 0\r\nHost:", 400);
    check_status(*state, "Host:", "Content-Length: -1\r\nHost:", 400);
    check_status(*state, "Host:", "Content-Length: 00\r\nHost:", 400);
    check_status(*state, "Host:", "Content-Length: 0\r\nHost:", 101);
}

/* Who may connect when sites are allowed, behind proxies that are believed. */
static void allowed_sites_may_connect(void **state)
{
    (void)state;
    struct world *world = world_start(
        &(struct gate_options){.allow_origins = "https://app.test,*.wiki.test", .allow_hosts = ""});
    check_status(world, "Host: quire.test", "Origin: https://app.test\r\nHost: localhost", 101);
    check_status(world, "Host: quire.test", "Origin: https://a.wiki.test\r\nHost: app.test", 101);
    check_status(world, "Host: quire.test", "Origin: https://app.test\r\nHost: a.wiki.test", 101);
    check_status(world, "Host: quire.test", "Origin: http://app.test\r\nHost: localhost", 403);
    check_status(world, "Host: quire.test", "Origin: https://wiki.test\r\nHost: localhost", 403);
    check_status(world, "Host: quire.test", "Host: quire.test", 421);
    world_stop(world);
}

static void what_a_trusted_proxy_says_of_the_scheme_counts(void **state)
{
    check_status(*state,
                 "Host:", "X-Forwarded-Proto: https\r\nOrigin: http://quire.test\r\nHost:", 101);
    struct world *world = world_start(&(struct gate_options){.trusted_proxies = "127.0.0.0/8"});
    check_status(world,
                 "Host:", "X-Forwarded-Proto: https\r\nOrigin: https://quire.test\r\nHost:", 101);
    check_status(world,
                 "Host:", "X-Forwarded-Proto: https\r\nOrigin: http://quire.test\r\nHost:", 403);
    check_status(world,
                 "Host:", "X-Forwarded-Proto: http\r\nOrigin: https://quire.test\r\nHost:", 403);
    world_stop(world);
}

static void headers_that_are_too_long_open_nothing(void **state)
{
    char long_origin[700] = "Origin: http://";
    memset(long_origin + strlen(long_origin), 'a', 600);
    strcpy(long_origin + 615, "\r\nHost:");
    check_status(*state, "Host:", long_origin, 403);
}

static void a_draining_server_takes_nobody_new(void **state)
{
    struct world *world = *state;
    struct ws_raw *early = ws_raw_connect(world->port, 0);
    assert_non_null(early);
    /* A page is served on another connection: the early one has been accepted too by then. */
    struct ws_raw *page = ws_raw_connect(world->port, 0);
    char head[2048];
    assert_true(ws_raw_send_text(page, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(ws_raw_head(page, head, sizeof(head)), 200);
    ws_raw_free(page);
    gates_drain(world->gates, 1000);
    assert_true(ws_raw_send_text(early, WS_RAW_HANDSHAKE));
    assert_int_equal(ws_raw_head(early, head, sizeof(head)), 503);
    ws_raw_free(early);
    struct ws_raw *late;
    do {
        late = ws_raw_connect(world->port, 0);
        ws_raw_free(late);
    } while (late != NULL);
}

static void a_taken_port_is_said_so(void **state)
{
    struct world *world = *state;
    static const struct gate_asset no_assets[] = {{0}};
    const struct gate_env env = {0};
    char message[256];
    const struct gate_options options = {
        .host = "127.0.0.1", .port = world->port, .assets = no_assets};
    assert_null(gates_open(&options, &env, message, sizeof(message)));
    assert_non_null(strstr(message, "is in use by another program"));
    const struct gate_options nowhere = {.host = "192.0.2.1", .port = 0, .assets = no_assets};
    assert_null(gates_open(&nowhere, &env, message, sizeof(message)));
    assert_non_null(strstr(message, "192.0.2.1 is not an address of this machine"));
}

static void connections_beyond_the_maximum_are_turned_away(void **state)
{
    (void)state;
    char head[2048];
    struct limits limits = limits_preset();
    limits.values[SETTING_CONNECTIONS] = 3;
    struct world *world = world_start(&(struct gate_options){.limits = &limits});
    struct ws_raw *open[3];
    for (int i = 0; i < 3; i++) {
        open[i] = ws_raw_open(world->port, 0);
        assert_non_null(open[i]);
    }
    struct ws_raw *one_more = ws_raw_connect(world->port, 0);
    assert_int_equal(ws_raw_head(one_more, head, sizeof(head)), 503);
    ws_raw_free(one_more);
    ws_raw_free(open[0]);
    struct ws_raw *next;
    while ((next = ws_raw_open(world->port, 0)) == NULL) {
        /* Until the server has seen that a place is free. */
    }
    ws_raw_free(next);
    ws_raw_free(open[1]);
    ws_raw_free(open[2]);
    world_stop(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_handshake_is_accepted_with_the_subprotocol, start,
                                        stop),
        cmocka_unit_test_setup_teardown(the_subprotocol_may_be_one_of_several, start, stop),
        cmocka_unit_test_setup_teardown(another_method_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(http_1_0_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(other_websocket_versions_are_told_the_right_one, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_missing_or_unknown_subprotocol_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(another_path_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_bad_key_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(another_upgrade_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_handshake_with_a_body_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(connect_opens_nothing, start, stop),
        cmocka_unit_test_setup_teardown(http_2_is_not_spoken, start, stop),
        cmocka_unit_test_setup_teardown(
            an_upgrade_after_a_page_on_one_connection_is_never_looked_at, start, stop),
        cmocka_unit_test_setup_teardown(pages_of_other_sites_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_page_of_this_server_is_accepted, start, stop),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_ours_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(each_refusal_is_counted_under_its_reason, start, stop),
        cmocka_unit_test_setup_teardown(the_log_tells_what_would_have_to_be_allowed, start, stop),
        cmocka_unit_test_setup_teardown(what_is_no_place_is_kept_out_of_the_log, start, stop),
        cmocka_unit_test_setup_teardown(one_host_is_named_and_no_more, start, stop),
        cmocka_unit_test_setup_teardown(headers_that_come_twice_are_refused, start, stop),
        cmocka_unit_test(allowed_sites_may_connect),
        cmocka_unit_test_setup_teardown(what_a_trusted_proxy_says_of_the_scheme_counts, start,
                                        stop),
        cmocka_unit_test_setup_teardown(headers_that_are_too_long_open_nothing, start, stop),
        cmocka_unit_test_setup_teardown(a_draining_server_takes_nobody_new, start, stop),
        cmocka_unit_test_setup_teardown(a_taken_port_is_said_so, start, stop),
        cmocka_unit_test(connections_beyond_the_maximum_are_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

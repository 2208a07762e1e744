#include "unit/gate_world.h"

#include "server/limits.h"

#include "server/thread/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE_SIZE   (8u << 20)
#define SMALL_BUFFER 262144

struct site {
    struct gate_asset assets[3];
    uint8_t *large;
    struct world *world;
};

static int start(void **state)
{
    struct site *site = calloc(1, sizeof(*site));
    site->large = malloc(LARGE_SIZE);
    for (size_t i = 0; i < LARGE_SIZE; i++) {
        site->large[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    site->assets[0] = (struct gate_asset){"/index.html", "text/html; charset=utf-8", "\"i1\"",
                                          (const uint8_t *)"<!doctype html>", 15};
    site->assets[1] = (struct gate_asset){"/editor.js", "text/javascript; charset=utf-8", "\"e1\"",
                                          site->large, LARGE_SIZE};
    site->world = world_start(&(struct gate_options){.assets = site->assets});
    *state = site;
    return 0;
}

static int stop(void **state)
{
    struct site *site = *state;
    world_stop(site->world);
    free(site->large);
    free(site);
    return 0;
}

static char head[4096];

/* Asks, reads the head; the body is read to the end and stays in the connection. */
static struct ws_raw *ask(const struct site *site, const char *request, int *status_out)
{
    struct ws_raw *ws = ws_raw_connect(site->world->port, 0);
    assert_true(ws_raw_send_text(ws, request));
    *status_out = ws_raw_head(ws, head, sizeof(head));
    assert_true(ws_raw_read_to_end(ws));
    return ws;
}

static void check(const struct site *site, const char *request, int status, const char *body)
{
    int got;
    struct ws_raw *ws = ask(site, request, &got);
    assert_int_equal(got, status);
    assert_int_equal(ws->size, strlen(body));
    assert_memory_equal(ws->data, body, strlen(body));
    ws_raw_free(ws);
}

static void the_editor_is_at_the_root_and_at_every_document(void **state)
{
    check(*state, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    check(*state, "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    check(*state, "GET /d/note-1_X HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    check(*state, "GET /?a=b HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    check(*state, "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    check(*state, "GET /healthz HTTP/1.0\r\n\r\n", 200, "ok");
}

static void a_page_comes_with_its_headers(void **state)
{
    check(*state, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "<!doctype html>");
    assert_non_null(strstr(head, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Length: 15\r\n"));
    assert_non_null(strstr(head, "\r\nETag: \"i1\"\r\n"));
    assert_non_null(strstr(head, "\r\nCache-Control: no-cache\r\n"));
    assert_non_null(strstr(head, "\r\nConnection: close\r\n"));
}

static void assert_protected(void)
{
    static const char *const lines[] = {
        "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
        "style-src-attr 'unsafe-inline'; img-src 'self' https:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
        "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nReferrer-Policy: no-referrer\r\n",
        "\r\nCross-Origin-Resource-Policy: same-origin\r\n",
        "\r\nCross-Origin-Opener-Policy: same-origin\r\n",
        "\r\nPermissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), "
        "payment=(), usb=()\r\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strstr(head, lines[i]) == NULL) {
            fail_msg("%s\nlacks%s", head, lines[i]);
        }
    }
}

/* Row 130: sites that are allowed may frame the editor, and no others. */
static void those_who_may_frame_it_are_named(void **state)
{
    (void)state;
    int status;
    struct site site = {0};
    site.world = world_start(
        &(struct gate_options){.allow_origins = "https://app.example.org,*.wiki.example.org"});
    ws_raw_free(ask(&site, "GET /no HTTP/1.1\r\nHost: a\r\n\r\n", &status));
    assert_protected();
    assert_non_null(strstr(head, "frame-ancestors 'self' https://app.example.org:443 "
                                 "https://*.wiki.example.org:443\r\n"));
    world_stop(site.world);
    site.world = world_start(NULL);
    ws_raw_free(ask(&site, "GET /no HTTP/1.1\r\nHost: a\r\n\r\n", &status));
    assert_non_null(strstr(head, "frame-ancestors 'self'\r\n"));
    world_stop(site.world);
}

/* Row 127: pages, scripts, what is known, missing or refused, and health. */
static void every_answer_is_protected(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"HEAD /d/x HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /editor.js HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"i1\"\r\n\r\n", 304},
        {"GET /no HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 200},
        {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400},
        {"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status;
        ws_raw_free(ask(*state, cases[i].request, &status));
        assert_int_equal(status, cases[i].status);
        assert_protected();
    }
}

static void a_known_page_is_not_sent_again(void **state)
{
    check(*state, "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"i1\"\r\n\r\n", 304, "");
    assert_non_null(strstr(head, "\r\nETag: \"i1\"\r\n"));
    check(*state, "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/\"i1\"\r\n\r\n", 304, "");
    check(*state, "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"i0\"\r\n\r\n", 200,
          "<!doctype html>");
}

static void head_gives_the_head_only(void **state)
{
    check(*state, "HEAD /editor.js HTTP/1.1\r\nHost: a\r\n\r\n", 200, "");
    assert_non_null(strstr(head, "\r\nContent-Length: 8388608\r\n"));
}

static void a_large_page_arrives_whole(void **state)
{
    struct site *site = *state;
    int status;
    struct ws_raw *ws = ask(site, "GET /editor.js HTTP/1.1\r\nHost: a\r\n\r\n", &status);
    assert_int_equal(status, 200);
    assert_int_equal(ws->size, LARGE_SIZE);
    assert_memory_equal(ws->data, site->large, LARGE_SIZE);
    ws_raw_free(ws);
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const paths[] = {"/nothing",
                                        "/d/",
                                        "/d/a/b",
                                        "/d/a.b",
                                        "/../etc/passwd",
                                        "/ws",
                                        "/editor.j",
                                        "/editor.jss",
                                        "/%2e%2e/%2e%2e/etc/passwd",
                                        "/d",
                                        "/d/%20",
                                        "/..%2fetc",
                                        "/%c0%ae%c0%ae"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char request[256];
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        int status;
        struct ws_raw *ws = ask(*state, request, &status);
        assert_true(status == 404 || status == 403);
        ws_raw_free(ws);
    }
}

static void a_path_of_great_length_is_not_found(void **state)
{
    char request[1024] = "GET /";
    memset(request + 5, 'a', 600);
    strcpy(request + 605, " HTTP/1.1\r\nHost: a\r\n\r\n");
    check(*state, request, 404, "There is no such page.");
}

static void other_methods_are_refused(void **state)
{
    struct site *site = *state;
    int status;
    struct ws_raw *ws =
        ask(site, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", &status);
    assert_int_equal(status, 405);
    assert_non_null(strstr(head, "\r\nAllow: GET, HEAD\r\n"));
    ws_raw_free(ws);
    ws = ask(site, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", &status);
    assert_int_equal(status, 405);
    ws_raw_free(ws);
}

static void a_body_is_refused(void **state)
{
    struct site *site = *state;
    int status;
    struct ws_raw *ws =
        ask(site, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", &status);
    assert_int_equal(status, 400);
    ws_raw_free(ws);
    ws = ask(site, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", &status);
    assert_int_equal(status, 400);
    ws_raw_free(ws);
    check(site, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200, "<!doctype html>");
}

static void health_and_readiness_are_said(void **state)
{
    struct site *site = *state;
    check(site, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok");
    check(site, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok");
    pthread_mutex_lock(&site->world->lock);
    site->world->not_ready = "The disk is full.";
    pthread_mutex_unlock(&site->world->lock);
    check(site, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n", 503, "The disk is full.");
    check(site, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok");
}

static void a_second_request_on_a_connection_is_not_served(void **state)
{
    struct site *site = *state;
    int status;
    struct ws_raw *ws = ask(site,
                            "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                            &status);
    assert_int_equal(status, 200);
    assert_int_equal(ws->size, 15);
    ws_raw_free(ws);
}

/* Waits until a server for one connection at a time has a place again. */
static void await_place(const struct world *world)
{
    int status;
    do {
        struct ws_raw *ws = ws_raw_connect(world->port, 0);
        assert_true(ws_raw_send_text(ws, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
        status = ws_raw_head(ws, head, sizeof(head));
        ws_raw_free(ws);
    } while (status != 200);
}

static struct ws_raw *ask_and_read_the_head_only(const struct world *world)
{
    struct ws_raw *ws = ws_raw_connect(world->port, SMALL_BUFFER);
    assert_true(ws_raw_send_text(ws, "GET /editor.js HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(ws_raw_head(ws, head, sizeof(head)), 200);
    return ws;
}

/* It would keep the loop busy: what it says is not read while the page goes out. */
static void a_client_that_talks_while_a_page_goes_out_is_ended(void **state)
{
    struct site *site = *state;
    struct limits limits = limits_preset();
    limits.values[SETTING_CONNECTIONS] = 1;
    struct world *world =
        world_start(&(struct gate_options){.assets = site->assets, .limits = &limits});
    struct ws_raw *ws = ask_and_read_the_head_only(world);
    assert_true(ws_raw_send_text(ws, "x"));
    await_place(world);
    ws_raw_free(ws);
    world_stop(world);
}

static void a_client_that_does_not_read_its_page_is_ended(void **state)
{
    struct site *site = *state;
    struct limits limits = limits_preset();
    limits.values[SETTING_CONNECTIONS] = 1;
    struct world *world = world_start(
        &(struct gate_options){.assets = site->assets, .limits = &limits, .stall_ms = 100});
    struct ws_raw *ws = ask_and_read_the_head_only(world);
    await_place(world);
    ws_raw_free(ws);
    world_stop(world);
}

/* Slower than all of libwebsockets' patience, but never still. */
static void a_slow_client_gets_its_page_whole(void **state)
{
    struct site *site = *state;
    struct world *world =
        world_start(&(struct gate_options){.assets = site->assets, .hello_ms = 1});
    struct ws_raw *ws = ask_and_read_the_head_only(world);
    size_t got = ws->size;
    assert_memory_equal(ws->data, site->large, got);
    uint64_t until = clock_monotonic_ms() + 2500;
    uint8_t part[8192];
    while (got < LARGE_SIZE) {
        ssize_t size = recv(ws->socket, part, sizeof(part), 0);
        assert_true(size > 0);
        assert_memory_equal(part, site->large + got, (size_t)size);
        got += (size_t)size;
        if (clock_monotonic_ms() < until) {
            usleep(5000);
        }
    }
    assert_true(clock_monotonic_ms() >= until);
    assert_true(ws_raw_is_closed(ws));
    ws_raw_free(ws);
    world_stop(world);
}

static void a_second_request_behind_a_large_page_does_not_spoil_it(void **state)
{
    struct site *site = *state;
    int status;
    struct ws_raw *ws = ask(site,
                            "GET /editor.js HTTP/1.1\r\nHost: a\r\n\r\n"
                            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                            &status);
    assert_int_equal(status, 200);
    assert_int_equal(ws->size, LARGE_SIZE);
    ws_raw_free(ws);
}

static void who_asks_nothing_is_ended(void **state)
{
    (void)state;
    struct world *world = world_start(&(struct gate_options){.hello_ms = 1});
    struct ws_raw *silent = ws_raw_connect(world->port, 0);
    struct ws_raw *dripping = ws_raw_connect(world->port, 0);
    assert_true(ws_raw_send_text(dripping, "GET / HTTP/1.1\r\nX-Slow: "));
    while (ws_raw_send_text(dripping, "a")) {
        usleep(20000);
    }
    assert_true(ws_raw_is_closed(silent));
    ws_raw_free(silent);
    ws_raw_free(dripping);
    world_stop(world);
}

/* What it is does not matter here, and a second may end between two answers. */
static void leave_date_out(char *text)
{
    char *date = strstr(text, "\r\nDate: ");
    assert_non_null(date);
    const char *end = strstr(date + 2, "\r\n");
    memmove(date, end, strlen(end) + 1);
}

/* The pages are everybody's, and what documents hold is behind none of them: whoever asks, with
 * whatever they show, is answered the same. */
static void rows_105_110_no_page_is_another_for_somebody(void **state)
{
    static const char *const paths[] = {"/",        "/index.html", "/d/note",  "/d/secret",
                                        "/healthz", "/readyz",     "/metrics", "/api/documents",
                                        "/d/a/b",   "/ws"};
    static const char *const shown[] = {
        "Authorization: Bearer a.b.c\r\n", "Authorization: Basic YWRtaW46YWRtaW4=\r\n",
        "Cookie: token=a.b.c; role=admin\r\n", "X-Forwarded-User: admin\r\n"};
    static const char *const queries[] = {"", "?token=a.b.c", "?link=s3cret&role=owner"};
    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
        char request[512], first[sizeof(head)];
        int status, again;
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[p]);
        struct ws_raw *plain = ask(*state, request, &status);
        leave_date_out(head);
        snprintf(first, sizeof(first), "%s", head);
        for (size_t i = 0; i < 4 * 3; i++) {
            snprintf(request, sizeof(request), "GET %s%s HTTP/1.1\r\nHost: a\r\n%s\r\n", paths[p],
                     queries[i / 4], shown[i % 4]);
            struct ws_raw *ws = ask(*state, request, &again);
            assert_int_equal(again, status);
            leave_date_out(head);
            assert_string_equal(head, first);
            assert_int_equal(ws->size, plain->size);
            assert_memory_equal(ws->data, plain->data, plain->size);
            ws_raw_free(ws);
        }
        ws_raw_free(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_editor_is_at_the_root_and_at_every_document, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_page_comes_with_its_headers, start, stop),
        cmocka_unit_test_setup_teardown(every_answer_is_protected, start, stop),
        cmocka_unit_test_setup_teardown(a_known_page_is_not_sent_again, start, stop),
        cmocka_unit_test_setup_teardown(head_gives_the_head_only, start, stop),
        cmocka_unit_test_setup_teardown(a_large_page_arrives_whole, start, stop),
        cmocka_unit_test_setup_teardown(rows_105_110_no_page_is_another_for_somebody, start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, start, stop),
        cmocka_unit_test_setup_teardown(a_path_of_great_length_is_not_found, start, stop),
        cmocka_unit_test_setup_teardown(other_methods_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_body_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(health_and_readiness_are_said, start, stop),
        cmocka_unit_test_setup_teardown(a_second_request_on_a_connection_is_not_served, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_client_that_talks_while_a_page_goes_out_is_ended, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_client_that_does_not_read_its_page_is_ended, start, stop),
        cmocka_unit_test_setup_teardown(a_slow_client_gets_its_page_whole, start, stop),
        cmocka_unit_test_setup_teardown(a_second_request_behind_a_large_page_does_not_spoil_it,
                                        start, stop),
        cmocka_unit_test(those_who_may_frame_it_are_named),
        cmocka_unit_test(who_asks_nothing_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The WebSocket client against a server that is a script of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/peer/bytes.h"
#include "tools/peer/digest.h"
#include "tools/peer/ws.h"

#define PATIENCE_MS 10000

/* Both ends in one thread: the client does what it can whenever the test waits for something. */
struct fixture {
    int listener, server;
    struct ws ws;
    char key[64];
    struct ot_buf messages; /* of the client's callback: each with '|' after it */
    size_t count;
    bool close_at_once;
    uint8_t scratch[512];
};

static void on_message(struct ws *ws, struct ot_slice message, void *context)
{
    struct fixture *fixture = context;
    bytes_put(&fixture->messages, message.data, message.size);
    bytes_put(&fixture->messages, "|", 1);
    fixture->count++;
    if (fixture->close_at_once)
        ws_close(ws, NULL);
}

static void client_step(struct fixture *fixture)
{
    struct pollfd poller = {.fd = fixture->ws.fd, .events = POLLIN};

    if (fixture->ws.state == WS_CLOSED)
        return;
    if (ws_wants_write(&fixture->ws))
        poller.events |= POLLOUT;
    poll(&poller, 1, 10);
    if (poller.revents & POLLOUT)
        ws_write(&fixture->ws);
    if (poller.revents & POLLIN)
        ws_read(&fixture->ws, fixture->scratch, sizeof fixture->scratch, on_message, fixture);
}

/* Reads exactly `size` bytes at the server. */
static void server_read(struct fixture *fixture, void *out, size_t size)
{
    size_t got = 0;

    for (int waited = 0; got < size && waited < PATIENCE_MS; waited += 10) {
        ssize_t more = recv(fixture->server, (char *)out + got, size - got, MSG_DONTWAIT);
        assert_true(more != 0);
        got += more > 0 ? (size_t)more : 0;
        if (more < 0)
            client_step(fixture);
    }
    assert_int_equal(got, size);
}

static void server_write(struct fixture *fixture, const void *data, size_t size)
{
    assert_int_equal(send(fixture->server, data, size, MSG_NOSIGNAL), size);
}

static void wait_for(struct fixture *fixture, size_t messages)
{
    for (int waited = 0; fixture->count < messages && waited < PATIENCE_MS; waited += 10)
        client_step(fixture);
    assert_int_equal(fixture->count, messages);
}

static void wait_closed(struct fixture *fixture)
{
    for (int waited = 0; fixture->ws.state != WS_CLOSED && waited < PATIENCE_MS; waited += 10)
        client_step(fixture);
    assert_int_equal(fixture->ws.state, WS_CLOSED);
}

static void read_request(struct fixture *fixture)
{
    char request[1024] = "";
    size_t size = 0;

    while (strstr(request, "\r\n\r\n") == NULL) {
        assert_true(size < sizeof request - 1);
        server_read(fixture, request + size++, 1);
    }
    assert_non_null(strstr(request, "GET /ws HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nUpgrade: websocket\r\n"));
    assert_non_null(strstr(request, "\r\nSec-WebSocket-Protocol: quire.v1\r\n"));
    assert_non_null(strstr(request, "\r\nSec-WebSocket-Version: 13\r\n"));
    const char *key = strstr(request, "Sec-WebSocket-Key: ");
    assert_non_null(key);
    assert_int_equal(sscanf(key, "Sec-WebSocket-Key: %60s", fixture->key), 1);
}

static void begin(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct ws_url url;
    const char *error;
    char text[64];

    memset(fixture, 0, sizeof *fixture);
    fixture->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fixture->listener, 1), 0);
    getsockname(fixture->listener, (struct sockaddr *)&address, &size);
    snprintf(text, sizeof text, "ws://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(ws_url_parse(text, &url, &error), 0);
    assert_int_equal(ws_connect(&fixture->ws, &url, 42), 0);
    fixture->server = accept(fixture->listener, NULL, NULL);
    assert_true(fixture->server >= 0);
    read_request(fixture);
}

static void answer(struct fixture *fixture, const char *status, const char *protocol)
{
    char accepted[29], text[512];

    digest_websocket_accept(fixture->key, accepted);
    int size = snprintf(text, sizeof text,
                        "HTTP/1.1 %s\r\nUpgrade: WebSocket\r\nconnection: Upgrade\r\n"
                        "sec-websocket-accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                        status, accepted, protocol);
    server_write(fixture, text, (size_t)size);
}

static void begin_open(struct fixture *fixture)
{
    begin(fixture);
    answer(fixture, "101 Switching Protocols", "quire.v1");
    for (int waited = 0; fixture->ws.state != WS_OPEN && waited < PATIENCE_MS; waited += 10)
        client_step(fixture);
    assert_int_equal(fixture->ws.state, WS_OPEN);
}

static void end(struct fixture *fixture)
{
    ws_close(&fixture->ws, NULL);
    close(fixture->server);
    close(fixture->listener);
    ot_buf_deinit(&fixture->messages);
}

/* ---- the cases --------------------------------------------------------------------------------
 */

static void digests_are_those_of_the_standards(void **state)
{
    static const struct {
        const char *text, *hash;
    } hashes[] = {
        {"", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="},
        {"abc", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "hJg+RBw70m66rkqh+VEp5eVGcPE="},
    };
    char text[29], accepted[29];
    uint8_t hash[DIGEST_SHA1_SIZE];
    (void)state;

    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        digest_sha1(hashes[i].text, strlen(hashes[i].text), hash);
        digest_base64(hash, sizeof hash, text);
        assert_string_equal(text, hashes[i].hash);
    }
    digest_websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", accepted);
    assert_string_equal(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void addresses_are_taken_apart(void **state)
{
    static const char *const bad[] = {"http://localhost", "ws://",         "ws://:80",
                                      "ws://h:",          "ws://h:123456", "ws://h?x",
                                      "ws://[::1",        "localhost:8080"};
    struct ws_url url;
    const char *error;
    (void)state;

    assert_int_equal(ws_url_parse("ws://127.0.0.1:8080", &url, &error), 0);
    assert_string_equal(url.port, "8080");
    assert_string_equal(url.path, "/ws");
    assert_int_equal(ws_url_parse("ws://127.0.0.1:81/a/b?c=d", &url, &error), 0);
    assert_string_equal(url.path, "/a/b?c=d");
    assert_int_equal(ws_url_parse("ws://[::1]:9", &url, &error), 0);
    assert_string_equal(url.host, "::1");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ws_url_parse(bad[i], &url, &error), -1);
}

static void messages_go_masked_in_every_size(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536, 70001};
    struct fixture fixture;
    uint8_t *sent = malloc(70001), *got = malloc(70001), head[14];
    (void)state;

    begin_open(&fixture);
    for (size_t i = 0; i < 70001; i++)
        sent[i] = (uint8_t)(i * 7);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t size = sizes[k], more = size < 126 ? 0 : size < 65536 ? 2 : 8, told = 0;
        ws_send(&fixture.ws, (struct ot_slice){sent, size});
        server_read(&fixture, head, 2 + more + 4);
        assert_int_equal(head[0], 0x82);
        assert_true(head[1] & 0x80);
        for (size_t i = 0; i < more; i++)
            told = told << 8 | head[2 + i];
        assert_int_equal(more == 0 ? head[1] & 127u : told, size);
        server_read(&fixture, got, size);
        for (size_t i = 0; i < size; i++)
            got[i] ^= head[2 + more + i % 4];
        assert_memory_equal(got, sent, size);
    }
    end(&fixture);
    free(sent);
    free(got);
}

static void frames_come_whole_however_they_are_cut(void **state)
{
    /* "ab"; "" ; "cdef" in three fragments with a ping in between; "g" */
    static const uint8_t bytes[] = {0x82, 2,   'a',  'b', 0x82, 0,    0x02, 1,   'c',  0x00, 2,
                                    'd',  'e', 0x89, 1,   'p',  0x80, 1,    'f', 0x82, 1,    'g'};
    uint8_t pong[7];
    (void)state;

    for (size_t cut = 1; cut <= sizeof bytes; cut++) {
        struct fixture fixture;
        begin_open(&fixture);
        for (size_t at = 0; at < sizeof bytes; at += cut) {
            size_t size = sizeof bytes - at < cut ? sizeof bytes - at : cut;
            server_write(&fixture, bytes + at, size);
            client_step(&fixture);
        }
        wait_for(&fixture, 4);
        assert_int_equal(fixture.messages.size, 11);
        assert_memory_equal(fixture.messages.data, "ab||cdef|g|", 11);
        server_read(&fixture, pong, sizeof pong);
        assert_int_equal(pong[0], 0x8a);
        assert_int_equal(pong[6] ^ pong[2], 'p');
        end(&fixture);
    }
}

static void a_message_larger_than_the_scratch_memory_arrives(void **state)
{
    struct fixture fixture;
    size_t size = 100000;
    uint8_t *data = malloc(size + 10);
    static const uint8_t head[] = {0x82, 127, 0, 0, 0, 0, 0, 1, 0x86, 0xa0};
    (void)state;

    begin_open(&fixture);
    memcpy(data, head, sizeof head);
    memset(data + sizeof head, 'x', size);
    server_write(&fixture, data, size + sizeof head);
    wait_for(&fixture, 1);
    assert_int_equal(fixture.messages.size, size + 1);
    end(&fixture);
    free(data);
}

static void a_close_is_answered_and_its_code_kept(void **state)
{
    struct fixture fixture;
    uint8_t answer_bytes[8];
    (void)state;

    begin_open(&fixture);
    server_write(&fixture, "\x88\x02\x11\x97", 4);
    server_read(&fixture, answer_bytes, sizeof answer_bytes);
    assert_int_equal(answer_bytes[0], 0x88);
    wait_closed(&fixture);
    assert_int_equal(fixture.ws.close_code, 4503);
    assert_null(fixture.ws.error);
    end(&fixture);
}

static void bad_frames_end_the_connection(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        {"\x81\x01x", 3},                                 /* text */
        {"\xc2\x00", 2},                                  /* reserved bit */
        {"\x82\x81\x00\x00\x00\x00x", 7},                 /* masked */
        {"\x80\x00", 2},                                  /* continues nothing */
        {"\x02\x00\x82\x00", 4},                          /* begins inside another */
        {"\x09\x00", 2},                                  /* ping in fragments */
        {"\x89\x7e\x00\x7e", 4 + 126},                    /* ping too long */
        {"\x83\x00", 2},                                  /* unknown opcode */
        {"\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 10}, /* 4 GB */
    };
    uint8_t bytes[256];
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fixture fixture;
        begin_open(&fixture);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, bad[i].bytes, bad[i].size < 10 ? bad[i].size : i == 6 ? 4 : 10);
        server_write(&fixture, bytes, bad[i].size);
        wait_closed(&fixture);
        assert_non_null(fixture.ws.error);
        end(&fixture);
    }
}

static void a_server_that_is_no_quire_is_refused(void **state)
{
    static const char *const bad[][2] = {{"200 OK", "quire.v1"},
                                         {"101 Switching Protocols", "other"},
                                         {"101 Switching Protocols", "quire.v10"}};
    struct fixture fixture;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&fixture);
        answer(&fixture, bad[i][0], bad[i][1]);
        wait_closed(&fixture);
        assert_non_null(fixture.ws.error);
        end(&fixture);
    }
    begin(&fixture);
    strcpy(fixture.key, "AAAAAAAAAAAAAAAAAAAAAA==");
    answer(&fixture, "101 Switching Protocols", "quire.v1");
    wait_closed(&fixture);
    end(&fixture);
}

static void closing_from_within_a_message_is_allowed(void **state)
{
    struct fixture fixture;
    (void)state;

    begin_open(&fixture);
    fixture.close_at_once = true;
    server_write(&fixture,
                 "\x82\x01"
                 "a"
                 "\x82\x01"
                 "b",
                 6);
    wait_closed(&fixture);
    assert_int_equal(fixture.count, 1);
    end(&fixture);
}

static void nobody_listening_is_told(void **state)
{
    struct fixture fixture;
    struct ws_url url;
    const char *error;
    (void)state;

    memset(&fixture, 0, sizeof fixture);
    assert_int_equal(ws_url_parse("ws://127.0.0.1:1", &url, &error), 0);
    if (ws_connect(&fixture.ws, &url, 1) == 0) {
        for (int waited = 0; fixture.ws.state != WS_CLOSED && waited < PATIENCE_MS; waited += 10) {
            struct pollfd poller = {.fd = fixture.ws.fd, .events = POLLOUT};
            poll(&poller, 1, 10);
            ws_write(&fixture.ws);
        }
    }
    assert_int_equal(fixture.ws.state, WS_CLOSED);
    assert_non_null(fixture.ws.error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standards),
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(messages_go_masked_in_every_size),
        cmocka_unit_test(frames_come_whole_however_they_are_cut),
        cmocka_unit_test(a_message_larger_than_the_scratch_memory_arrives),
        cmocka_unit_test(a_close_is_answered_and_its_code_kept),
        cmocka_unit_test(bad_frames_end_the_connection),
        cmocka_unit_test(a_server_that_is_no_quire_is_refused),
        cmocka_unit_test(closing_from_within_a_message_is_allowed),
        cmocka_unit_test(nobody_listening_is_told),
    };
    return cmocka_run_group_tests_name("peer_ws", tests, NULL, NULL);
}

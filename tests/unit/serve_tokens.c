/* The real program with keys: the command that makes tokens, the server that asks for them, and a
 * log that knows none of them. */
#include "lib/secrets.h"
#include "lib/server_process.h"
#include "lib/temp_dir.h"
#include "lib/ws_raw.h"
#include "tools/peer/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (TEMP_DIR_MAX + 64)
/* Both keys begin with the mark. */
#define SECRET  "elE3UGxhbnRlZFNlY3JldDAxMjM0NTY3ODlhYmNkZWY"
#define OTHER   "elE3UGxhbnRlZFNlY3JldGFub3RoZXJTZWNyZXRLZXk"
#define SUBJECT SECRET_MARK "-subject"

struct place {
    char dir[TEMP_DIR_MAX];
    char data[PATH_SIZE], keys[PATH_SIZE], other[PATH_SIZE];
    struct process process;
};

static void write_keys(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static int place_make(void **state)
{
    static struct place place;
    temp_dir_make(place.dir);
    snprintf(place.data, sizeof(place.data), "%s/data", place.dir);
    snprintf(place.keys, sizeof(place.keys), "%s/keys", place.dir);
    snprintf(place.other, sizeof(place.other), "%s/other", place.dir);
    write_keys(place.keys, "k1 HS256 " SECRET "\n", 0600);
    write_keys(place.other, "k1 HS256 " OTHER "\n", 0600);
    secret_plant_text("signing key", SECRET);
    secret_plant_text("signing key", OTHER);
    *state = &place;
    return 0;
}

static int place_remove(void **state)
{
    const struct place *place = *state;
    temp_dir_remove(place->dir);
    return 0;
}

/* A token of the command's, on the heap. */
static char *make_token(const char *keys, const char *ttl)
{
    const char *output = quire(0, ".", "token", "--key", keys, "--sub", SUBJECT, "--name", "Ann",
                               "--ttl", ttl, "--doc", "plan:editor");
    char *token = strndup(output, strcspn(output, "\n"));
    secret_plant_token(token);
    return token;
}

/* ---- the command ---- */

static void tokens_are_made_and_explained(void **state)
{
    struct place *place = *state;
    char *token = make_token(place->keys, "1h");
    const char *output =
        quire(0, "The token is good", "token", "--check", "--key", place->keys, token);
    assert_holds(output, "\"" SUBJECT "\"");
    assert_holds(output, "{\"plan\": \"editor\"}");
    assert_lacks(output, "WRONG");
    quire(1, "WRONG: the token's signature is wrong", "token", "--check", "--key", place->other,
          token);
    quire(1, "the token does not say for whom it is (aud)", "token", "--check", "--key",
          place->keys, "--audience", "quire", token);
    quire(1, "three parts", "token", "--check", "--key", place->keys, "nonsense");
    quire(2, "--sub is missing", "token", "--key", place->keys);
    quire(2, "--key is missing", "token", "--sub", "ann");
    quire(2, "--doc takes", "token", "--key", place->keys, "--sub", "a", "--doc", "plan");
    quire(2, "--doc takes", "token", "--key", place->keys, "--sub", "a", "--doc", "pl/an:viewer");
    quire(2, "--doc takes", "token", "--key", place->keys, "--sub", "a", "--doc", "plan:admin");
    quire(2, "two roles", "token", "--key", place->keys, "--sub", "a", "--doc", "plan:viewer",
          "--doc", "plan:owner");
    quire(2, "--ttl takes", "token", "--key", place->keys, "--sub", "a", "--ttl", "1y");
    quire(1, "name is not 1 to 60", "token", "--key", place->keys, "--sub", "a", "--name", "a\tb");
    quire(2, "not UTF-8", "token", "--key", place->keys, "--sub", "a", "--name", "\xff");
    quire(0, "Usage: quire token", "token", "--help");
    free(token);
}

static void new_keys_are_made_for_both_sides(void **state)
{
    struct place *place = *state;
    char made[PATH_SIZE], public[PATH_SIZE + 8], script[8 * PATH_SIZE];
    snprintf(made, sizeof(made), "%s/new", place->dir);
    snprintf(public, sizeof(public), "%s.pub", made);
    quire(0, "is for the server", "token", "--new-key", made, "--alg", "EdDSA", "--kid", "ed");
    quire(1, "File exists", "token", "--new-key", made);
    quire(1, "no such key", "token", "--key", public, "--sub", "ann");
    snprintf(script, sizeof(script),
             "%s token --key %s --sub ann --admin | %s token --check --key %s", QUIRE_PROGRAM, made,
             QUIRE_PROGRAM, public);
    process_run(0, "The token is good", (const char *const[]){"/bin/sh", "-c", script, NULL});
}

/* ---- the start ---- */

static void row_96_it_does_not_start_with_bad_keys_or_open_to_all(void **state)
{
    struct place *place = *state;
#define SERVE "serve", "--check", "--data", place->data, "--listen"
    quire(2, "so it serves this machine only", SERVE, "0.0.0.0:0");
    quire(0, "All is well", SERVE, "0.0.0.0:0", "--token-keys", place->keys);
    quire(1, "No such file", SERVE, "127.0.0.1:0", "--token-keys", "/nowhere/keys");
    write_keys(place->keys, "", 0600);
    quire(1, "there is no key in it", SERVE, "127.0.0.1:0", "--token-keys", place->keys);
    write_keys(place->keys, "k1 HS256 AAAA\n", 0600);
    quire(1, "at least 32 bytes", SERVE, "127.0.0.1:0", "--token-keys", place->keys);
    write_keys(place->keys, "k1 HS256 " SECRET "\n", 0644);
    const char *output = quire(1, "chmod 600", SERVE, "127.0.0.1:0", "--token-keys", place->keys);
    assert_lacks(output, SECRET);
}

/* ---- the server ---- */

static struct ot_slice text_of(const char *text)
{
    return (struct ot_slice){(const uint8_t *)text, text ? strlen(text) : 0};
}

static struct ws_raw *say_hello(unsigned port, const char *token)
{
    struct ot_buf out = {0};
    struct ws_raw *ws = ws_raw_open(port, 0);
    assert_non_null(ws);
    peer_put_hello(&out, &(struct peer_hello){.token = text_of(token),
                                              .name = text_of("Ann"),
                                              .color = text_of("#123456"),
                                              .client = PEER_NONE,
                                              .agent = text_of("test")});
    assert_true(ws_raw_send_binary(ws, out.data, out.size));
    ot_buf_deinit(&out);
    return ws;
}

static void send_token(struct ws_raw *ws, const char *token)
{
    struct ot_buf out = {0};
    peer_put_token(&out, 5, text_of(token));
    assert_true(ws_raw_send_binary(ws, out.data, out.size));
    ot_buf_deinit(&out);
}

/* What one connection is told, message by message. */
struct listener {
    struct ws_raw *ws;
    size_t at; /* in the present frame */
};

static struct peer_message await_kind(struct listener *listener, enum wire_kind kind)
{
    struct peer_message message = {0};
    while (message.kind != kind) {
        if (listener->at == listener->ws->message_size) {
            assert_int_equal(ws_raw_next(listener->ws), WS_RAW_BINARY);
            listener->at = 0;
        }
        struct ot_slice frame = {listener->ws->message, listener->ws->message_size};
        assert_int_equal(peer_read(frame, &listener->at, &message), 0);
    }
    return message;
}

static void expect_turned_away(unsigned port, const char *token, int code)
{
    struct ws_raw *ws = say_hello(port, token);
    assert_int_equal(ws_raw_close_code(ws), code);
    ws_raw_free(ws);
}

/* Row 105: what is in a URL lets nobody in. */
static void connect_with_url(unsigned port, const char *token)
{
    char request[8192], head[8192];
    struct ws_raw *ws = ws_raw_connect(port, 0);
    assert_non_null(ws);
    secret_plant_text("password", SECRET_MARK " password");
    snprintf(request, sizeof(request),
             "GET /ws?token=%s&password=" SECRET_MARK
             " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
             "Cookie: token=%s\r\n%s",
             token, token, token, strstr(WS_RAW_HANDSHAKE, "Upgrade:"));
    assert_true(ws_raw_send_text(ws, request));
    if (ws_raw_head(ws, head, sizeof(head)) == 101) {
        struct ot_buf out = {0};
        peer_put_hello(&out, &(struct peer_hello){.name = text_of("Ann"),
                                                  .color = text_of("#123456"),
                                                  .client = PEER_NONE,
                                                  .agent = text_of("test")});
        assert_true(ws_raw_send_binary(ws, out.data, out.size));
        ot_buf_deinit(&out);
        assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    }
    ws_raw_free(ws);
}

/* None of the parts of a token, nor what it says. */
static void assert_silent_about(const char *output, const char *token)
{
    char part[8192];
    snprintf(part, sizeof(part), "%s", token);
    for (char *at = strtok(part, "."); at; at = strtok(NULL, "."))
        if (strlen(at) > 8 && strstr(output, at))
            fail_msg("the log holds a part of a token: %s", at);
}

/* In no form in which bytes are usually written. */
static void assert_silent_about_key(const struct process *process, const struct ot_slice *key)
{
    char low[65], high[65];
    assert_in_range(key->size, 16, 32);
    for (size_t i = 0; i < key->size; i++) {
        snprintf(low + 2 * i, 3, "%02x", key->data[i]);
        snprintf(high + 2 * i, 3, "%02X", key->data[i]);
    }
    assert_null(memmem(process->output, process->size, key->data, key->size));
    assert_null(strstr(process->output, low));
    assert_null(strstr(process->output, high));
}

static void write_something(struct ws_raw *ws)
{
    struct ot_buf out = {0};
    peer_put_open(&out, 1, 1, text_of("plan"), PEER_NONE, PEER_NONE, PEER_NONE);
    peer_put_create(&out, 2, 2, text_of(SECRET_MARK " title"), text_of("some-id"));
    assert_true(ws_raw_send_binary(ws, out.data, out.size));
    ot_buf_deinit(&out);
}

/* A whole life of the server with people who are let in, turned away and thrown out. */
static void keep_secrets(struct place *place, const char *format)
{
    char *good = make_token(place->keys, "1h");
    char *forged = make_token(place->other, "1h");
    unsigned port = process_serve(&place->process, place->data,
                                  (const char *const[]){"--token-keys", place->keys, "--log-level",
                                                        "debug", "--log-format", format,
                                                        "--allow-host", "quire.test", NULL});
    connect_with_url(port, good);
    expect_turned_away(port, NULL, WIRE_CLOSE_UNAUTHORIZED);
    expect_turned_away(port, forged, WIRE_CLOSE_UNAUTHORIZED);
    expect_turned_away(port, SECRET_MARK "-nonsense", WIRE_CLOSE_UNAUTHORIZED);
    expect_turned_away(port, SECRET_MARK "\nlines\x1b[31m", WIRE_CLOSE_UNAUTHORIZED);
    struct ws_raw *ws = say_hello(port, good);
    struct listener listener = {ws, 0};
    struct peer_message welcome = await_kind(&listener, WIRE_WELCOME);
    uint8_t key[64];
    struct ot_slice kept = {key, welcome.welcome.key.size};
    assert_in_range(kept.size, 16, sizeof(key));
    memcpy(key, welcome.welcome.key.data, kept.size);
    secret_plant("client key", key, kept.size);
    write_something(ws);
    send_token(ws, good);
    await_kind(&listener, WIRE_DONE);
    send_token(ws, forged);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    ws_raw_free(ws);
    process_signal(&place->process, SIGTERM);
    assert_int_equal(process_end(&place->process), 0);
    const char *output = place->process.output;
    assert_holds(output, "not_let_in");
    assert_holds(output, "the token's signature is wrong");
    assert_silent_about(output, good);
    assert_silent_about(output, forged);
    assert_silent_about_key(&place->process, &kept);
    assert_null(strstr(output, SECRET));
    assert_null(strstr(output, OTHER));
    assert_null(strstr(output, SECRET_MARK));
    free(good);
    free(forged);
}

static void row_105_the_log_knows_no_token_and_no_key(void **state)
{
    keep_secrets(*state, "text");
    keep_secrets(*state, "json");
}

/* Row 106, by the real clock: without leeway it is over when the token says. */
static void row_106_a_connection_ends_with_its_token(void **state)
{
    struct place *place = *state;
    static struct process server;
    unsigned port =
        process_serve(&server, place->data,
                      (const char *const[]){"--token-keys", place->keys, "--allow-host",
                                            "quire.test", "--token-leeway-s", "0", NULL});
    char *token = make_token(place->keys, "8s");
    struct ws_raw *ws = say_hello(port, token);
    struct listener listener = {ws, 0};
    await_kind(&listener, WIRE_WELCOME);
    await_kind(&listener, WIRE_EXPIRING);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    ws_raw_free(ws);
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
    free(token);
}

/* ---- taking back ---- */

static unsigned serve(struct place *place, struct process *server)
{
    return process_serve(server, place->data,
                         (const char *const[]){"--token-keys", place->keys, "--allow-host",
                                               "quire.test", "--guests", "links", NULL});
}

static void stop(struct process *server)
{
    process_signal(server, SIGTERM);
    assert_int_equal(process_end(server), 0);
}

static struct ws_raw *come_in(unsigned port, const char *token)
{
    struct ws_raw *ws = say_hello(port, token);
    struct listener listener = {ws, 0};
    await_kind(&listener, WIRE_WELCOME);
    return ws;
}

/* The token's jti, as the command tells it. */
static void id_of(struct place *place, const char *token, char *id_out, size_t size)
{
    const char *output = quire(0, "jti", "token", "--check", "--key", place->keys, token);
    const char *at = strchr(strstr(output, "jti"), '"') + 1;
    snprintf(id_out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* Row 108: what is taken back ends connections, and stays taken back. */
static void row_108_tokens_are_taken_back(void **state)
{
    static struct process server;
    struct place *place = *state;
    char id[64];
    unsigned port = serve(place, &server);
    char *first = make_token(place->keys, "1h"), *second;
    struct ws_raw *ws = come_in(port, first);
    quire(0, "", "token", "revoke", "--data", place->data, "--sub", "somebody-else");
    quire(0, "", "token", "revoke", "--data", place->data, "--sub", SUBJECT);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    ws_raw_free(ws);
    expect_turned_away(port, first, WIRE_CLOSE_UNAUTHORIZED);
    /* From the next second on they are good. */
    for (int code = WIRE_CLOSE_UNAUTHORIZED; code == WIRE_CLOSE_UNAUTHORIZED;) {
        second = make_token(place->keys, "1h");
        ws = say_hello(port, second);
        code = ws_raw_next(ws) == WS_RAW_BINARY && ws->message[1] == WIRE_WELCOME
                   ? 0
                   : WIRE_CLOSE_UNAUTHORIZED;
        if (code != 0) {
            ws_raw_free(ws);
            free(second);
        }
    }
    id_of(place, second, id, sizeof(id));
    quire(0, "", "token", "revoke", "--data", place->data, "--jti", id);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    ws_raw_free(ws);
    stop(&server);
    port = serve(place, &server);
    expect_turned_away(port, first, WIRE_CLOSE_UNAUTHORIZED);
    expect_turned_away(port, second, WIRE_CLOSE_UNAUTHORIZED);
    char *third = make_token(place->keys, "1h");
    ws_raw_free(come_in(port, third));
    stop(&server);
    /* Also when no server runs. */
    id_of(place, third, id, sizeof(id));
    quire(0, "", "token", "revoke", "--data", place->data, "--jti", id);
    port = serve(place, &server);
    expect_turned_away(port, third, WIRE_CLOSE_UNAUTHORIZED);
    stop(&server);
    quire(2, "name one", "token", "revoke", "--data", place->data);
    quire(2, "name one", "token", "revoke", "--sub", "a", "--jti", "b");
    quire(2, "name one", "token", "revoke", "--sub", "a\nb");
    quire(0, "Usage: quire token revoke", "token", "revoke", "--help");
    free(first);
    free(second);
    free(third);
}

static void keys_are_read_anew(void **state)
{
    static struct process server;
    struct place *place = *state;
    unsigned port = serve(place, &server);
    char *token = make_token(place->keys, "1h");
    struct ws_raw *ws = come_in(port, token);
    struct listener listener = {ws, 0};
    write_keys(place->keys, "k2 HS256 " OTHER "\nk1 HS256 " SECRET "\n", 0600);
    quire(0, "", "token", "reload", "--data", place->data, "--token-keys", place->keys);
    char *other = make_token(place->keys, "1h"); /* with the first key in the file */
    struct ws_raw *guest = come_in(port, NULL), *new = come_in(port, other);
    send_token(ws, token);
    await_kind(&listener, WIRE_DONE);
    /* What cannot be read changes nothing. */
    write_keys(place->keys, "nonsense\n", 0600);
    quire(1, "a line is a name", "token", "reload", "--data", place->data, "--token-keys",
          place->keys);
    send_token(ws, token);
    await_kind(&listener, WIRE_DONE);
    /* Another key of the same name is another key. */
    write_keys(place->keys, "k1 HS256 " OTHER "\nk2 HS256 " OTHER "\n", 0600);
    quire(0, "", "token", "reload", "--data", place->data, "--token-keys", place->keys);
    assert_int_equal(ws_raw_close_code(ws), WIRE_CLOSE_UNAUTHORIZED);
    listener = (struct listener){new, 0};
    send_token(new, other);
    await_kind(&listener, WIRE_DONE);
    expect_turned_away(port, token, WIRE_CLOSE_UNAUTHORIZED);
    ws_raw_free(ws);
    ws_raw_free(new);
    ws_raw_free(guest);
    stop(&server);
    quire(1, "no server runs", "token", "reload", "--data", place->data, "--token-keys",
          place->keys);
    free(token);
    free(other);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        CASE(tokens_are_made_and_explained),
        CASE(new_keys_are_made_for_both_sides),
        CASE(row_96_it_does_not_start_with_bad_keys_or_open_to_all),
        CASE(row_105_the_log_knows_no_token_and_no_key),
        CASE(row_106_a_connection_ends_with_its_token),
        CASE(row_108_tokens_are_taken_back),
        CASE(keys_are_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

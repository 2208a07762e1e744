/* The server's parts are taken down in order. */
#include "lib/temp_dir.h"
#include "server/gate/gate.h"
#include "server/serve/admin.h"
#include "server/serve/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

/* The link step leads the end of the gates here. */
void __real_gates_stop(struct gates *gates);
void __wrap_gates_stop(struct gates *gates);

static char admin_socket[TEMP_DIR_MAX + 16];
static bool admin_outlived_gates;

void __wrap_gates_stop(struct gates *gates)
{
    admin_outlived_gates = access(admin_socket, F_OK) == 0;
    __real_gates_stop(gates);
}

static int nothing(void *context, char *message_out)
{
    (void)context, (void)message_out;
    return 0;
}

static void ignore(void *context, enum server_event event)
{
    (void)context, (void)event;
}

/* Whoever asks for metrics is told what the gates have counted. */
static void nobody_is_told_of_gates_that_are_gone(void **state)
{
    (void)state;
    char dir[TEMP_DIR_MAX], message[SERVER_MESSAGE_MAX];
    temp_dir_make(dir);
    snprintf(admin_socket, sizeof(admin_socket), "%s/" ADMIN_SOCKET, dir);
    struct log *log = log_new(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    struct server *server = server_start(
        &(struct server_options){
            .data = dir,
            .listen = {.host = "127.0.0.1"},
            .gates = 1,
            .tls_cert = "",
            .tls_key = "",
            .allow_hosts = "",
            .allow_origins = "",
            .trusted_proxies = "",
            .limits = limits_preset(),
            .log = log,
            .bound = nothing,
            .opened = nothing,
            .event = ignore,
        },
        message);
    assert_non_null(server);
    assert_int_equal(access(admin_socket, F_OK), 0);
    server_stop(server);
    assert_false(admin_outlived_gates);
    log_free(log);
    temp_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_told_of_gates_that_are_gone),
    };
    return cmocka_run_group_tests_name("serve_server", tests, NULL, NULL);
}

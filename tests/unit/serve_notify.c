/*
 * What the real program tells a service manager: that it serves, that it lives, that it stops. And
 * that it says nothing of living while its disk keeps it waiting.
 */
#include "lib/server_process.h"
#include "lib/temp_dir.h"
#include "lib/writers.h"
#include "server/serve/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_SIZE (TEMP_DIR_MAX + 16)

struct place {
    char dir[TEMP_DIR_MAX], data[PATH_SIZE], socket[PATH_SIZE];
    int manager;
    struct process server;
};

static int place_make(void **state)
{
    static struct place place;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    temp_dir_make(place.dir);
    snprintf(place.data, sizeof(place.data), "%s/data", place.dir);
    snprintf(place.socket, sizeof(place.socket), "%s/notify", place.dir);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", place.socket);
    place.manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(place.manager, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", place.socket, 1);
    setenv("WATCHDOG_USEC", "300000", 1);
    unsetenv("WATCHDOG_PID");
    *state = &place;
    return 0;
}

static int place_remove(void **state)
{
    const struct place *place = *state;
    close(place->manager);
    temp_dir_remove(place->dir);
    return 0;
}

/* The next message, in a buffer that lasts until the one after it; NULL when none comes in time. */
static const char *hear(const struct place *place, int patience_ms)
{
    static char message[256];
    struct timeval patience = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
    setsockopt(place->manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ssize_t size = recv(place->manager, message, sizeof(message) - 1, 0);
    if (size < 0)
        return NULL;
    message[size] = '\0';
    return message;
}

#define FOR_EVER_MS 60000

static void expect(const struct place *place, const char *words)
{
    const char *heard = hear(place, FOR_EVER_MS);
    assert_non_null(heard);
    assert_string_equal(heard, words);
}

static void it_says_when_it_serves_lives_and_stops(void **state)
{
    struct place *place = *state;
    process_serve(&place->server, place->data, (const char *const[]){"--workers", "2", NULL});
    expect(place, NOTIFY_READY);
    for (int i = 0; i < 5; i++)
        expect(place, NOTIFY_ALIVE);
    while (hear(place, 1)) /* what waits may be no more than ten, or the last words are lost */
        ;
    process_signal(&place->server, SIGTERM);
    const char *heard;
    do
        heard = hear(place, FOR_EVER_MS);
    while (heard && strcmp(heard, NOTIFY_ALIVE) == 0);
    assert_non_null(heard);
    assert_string_equal(heard, NOTIFY_STOPPING);
    assert_int_equal(process_end(&place->server), 0);
}

static void who_did_not_ask_for_signs_of_life_gets_none(void **state)
{
    struct place *place = *state;
    setenv("WATCHDOG_PID", "1", 1);
    process_serve(&place->server, place->data, NULL);
    expect(place, NOTIFY_READY);
    process_signal(&place->server, SIGTERM);
    expect(place, NOTIFY_STOPPING);
    assert_int_equal(process_end(&place->server), 0);
}

static void a_manager_that_is_not_there_is_no_trouble(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"/no/such/socket", "@quire-test-nobody", "relative", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        process_serve(&place->server, place->data, NULL);
        process_signal(&place->server, SIGTERM);
        assert_int_equal(process_end(&place->server), 0);
    }
}

static void *write_on(void *writers)
{
    writers_run_to_the_end(writers);
    return NULL;
}

/* Signs come every tenth of a second, until there are none for five seconds. */
static void a_server_whose_disk_never_answers_shows_no_life(void **state)
{
    struct place *place = *state;
    pthread_t thread;
    setenv("LD_PRELOAD", QUIRE_SHIM, 1);
    setenv("QUIRE_FAULT", "fdatasync:20:stuck", 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    unsigned port = process_serve(&place->server, place->data, NULL);
    unsetenv("LD_PRELOAD");
    unsetenv("QUIRE_FAULT");
    unsetenv("ASAN_OPTIONS");
    expect(place, NOTIFY_READY);
    struct writers *writers = writers_start(port, 2, 5);
    assert_int_equal(pthread_create(&thread, NULL, write_on, writers), 0);
    const char *heard = hear(place, FOR_EVER_MS);
    for (assert_non_null(heard); heard; heard = hear(place, 5000))
        assert_string_equal(heard, NOTIFY_ALIVE);
    process_signal(&place->server, SIGKILL);
    pthread_join(thread, NULL);
    assert_int_equal(process_end(&place->server), -SIGKILL);
    writers_free(writers);
}

/* The unit asks for what the program does. */
static void the_unit_waits_for_these_words(void **state)
{
    (void)state;
    char unit[8192];
    FILE *file = fopen(QUIRE_UNIT, "re");
    assert_non_null(file);
    unit[fread(unit, 1, sizeof(unit) - 1, file)] = '\0';
    fclose(file);
    assert_non_null(strstr(unit, "\nType=notify\n"));
    assert_non_null(strstr(unit, "\nWatchdogSec=30\n"));
    assert_non_null(strstr(unit, "/quire serve --data /var/lib/quire "));
    assert_null(strstr(unit, "@QUIRE"));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        CASE(it_says_when_it_serves_lives_and_stops),
        CASE(who_did_not_ask_for_signs_of_life_gets_none),
        CASE(a_manager_that_is_not_there_is_no_trouble),
        CASE(a_server_whose_disk_never_answers_shows_no_life),
        cmocka_unit_test(the_unit_waits_for_these_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

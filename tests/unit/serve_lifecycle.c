/* Signals and events as the main thread meets them. */
#include "server/serve/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lifecycle lifecycle_new(void)
{
    struct lifecycle lifecycle;
    assert_int_equal(lifecycle_init(&lifecycle, true), 0);
    return lifecycle;
}

static void a_signal_wakes_by_its_name(void **state)
{
    (void)state;
    const char *name = "";
    struct lifecycle lifecycle = lifecycle_new();
    assert_int_equal(lifecycle_wait(&lifecycle, 0, &name), LIFECYCLE_TIMEOUT);
    raise(SIGTERM);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_SIGNAL);
    assert_string_equal(name, "SIGTERM");
    raise(SIGINT);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_SIGNAL);
    assert_string_equal(name, "SIGINT");
    raise(SIGHUP);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_RELOAD);
    assert_int_equal(lifecycle_wait(&lifecycle, 2, &name), LIFECYCLE_TIMEOUT);
    lifecycle_deinit(&lifecycle);
}

static void a_failure_comes_before_all_else(void **state)
{
    (void)state;
    const char *name = "";
    struct lifecycle lifecycle = lifecycle_new();
    raise(SIGTERM);
    lifecycle_report(&lifecycle, SERVER_SETTLED);
    lifecycle_report(&lifecycle, SERVER_FAILED);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_FAILED);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_SIGNAL);
    lifecycle_report(&lifecycle, SERVER_SETTLED);
    assert_int_equal(lifecycle_wait(&lifecycle, -1, &name), LIFECYCLE_SETTLED);
    lifecycle_deinit(&lifecycle);
}

static void writing_to_nobody_is_no_end(void **state)
{
    (void)state;
    int ends[2];
    struct lifecycle lifecycle = lifecycle_new();
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
    lifecycle_deinit(&lifecycle);
}

/* The status of a process that hurries, with a hangup before and one after, and then gets this
 * signal or none. */
static int status_of_hurry(int number)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct lifecycle lifecycle;
        const char *name = "";
        lifecycle_init(&lifecycle, true);
        raise(SIGHUP);
        lifecycle_hurry(1);
        raise(SIGHUP);
        if (lifecycle_wait(&lifecycle, 0, &name) != LIFECYCLE_TIMEOUT)
            _exit(2);
        if (number != 0)
            raise(number);
        for (;;)
            pause();
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void once_it_hurries_a_signal_or_the_time_ends_it(void **state)
{
    (void)state;
    assert_int_equal(status_of_hurry(SIGTERM), 1);
    assert_int_equal(status_of_hurry(SIGINT), 1);
    assert_int_equal(status_of_hurry(0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_wakes_by_its_name),
        cmocka_unit_test(a_failure_comes_before_all_else),
        cmocka_unit_test(writing_to_nobody_is_no_end),
        cmocka_unit_test(once_it_hurries_a_signal_or_the_time_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

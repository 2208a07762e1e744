#include "lib/server_process.h"

#include "lib/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL_WORDS "http://127.0.0.1:"

/* A sanitizer that looks for leaks traces the process, and one that counts coverage writes
 * elsewhere, which the sandbox forbids: in such a build it is off unless the test has seen to it.
 */
static void choose_sandbox(void)
{
    const char *options = getenv("ASAN_OPTIONS");
    if (QUIRE_NO_SANDBOX && (options == NULL || strstr(options, "detect_leaks=0") == NULL))
        setenv("QUIRE_SANDBOX", "off", 0);
}

void process_start(struct process *process, const char *const *arguments)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    choose_sandbox();
    process->size = 0;
    process->output[0] = '\0';
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int failed = posix_spawn(&process->pid, arguments[0], &actions, NULL,
                             (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failed)
        fail_msg("%s: %s", arguments[0], strerror(failed));
    process->output_fd = ends[0];
    bool is_server = arguments[1] && strcmp(arguments[1], "serve") == 0;
    process->log = is_server ? secret_log_open(process->pid) : -1;
}

/* False at the end of its output. */
static bool read_more(struct process *process)
{
    size_t left = sizeof(process->output) - 1 - process->size;
    if (left == 0)
        fail_msg("the process writes too much");
    ssize_t got = read(process->output_fd, process->output + process->size, left);
    if (got < 0 && errno == EINTR)
        return true;
    if (got > 0 && process->log >= 0)
        assert_int_equal(write(process->log, process->output + process->size, (size_t)got), got);
    process->size += got > 0 ? (size_t)got : 0;
    process->output[process->size] = '\0';
    return got > 0;
}

int process_await(struct process *process, const char *words)
{
    while (!strstr(process->output, words))
        if (!read_more(process))
            return -1;
    return 0;
}

void process_signal(const struct process *process, int signal)
{
    assert_int_equal(kill(process->pid, signal), 0);
}

int process_end(struct process *process)
{
    int status;
    while (read_more(process))
        ;
    close(process->output_fd);
    if (process->log >= 0)
        close(process->log);
    while (waitpid(process->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" holds \"%s\"", text, part);
}

const char *process_run(int status, const char *part, const char *const *arguments)
{
    static struct process process;
    process_start(&process, arguments);
    int ended = process_end(&process);
    assert_holds(process.output, part);
    if (ended != status)
        fail_msg("%s ended with %d: %s", arguments[1], ended, process.output);
    return process.output;
}

unsigned process_serve(struct process *process, const char *data, const char *const *more)
{
    const char *arguments[PROCESS_ARGUMENTS_MAX] = {QUIRE_PROGRAM, "serve",  "--listen",
                                                    "127.0.0.1:0", "--data", data};
    size_t count = 6;
    for (size_t i = 0; more && more[i]; i++) {
        assert_true(count < PROCESS_ARGUMENTS_MAX - 1);
        arguments[count++] = more[i];
    }
    process_start(process, arguments);
    if (process_await(process, URL_WORDS) != 0 || process_await(process, "workers") != 0)
        fail_msg("it does not serve: %s", process->output);
    const char *url = strstr(process->output, URL_WORDS);
    return (unsigned)strtoul(url + strlen(URL_WORDS), NULL, 10);
}

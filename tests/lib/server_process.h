/* The real program as a process of its own: started, listened to, ended by its process id. */
#ifndef QUIRE_TEST_SERVER_PROCESS_H
#define QUIRE_TEST_SERVER_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#define PROCESS_OUTPUT_MAX    262144
#define PROCESS_ARGUMENTS_MAX 24

struct process {
    pid_t pid;
    int output_fd;                   /* what it writes to stdout and stderr comes from here */
    int log;                         /* where a server's is kept besides; -1: nowhere */
    char output[PROCESS_OUTPUT_MAX]; /* so far; ends with NUL */
    size_t size;
};

/* Starts a program; `arguments` ends with NULL and begins with its path. Fails the test when that
 * is not possible. */
void process_start(struct process *process, const char *const *arguments);
/* Reads its output until `words` have come; 0, or -1 when it ended without them. */
int process_await(struct process *process, const char *words);
void process_signal(const struct process *process, int signal);
/* Waits for its end, reading on. Its exit status, or minus the signal that ended it. */
int process_end(struct process *process);

void assert_holds(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
/* Runs a program to its end, which must be this, and its output have this in it; gives the output
 * (of the last such run). */
const char *process_run(int status, const char *part, const char *const *arguments);
/* The same of `quire`. */
#define quire(status, part, ...)                                                                   \
    process_run(status, part, (const char *const[]){QUIRE_PROGRAM, __VA_ARGS__, NULL})

/* Starts `quire serve` on a free port of 127.0.0.1 and this data directory, with more arguments or
 * NULL, and waits until it serves. Returns the port. Fails the test when it does not. */
unsigned process_serve(struct process *process, const char *data, const char *const *more);

#endif

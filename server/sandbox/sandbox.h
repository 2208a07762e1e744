/*
 * What the server's process may still do once everything is open: serve, and nothing else. A hole
 * in it then is no way to the rest of the machine. Entered once, for good, by the only thread there
 * is, whose rules all later threads inherit:
 *
 * - no core dumps, no being traced, no new privileges by running a program, no capabilities;
 * - files by Landlock, where the kernel has it: the data directory, and for reading those where the
 *   certificate and the keys are, and nothing else. What is open already stays so. Where the kernel
 * knows how (5.19, 6.2, 6.7, 6.10, 6.12): also no moving out of the directory, no truncating, no
 * TCP, no devices, no signals or abstract sockets to others;
 * - system calls by seccomp: those that serving needs. No program can be run, no process made, no
 *   socket opened, no memory made executable. Others fail with EPERM.
 */
#ifndef QUIRE_SANDBOX_SANDBOX_H
#define QUIRE_SANDBOX_SANDBOX_H

#define SANDBOX_MESSAGE_MAX 256

/* Enters it. `data`: the directory in which files may be read, written, made and removed. `files`,
 * up to NULL ("" is none): they can be read again, also when others have taken their place, which
 * is why all that is in or below their directories can be. Whether this user may is not asked here.
 * `landlock_out`: the kernel's version of Landlock, 0 when it has none. -1: `message_out`
 * (SANDBOX_MESSAGE_MAX) says in a sentence why not, and the process, which may be half in it, is to
 * end. */
int sandbox_enter(const char *data, const char *const *files, int *landlock_out, char *message_out);

#endif

/* The system calls that serving needs; all others are refused: seccomp. */
#ifndef QUIRE_SANDBOX_SYSCALLS_H
#define QUIRE_SANDBOX_SYSCALLS_H

/* From now on, for this thread and all that it starts. 0, or an errno. */
int syscalls_restrict(void);

#endif

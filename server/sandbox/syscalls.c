#include "server/sandbox/syscalls.h"

#include <errno.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* By name: not every architecture has every one. */
static const char *const allowed[] = {
    /* sockets that are there, and those who knock */
    "accept4",
    "getpeername",
    "getsockname",
    "getsockopt",
    "recvfrom",
    "recvmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    /* waiting */
    "clock_gettime",
    "clock_nanosleep",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "futex",
    "gettimeofday",
    "nanosleep",
    "poll",
    "ppoll",
    "restart_syscall",
    "sched_yield",
    "time",
    /* files, which Landlock restricts further */
    "access",
    "close",
    "faccessat",
    "faccessat2",
    "fallocate",
    "fcntl",
    "fdatasync",
    "fstat",
    "fstatfs",
    "fsync",
    "ftruncate",
    "getcwd",
    "getdents64",
    "lseek",
    "lstat",
    "newfstatat",
    "open",
    "openat",
    "pread64",
    "preadv",
    "pwrite64",
    "pwritev",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "stat",
    "statfs",
    "statx",
    "unlink",
    "unlinkat",
    "write",
    "writev",
    /* memory */
    "brk",
    "madvise",
    "mlock",
    "mremap",
    "munlock",
    "munmap",
    /* threads, and the end */
    "exit",
    "exit_group",
    "getcpu",
    "get_robust_list",
    "rseq",
    "sched_getaffinity",
    "set_robust_list",
    "set_tid_address",
    /* signals to itself */
    "alarm",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "setitimer",
    "sigaltstack",
    /* about itself */
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrusage",
    "gettid",
    "getuid",
    "sysinfo",
    "times",
    "uname",
};

static int allow_by_name(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);
        int result =
            number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        if (result != 0)
            return result;
    }
    return 0;
}

/* A call that is allowed when one argument, masked, has a value. */
struct condition {
    int number;
    unsigned argument;
    scmp_datum_t mask, value;
};

static int allow_some(scmp_filter_ctx filter)
{
    const scmp_datum_t whole = ~(scmp_datum_t)0;
    const struct condition conditions[] = {
        /* threads, and no processes */
        {SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
        /* memory that is not to be run */
        {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
        {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
        /* names of threads and of their memory, and whether the sandbox holds */
        {SCMP_SYS(prctl), 0, whole, PR_SET_NAME},
        {SCMP_SYS(prctl), 0, whole, PR_SET_VMA},
        {SCMP_SYS(prctl), 0, whole, PR_GET_DUMPABLE},
        {SCMP_SYS(prctl), 0, whole, PR_GET_NO_NEW_PRIVS},
        /* limits are read, not set */
        {SCMP_SYS(prlimit64), 2, whole, 0},
        {SCMP_SYS(getrlimit), 0, 0, 0},
        /* stdio looks whether it writes to a terminal */
        {SCMP_SYS(ioctl), 1, whole, TCGETS},
        {SCMP_SYS(ioctl), 1, whole, FIONBIO},
        {SCMP_SYS(ioctl), 1, whole, FIONREAD},
        /* abort() */
        {SCMP_SYS(tgkill), 0, whole, (scmp_datum_t)getpid()},
    };
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        const struct condition *at = &conditions[i];
        int result =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, at->number, 1,
                             SCMP_CMP(at->argument, SCMP_CMP_MASKED_EQ, at->mask, at->value));
        if (result != 0)
            return result;
    }
    /* The C library then takes clone, whose flags can be looked at. */
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

int syscalls_restrict(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return ENOMEM;
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = allow_by_name(filter);
    if (result == 0)
        result = allow_some(filter);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return -result;
}

#include "server/sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTSIDE   "/etc/passwd"
#define ELSEWHERE "/tmp/quire-sandbox-probe"

/* Each returns whether it was refused. A call that is not allowed at all fails with EPERM before
 * its arguments are looked at, so these are such that it would fail otherwise: with another error.
 */

static bool refused_fd(int fd)
{
    if (fd < 0)
        return errno == EPERM || errno == EACCES;
    close(fd);
    return false;
}

static bool call_refused(long result)
{
    return result == -1 && errno == EPERM;
}

static bool reading_outside(void)
{
    return refused_fd(open(OUTSIDE, O_RDONLY | O_CLOEXEC));
}

static bool listing_outside(void)
{
    return refused_fd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static bool writing_outside(void)
{
    bool refused = refused_fd(open(ELSEWHERE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!refused)
        unlink(ELSEWHERE);
    return refused;
}

static bool running(void)
{
    char *const none[] = {NULL};
    return call_refused(execve("", none, none));
}

static bool forking(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid(child, NULL, 0);
    return call_refused(child);
}

static bool tracing(void)
{
    return call_refused(ptrace(PTRACE_ATTACH, 0, NULL, NULL));
}

static bool mounting(void)
{
    return call_refused(mount("", "", "", 0, NULL));
}

static bool becoming_root(void)
{
    return call_refused(setuid((uid_t)-1));
}

static bool socket_refused(int family, int type)
{
    return refused_fd(socket(family, type | SOCK_CLOEXEC, 0));
}

static bool calling_out(void)
{
    return socket_refused(AF_INET, SOCK_STREAM) && socket_refused(AF_INET6, SOCK_STREAM) &&
           call_refused(connect(-1, NULL, 0));
}

static bool talking_to_others(void)
{
    return socket_refused(AF_UNIX, SOCK_STREAM);
}

static bool talking_to_the_kernel(void)
{
    return socket_refused(AF_NETLINK, SOCK_RAW);
}

static bool raw_packets(void)
{
    return socket_refused(AF_PACKET, SOCK_RAW);
}

static bool listening(void)
{
    return call_refused(bind(-1, NULL, 0)) && call_refused(listen(-1, 1));
}

static bool making_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return errno == EPERM;
    munmap(page, 4096);
    return false;
}

static bool killing(void)
{
    return call_refused(kill(getpid(), 0));
}

static bool rings(void)
{
    return call_refused(syscall(SYS_io_uring_setup, 0, NULL));
}

static bool dumping(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 &&
           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool new_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static const struct {
    bool (*refused)(void);
    const char *what;
} attempts[] = {
    {reading_outside, "reading a file outside the data directory (" OUTSIDE ")"},
    {listing_outside, "listing a directory outside"},
    {writing_outside, "making a file outside (" ELSEWHERE ")"},
    {running, "running a program"},
    {forking, "making a process"},
    {tracing, "tracing a process"},
    {killing, "sending a signal"},
    {mounting, "mounting"},
    {becoming_root, "becoming another user"},
    {calling_out, "calling out over the network"},
    {listening, "listening on another port"},
    {talking_to_others, "a socket to another program"},
    {talking_to_the_kernel, "a netlink socket"},
    {raw_packets, "raw packets"},
    {making_code, "memory that can be run"},
    {rings, "io_uring"},
    {dumping, "core dumps and being traced"},
    {new_privileges, "gaining privileges"},
};

int probe_sandbox(FILE *out)
{
    int allowed = 0;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        bool refused = attempts[i].refused();
        allowed += !refused;
        fprintf(out, "%-8s %s\n", refused ? "refused" : "ALLOWED", attempts[i].what);
    }
    return allowed;
}

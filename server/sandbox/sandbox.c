#include "server/sandbox/sandbox.h"

#include "server/sandbox/fence.h"
#include "server/sandbox/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(char *message_out, const char *what, int error)
{
    snprintf(message_out, SANDBOX_MESSAGE_MAX,
             "the sandbox cannot be entered: %s: %s (--sandbox off serves without it)", what,
             strerror(error));
    return -1;
}

/* A thread that is there already would stay outside. */
static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return -1;
    for (const struct dirent *task; (task = readdir(tasks));)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return (int)syscall(SYS_capset, &header, none);
}

static int drop_privileges(void)
{
    const struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return drop_capabilities();
}

int sandbox_enter(const char *data, const char *const *files, int *landlock_out, char *message_out)
{
    if (count_threads() != 1)
        return fail(message_out, "threads run already", EBUSY);
    /* While there are capabilities: afterwards the directory may be somebody else's. */
    int fence = fence_build(data, files, landlock_out);
    if (fence < 0 && *landlock_out > 0)
        return fail(message_out, data, errno);
    if (drop_privileges() != 0)
        return fail(message_out, "privileges cannot be dropped", errno);
    if (fence >= 0 && fence_enter(fence) != 0)
        return fail(message_out, "Landlock", errno);
    int error = syscalls_restrict();
    return error ? fail(message_out, "seccomp", error) : 0;
}

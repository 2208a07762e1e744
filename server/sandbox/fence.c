#include "server/sandbox/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's headers: these are the kernel's numbers. */
#define FS_TRUNCATE    (1ULL << 14)
#define FS_IOCTL_DEV   (1ULL << 15)
#define NET_BIND_TCP   (1ULL << 0)
#define NET_CONNECT    (1ULL << 1)
#define SCOPE_SOCKET   (1ULL << 0)
#define SCOPE_SIGNAL   (1ULL << 1)
#define FS_OF_VERSION1 ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* What the data directory is used for. */
#define ALLOWED                                                                                    \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |  \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | FS_TRUNCATE)

struct fence_attributes {
    uint64_t files, net, scope;
};

/* Which versions of Landlock know what, and so refuse it. */
static const struct {
    int version;
    struct fence_attributes refused;
} steps[] = {
    {1, {.files = FS_OF_VERSION1}}, {2, {.files = LANDLOCK_ACCESS_FS_REFER}},
    {3, {.files = FS_TRUNCATE}},    {4, {.net = NET_BIND_TCP | NET_CONNECT}},
    {5, {.files = FS_IOCTL_DEV}},   {6, {.scope = SCOPE_SOCKET | SCOPE_SIGNAL}},
};

static struct fence_attributes refused_by(int version)
{
    struct fence_attributes all = {0};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && steps[i].version <= version; i++) {
        all.files |= steps[i].refused.files;
        all.net |= steps[i].refused.net;
        all.scope |= steps[i].refused.scope;
    }
    return all;
}

static int allow(int fence, const char *data, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {
        .allowed_access = access, .parent_fd = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return -1;
    int result = (int)syscall(SYS_landlock_add_rule, fence, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = errno;
    close(rule.parent_fd);
    errno = error;
    return result;
}

/* A directory in which this user finds nothing needs no gate. */
static int allow_reading_beside(int fence, char *path)
{
    int result = allow(fence, dirname(path), LANDLOCK_ACCESS_FS_READ_FILE);
    return result != 0 && (errno == EACCES || errno == ENOENT || errno == ENOTDIR) ? 0 : result;
}

/* Where the file is named, and where it is: either may be given another. */
static int allow_files(int fence, const char *const *files)
{
    char path[PATH_MAX];
    int result = 0;
    for (; *files && result == 0; files++) {
        if (**files == '\0')
            continue;
        if (realpath(*files, path))
            result = allow_reading_beside(fence, path);
        snprintf(path, sizeof(path), "%s", *files);
        if (result == 0)
            result = allow_reading_beside(fence, path);
    }
    return result;
}

int fence_build(const char *data, const char *const *files, int *version_out)
{
    int version =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *version_out = version > 0 ? version : 0;
    if (version <= 0)
        return -1;
    struct fence_attributes refused = refused_by(version);
    int fence = (int)syscall(SYS_landlock_create_ruleset, &refused, sizeof(refused), 0);
    if (fence < 0 ||
        (allow(fence, data, ALLOWED & refused.files) == 0 && allow_files(fence, files) == 0))
        return fence;
    int error = errno;
    close(fence);
    errno = error;
    return -1;
}

int fence_enter(int fence)
{
    int result = (int)syscall(SYS_landlock_restrict_self, fence, 0);
    int error = errno;
    close(fence);
    errno = error;
    return result;
}

#include "server/operate/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fits(int size)
{
    if (size >= 0 && size < FILES_PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

bool files_join(const char *dir, const char *name, char *path_out)
{
    bool at_root = strcmp(dir, "/") == 0;
    return fits(snprintf(path_out, FILES_PATH_MAX, "%s/%s", at_root ? "" : dir, name));
}

bool files_absolute(const char *path, char *path_out)
{
    char copy[FILES_PATH_MAX], real[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!fits(snprintf(copy, sizeof(copy), "%s", path)))
        return false;
    if (!realpath(dirname(copy), real))
        return false;
    return files_join(real, name, path_out);
}

bool files_partial(const char *path, char *path_out)
{
    uint32_t number;
    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return false;
    return fits(snprintf(path_out, FILES_PATH_MAX, "%s.%08x.partial", path, number));
}

bool files_exist(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

bool files_same(const char *one, const char *other)
{
    struct stat first, second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_ino == second.st_ino &&
           first.st_dev == second.st_dev;
}

const char *files_find_beside(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    char beside[FILES_PATH_MAX + 16];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(beside, sizeof(beside), "%s%s", path, suffixes[i]);
        if (files_exist(beside))
            return suffixes[i];
    }
    return NULL;
}

uint64_t files_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static int sync_opened(int fd)
{
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    int error = errno;
    close(fd);
    errno = error;
    return result;
}

int files_sync(const char *path)
{
    return sync_opened(open(path, O_RDONLY | O_CLOEXEC));
}

int files_sync_dir_of(const char *path)
{
    char copy[FILES_PATH_MAX];
    if (!fits(snprintf(copy, sizeof(copy), "%s", path)))
        return -1;
    return sync_opened(open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int files_place(const char *from, const char *to, bool replace)
{
    int result =
        replace ? rename(from, to) : renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    /* Where the file system cannot do that, a second name does. */
    if (result != 0 && errno == EINVAL && !replace && (result = link(from, to)) == 0)
        unlink(from);
    return result == 0 ? files_sync_dir_of(to) : -1;
}

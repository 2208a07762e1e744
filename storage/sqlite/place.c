#include "storage/sqlite/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/store.h"

int complain(const struct complaint *complaint, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(complaint->text, complaint->size, format, arguments);
    va_end(arguments);
    return code;
}

struct shown place_show(const char *path)
{
    struct shown shown;
    size_t size = strlen(path);

    if (size < sizeof shown.text)
        snprintf(shown.text, sizeof shown.text, "%s", path);
    else
        snprintf(shown.text, sizeof shown.text, "...%s", path + size - (sizeof shown.text - 4));
    return shown;
}

/* A new directory must outlast a power cut as well as what is in it. */
static int sync_parent(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int parent = fd >= 0 ? openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int rc = parent >= 0 ? fsync(parent) : 0;

    if (parent >= 0)
        close(parent);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int directory_prepare(const char *dir, const struct complaint *complaint)
{
    struct stat status;

    if (mkdir(dir, 0700) == 0) {
        if (sync_parent(dir) == 0)
            return STORE_OK;
        return complain(complaint, STORE_E_IO, "the directory \"%s\" cannot be synced to disk: %s",
                        place_show(dir).text, strerror(errno));
    }
    if (errno != EEXIST)
        return complain(complaint, STORE_E_ACCESS, "the directory \"%s\" cannot be made: %s",
                        place_show(dir).text, strerror(errno));
    if (stat(dir, &status) == 0 && !S_ISDIR(status.st_mode))
        errno = ENOTDIR;
    else if (access(dir, W_OK | X_OK) == 0)
        return STORE_OK;
    return complain(complaint, STORE_E_ACCESS,
                    "the directory \"%s\" cannot be written to: %s; choose another one or give "
                    "this user the right to it",
                    place_show(dir).text, strerror(errno));
}

static int file_prepare(const char *path, const struct complaint *complaint)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        return STORE_OK;
    }
    /* One that exists is never opened here: closing it would drop the locks that a store of this
     * process holds on it. */
    if (errno == EEXIST && access(path, R_OK | W_OK) == 0)
        return STORE_OK;
    return complain(complaint, STORE_E_ACCESS,
                    "the file \"%s\" cannot be opened for writing: %s; give this user the right "
                    "to it",
                    place_show(path).text, strerror(errno));
}

int place_prepare(const char *dir, char *path_out, const struct complaint *complaint)
{
    /* SQLite takes a path that begins with "file:" for something else. */
    const char *prefix = dir[0] == '/' ? "" : "./";
    int size = snprintf(path_out, PLACE_PATH_MAX, "%s%s/" PLACE_FILE, prefix, dir);
    int rc;

    if (dir[0] == '\0' || size >= PLACE_PATH_MAX)
        return complain(complaint, STORE_E_ACCESS, "the directory's name is %s",
                        dir[0] == '\0' ? "empty" : "too long");
    rc = directory_prepare(dir, complaint);
    return rc == STORE_OK ? file_prepare(path_out, complaint) : rc;
}

#include "storage/sqlite/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/upkeep.h"

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

int place_sync(const char *path, const struct complaint *complaint)
{
    char dir[PLACE_PATH_MAX];

    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    int fd = open(dir[0] != '\0' ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd >= 0 ? fsync(fd) : -1;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return STORE_OK;
    return complain(complaint, STORE_E_IO, "the directory \"%s\" cannot be synced to disk: %s",
                    place_show(dir).text, strerror(error));
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

/* What root makes belongs to whose the directory is: the server runs as that user. */
static int file_hand_over(int fd, const char *dir)
{
    struct stat status;

    if (geteuid() != 0)
        return 0;
    if (stat(dir, &status) != 0)
        return -1;
    return status.st_uid == 0 ? 0 : fchown(fd, status.st_uid, status.st_gid);
}

static int file_prepare(const char *dir, const char *path, const struct complaint *complaint)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        int rc = file_hand_over(fd, dir);
        int error = errno;
        close(fd);
        if (rc == 0)
            return STORE_OK;
        unlink(path);
        return complain(complaint, STORE_E_ACCESS,
                        "the file \"%s\" cannot be given to the owner of its directory: %s",
                        place_show(path).text, strerror(error));
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

static int path_of(const char *dir, const char *file, char *path_out,
                   const struct complaint *complaint)
{
    /* SQLite takes a path that begins with "file:" for something else. */
    const char *prefix = dir[0] == '/' || dir[0] == '.' ? "" : "./";
    int size = snprintf(path_out, PLACE_PATH_MAX, "%s%s%s", prefix, dir, file);

    if (dir[0] != '\0' && size < PLACE_PATH_MAX)
        return STORE_OK;
    return complain(complaint, STORE_E_ACCESS, "the %s's name is %s",
                    file[0] == '\0' ? "file" : "directory", dir[0] == '\0' ? "empty" : "too long");
}

int place_prepare(const char *dir, char *path_out, const struct complaint *complaint)
{
    int rc = path_of(dir, "/" STORE_FILE, path_out, complaint);

    if (rc == STORE_OK)
        rc = directory_prepare(dir, complaint);
    return rc == STORE_OK ? file_prepare(dir, path_out, complaint) : rc;
}

int place_find(const char *dir, char *path_out, const struct complaint *complaint)
{
    int rc = path_of(dir, "/" STORE_FILE, path_out, complaint);

    if (rc != STORE_OK || access(path_out, R_OK | W_OK) == 0)
        return rc;
    if (errno == ENOENT)
        return complain(complaint, STORE_E_ACCESS,
                        "there is no database in the directory \"%s\"; name the one that `quire "
                        "serve` was given",
                        place_show(dir).text);
    return complain(complaint, STORE_E_ACCESS,
                    "the file \"%s\" cannot be opened: %s; give this user the right to it",
                    place_show(path_out).text, strerror(errno));
}

int place_name(const char *file, char *path_out, const struct complaint *complaint)
{
    struct stat status;
    int rc = path_of(file, "", path_out, complaint);

    if (rc != STORE_OK)
        return rc;
    if (stat(path_out, &status) == 0 && !S_ISREG(status.st_mode))
        return complain(complaint, STORE_E_FOREIGN, "\"%s\" is not a file", place_show(file).text);
    if (access(path_out, R_OK) == 0)
        return STORE_OK;
    return complain(complaint, STORE_E_ACCESS, "the file \"%s\" cannot be read: %s",
                    place_show(file).text, strerror(errno));
}

bool place_has_wal(const char *path)
{
    char wal[PLACE_PATH_MAX + sizeof "-wal"];
    struct stat status;

    snprintf(wal, sizeof wal, "%s-wal", path);
    return stat(wal, &status) == 0 && status.st_size > 0;
}

/* The bytes that SQLite locks: a reader holds them shared, whoever writes has them alone. */
#define SHARED_FIRST 0x40000002
#define SHARED_SIZE  510

int place_hold(const char *path, int *fd_out)
{
    struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return STORE_E_ACCESS;
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        close(fd);
        return STORE_E_BUSY;
    }
    *fd_out = fd;
    return STORE_OK;
}

void place_uri(const char *path, char *uri_out)
{
    char *out = uri_out + sprintf(uri_out, "file:");

    for (; *path != '\0'; path++)
        out += sprintf(out, strchr("%?#", *path) != NULL ? "%%%02x" : "%c", (unsigned char)*path);
    strcpy(out, "?immutable=1");
}

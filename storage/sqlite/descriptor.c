#include "storage/sqlite/descriptor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 32
#define SECTOR_BYTES   4096

/* SQLite asks a "VFS" for files: this one has one file, and is gone with it. */
struct descriptor {
    sqlite3_vfs vfs;
    int file;
    char name[NAME_MAX_BYTES];
};

struct opened {
    sqlite3_file base;
    int file;
};

static int file_of(const sqlite3_file *file)
{
    return ((const struct opened *)file)->file;
}

/* ---- the file ---- */

static int on_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    char *next = bytes;
    while (size > 0) {
        ssize_t got = pread(file_of(file), next, (size_t)size, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return SQLITE_IOERR_READ;
        if (got == 0)
            break;
        next += got;
        at += got;
        size -= (int)got;
    }
    memset(next, 0, (size_t)size);
    return size == 0 ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    const char *next = bytes;
    while (size > 0) {
        ssize_t written = pwrite(file_of(file), next, (size_t)size, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 && errno != ENOSPC && errno != EDQUOT ? SQLITE_IOERR_WRITE
                                                                     : SQLITE_FULL;
        next += written;
        at += written;
        size -= (int)written;
    }
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return ftruncate(file_of(file), size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int on_sync(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    struct stat status;
    if (fstat(file_of(file), &status) != 0)
        return SQLITE_IOERR_FSTAT;
    *size_out = status.st_size;
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int on_lock_asked(sqlite3_file *file, int *held_out)
{
    (void)file;
    *held_out = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_asked(sqlite3_file *file)
{
    (void)file;
    return SECTOR_BYTES;
}

static int on_device_asked(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_lock_asked,
    .xFileControl = on_control,
    .xSectorSize = on_sector_asked,
    .xDeviceCharacteristics = on_device_asked,
};

/* ---- the one-file VFS ---- */

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                   int *flags_out)
{
    const struct descriptor *descriptor = vfs->pAppData;
    struct opened *opened = (struct opened *)file;
    opened->base.pMethods = NULL;
    if (!(flags & SQLITE_OPEN_MAIN_DB) || name == NULL)
        return SQLITE_CANTOPEN;
    opened->file = descriptor->file;
    opened->base.pMethods = &methods;
    if (flags_out != NULL)
        *flags_out = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)name;
    (void)sync;
    return SQLITE_OK;
}

/* There is nothing beside it. */
static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *is_out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *is_out = 0;
    return SQLITE_OK;
}

static int on_path_asked(sqlite3_vfs *vfs, const char *name, int size, char *path_out)
{
    (void)vfs;
    snprintf(path_out, (size_t)size, "%s", name);
    return SQLITE_OK;
}

int descriptor_open(int file, struct descriptor **descriptor_out, sqlite3 **db_out)
{
    struct descriptor *descriptor = calloc(1, sizeof *descriptor);
    const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);

    *descriptor_out = NULL;
    *db_out = NULL;
    if (descriptor == NULL || usual == NULL) {
        free(descriptor);
        return SQLITE_NOMEM;
    }
    /* Time, randomness and sleep are the usual ones. */
    descriptor->vfs = *usual;
    descriptor->vfs.pNext = NULL;
    descriptor->vfs.szOsFile = sizeof(struct opened);
    descriptor->vfs.zName = descriptor->name;
    descriptor->vfs.pAppData = descriptor;
    descriptor->vfs.xOpen = on_open;
    descriptor->vfs.xDelete = on_delete;
    descriptor->vfs.xAccess = on_access;
    descriptor->vfs.xFullPathname = on_path_asked;
    descriptor->file = file;
    snprintf(descriptor->name, sizeof descriptor->name, "quire-descriptor-%d", file);
    sqlite3_vfs_register(&descriptor->vfs, 0);
    *descriptor_out = descriptor;
    return sqlite3_open_v2("copy", db_out,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           descriptor->name);
}

void descriptor_close(struct descriptor *descriptor)
{
    if (descriptor == NULL)
        return;
    sqlite3_vfs_unregister(&descriptor->vfs);
    free(descriptor);
}

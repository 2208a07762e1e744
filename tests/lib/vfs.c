#include "lib/vfs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

/* A change of a file that has not been synced: bytes at a place, or its length. */
struct change {
    struct change *before; /* the change before it */
    sqlite3_int64 place;   /* or the new length of a truncation */
    int size;              /* -1: a truncation */
    uint8_t *new_bytes;
    sqlite3_int64 old_length;
    int old_size; /* bytes that there were at the place */
    uint8_t *old_bytes;
};

struct vfs_file {
    sqlite3_file base;
    struct vfs *vfs;
    struct vfs_file *next;
    struct change *changes; /* the latest first */
    sqlite3_file *real;     /* after this struct */
};

static struct vfs_file *file_of(sqlite3_file *file)
{
    return (struct vfs_file *)file;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    assert(memory != NULL);
    return memory;
}

/* ---- failing ---- */

static bool fails(struct vfs *vfs, enum vfs_kind kind)
{
    if (vfs->dead && kind != VFS_READ)
        return true;
    if (vfs->fail_at == 0 || !(vfs->kinds & (unsigned)kind))
        return false;
    vfs->calls++;
    if (vfs->calls != vfs->fail_at && !(vfs->stays && vfs->calls > vfs->fail_at))
        return false;
    vfs->failures++;
    if (vfs->cut != NULL)
        vfs_cut_power(vfs, vfs->cut);
    return true;
}

static sqlite3_int64 length_of(struct vfs_file *file)
{
    sqlite3_int64 length = 0;

    file->real->pMethods->xFileSize(file->real, &length);
    return length;
}

/* ---- what has not been synced ------------------------------------------------------------------
 */

static void forget_changes(struct vfs_file *file)
{
    while (file->changes != NULL) {
        struct change *change = file->changes;

        file->changes = change->before;
        free(change->new_bytes);
        free(change->old_bytes);
        free(change);
    }
}

static void note_change(struct vfs_file *file, sqlite3_int64 place, int size, const void *bytes)
{
    struct change *change = allocate(sizeof *change);
    sqlite3_int64 length = length_of(file);
    sqlite3_int64 end = size >= 0 ? place + size : length;

    change->place = place;
    change->size = size;
    change->old_length = length;
    if (end > length)
        end = length;
    change->old_size = place < end ? (int)(end - place) : 0;
    change->old_bytes = allocate((size_t)change->old_size);
    if (change->old_size > 0)
        file->real->pMethods->xRead(file->real, change->old_bytes, change->old_size, place);
    change->new_bytes = allocate(size > 0 ? (size_t)size : 0);
    if (size > 0)
        memcpy(change->new_bytes, bytes, (size_t)size);
    change->before = file->changes;
    file->changes = change;
}

static void undo(struct vfs_file *file, const struct change *change)
{
    const sqlite3_io_methods *real = file->real->pMethods;

    if (change->old_size > 0)
        real->xWrite(file->real, change->old_bytes, change->old_size, change->place);
    if (length_of(file) > change->old_length)
        real->xTruncate(file->real, change->old_length);
}

/* Some of the change reaches the disk: for a write, each sector by chance. */
static void redo_some(struct vfs_file *file, const struct change *change, struct rng *rng)
{
    const sqlite3_io_methods *real = file->real->pMethods;

    if (change->size < 0) {
        if (rng_percent(rng, 50) && change->place < length_of(file))
            real->xTruncate(file->real, change->place);
        return;
    }
    for (int done = 0; done < change->size;) {
        sqlite3_int64 place = change->place + done;
        int part = SECTOR - (int)(place % SECTOR);

        if (part > change->size - done)
            part = change->size - done;
        if (rng_percent(rng, 50))
            real->xWrite(file->real, change->new_bytes + done, part, place);
        done += part;
    }
}

static void redo_in_order(struct vfs_file *file, const struct change *change, struct rng *rng)
{
    if (change == NULL)
        return;
    redo_in_order(file, change->before, rng);
    redo_some(file, change, rng);
}

void vfs_kill(struct vfs *vfs)
{
    vfs->dead = true;
}

void vfs_cut_power(struct vfs *vfs, struct rng *rng)
{
    for (struct vfs_file *file = vfs->files; file != NULL; file = file->next) {
        for (const struct change *change = file->changes; change != NULL; change = change->before)
            undo(file, change);
        redo_in_order(file, file->changes, rng);
        forget_changes(file);
    }
    vfs_kill(vfs);
}

/* ---- a file ---- */

static int file_close(sqlite3_file *base)
{
    struct vfs_file *file = file_of(base);
    struct vfs_file **link = &file->vfs->files;

    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    forget_changes(file);
    return file->real->pMethods->xClose(file->real);
}

static int file_read(sqlite3_file *base, void *out, int size, sqlite3_int64 place)
{
    struct vfs_file *file = file_of(base);

    if (fails(file->vfs, VFS_READ))
        return SQLITE_IOERR_READ;
    return file->real->pMethods->xRead(file->real, out, size, place);
}

static int write_through(struct vfs_file *file, const void *bytes, int size, sqlite3_int64 place)
{
    if (size > 0)
        note_change(file, place, size, bytes);
    return file->real->pMethods->xWrite(file->real, bytes, size, place);
}

/* What fails leaves half of the bytes written. */
static int file_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 place)
{
    struct vfs_file *file = file_of(base);
    struct vfs *vfs = file->vfs;
    sqlite3_int64 growth = place + size - length_of(file);

    if (fails(vfs, VFS_WRITE)) {
        if (vfs->dead)
            return SQLITE_IOERR_WRITE;
        write_through(file, bytes, size / 2, place);
        return SQLITE_IOERR_WRITE;
    }
    if (growth > 0 && vfs->room >= 0) {
        if (growth > vfs->room) {
            if (vfs->room > growth / 2) {
                write_through(file, bytes, size - (int)growth / 2, place);
                vfs->room -= growth - growth / 2;
            }
            return SQLITE_FULL;
        }
        vfs->room -= growth;
    }
    return write_through(file, bytes, size, place);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 length)
{
    struct vfs_file *file = file_of(base);

    if (fails(file->vfs, VFS_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    if (file->vfs->room >= 0)
        file->vfs->room += length_of(file) - length;
    note_change(file, length, -1, NULL);
    return file->real->pMethods->xTruncate(file->real, length);
}

/* The real disk is not waited for: power is lost in play only. */
static int file_sync(sqlite3_file *base, int flags)
{
    struct vfs_file *file = file_of(base);

    (void)flags;
    if (fails(file->vfs, VFS_SYNC))
        return SQLITE_IOERR_FSYNC;
    forget_changes(file);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size_out)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xFileSize(real, size_out);
}

static int file_lock(sqlite3_file *base, int level)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xLock(real, level);
}

static int file_unlock(sqlite3_file *base, int level)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xUnlock(real, level);
}

static int file_check_lock(sqlite3_file *base, int *held_out)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xCheckReservedLock(real, held_out);
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xFileControl(real, operation, argument);
}

static int file_sector(sqlite3_file *base)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xSectorSize(real);
}

static int file_device(sqlite3_file *base)
{
    sqlite3_file *real = file_of(base)->real;

    return real->pMethods->xDeviceCharacteristics(real);
}

/* Version 1: without shared memory, so that only an exclusive connection can have a write-ahead
 * log. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
};

/* ---- the file system ---------------------------------------------------------------------------
 */

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *out, int flags,
                    int *flags_out)
{
    struct vfs *vfs = base->pAppData;
    struct vfs_file *file = file_of(out);
    int result;

    file->base.pMethods = NULL;
    if (fails(vfs, VFS_OPEN))
        return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(file + 1);
    result = vfs->real->xOpen(vfs->real, name, file->real, flags, flags_out);
    if (result != SQLITE_OK)
        return result;
    file->vfs = vfs;
    file->changes = NULL;
    file->next = vfs->files;
    vfs->files = file;
    file->base.pMethods = &file_methods;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync)
{
    struct vfs *vfs = base->pAppData;

    if (fails(vfs, VFS_DELETE))
        return SQLITE_IOERR_DELETE;
    return vfs->real->xDelete(vfs->real, name, sync);
}

void vfs_install(struct vfs *vfs)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    *vfs = (struct vfs){.base = *real, .real = real, .room = -1};
    vfs->base.pNext = NULL;
    vfs->base.zName = "quire-test";
    vfs->base.pAppData = vfs;
    vfs->base.szOsFile = (int)sizeof(struct vfs_file) + real->szOsFile;
    vfs->base.xOpen = vfs_open;
    vfs->base.xDelete = vfs_delete;
    sqlite3_vfs_register(&vfs->base, 1);
}

void vfs_remove(struct vfs *vfs)
{
    sqlite3_vfs_unregister(&vfs->base);
    sqlite3_vfs_register(vfs->real, 1);
}

void vfs_fail(struct vfs *vfs, unsigned kinds, long fail_at, bool stays)
{
    vfs->kinds = kinds;
    vfs->fail_at = fail_at;
    vfs->stays = stays;
    vfs->calls = 0;
    vfs->failures = 0;
}

void vfs_heal(struct vfs *vfs)
{
    vfs->fail_at = 0;
    vfs->cut = NULL;
    vfs->dead = false;
    vfs->room = -1;
}

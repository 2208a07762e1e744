#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/sqlite/database.h"
#include "storage/sqlite/descriptor.h"
#include "storage/sqlite/place.h"
#include "storage/upkeep.h"

struct store_backup {
    sqlite3 *to;
    sqlite3_backup *copy;
    uint64_t page_bytes;
    uint64_t pages;
    uint64_t pages_left;
    bool done;
    char path[PLACE_PATH_MAX]; /* "": it is the file behind the descriptor */
    int file;
    struct descriptor *descriptor;
};

static int page_bytes(struct store *store, uint64_t *bytes_out)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(store->db, "PRAGMA page_size", -1, &statement, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *bytes_out = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return database_error(result);
}

static int copy_pages(struct store_backup *backup, int count)
{
    int result = sqlite3_backup_step(backup->copy, count);

    backup->pages = (uint64_t)sqlite3_backup_pagecount(backup->copy);
    backup->pages_left = (uint64_t)sqlite3_backup_remaining(backup->copy);
    return result;
}

static int complain_backup(const struct store_backup *backup, const struct complaint *complaint,
                           int code, const char *text)
{
    if (backup->path[0] == '\0')
        return complain(complaint, code, "the copy cannot be made: %s",
                        code == STORE_E_FULL ? "there is not enough room on its disk" : text);
    if (code == STORE_E_FULL)
        return complain(complaint, code, "there is not enough room on the disk for \"%s\"",
                        place_show(backup->path).text);
    return complain(complaint, code, "the file \"%s\" cannot be made: %s",
                    place_show(backup->path).text, text);
}

/* A file that is half written is worth nothing after a crash, so it needs no journal and no syncs.
 */
static int open_target(struct store_backup *backup)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int result = backup->path[0] != '\0'
                     ? sqlite3_open_v2(backup->path, &backup->to, flags, NULL)
                     : descriptor_open(backup->file, &backup->descriptor, &backup->to);
    char pragmas[160];

    snprintf(pragmas, sizeof pragmas,
             "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
             "PRAGMA cache_size = -%d",
             BACKUP_CACHE_KIB);
    return result == SQLITE_OK ? sqlite3_exec(backup->to, pragmas, NULL, NULL, NULL) : result;
}

/* What cannot be told shows in writing. */
static bool has_room(const struct store_backup *backup, uint64_t bytes)
{
    struct statvfs disk;
    int result =
        backup->path[0] != '\0' ? statvfs(backup->path, &disk) : fstatvfs(backup->file, &disk);

    return result != 0 || disk.f_bavail * (uint64_t)disk.f_frsize >= bytes;
}

/* Sets the copying up, and sees that there is room: a disk that fills up would refuse edits too. */
static int begin(struct store *store, struct store_backup *backup,
                 const struct complaint *complaint)
{
    struct store_backup_progress progress;
    int result = open_target(backup);

    if (result != SQLITE_OK)
        return complain_backup(backup, complaint, database_error(result),
                               sqlite3_errmsg(backup->to));
    backup->copy = sqlite3_backup_init(backup->to, "main", store->db, "main");
    if (backup->copy == NULL)
        return complain_backup(backup, complaint, database_error(sqlite3_errcode(backup->to)),
                               sqlite3_errmsg(backup->to));
    /* Nothing is copied by this, but it tells how much there is. */
    result = copy_pages(backup, 0);
    if (result != SQLITE_OK)
        return complain_backup(backup, complaint, database_error(result), sqlite3_errstr(result));
    progress = store_backup_progress(backup);
    if (!has_room(backup, progress.total_bytes + BACKUP_SPARE_BYTES))
        return complain_backup(backup, complaint, STORE_E_FULL, NULL);
    return STORE_OK;
}

static int begin_or_end(struct store *store, struct store_backup *backup,
                        const struct complaint *complaint, struct store_backup **backup_out)
{
    int rc = page_bytes(store, &backup->page_bytes);

    rc = rc == STORE_OK ? begin(store, backup, complaint)
                        : complain_backup(backup, complaint, rc, sqlite3_errmsg(store->db));
    if (rc == STORE_OK)
        *backup_out = backup;
    else
        store_backup_end(backup);
    return rc;
}

int store_backup_begin(struct store *store, const char *path, struct store_backup **backup_out,
                       char *message_out, size_t message_size)
{
    struct complaint complaint = {.text = message_out, .size = message_size};
    struct store_backup *backup = calloc(1, sizeof *backup);
    int fd;
    int rc;

    *backup_out = NULL;
    if (backup == NULL)
        return complain(&complaint, STORE_E_MEMORY, "not enough memory");
    if (path[0] != '/' || strlen(path) >= sizeof backup->path) {
        free(backup);
        return complain(&complaint, STORE_E_ACCESS, "the file's path is too long or not absolute");
    }
    strcpy(backup->path, path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = complain_backup(backup, &complaint, STORE_E_ACCESS, strerror(errno));
        free(backup);
        return rc;
    }
    close(fd);
    return begin_or_end(store, backup, &complaint, backup_out);
}

int store_backup_begin_into(struct store *store, int file, struct store_backup **backup_out,
                            char *message_out, size_t message_size)
{
    struct complaint complaint = {.text = message_out, .size = message_size};
    struct store_backup *backup = calloc(1, sizeof *backup);

    *backup_out = NULL;
    if (backup == NULL)
        return complain(&complaint, STORE_E_MEMORY, "not enough memory");
    backup->file = file;
    return begin_or_end(store, backup, &complaint, backup_out);
}

int store_backup_step(struct store_backup *backup, bool *done_out)
{
    int result = copy_pages(backup, BACKUP_SLICE_PAGES);

    if (result == SQLITE_DONE) {
        result = sqlite3_backup_finish(backup->copy);
        backup->copy = NULL;
        backup->done = result == SQLITE_OK;
    }
    *done_out = backup->done;
    return database_error(result);
}

struct store_backup_progress store_backup_progress(const struct store_backup *backup)
{
    return (struct store_backup_progress){.done_bytes = (backup->pages - backup->pages_left) *
                                                        backup->page_bytes,
                                          .total_bytes = backup->pages * backup->page_bytes};
}

void store_backup_end(struct store_backup *backup)
{
    if (backup == NULL)
        return;
    if (backup->copy != NULL)
        sqlite3_backup_finish(backup->copy);
    if (sqlite3_close(backup->to) != SQLITE_OK)
        backup->done = false;
    descriptor_close(backup->descriptor);
    if (!backup->done && backup->path[0] != '\0')
        unlink(backup->path);
    free(backup);
}

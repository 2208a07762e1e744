#include "server/operate/copy.h"

#include "server/operate/ask.h"
#include "server/operate/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BYTES_PER_KIB 1024

static int run(struct store_backup *backup, struct watch *watch, char *message_out)
{
    bool done = false;
    while (!done) {
        int code = store_backup_step(backup, &done);
        struct store_backup_progress progress = store_backup_progress(backup);
        watch->progress.total = progress.total_bytes / BYTES_PER_KIB;
        if (code != STORE_OK)
            return message_fail(message_out, "the copy could not be written: %s",
                                store_error_text(code));
        if (!watch_goes_on(watch, progress.done_bytes / BYTES_PER_KIB) && !done)
            return message_fail(message_out, "interrupted");
    }
    return 0;
}

static int sync_copy(const char *path, char *message_out)
{
    if (files_sync(path) == 0)
        return 0;
    message_fail(message_out, "the copy could not be synced to disk: %s", strerror(errno));
    unlink(path);
    return -1;
}

int copy_store(struct store *store, const char *path, struct watch *watch, char *message_out)
{
    struct store_backup *backup;
    if (store_backup_begin(store, path, &backup, message_out, MESSAGE_MAX) != STORE_OK)
        return -1;
    watch_begin(watch, "copying", "KiB", 0);
    int result = run(backup, watch, message_out);
    watch_end(watch);
    store_backup_end(backup);
    return result == 0 ? sync_copy(path, message_out) : -1;
}

static int find_database(const char *data, char *path_out, char *message_out)
{
    if (files_join(data, STORE_FILE, path_out) && files_exist(path_out))
        return 0;
    return message_fail(message_out,
                        "there is no database in the directory \"%.200s\"; name the one that "
                        "`quire serve` was given, with --data DIR",
                        data);
}

/* Who has it open would have answered if it could. */
static int inspect(const char *path, struct store **store_out, char *message_out)
{
    int code = store_inspect(path, store_out, message_out, MESSAGE_MAX);
    if (code == STORE_E_BUSY)
        message_fail(
            message_out,
            "the database \"%.200s\" is open in a process that takes no requests (a server "
            "logs no_admin, or this is another command); stop it first",
            path);
    return code == STORE_OK ? 0 : -1;
}

int copy_database(const char *data, const char *path, struct watch *watch, char *message_out)
{
    char database[FILES_PATH_MAX];
    struct store *store;
    if (find_database(data, database, message_out) != 0)
        return -1;
    switch (ask_backup(data, path, watch, message_out)) {
    case ASK_DONE:
        return sync_copy(path, message_out);
    case ASK_FAILED:
        return -1;
    case ASK_NOBODY:
        break;
    }
    if (inspect(database, &store, message_out) != 0)
        return -1;
    int result = copy_store(store, path, watch, message_out);
    store_close(store);
    return result;
}

/* The copy is beside the database, where there is no less room and nobody else may read. */
int copy_open(const char *data, struct watch *watch, struct store **store_out, char *message_out)
{
    char database[FILES_PATH_MAX], whole[FILES_PATH_MAX], copy[FILES_PATH_MAX];
    if (find_database(data, database, message_out) != 0)
        return -1;
    if (!files_absolute(database, whole) || !files_partial(whole, copy))
        return message_fail(message_out, "\"%.200s\": %s", data, strerror(errno));
    const char *path = database;
    switch (ask_backup(data, copy, watch, message_out)) {
    case ASK_FAILED:
        return -1;
    case ASK_DONE:
        path = copy;
        break;
    case ASK_NOBODY:
        break;
    }
    int result = inspect(path, store_out, message_out);
    if (path == copy)
        unlink(copy);
    return result;
}

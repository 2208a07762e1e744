#include "storage/sqlite/database.h"
#include "storage/sqlite/place.h"
#include "storage/upkeep.h"

/* Not to be held up by the caller's own lock, nor to give it up. */
#define LOCKS_OF_CALLER "unix-none"

/* The first read finds the write-ahead log, and a rollback journal. */
static const char first_read[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                                 "PRAGMA wal_autocheckpoint = 0; PRAGMA schema_version";

static int checkpoint_all(sqlite3 *db)
{
    int frames = 0, done = 0;
    int result = sqlite3_exec(db, first_read, NULL, NULL, NULL);

    if (result == SQLITE_OK)
        result = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_FULL, &frames, &done);
    return result == SQLITE_OK && done != frames ? SQLITE_IOERR : result;
}

int store_fold(const char *path, char *message_out, size_t message_size)
{
    struct complaint complaint = {.text = message_out, .size = message_size};
    sqlite3 *db = NULL;
    int result = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        LOCKS_OF_CALLER);

    if (result == SQLITE_OK)
        result = checkpoint_all(db);
    if (result != SQLITE_OK) {
        complain(&complaint, 0, "%s", sqlite3_errmsg(db));
        if (db != NULL)
            sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    /* The last to close removes the log. */
    sqlite3_close(db);
    if (result == SQLITE_OK && place_has_wal(path)) {
        complain(&complaint, 0, "its write-ahead log cannot be removed");
        result = SQLITE_IOERR;
    }
    return database_error(result);
}

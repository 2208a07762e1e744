#include <string.h>

#include "storage/sqlite/database.h"
#include "storage/sqlite/log.h"
#include "storage/upkeep.h"

/* Until a call of store_idle finds nothing more to clear away. */
static int clear_away(struct store *store)
{
    int rc = STORE_OK;

    while (rc == STORE_OK && (store->purging || log_can_trim(store)))
        rc = store_idle(store);
    return rc;
}

/* Its temporary file is as large as the database, and as private: it belongs beside it and neither
 * in memory nor where everybody's are. */
static int vacuum(struct store *store)
{
    const char *path = sqlite3_db_filename(store->db, "main"); /* from the root */
    char *end;
    int result;

    /* SQLite looks into the environment only before the first database is opened. */
    sqlite3_temp_directory = sqlite3_malloc64(strlen(path) + 1);
    if (sqlite3_temp_directory == NULL)
        return STORE_E_MEMORY;
    strcpy(sqlite3_temp_directory, path);
    end = strrchr(sqlite3_temp_directory, '/');
    end[end == sqlite3_temp_directory ? 1 : 0] = '\0';
    result = sqlite3_exec(store->db, "PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY",
                          NULL, NULL, NULL);
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = NULL;
    if (result == SQLITE_OK)
        result =
            sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return database_error(result);
}

int store_compact(struct store *store)
{
    int rc = store->failed ? STORE_E_IO : clear_away(store);

    if (rc != STORE_OK)
        return rc;
    rc = vacuum(store);
    if (rc != STORE_OK && rc != STORE_E_FULL)
        store->failed = true;
    return rc;
}

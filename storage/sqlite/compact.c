#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/sqlite/database.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/place.h"
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
    char dir[PLACE_PATH_MAX];
    char *end;
    int result;

    snprintf(dir, sizeof dir, "%s", sqlite3_db_filename(store->db, "main"));
    end = strrchr(dir, '/');
    if (end != NULL)
        *end = '\0';
    setenv("SQLITE_TMPDIR", dir, 1);
    result = sqlite3_exec(store->db, "PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY",
                          NULL, NULL, NULL);
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

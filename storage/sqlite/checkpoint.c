#include "storage/sqlite/checkpoint.h"

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store *store = context;

    (void)db;
    (void)name;
    store->wal_pages = (size_t)pages;
    return SQLITE_OK;
}

void checkpoint_watch(struct store *store)
{
    sqlite3_wal_hook(store->db, note_pages, store);
}

/* A disk that is full leaves everything in the write-ahead log, where it is safe; the next try
 * comes when that has grown by as much again. */
static int checkpoint(struct store *store)
{
    int rc = database_error(
        sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    if (rc == STORE_E_FULL) {
        store->wal_tried = store->wal_pages;
        return rc;
    }
    store->wal_tried = 0;
    store->wal_pages = 0;
    if (rc != STORE_OK) {
        store->failed = true;
        rc = STORE_E_IO;
    }
    return rc;
}

int checkpoint_if_grown(struct store *store)
{
    return store->wal_pages >= store->wal_tried + store->wal_pages_max / WAL_IDLE_PART
               ? checkpoint(store)
               : STORE_OK;
}

void checkpoint_if_long(struct store *store)
{
    if (!store->failed && store->wal_pages >= store->wal_tried + store->wal_pages_max)
        checkpoint(store);
}

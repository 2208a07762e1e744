#include "storage/sqlite/snapshot.h"

#include "storage/checksum.h"

static uint64_t part_sum(int64_t key, uint64_t version, int64_t part, struct store_slice data)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_SNAPSHOTS);
    checksum_i64(&sum, key);
    checksum_u64(&sum, version);
    checksum_i64(&sum, part);
    checksum_bytes(&sum, data.data, data.size);
    return checksum_value(&sum);
}

int snapshot_write_part(struct store *store, int64_t key, uint64_t version, int64_t part,
                        struct store_slice snapshot)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_PART_WRITE);
    size_t offset = (size_t)part * SNAPSHOT_PART_BYTES;
    struct store_slice data = {.data = snapshot.data + offset, .size = snapshot.size - offset};

    if (data.size > SNAPSHOT_PART_BYTES)
        data.size = SNAPSHOT_PART_BYTES;
    sqlite3_bind_int64(statement, 1, key);
    bind_u64(statement, 2, version);
    sqlite3_bind_int64(statement, 3, part);
    bind_blob(statement, 4, data.data, data.size);
    bind_u64(statement, 5, part_sum(key, version, part, data));
    return statement_run(store, statement);
}

static void bind_stale(sqlite3_stmt *statement, const struct document *document, uint64_t writing)
{
    sqlite3_bind_int64(statement, 1, document->face.key);
    bind_u64(statement, 2, document->snapshot_version);
    sqlite3_bind_int64(statement, 3, snapshot_parts(document->snapshot_bytes));
    bind_u64(statement, 4, writing);
}

int snapshot_remove_stale(struct store *store, const struct document *document, uint64_t writing,
                          int limit, int *removed_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_PART_PURGE);
    int rc;

    bind_stale(statement, document, writing);
    sqlite3_bind_int(statement, 5, limit);
    rc = statement_run(store, statement);
    *removed_out = sqlite3_changes(store->db);
    return rc;
}

int snapshot_has_stale(struct store *store, const struct document *document, uint64_t writing,
                       bool *has_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_PART_STALE);
    int64_t found = 0;
    int rc;

    bind_stale(statement, document, writing);
    rc = statement_number(store, statement, &found);
    *has_out = found != 0;
    return rc;
}

/* The part that the statement stands on, which is to be the document's part `part`. */
static int part_take(struct store *store, sqlite3_stmt *statement, const struct document *document,
                     int64_t part)
{
    struct store_slice data = column_bytes(statement, 1);

    if (sqlite3_column_int64(statement, 0) != part ||
        column_u64(statement, 2) !=
            part_sum(document->face.key, document->snapshot_version, part, data))
        return STORE_E_CORRUPT;
    return buffer_append(&store->result, data.data, data.size) ? STORE_OK : STORE_E_MEMORY;
}

/* Appends the parts from `first` up to, not including, `end`. */
static int read_parts(struct store *store, const struct document *document, int64_t first,
                      int64_t end)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_PART_READ);
    int rc = STORE_OK;

    sqlite3_bind_int64(statement, 1, document->face.key);
    bind_u64(statement, 2, document->snapshot_version);
    sqlite3_bind_int64(statement, 3, first);
    for (int64_t part = first; rc == STORE_OK && part < end; part++) {
        rc = statement_next(store, statement);
        if (rc == 0)
            rc = STORE_E_CORRUPT;
        if (rc > 0)
            rc = part_take(store, statement, document, part);
    }
    sqlite3_reset(statement);
    return rc;
}

int snapshot_read(struct store *store, const struct document *document)
{
    int rc;

    buffer_clear(&store->result);
    if (document->snapshot_bytes > STORE_SNAPSHOT_MAX)
        return STORE_E_CORRUPT;
    if (!buffer_reserve(&store->result, (size_t)document->snapshot_bytes))
        return STORE_E_MEMORY;
    rc = read_parts(store, document, 0, snapshot_parts(document->snapshot_bytes));
    if (rc == STORE_OK && store->result.size != document->snapshot_bytes)
        rc = STORE_E_CORRUPT;
    return rc;
}

int snapshot_read_piece(struct store *store, const struct document *document, uint64_t offset)
{
    uint64_t left;
    int64_t part = (int64_t)(offset / SNAPSHOT_PART_BYTES);
    int rc;

    buffer_clear(&store->result);
    if (offset >= document->snapshot_bytes)
        return STORE_OK;
    left = document->snapshot_bytes - offset;
    rc = read_parts(store, document, part, part + 1);
    if (rc == STORE_OK &&
        store->result.size != (left < SNAPSHOT_PART_BYTES ? left : SNAPSHOT_PART_BYTES))
        rc = STORE_E_CORRUPT;
    return rc;
}

#include "storage/sqlite/purge.h"

/* Runs a statement that removes up to ?limit rows, given its place, while there is work left. */
static int remove_rows(struct store *store, sqlite3_stmt *statement, int limit_place, int row_work,
                       int *work)
{
    int limit = *work / row_work;
    int rc;

    if (limit <= 0)
        return STORE_OK;
    sqlite3_bind_int(statement, limit_place, limit);
    rc = statement_run(store, statement);
    *work -= sqlite3_changes(store->db) * row_work;
    return rc;
}

static int remove_of(struct store *store, enum statement which, int64_t key, int row_work,
                     int *work)
{
    sqlite3_stmt *statement = database_statement(store, which);

    sqlite3_bind_int64(statement, 1, key);
    return remove_rows(store, statement, 2, row_work, work);
}

static int remove_parts(struct store *store, int64_t key, int *work)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_PART_PURGE);

    sqlite3_bind_int64(statement, 1, key);
    sqlite3_bind_int64(statement, 2, 0);
    sqlite3_bind_int64(statement, 3, 0);
    sqlite3_bind_int64(statement, 4, 0);
    return remove_rows(store, statement, 5, WORK_OF_PART, work);
}

int purge_slice(struct store *store, struct document *document)
{
    int64_t key = document->face.key;
    int work = SLICE_WORK_MAX;
    int rc = remove_parts(store, key, &work);

    if (rc == STORE_OK)
        rc = remove_of(store, STATEMENT_SEGMENT_PURGE, key, WORK_OF_PART, &work);
    if (rc == STORE_OK)
        rc = remove_of(store, STATEMENT_CLIENT_PURGE, key, WORK_OF_ROW, &work);
    if (rc == STORE_OK)
        rc = remove_of(store, STATEMENT_CHAT_PURGE, key, WORK_OF_ROW, &work);
    if (rc == STORE_OK)
        rc = remove_of(store, STATEMENT_MEMBER_PURGE, key, WORK_OF_ROW, &work);
    if (rc == STORE_OK)
        rc = remove_of(store, STATEMENT_LINK_PURGE, key, WORK_OF_ROW, &work);
    if (rc != STORE_OK)
        return rc;
    /* A statement that stopped at its limit has left too little work for one row more. */
    if (work >= WORK_OF_PART)
        document->state = DOCUMENT_GONE;
    return document_write(store, document);
}

int purge_next(struct store *store, bool *found_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_DOCUMENT_DELETED);
    struct document document;
    int64_t key = 0;
    int rc = statement_number(store, statement, &key);

    *found_out = rc == STORE_OK && key != 0;
    if (!*found_out)
        return rc;
    rc = document_read(store, key, &document);
    if (rc == STORE_OK)
        return purge_slice(store, &document);
    /* What a damaged one leaves is in nobody's way, and it would be found again and again. */
    *found_out = rc != STORE_E_CORRUPT;
    return rc == STORE_E_CORRUPT ? STORE_OK : rc;
}

#include "storage/sqlite/database.h"

int database_error(int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return STORE_OK;
    case SQLITE_NOMEM:
        return STORE_E_MEMORY;
    case SQLITE_FULL:
        return STORE_E_FULL;
    case SQLITE_CORRUPT:
        return STORE_E_CORRUPT;
    case SQLITE_NOTADB:
        return STORE_E_FOREIGN;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
        return STORE_E_INVALID;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_E_BUSY;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return STORE_E_ACCESS;
    default:
        return STORE_E_IO;
    }
}

/* Whether it is certain that the transaction has not happened. A row that does not match its
 * checksum stops the call that found it, not the others. */
static bool is_refusal(int result)
{
    return result == STORE_E_NOT_FOUND || result == STORE_E_EXISTS || result == STORE_E_INVALID ||
           result == STORE_E_LIMIT || result == STORE_E_FULL || result == STORE_E_CORRUPT;
}

/* Whether the disk or what is on it cannot be relied on any more. */
static bool is_broken(int result)
{
    return (result & 0xff) == SQLITE_CORRUPT || database_error(result) == STORE_E_IO ||
           database_error(result) == STORE_E_ACCESS;
}

/* ---- statements ---- */

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT_SQL(name, sql) [STATEMENT_##name] = sql,
    STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

int database_prepare(struct store *store)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        int result = sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &store->statements[i], NULL);
        if (result != SQLITE_OK)
            return database_error(result);
    }
    return STORE_OK;
}

void database_finalize(struct store *store)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
}

void bind_u64(sqlite3_stmt *statement, int place, uint64_t value)
{
    sqlite3_bind_int64(statement, place, (int64_t)value);
}

/* A null pointer would bind NULL; no bytes are a value too. */
void bind_blob(sqlite3_stmt *statement, int place, const void *data, size_t size)
{
    sqlite3_bind_blob64(statement, place, size > 0 ? data : "", size, SQLITE_STATIC);
}

void bind_text(sqlite3_stmt *statement, int place, const void *data, size_t size)
{
    sqlite3_bind_text64(statement, place, size > 0 ? data : "", size, SQLITE_STATIC, SQLITE_UTF8);
}

uint64_t column_u64(sqlite3_stmt *statement, int column)
{
    return (uint64_t)sqlite3_column_int64(statement, column);
}

struct store_slice column_bytes(sqlite3_stmt *statement, int column)
{
    const uint8_t *data = sqlite3_column_blob(statement, column);

    return (struct store_slice){.data = data,
                                .size = (size_t)sqlite3_column_bytes(statement, column)};
}

int statement_next(struct store *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);

    if (result == SQLITE_ROW)
        return 1;
    sqlite3_reset(statement);
    if (is_broken(result))
        store->failed = true;
    return database_error(result);
}

int statement_run(struct store *store, sqlite3_stmt *statement)
{
    int rc;

    do
        rc = statement_next(store, statement);
    while (rc > 0);
    return rc;
}

int statement_number(struct store *store, sqlite3_stmt *statement, int64_t *number_out)
{
    int rc = statement_next(store, statement);

    if (rc > 0) {
        *number_out = sqlite3_column_int64(statement, 0);
        sqlite3_reset(statement);
        rc = STORE_OK;
    }
    return rc;
}

/* ---- transactions ---- */

/* An error that leaves the disk in doubt ends all writing. */
static int conclude(struct store *store, int result)
{
    if (result == STORE_OK || is_refusal(result))
        return result;
    store->failed = true;
    return result == STORE_E_MEMORY ? result : STORE_E_IO;
}

int database_begin(struct store *store)
{
    if (store->failed)
        return STORE_E_IO;
    return conclude(store, statement_run(store, database_statement(store, STATEMENT_BEGIN)));
}

int database_end(struct store *store, int result)
{
    if (result == STORE_OK)
        result = statement_run(store, database_statement(store, STATEMENT_COMMIT));
    if (result != STORE_OK && !sqlite3_get_autocommit(store->db) &&
        statement_run(store, database_statement(store, STATEMENT_ROLLBACK)) != STORE_OK)
        result = STORE_E_IO;
    return conclude(store, result);
}

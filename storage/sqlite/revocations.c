#include "storage/sqlite/revocations.h"

#include <string.h>

#include "storage/checksum.h"

static uint64_t revocation_sum(const struct store_revocation *revocation)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_REVOCATIONS);
    checksum_u64(&sum, revocation->kind);
    checksum_bytes(&sum, revocation->name, strlen(revocation->name));
    checksum_i64(&sum, revocation->before_s);
    checksum_i64(&sum, revocation->until_s);
    return checksum_value(&sum);
}

int revocation_take(sqlite3_stmt *statement, struct store_revocation *revocation_out)
{
    struct store_slice name = column_bytes(statement, 1);
    bool fits = name.size > 0 && name.size <= STORE_SUBJECT_MAX;

    *revocation_out =
        (struct store_revocation){.kind = (enum store_revoked)sqlite3_column_int(statement, 0),
                                  .before_s = sqlite3_column_int64(statement, 2),
                                  .until_s = sqlite3_column_int64(statement, 3)};
    if (fits)
        memcpy(revocation_out->name, name.data, name.size);
    return fits && column_u64(statement, 4) == revocation_sum(revocation_out) ? STORE_OK
                                                                              : STORE_E_CORRUPT;
}

static int write_row(struct store *store, const struct store_revocation *revocation)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_REVOCATION_WRITE);

    sqlite3_bind_int64(statement, 1, revocation->kind);
    bind_text(statement, 2, revocation->name, strlen(revocation->name));
    sqlite3_bind_int64(statement, 3, revocation->before_s);
    sqlite3_bind_int64(statement, 4, revocation->until_s);
    bind_u64(statement, 5, revocation_sum(revocation));
    return statement_run(store, statement);
}

int store_revoke(struct store *store, const struct store_revocation *revocation, size_t most)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_REVOCATION_COUNT);
    int64_t others = 0;
    int rc;

    if (*revocation->name == '\0')
        return STORE_E_INVALID;
    rc = database_begin(store);
    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, revocation->kind);
    bind_text(statement, 2, revocation->name, strlen(revocation->name));
    rc = statement_number(store, statement, &others);
    if (rc == STORE_OK && (uint64_t)others >= most)
        rc = STORE_E_LIMIT;
    if (rc == STORE_OK)
        rc = write_row(store, revocation);
    return database_end(store, rc);
}

int store_revocations_clean(struct store *store, int64_t now_s)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_REVOCATION_CLEAN);
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, now_s);
    return database_end(store, statement_run(store, statement));
}

int store_revocations(struct store *store, store_revocation_fn *row, void *context)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_REVOCATION_SCAN);
    struct store_revocation revocation;
    int rc;

    while ((rc = statement_next(store, statement)) > 0) {
        rc = revocation_take(statement, &revocation);
        if (rc == STORE_OK)
            rc = row(context, &revocation);
        if (rc != STORE_OK)
            break;
    }
    sqlite3_reset(statement);
    return rc;
}

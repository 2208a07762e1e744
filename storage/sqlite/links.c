#include "storage/sqlite/links.h"

#include <string.h>

#include "storage/checksum.h"
#include "storage/sqlite/document.h"

static uint64_t link_sum(int64_t key, const struct store_link *link)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_LINKS);
    checksum_i64(&sum, key);
    checksum_u64(&sum, link->number);
    checksum_bytes(&sum, link->hash, sizeof link->hash);
    checksum_u64(&sum, link->role);
    checksum_bytes(&sum, link->label, strlen(link->label));
    checksum_i64(&sum, link->created_ms);
    checksum_i64(&sum, link->expires_ms);
    return checksum_value(&sum);
}

int link_take(sqlite3_stmt *statement, int64_t key, struct store_link *link_out)
{
    struct store_slice hash = column_bytes(statement, 1);
    struct store_slice label = column_bytes(statement, 3);
    bool fits = hash.size == sizeof link_out->hash && label.size <= STORE_LABEL_MAX;

    *link_out = (struct store_link){.number = column_u64(statement, 0),
                                    .role = (unsigned)sqlite3_column_int(statement, 2),
                                    .created_ms = sqlite3_column_int64(statement, 4),
                                    .expires_ms = sqlite3_column_int64(statement, 5)};
    if (fits)
        memcpy(link_out->hash, hash.data, hash.size);
    if (fits && label.size > 0)
        memcpy(link_out->label, label.data, label.size);
    return fits && column_u64(statement, 6) == link_sum(key, link_out) ? STORE_OK : STORE_E_CORRUPT;
}

static int insert_link(struct store *store, int64_t key, const struct store_link *link)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LINK_WRITE);

    sqlite3_bind_int64(statement, 1, key);
    bind_u64(statement, 2, link->number);
    bind_blob(statement, 3, link->hash, sizeof link->hash);
    sqlite3_bind_int64(statement, 4, link->role);
    bind_text(statement, 5, link->label, strlen(link->label));
    sqlite3_bind_int64(statement, 6, link->created_ms);
    sqlite3_bind_int64(statement, 7, link->expires_ms);
    bind_u64(statement, 8, link_sum(key, link));
    return statement_run(store, statement);
}

/* Neither its number nor its hash may be another's, and there must be room for one more. */
static int check_free(struct store *store, int64_t key, const struct store_link *link,
                      size_t links_max)
{
    sqlite3_stmt *taken = database_statement(store, STATEMENT_LINK_TAKEN);
    sqlite3_stmt *count = database_statement(store, STATEMENT_LINK_COUNT);
    struct store_link other;
    int64_t number = 0;
    int rc;

    sqlite3_bind_int64(taken, 1, key);
    bind_u64(taken, 2, link->number);
    rc = statement_number(store, taken, &number);
    if (rc == STORE_OK && number != 0)
        return STORE_E_EXISTS;
    if (rc == STORE_OK) {
        rc = store_link_find(store, key, link->hash, &other);
        rc = rc == STORE_E_NOT_FOUND ? STORE_OK : rc == STORE_OK ? STORE_E_EXISTS : rc;
    }
    sqlite3_bind_int64(count, 1, key);
    if (rc == STORE_OK)
        rc = statement_number(store, count, &number);
    return rc == STORE_OK && (uint64_t)number >= links_max ? STORE_E_LIMIT : rc;
}

/* ---- the interface ---- */

int store_link_add(struct store *store, int64_t key, const struct store_link *link,
                   size_t links_max)
{
    struct document document;
    int rc;

    if (link->number == 0 || link->number > INT64_MAX || link->role == 0 ||
        link->role > STORE_ROLE_MAX)
        return STORE_E_INVALID;
    rc = database_begin(store);
    if (rc != STORE_OK)
        return rc;
    rc = document_read_live(store, key, &document);
    if (rc == STORE_OK)
        rc = check_free(store, key, link, links_max);
    if (rc == STORE_OK)
        rc = insert_link(store, key, link);
    return database_end(store, rc);
}

/* In the same order of things as store_member_find. */
int store_link_find(struct store *store, int64_t key, const uint8_t *hash,
                    struct store_link *link_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LINK_FIND);
    struct document document;
    struct store_link link = {0};
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    bind_blob(statement, 2, hash, STORE_LINK_HASH_SIZE);
    rc = statement_next(store, statement);
    if (rc > 0) {
        rc = link_take(statement, key, &link);
        sqlite3_reset(statement);
    }
    if (rc == STORE_OK)
        rc = document_read_live(store, key, &document);
    if (rc == STORE_OK && link.number == 0)
        rc = STORE_E_NOT_FOUND;
    if (rc == STORE_OK)
        *link_out = link;
    return rc;
}

int store_link_remove(struct store *store, int64_t key, uint64_t number)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LINK_REMOVE);
    struct document document;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    rc = document_read_live(store, key, &document);
    if (rc == STORE_OK) {
        sqlite3_bind_int64(statement, 1, key);
        bind_u64(statement, 2, number);
        rc = statement_run(store, statement);
    }
    return database_end(store, rc);
}

int store_links(struct store *store, int64_t key, store_link_fn *row, void *context)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LINK_SCAN);
    struct document document;
    struct store_link link;
    int rc = document_read_live(store, key, &document);

    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, key);
    while ((rc = statement_next(store, statement)) > 0) {
        rc = link_take(statement, key, &link);
        if (rc == STORE_OK)
            rc = row(context, &link);
        if (rc != STORE_OK)
            break;
    }
    sqlite3_reset(statement);
    return rc;
}

#include "storage/sqlite/meta.h"

#include <string.h>
#include <sys/random.h>

#include "storage/checksum.h"
#include "storage/upkeep.h"

#define EPOCH_BITS 53 /* a number that JavaScript can hold */

static uint64_t meta_sum(const struct store *store)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_META);
    checksum_u64(&sum, store->epoch);
    checksum_bytes(&sum, store->secret, SECRET_SIZE);
    return checksum_value(&sum);
}

static int draw(void *out, size_t size)
{
    return getrandom(out, size, 0) == (ssize_t)size ? STORE_OK : STORE_E_IO;
}

/* Another than the one it has; none is 0. */
static int draw_epoch(struct store *store)
{
    uint64_t before = store->epoch;
    int rc = STORE_OK;

    while (rc == STORE_OK && (store->epoch == before || store->epoch == 0)) {
        rc = draw(&store->epoch, sizeof store->epoch);
        store->epoch >>= 64 - EPOCH_BITS;
    }
    return rc;
}

static int meta_write(struct store *store)
{
    sqlite3_stmt *statement;
    int rc = database_error(sqlite3_prepare_v2(
        store->db, "INSERT OR REPLACE INTO meta (one, epoch, secret, sum) VALUES (1, ?1, ?2, ?3)",
        -1, &statement, NULL));

    if (rc != STORE_OK)
        return rc;
    bind_u64(statement, 1, store->epoch);
    bind_blob(statement, 2, store->secret, SECRET_SIZE);
    bind_u64(statement, 3, meta_sum(store));
    rc = statement_run(store, statement);
    sqlite3_finalize(statement);
    return rc;
}

/* 1 when it is there, 0 when it is not. */
static int meta_read(struct store *store)
{
    sqlite3_stmt *statement;
    struct store_slice secret;
    int rc = database_error(
        sqlite3_prepare_v2(store->db, "SELECT epoch, secret, sum FROM meta", -1, &statement, NULL));

    if (rc != STORE_OK)
        return rc;
    rc = statement_next(store, statement);
    if (rc > 0) {
        store->epoch = column_u64(statement, 0);
        secret = column_bytes(statement, 1);
        if (secret.size == SECRET_SIZE)
            memcpy(store->secret, secret.data, secret.size);
        if (column_u64(statement, 2) != meta_sum(store))
            rc = STORE_E_CORRUPT;
    }
    sqlite3_finalize(statement);
    return rc;
}

int meta_load(struct store *store)
{
    int rc = meta_read(store);

    if (rc != 0)
        return rc > 0 ? STORE_OK : rc;
    /* A database that was being made when the process stopped has its tables and nothing in them.
     */
    if (store->next_key != 1)
        return STORE_E_CORRUPT;
    rc = draw(store->secret, SECRET_SIZE);
    if (rc == STORE_OK)
        rc = draw_epoch(store);
    return rc == STORE_OK ? meta_write(store) : rc;
}

int meta_check(struct store *store)
{
    int rc = meta_read(store);

    return rc > 0 ? STORE_OK : rc < 0 ? rc : STORE_E_CORRUPT;
}

/* ---- the interface ---- */

int store_renew_epoch(struct store *store)
{
    uint64_t before = store->epoch;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    rc = draw_epoch(store);
    if (rc == STORE_OK)
        rc = meta_write(store);
    rc = database_end(store, rc);
    if (rc != STORE_OK)
        store->epoch = before;
    return rc;
}

/* It is the version already; a page is written all the same. */
int store_probe(struct store *store)
{
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    return database_end(store, statement_run(store, database_statement(store, STATEMENT_PROBE)));
}

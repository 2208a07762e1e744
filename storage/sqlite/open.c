#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "storage/checksum.h"
#include "storage/sqlite/checkpoint.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/place.h"
#include "storage/sqlite/schema.h"

#define EPOCH_BITS 53 /* a number that JavaScript can hold */

struct opening {
    struct store *store;
    char path[PLACE_PATH_MAX];
    struct shown shown;
    struct complaint complaint;
};

/* Why the database cannot be opened, in a sentence; `text` says more of it where there is more. */
static int complain_of(const struct opening *opening, int code, const char *text)
{
    const struct complaint *complaint = &opening->complaint;
    const char *path = opening->shown.text;

    switch (code) {
    case STORE_E_BUSY:
        return complain(complaint, code,
                        "another process has the database \"%s\" open; stop it, or choose another "
                        "directory",
                        path);
    case STORE_E_FOREIGN:
        return complain(complaint, code,
                        "the file \"%s\" is not a Quire database; move it away, or choose another "
                        "directory",
                        path);
    case STORE_E_CORRUPT:
        return complain(complaint, code, "the database \"%s\" is damaged: %s; restore a backup",
                        path, text);
    case STORE_E_FULL:
        return complain(complaint, code,
                        "the disk is full, so the database \"%s\" cannot be opened; make room",
                        path);
    case STORE_E_MEMORY:
        return complain(complaint, code, "not enough memory to open the database \"%s\"", path);
    default:
        return complain(complaint, code, "the database \"%s\" cannot be opened: %s", path, text);
    }
}

static int complain_sqlite(const struct opening *opening, int result)
{
    return complain_of(opening, database_error(result), sqlite3_errmsg(opening->store->db));
}

/* ---- the connection ---- */

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The first column of the first row; text is of no use but to be compared. */
static int query(sqlite3 *db, const char *sql, int64_t *number_out, const char *expected_text)
{
    sqlite3_stmt *statement;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (result != SQLITE_OK)
        return result;
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        const char *text = expected_text ? (const char *)sqlite3_column_text(statement, 0) : NULL;

        if (number_out != NULL)
            *number_out = sqlite3_column_int64(statement, 0);
        result = SQLITE_OK;
        if (expected_text != NULL && (text == NULL || strcmp(text, expected_text) != 0))
            result = SQLITE_ERROR;
    } else if (result == SQLITE_DONE) {
        result = SQLITE_ERROR;
    }
    sqlite3_finalize(statement);
    return result;
}

/* What keeps a hostile file from doing more than holding data, and this program from damaging it.
 */
static void harden(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static int connect(const struct opening *opening)
{
    sqlite3 *db;
    int result =
        sqlite3_open_v2(opening->path, &opening->store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (result != SQLITE_OK)
        return result;
    db = opening->store->db;
    harden(db);
    sqlite3_busy_timeout(db, BUSY_WAIT_MS);
    return run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                   "PRAGMA locking_mode = EXCLUSIVE");
}

static int set_journal(sqlite3 *db)
{
    char *sql = sqlite3_mprintf("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                                "PRAGMA journal_size_limit = %d; PRAGMA cache_size = -%d;"
                                "PRAGMA secure_delete = ON",
                                WAL_KEEP_BYTES, CACHE_KIB);
    int result = sql != NULL ? run(db, sql) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return result == SQLITE_OK ? query(db, "PRAGMA journal_mode = WAL", NULL, "wal") : result;
}

/* ---- what the file is ---- */

struct identity {
    int64_t tables;
    int64_t application;
    int64_t version;
};

/* The first read: it takes the lock that keeps other processes out. */
static int identify(sqlite3 *db, struct identity *identity)
{
    int result = query(db, "SELECT count(*) FROM sqlite_schema", &identity->tables, NULL);

    if (result == SQLITE_OK)
        result = query(db, "PRAGMA application_id", &identity->application, NULL);
    if (result == SQLITE_OK)
        result = query(db, "PRAGMA user_version", &identity->version, NULL);
    return result;
}

static int migrate(const struct opening *opening)
{
    sqlite3 *db = opening->store->db;
    struct identity identity = {0};
    int result = identify(db, &identity);
    bool is_new = identity.tables == 0 && identity.application == 0 && identity.version == 0;

    if (result != SQLITE_OK)
        return complain_sqlite(opening, result);
    if (!is_new && (identity.application != SCHEMA_APPLICATION || identity.version < 1))
        return complain_of(opening, STORE_E_FOREIGN, NULL);
    if (identity.version > SCHEMA_VERSION)
        return complain(&opening->complaint, STORE_E_NEWER,
                        "the database \"%s\" was written by a newer version: its format is %d, "
                        "this program knows up to %d; start that version, or restore a backup",
                        opening->shown.text, (int)identity.version, SCHEMA_VERSION);
    result = set_journal(db);
    if (result == SQLITE_OK)
        result = schema_migrate(db, schema_migrations, SCHEMA_VERSION, (int)identity.version);
    return result == SQLITE_OK ? STORE_OK : complain_sqlite(opening, result);
}

/* ---- what it holds ---- */

static uint64_t meta_sum(const struct store *store)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_META);
    checksum_u64(&sum, store->epoch);
    checksum_bytes(&sum, store->secret, sizeof store->secret);
    return checksum_value(&sum);
}

static int draw(void *out, size_t size)
{
    return getrandom(out, size, 0) == (ssize_t)size ? STORE_OK : STORE_E_IO;
}

static int meta_create(struct store *store)
{
    sqlite3_stmt *statement;
    int rc = draw(store->secret, sizeof store->secret);

    while (rc == STORE_OK && store->epoch == 0) {
        rc = draw(&store->epoch, sizeof store->epoch);
        store->epoch >>= 64 - EPOCH_BITS;
    }
    if (rc != STORE_OK)
        return rc;
    rc = database_error(sqlite3_prepare_v2(
        store->db, "INSERT INTO meta (one, epoch, secret, sum) VALUES (1, ?1, ?2, ?3)", -1,
        &statement, NULL));
    if (rc != STORE_OK)
        return rc;
    bind_u64(statement, 1, store->epoch);
    bind_blob(statement, 2, store->secret, sizeof store->secret);
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
        if (secret.size == sizeof store->secret)
            memcpy(store->secret, secret.data, secret.size);
        if (column_u64(statement, 2) != meta_sum(store))
            rc = STORE_E_CORRUPT;
    }
    sqlite3_finalize(statement);
    return rc;
}

/* A database that was being made when the process stopped has its tables and nothing in them. */
static int meta_load(struct store *store)
{
    int rc = meta_read(store);

    if (rc != 0)
        return rc > 0 ? STORE_OK : rc;
    return store->next_key == 1 ? meta_create(store) : STORE_E_CORRUPT;
}

static int load(const struct opening *opening)
{
    struct store *store = opening->store;
    int64_t last_key = 0;
    int64_t row = 0;
    int rc = database_prepare(store);
    char place[64] = "its first row";

    if (rc == STORE_OK)
        rc = statement_number(store, database_statement(store, STATEMENT_DOCUMENT_LAST), &last_key);
    store->next_key = last_key + 1;
    store->log_rows_max = LOG_ROWS_MAX;
    store->wal_pages_max = WAL_MAX_PAGES;
    store->log_bytes_max = LOG_BYTES_MAX;
    store->tail.kept_max = TAIL_KEPT_MAX;
    if (rc == STORE_OK)
        rc = meta_load(store);
    if (rc == STORE_OK)
        rc = log_scan(store, &row);
    /* There may be deleted documents to clear away; store_idle finds out. */
    store->purging = true;
    if (rc == STORE_OK)
        return rc;
    /* What SQLite finds has its text; a row that does not match its checksum is ours to tell. */
    if (rc != STORE_E_CORRUPT || store->failed)
        return complain_of(opening, rc, sqlite3_errmsg(store->db));
    if (row > 0)
        snprintf(place, sizeof place, "row %lld of its log", (long long)row);
    return complain(&opening->complaint, rc,
                    "the database \"%s\" is damaged: %s does not match its checksum; restore a "
                    "backup",
                    opening->shown.text, place);
}

/* ---- the interface ---- */

int store_open(const char *dir, struct store **store_out, char *message_out, size_t message_size)
{
    struct opening opening = {.complaint = {.text = message_out, .size = message_size}};
    int rc = place_prepare(dir, opening.path, &opening.complaint);
    int result;

    *store_out = NULL;
    if (rc != STORE_OK)
        return rc;
    opening.shown = place_show(opening.path);
    opening.store = calloc(1, sizeof *opening.store);
    if (opening.store == NULL)
        return complain(&opening.complaint, STORE_E_MEMORY, "not enough memory");
    result = connect(&opening);
    if (result != SQLITE_OK)
        rc = complain_sqlite(&opening, result);
    if (rc == STORE_OK)
        rc = migrate(&opening);
    if (rc == STORE_OK)
        rc = load(&opening);
    if (rc != STORE_OK) {
        opening.store->failed = true;
        store_close(opening.store);
        return rc;
    }
    checkpoint_watch(opening.store);
    *store_out = opening.store;
    return STORE_OK;
}

void store_close(struct store *store)
{
    int result;

    if (store == NULL)
        return;
    /* After an error the write-ahead log stays as it is, for the next opening to read. */
    if (store->failed && store->db != NULL)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    database_finalize(store);
    result = sqlite3_close(store->db);
    assert(result == SQLITE_OK);
    tail_deinit(&store->tail);
    buffer_deinit(&store->result);
    buffer_deinit(&store->old);
    buffer_deinit(&store->ops);
    buffer_deinit(&store->new);
    explicit_bzero(store->secret, sizeof store->secret);
    free(store);
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
}

const uint8_t *store_secret(const struct store *store)
{
    return store->secret;
}

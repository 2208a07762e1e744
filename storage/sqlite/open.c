#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/sqlite/checkpoint.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/meta.h"
#include "storage/sqlite/place.h"
#include "storage/sqlite/schema.h"
#include "storage/upkeep.h"

enum open_how { OPEN_OR_MAKE, OPEN_EXISTING, OPEN_INSPECT };

struct opening {
    struct store *store;
    enum open_how how;
    char path[PLACE_PATH_MAX];
    bool had_wal; /* a write-ahead log with something in it: see sync_names */
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
        if (opening->how == OPEN_INSPECT)
            return complain(complaint, code,
                            "another process has the database \"%s\" open; name its directory, or "
                            "a backup of it",
                            path);
        return complain(complaint, code,
                        "another process has the database \"%s\" open; stop it, or choose another "
                        "directory",
                        path);
    case STORE_E_FOREIGN:
        if (opening->how == OPEN_INSPECT)
            return complain(complaint, code, "the file \"%s\" is not a Quire database", path);
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
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

/* A file with a write-ahead log can only be read with it, and under SQLite's own lock. One without
 * is read as it is, on any disk: place_hold keeps others from changing it. */
static int connect_file(const struct opening *opening)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    char uri[PLACE_URI_MAX];

    if (opening->store->held_fd < 0)
        return sqlite3_open_v2(opening->path, &opening->store->db, flags | SQLITE_OPEN_READWRITE,
                               NULL);
    place_uri(opening->path, uri);
    return sqlite3_open_v2(uri, &opening->store->db, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                           NULL);
}

static int connect(const struct opening *opening)
{
    sqlite3 *db;
    int result = connect_file(opening);

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
    if (result == SQLITE_OK)
        result = query(db, "PRAGMA journal_mode = WAL", NULL, "wal");
    /* The first read makes the file of the write-ahead log. */
    return result == SQLITE_OK ? run(db, "SELECT 1 FROM sqlite_schema LIMIT 1") : result;
}

/* The names of the files are on disk before anything is written, so where there is a write-ahead
 * log with something in it they have been since. After a crash that spares the wait for a disk. */
static int sync_names(const struct opening *opening)
{
    return opening->had_wal ? STORE_OK : place_sync(opening->path, &opening->complaint);
}

/* The tables it needs are there: those of an older form can be had from it by serving it once. */
static int prepare_tables(const struct opening *opening, int version)
{
    sqlite3 *db = opening->store->db;
    int result;
    int rc;

    if (opening->how != OPEN_OR_MAKE && version < SCHEMA_VERSION)
        return complain(&opening->complaint, STORE_E_INVALID,
                        "the database \"%s\" has the older format %d, which `quire serve` brings "
                        "to format %d; start that once",
                        opening->shown.text, version, SCHEMA_VERSION);
    if (opening->how == OPEN_INSPECT)
        return STORE_OK;
    result = set_journal(db);
    if (result != SQLITE_OK)
        return complain_sqlite(opening, result);
    rc = sync_names(opening);
    if (rc == STORE_OK)
        result = schema_migrate(db, schema_migrations, SCHEMA_VERSION, version);
    return result == SQLITE_OK ? rc : complain_sqlite(opening, result);
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
    return prepare_tables(opening, (int)identity.version);
}

/* ---- what it holds ---- */

/* An inspection goes on past damage. */
static int bear(const struct store *store, int rc)
{
    return rc == STORE_E_CORRUPT && store->inspecting ? STORE_OK : rc;
}

static int load_parts(struct store *store, int64_t *row_out)
{
    int64_t last_key = 0;
    int rc = database_prepare(store);

    if (rc == STORE_OK)
        rc = bear(store, statement_number(store, database_statement(store, STATEMENT_DOCUMENT_LAST),
                                          &last_key));
    store->next_key = last_key + 1;
    if (rc == STORE_OK)
        rc = store->inspecting ? bear(store, meta_check(store)) : meta_load(store);
    if (rc == STORE_OK)
        rc = bear(store, log_scan(store, row_out));
    return rc;
}

static int load(const struct opening *opening)
{
    struct store *store = opening->store;
    int64_t row = 0;
    char place[64] = "its first row";
    int rc;

    store->log_rows_max = LOG_ROWS_MAX;
    store->wal_pages_max = WAL_MAX_PAGES;
    store->log_bytes_max = LOG_BYTES_MAX;
    store->tail.kept_max = TAIL_KEPT_MAX;
    rc = load_parts(store, &row);
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

static int open_file(struct opening *opening)
{
    int result = connect(opening);

    if (result != SQLITE_OK)
        return complain_sqlite(opening, result);
    result = migrate(opening);
    if (result == STORE_OK)
        result = load(opening);
    return result;
}

static int open_path(struct opening *opening, struct store **store_out)
{
    int rc = STORE_OK;

    opening->shown = place_show(opening->path);
    opening->store = calloc(1, sizeof *opening->store);
    if (opening->store == NULL || (opening->store->secret = secret_new()) == NULL) {
        free(opening->store);
        return complain(&opening->complaint, STORE_E_MEMORY, "not enough memory");
    }
    opening->store->held_fd = -1;
    opening->store->inspecting = opening->how == OPEN_INSPECT;
    opening->had_wal = place_has_wal(opening->path);
    if (opening->how == OPEN_INSPECT && !opening->had_wal)
        rc = place_hold(opening->path, &opening->store->held_fd);
    rc = rc == STORE_OK ? open_file(opening) : complain_of(opening, rc, strerror(errno));
    if (rc != STORE_OK) {
        opening->store->failed = true;
        store_close(opening->store);
        return rc;
    }
    checkpoint_watch(opening->store);
    *store_out = opening->store;
    return STORE_OK;
}

int store_open(const char *dir, struct store **store_out, char *message_out, size_t message_size)
{
    struct opening opening = {.how = OPEN_OR_MAKE,
                              .complaint = {.text = message_out, .size = message_size}};
    int rc = place_prepare(dir, opening.path, &opening.complaint);

    *store_out = NULL;
    return rc == STORE_OK ? open_path(&opening, store_out) : rc;
}

int store_open_existing(const char *dir, struct store **store_out, char *message_out,
                        size_t message_size)
{
    struct opening opening = {.how = OPEN_EXISTING,
                              .complaint = {.text = message_out, .size = message_size}};
    int rc = place_find(dir, opening.path, &opening.complaint);

    *store_out = NULL;
    return rc == STORE_OK ? open_path(&opening, store_out) : rc;
}

int store_inspect(const char *path, struct store **store_out, char *message_out,
                  size_t message_size)
{
    struct opening opening = {.how = OPEN_INSPECT,
                              .complaint = {.text = message_out, .size = message_size}};
    int rc = place_name(path, opening.path, &opening.complaint);

    *store_out = NULL;
    if (rc == STORE_OK)
        rc = open_path(&opening, store_out);
    if (rc == STORE_OK)
        (*store_out)->failed = true;
    return rc;
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
    if (store->held_fd >= 0)
        close(store->held_fd);
    tail_deinit(&store->tail);
    quarantine_deinit(&store->quarantine);
    buffer_deinit(&store->result);
    buffer_deinit(&store->old);
    buffer_deinit(&store->ops);
    buffer_deinit(&store->new);
    secret_free(store->secret);
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

#include "storage/sqlite/document.h"

#include <string.h>

#include "storage/checksum.h"
#include "storage/sharing.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/members.h"
#include "storage/sqlite/purge.h"
#include "storage/upkeep.h"

static uint64_t document_sum(const struct document *document)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_DOCUMENTS);
    checksum_i64(&sum, document->face.key);
    checksum_bytes(&sum, document->face.id, strlen(document->face.id));
    checksum_bytes(&sum, document->face.title, strlen(document->face.title));
    checksum_u64(&sum, document->face.type);
    checksum_u64(&sum, document->state);
    checksum_i64(&sum, document->face.created_ms);
    checksum_i64(&sum, document->face.updated_ms);
    checksum_u64(&sum, document->settled);
    checksum_u64(&sum, document->snapshot_version);
    checksum_u64(&sum, document->snapshot_bytes);
    checksum_i64(&sum, document->snapshot_at_ms);
    return checksum_value(&sum);
}

static void document_bind(sqlite3_stmt *statement, const struct document *document)
{
    sqlite3_bind_int64(statement, 1, document->face.key);
    bind_text(statement, 2, document->face.id, strlen(document->face.id));
    bind_text(statement, 3, document->face.title, strlen(document->face.title));
    sqlite3_bind_int64(statement, 4, document->face.type);
    sqlite3_bind_int64(statement, 5, document->state);
    sqlite3_bind_int64(statement, 6, document->face.created_ms);
    sqlite3_bind_int64(statement, 7, document->face.updated_ms);
    bind_u64(statement, 8, document->settled);
    bind_u64(statement, 9, document->snapshot_version);
    bind_u64(statement, 10, document->snapshot_bytes);
    sqlite3_bind_int64(statement, 11, document->snapshot_at_ms);
    bind_u64(statement, 12, document_sum(document));
}

static bool copy_text(sqlite3_stmt *statement, int column, char *out, size_t max)
{
    struct store_slice text = column_bytes(statement, column);

    if (text.size > max)
        return false;
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

/* The row that the statement stands on. */
static int document_take(sqlite3_stmt *statement, struct document *document)
{
    *document = (struct document){0};
    if (!copy_text(statement, 1, document->face.id, STORE_ID_MAX) ||
        !copy_text(statement, 2, document->face.title, STORE_TITLE_MAX))
        return STORE_E_CORRUPT;
    document->face.key = sqlite3_column_int64(statement, 0);
    document->face.type = (enum store_type)sqlite3_column_int(statement, 3);
    document->state = (enum document_state)sqlite3_column_int(statement, 4);
    document->face.created_ms = sqlite3_column_int64(statement, 5);
    document->face.updated_ms = sqlite3_column_int64(statement, 6);
    document->settled = column_u64(statement, 7);
    document->snapshot_version = column_u64(statement, 8);
    document->snapshot_bytes = column_u64(statement, 9);
    document->snapshot_at_ms = sqlite3_column_int64(statement, 10);
    return column_u64(statement, 11) == document_sum(document) ? STORE_OK : STORE_E_CORRUPT;
}

static int read_one(struct store *store, sqlite3_stmt *statement, struct document *document)
{
    int rc = statement_next(store, statement);

    if (rc == 0)
        return STORE_E_NOT_FOUND;
    if (rc > 0) {
        rc = document_take(statement, document);
        sqlite3_reset(statement);
    }
    return rc;
}

int document_read(struct store *store, int64_t key, struct document *document_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_DOCUMENT_BY_KEY);

    sqlite3_bind_int64(statement, 1, key);
    return read_one(store, statement, document_out);
}

int document_read_live(struct store *store, int64_t key, struct document *document_out)
{
    int rc = document_read(store, key, document_out);

    if (rc == STORE_OK && document_out->state != DOCUMENT_LIVE)
        return STORE_E_NOT_FOUND;
    /* An inspection gives what can be had. */
    if (rc == STORE_OK && !store->inspecting && quarantine_find(&store->quarantine, key) != NULL)
        return STORE_E_CORRUPT;
    return rc;
}

int document_write(struct store *store, const struct document *document)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_DOCUMENT_UPDATE);

    document_bind(statement, document);
    return statement_run(store, statement);
}

void document_touch(struct document *document, int64_t at_ms)
{
    if (document->face.updated_ms < at_ms)
        document->face.updated_ms = at_ms;
}

int64_t snapshot_parts(uint64_t bytes)
{
    return (int64_t)((bytes + SNAPSHOT_PART_BYTES - 1) / SNAPSHOT_PART_BYTES);
}

/* ---- the interface ---- */

static int find_id(struct store *store, const char *id, struct document *document)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_DOCUMENT_BY_ID);

    bind_text(statement, 1, id, strlen(id));
    return read_one(store, statement, document);
}

int store_create(struct store *store, struct store_document *document, int64_t now_ms)
{
    return store_create_owned(store, document, NULL, 0, now_ms);
}

int store_create_owned(struct store *store, struct store_document *document, const char *subject,
                       unsigned role, int64_t now_ms)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_DOCUMENT_INSERT);
    struct document created = {.face = *document, .state = DOCUMENT_LIVE};
    struct document taken;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    created.face.key = store->next_key;
    created.face.created_ms = now_ms;
    created.face.updated_ms = now_ms;
    rc = find_id(store, document->id, &taken);
    if (rc == STORE_OK)
        rc = STORE_E_EXISTS;
    if (rc == STORE_E_NOT_FOUND) {
        document_bind(statement, &created);
        rc = statement_run(store, statement);
        if (rc == STORE_OK && subject != NULL)
            rc = member_write(store, created.face.key, subject, role, now_ms);
    }
    rc = database_end(store, rc);
    if (rc == STORE_OK) {
        store->next_key++;
        *document = created.face;
    }
    return rc;
}

int store_rename(struct store *store, int64_t key, const char *title, int64_t now_ms)
{
    struct document document;
    int rc;

    if (strlen(title) > STORE_TITLE_MAX)
        return STORE_E_INVALID;
    rc = database_begin(store);
    if (rc != STORE_OK)
        return rc;
    rc = document_read_live(store, key, &document);
    if (rc == STORE_OK) {
        memcpy(document.face.title, title, strlen(title) + 1);
        document_touch(&document, now_ms);
        rc = document_write(store, &document);
    }
    return database_end(store, rc);
}

int store_find(struct store *store, const char *id, struct store_document *document_out)
{
    struct document document;
    int rc = find_id(store, id, &document);

    if (rc == STORE_OK && document.state != DOCUMENT_LIVE)
        rc = STORE_E_NOT_FOUND;
    if (rc == STORE_OK)
        *document_out = document.face;
    return rc;
}

int64_t store_last_key(const struct store *store)
{
    return store->next_key - 1;
}

int store_find_key(struct store *store, int64_t key, struct store_document *document_out)
{
    struct document document;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK || rc == STORE_E_CORRUPT)
        *document_out = document.face;
    return rc;
}

/* A walk through the list. */
struct walk {
    int64_t before_ms, before_key; /* the place of the last row that was seen */
    size_t left;                   /* to be given */
    store_document_fn *row;
    void *context;
};

/* As many rows as are left to be given. A damaged one is passed over: the others are no worse for
 * it. Tells whether there may be more in its place. */
static int walk_on(struct store *store, sqlite3_stmt *statement, struct walk *walk, bool *more_out)
{
    size_t wanted = walk->left;
    size_t seen = 0;
    int rc;

    sqlite3_bind_int64(statement, 1, walk->before_ms);
    sqlite3_bind_int64(statement, 2, walk->before_key);
    sqlite3_bind_int64(statement, 3, wanted < INT64_MAX ? (int64_t)wanted : INT64_MAX);
    while ((rc = statement_next(store, statement)) > 0) {
        struct document document;

        seen++;
        walk->before_key = sqlite3_column_int64(statement, 0);
        walk->before_ms = sqlite3_column_int64(statement, 6);
        if (document_take(statement, &document) != STORE_OK)
            continue;
        walk->left--;
        walk->row(walk->context, &document.face);
    }
    *more_out = rc == STORE_OK && walk->left > 0 && seen == wanted;
    return rc;
}

static int list_rows(struct store *store, sqlite3_stmt *statement, struct walk walk)
{
    bool more = true;
    int rc = STORE_OK;

    while (more)
        rc = walk_on(store, statement, &walk, &more);
    return rc;
}

int store_list(struct store *store, int64_t before_ms, int64_t before_key, size_t limit,
               store_document_fn *row, void *context)
{
    struct walk walk = {before_ms, before_key, limit, row, context};

    return list_rows(store, database_statement(store, STATEMENT_DOCUMENT_LIST), walk);
}

int store_list_of(struct store *store, const char *subject, int64_t before_ms, int64_t before_key,
                  size_t limit, store_document_fn *row, void *context)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_MEMBER_DOCUMENTS);
    struct walk walk = {before_ms, before_key, limit, row, context};

    bind_text(statement, 4, subject, strlen(subject));
    return list_rows(store, statement, walk);
}

/* Within a transaction. Tells the bytes of operations that went from the log. */
static int delete_all(struct store *store, struct document *document, uint64_t *log_bytes_out)
{
    const struct tail_document *tail = tail_find(&store->tail, document->face.key);
    int rc = STORE_OK;

    document->state = DOCUMENT_DELETED;
    document->face.title[0] = '\0';
    document->settled = 0;
    document->snapshot_version = 0;
    document->snapshot_bytes = 0;
    if (tail != NULL)
        rc = log_empty(store, tail, log_bytes_out);
    return rc == STORE_OK ? purge_slice(store, document) : rc;
}

int store_delete(struct store *store, int64_t key)
{
    struct tail_document *tail;
    struct document document;
    uint64_t log_bytes = 0;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    rc = document_read_live(store, key, &document);
    if (rc == STORE_OK)
        rc = delete_all(store, &document, &log_bytes);
    rc = database_end(store, rc);
    if (rc != STORE_OK)
        return rc;
    store->log_bytes -= log_bytes;
    store->purging = store->purging || document.state == DOCUMENT_DELETED;
    tail = tail_find(&store->tail, key);
    if (tail != NULL)
        tail_remove(&store->tail, tail);
    return STORE_OK;
}

#include "storage/sqlite/log.h"

#include "storage/checksum.h"
#include "storage/sqlite/chat.h"
#include "storage/sqlite/checkpoint.h"
#include "storage/sqlite/document.h"
#include "storage/sqlite/settle.h"

static uint64_t row_sum(int64_t row, const struct store_edit *edit)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_LOG);
    checksum_i64(&sum, row);
    checksum_i64(&sum, edit->key);
    checksum_u64(&sum, edit->version);
    checksum_u64(&sum, edit->client);
    checksum_u64(&sum, edit->seq);
    checksum_i64(&sum, edit->at_ms);
    checksum_bytes(&sum, edit->op.data, edit->op.size);
    return checksum_value(&sum);
}

/* Tells where the row belongs when its operation is damaged. */
static uint64_t head_sum(int64_t row, int64_t key, uint64_t version)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_LOG_HEADS);
    checksum_i64(&sum, row);
    checksum_i64(&sum, key);
    checksum_u64(&sum, version);
    return checksum_value(&sum);
}

static int row_insert(struct store *store, int64_t row, const struct store_edit *edit)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LOG_INSERT);

    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, edit->key);
    bind_u64(statement, 3, edit->version);
    bind_u64(statement, 4, edit->client);
    bind_u64(statement, 5, edit->seq);
    sqlite3_bind_int64(statement, 6, edit->at_ms);
    bind_blob(statement, 7, edit->op.data, edit->op.size);
    bind_u64(statement, 8, row_sum(row, edit));
    bind_u64(statement, 9, head_sum(row, edit->key, edit->version));
    return statement_run(store, statement);
}

int log_take(sqlite3_stmt *statement, int64_t *row_out, struct store_edit *edit_out)
{
    *row_out = sqlite3_column_int64(statement, 0);
    edit_out->key = sqlite3_column_int64(statement, 1);
    edit_out->version = column_u64(statement, 2);
    edit_out->client = column_u64(statement, 3);
    edit_out->seq = column_u64(statement, 4);
    edit_out->at_ms = sqlite3_column_int64(statement, 5);
    edit_out->op = column_bytes(statement, 6);
    return column_u64(statement, 7) == row_sum(*row_out, edit_out) ? STORE_OK : STORE_E_CORRUPT;
}

bool log_has_head(sqlite3_stmt *statement)
{
    return sqlite3_column_type(statement, 8) != SQLITE_NULL;
}

bool log_head_is(sqlite3_stmt *statement, int64_t key, uint64_t version)
{
    return log_has_head(statement) &&
           column_u64(statement, 8) == head_sum(sqlite3_column_int64(statement, 0), key, version);
}

bool log_head_matches(sqlite3_stmt *statement)
{
    return log_head_is(statement, sqlite3_column_int64(statement, 1), column_u64(statement, 2));
}

static int row_read(struct store *store, int64_t row, struct store_edit *edit_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LOG_ROW);
    int64_t found;
    int rc;

    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, row);
    rc = statement_next(store, statement);
    if (rc == 0)
        rc = STORE_E_CORRUPT;
    return rc > 0 ? log_take(statement, &found, edit_out) : rc;
}

int log_read(struct store *store, const struct tail_document *tail, size_t place,
             struct store_edit *edit_out)
{
    const struct tail_edit *edit = tail_edit(tail, place);

    if (edit->kept == NULL)
        return row_read(store, edit->row, edit_out);
    *edit_out = *edit->kept;
    return STORE_OK;
}

void log_read_end(struct store *store)
{
    sqlite3_reset(database_statement(store, STATEMENT_LOG_ROW));
}

int log_row_bytes(struct store *store, int64_t row, uint64_t *bytes)
{
    sqlite3_stmt *size = database_statement(store, STATEMENT_LOG_ROW_BYTES);
    int64_t row_bytes = 0;
    int rc;

    sqlite3_bind_int64(size, 1, row);
    rc = statement_number(store, size, &row_bytes);
    if (rc == STORE_OK)
        *bytes += (uint64_t)row_bytes;
    return rc;
}

static int empty_row(struct store *store, int64_t row, uint64_t *bytes)
{
    sqlite3_stmt *empty = database_statement(store, STATEMENT_LOG_EMPTY);
    static const struct store_edit nothing;
    int rc = log_row_bytes(store, row, bytes);

    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(empty, 1, row);
    bind_u64(empty, 2, row_sum(row, &nothing));
    bind_u64(empty, 3, head_sum(row, 0, 0));
    return statement_run(store, empty);
}

int log_empty(struct store *store, const struct tail_document *tail, uint64_t *bytes_out)
{
    int rc = STORE_OK;

    *bytes_out = 0;
    for (size_t i = 0; rc == STORE_OK && i < tail->count && i < DELETE_ROWS_MAX; i++)
        rc = empty_row(store, tail_edit(tail, i)->row, bytes_out);
    return rc;
}

/* ---- appending ---- */

/* The document in the index, taken up there if need be. */
static int tail_get(struct store *store, int64_t key, struct tail_document **tail_out)
{
    struct document document;
    int rc;

    *tail_out = tail_find(&store->tail, key);
    if (*tail_out != NULL)
        return STORE_OK;
    rc = document_read_live(store, key, &document);
    if (rc != STORE_OK)
        return rc;
    *tail_out = tail_add(&store->tail, key, document.settled);
    return *tail_out != NULL ? STORE_OK : STORE_E_MEMORY;
}

static int append_edit(struct store *store, int64_t row, const struct store_edit *edit)
{
    struct tail_document *tail;
    int rc = tail_get(store, edit->key, &tail);

    if (rc != STORE_OK)
        return rc;
    if (edit->op.size > STORE_OP_MAX || edit->version != tail_version(tail) + tail->staged + 1)
        rc = STORE_E_INVALID;
    else if (!tail_reserve(tail, tail->staged + 1))
        rc = STORE_E_MEMORY;
    else
        rc = row_insert(store, row, edit);
    if (rc == STORE_OK)
        tail->staged++;
    else
        tail_release(&store->tail, tail);
    return rc;
}

/* After the commit, or after it has failed: the batch's first `count` edits are in the log or not.
 */
static void note_edits(struct store *store, const struct store_edit *edits, size_t count,
                       bool committed)
{
    for (size_t i = 0; i < count; i++) {
        struct tail_document *tail = tail_find(&store->tail, edits[i].key);

        if (tail == NULL)
            continue;
        if (committed) {
            tail->staged--;
            tail_push(&store->tail, tail, store->log_next++, &edits[i]);
            store->log_bytes += edits[i].op.size;
        } else {
            tail->staged = 0;
            tail_release(&store->tail, tail);
        }
    }
}

int store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                 const struct store_chat *chats, size_t chat_count)
{
    size_t staged = 0;
    int rc = database_begin(store);

    if (rc != STORE_OK)
        return rc;
    for (; rc == STORE_OK && staged < edit_count; staged++)
        rc = append_edit(store, store->log_next + (int64_t)staged, &edits[staged]);
    for (size_t i = 0; rc == STORE_OK && i < chat_count; i++)
        rc = chat_append(store, &chats[i]);
    rc = database_end(store, rc);
    note_edits(store, edits, staged, rc == STORE_OK);
    if (rc == STORE_OK) {
        settle_if_long(store);
        checkpoint_if_long(store);
    }
    return rc;
}

/* ---- shortening ---- */

void log_pass_kept(struct store *store)
{
    while (store->log_first < store->log_next &&
           quarantine_next(&store->quarantine, store->log_first, store->log_next) ==
               store->log_first)
        store->log_first++;
}

/* What is needed begins here. */
static int64_t trim_end(const struct store *store)
{
    int64_t end = tail_first(&store->tail, store->log_next);

    return store->log_floor > 0 && store->log_floor < end ? store->log_floor : end;
}

bool log_can_trim(const struct store *store)
{
    return store->log_first < trim_end(store);
}

int log_trim(struct store *store, struct log_trimmed *trimmed_out)
{
    sqlite3_stmt *bytes = database_statement(store, STATEMENT_LOG_BYTES);
    sqlite3_stmt *trim = database_statement(store, STATEMENT_LOG_TRIM);
    int64_t end = trim_end(store);
    int64_t size = 0;
    int rc;

    *trimmed_out = (struct log_trimmed){.first = store->log_first};
    if (end <= store->log_first)
        return STORE_OK;
    if (end > store->log_first + SLICE_TRIM_ROWS_MAX)
        end = store->log_first + SLICE_TRIM_ROWS_MAX;
    end = quarantine_next(&store->quarantine, store->log_first, end);
    trimmed_out->first = end;
    sqlite3_bind_int64(bytes, 1, store->log_first);
    sqlite3_bind_int64(bytes, 2, end);
    rc = statement_number(store, bytes, &size);
    trimmed_out->bytes = (uint64_t)size;
    if (rc != STORE_OK)
        return rc;
    sqlite3_bind_int64(trim, 1, store->log_first);
    sqlite3_bind_int64(trim, 2, end);
    return statement_run(store, trim);
}

void log_note_trim(struct store *store, const struct log_trimmed *trimmed)
{
    store->log_first = trimmed->first;
    store->log_bytes -= trimmed->bytes;
    log_pass_kept(store);
}

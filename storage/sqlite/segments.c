#include "storage/sqlite/segments.h"

#include "storage/checksum.h"
#include "storage/sqlite/log.h"

static uint64_t segment_sum(int64_t key, uint64_t first, uint64_t last, struct store_slice bytes)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_SEGMENTS);
    checksum_i64(&sum, key);
    checksum_u64(&sum, first);
    checksum_u64(&sum, last);
    checksum_bytes(&sum, bytes.data, bytes.size);
    return checksum_value(&sum);
}

int segments_last(struct store *store, const struct document *document,
                  struct segment_place *place_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_SEGMENT_LAST);
    int rc;

    sqlite3_bind_int64(statement, 1, document->face.key);
    rc = statement_next(store, statement);
    if (rc <= 0)
        return rc < 0 ? rc : STORE_E_CORRUPT;
    place_out->first = column_u64(statement, 0);
    place_out->last = column_u64(statement, 1);
    place_out->bytes = (size_t)sqlite3_column_int64(statement, 2);
    sqlite3_reset(statement);
    if (place_out->last != document->settled || place_out->first > place_out->last)
        return STORE_E_CORRUPT;
    return STORE_OK;
}

int segment_take(sqlite3_stmt *statement, int64_t key, struct store_slice *bytes_out,
                 struct segment_reader *reader_out)
{
    uint64_t first = column_u64(statement, 0);
    uint64_t last = column_u64(statement, 1);

    *bytes_out = column_bytes(statement, 2);
    if (column_u64(statement, 3) != segment_sum(key, first, last, *bytes_out))
        return STORE_E_CORRUPT;
    return segment_open(reader_out, *bytes_out, key, first, last);
}

sqlite3_stmt *segment_seek(struct store *store, int64_t key, uint64_t version)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_SEGMENT_READ);

    sqlite3_bind_int64(statement, 1, key);
    bind_u64(statement, 2, version);
    return statement;
}

int segments_read(struct store *store, int64_t key, const struct segment_place *place,
                  struct segment_reader *reader_out)
{
    sqlite3_stmt *statement = segment_seek(store, key, place->first);
    struct store_slice bytes;
    int rc = statement_next(store, statement);

    if (rc <= 0)
        return rc < 0 ? rc : STORE_E_CORRUPT;
    rc = segment_take(statement, key, &bytes, reader_out);
    buffer_clear(&store->old);
    if (rc == STORE_OK && !buffer_append(&store->old, bytes.data, bytes.size))
        rc = STORE_E_MEMORY;
    sqlite3_reset(statement);
    if (rc != STORE_OK)
        return rc;
    bytes.data = store->old.data;
    return segment_open(reader_out, bytes, key, place->first, place->last);
}

int segments_write(struct store *store, const struct store_edit *edits, size_t count)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_SEGMENT_WRITE);
    struct store_slice bytes;
    int rc;

    buffer_clear(&store->new);
    rc = segment_encode(edits, count, &store->new);
    if (rc != STORE_OK)
        return rc;
    bytes = (struct store_slice){.data = store->new.data, .size = store->new.size};
    sqlite3_bind_int64(statement, 1, edits[0].key);
    bind_u64(statement, 2, edits[0].version);
    bind_u64(statement, 3, edits[count - 1].version);
    bind_blob(statement, 4, bytes.data, bytes.size);
    bind_u64(statement, 5,
             segment_sum(edits[0].key, edits[0].version, edits[count - 1].version, bytes));
    return statement_run(store, statement);
}

/* ---- clients ---- */

static uint64_t client_sum(int64_t key, uint64_t client, uint64_t seq, uint64_t version)
{
    struct checksum sum;

    checksum_init(&sum, TABLE_CLIENTS);
    checksum_i64(&sum, key);
    checksum_u64(&sum, client);
    checksum_u64(&sum, seq);
    checksum_u64(&sum, version);
    return checksum_value(&sum);
}

int client_write(struct store *store, const struct store_edit *edit)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CLIENT_WRITE);

    sqlite3_bind_int64(statement, 1, edit->key);
    bind_u64(statement, 2, edit->client);
    bind_u64(statement, 3, edit->seq);
    bind_u64(statement, 4, edit->version);
    bind_u64(statement, 5, client_sum(edit->key, edit->client, edit->seq, edit->version));
    return statement_run(store, statement);
}

int client_take(sqlite3_stmt *statement, int64_t key, uint64_t *client_out, uint64_t *seq_out,
                uint64_t *version_out)
{
    *client_out = column_u64(statement, 0);
    *seq_out = column_u64(statement, 1);
    *version_out = column_u64(statement, 2);
    return column_u64(statement, 3) == client_sum(key, *client_out, *seq_out, *version_out)
               ? STORE_OK
               : STORE_E_CORRUPT;
}

static int client_read(struct store *store, int64_t key, uint64_t client, uint64_t *seq_out,
                       uint64_t *version_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_CLIENT_READ);
    int rc;

    sqlite3_bind_int64(statement, 1, key);
    bind_u64(statement, 2, client);
    rc = statement_next(store, statement);
    if (rc <= 0)
        return rc;
    rc = client_take(statement, key, &client, seq_out, version_out);
    sqlite3_reset(statement);
    return rc;
}

int store_client(struct store *store, int64_t key, uint64_t client, uint64_t *seq_out,
                 uint64_t *version_out)
{
    const struct tail_document *tail = tail_find(&store->tail, key);
    const struct client_slot *slot = tail != NULL ? client_map_find(&tail->clients, client) : NULL;
    struct document document;
    int rc;

    *seq_out = slot != NULL ? slot->seq : 0;
    *version_out = slot != NULL ? slot->version : 0;
    if (slot != NULL)
        return STORE_OK;
    rc = document_read_live(store, key, &document);
    return rc == STORE_OK ? client_read(store, key, client, seq_out, version_out) : rc;
}

/* ---- history ---- */

struct range {
    uint64_t next;
    uint64_t last;
    store_edit_fn *row;
    void *context;
};

static int give_segment(struct segment_reader *reader, struct range *range)
{
    struct store_edit edit;
    int rc;

    while ((rc = segment_next(reader, &edit)) > 0) {
        if (edit.version < range->next || edit.version > range->last)
            continue;
        rc = range->row(range->context, &edit);
        if (rc != STORE_OK)
            return rc;
        range->next = edit.version + 1;
    }
    return rc;
}

static int give_segments(struct store *store, const struct document *document, struct range *range)
{
    sqlite3_stmt *statement = segment_seek(store, document->face.key, range->next);
    uint64_t end = range->last < document->settled ? range->last : document->settled;
    struct segment_reader reader;
    struct store_slice bytes;
    int rc = STORE_OK;

    while (rc == STORE_OK && range->next <= end) {
        rc = statement_next(store, statement);
        if (rc == 0)
            rc = STORE_E_CORRUPT;
        if (rc > 0)
            rc = segment_take(statement, document->face.key, &bytes, &reader);
        if (rc == STORE_OK &&
            (reader.version > range->next || reader.version + reader.left <= range->next))
            rc = STORE_E_CORRUPT;
        if (rc == STORE_OK)
            rc = give_segment(&reader, range);
    }
    sqlite3_reset(statement);
    return rc;
}

static int give_log(struct store *store, const struct tail_document *tail, struct range *range)
{
    struct store_edit edit;
    int rc = STORE_OK;

    for (; rc == STORE_OK && range->next <= range->last; range->next++) {
        size_t i = (size_t)(range->next - tail->settled - 1);

        if (i >= tail->count)
            break;
        rc = log_read(store, tail, i, &edit);
        if (rc == STORE_OK)
            rc = range->row(range->context, &edit);
    }
    log_read_end(store);
    return rc;
}

int store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                  store_edit_fn *row, void *context)
{
    const struct tail_document *tail = tail_find(&store->tail, key);
    struct range range = {
        .next = first > 0 ? first : 1, .last = last, .row = row, .context = context};
    struct document document;
    int rc = document_read_live(store, key, &document);

    if (rc == STORE_OK && range.next <= document.settled)
        rc = give_segments(store, &document, &range);
    if (rc == STORE_OK && tail != NULL && range.next > tail->settled)
        rc = give_log(store, tail, &range);
    return rc;
}

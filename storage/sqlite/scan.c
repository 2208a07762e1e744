/*
 * The log as it is found when the store opens.
 *
 * A row that does not match its checksum belongs to the document that its head names, if that
 * matches its own. Otherwise the row does not tell its document. Then the gaps do: rows are
 * numbered, and so are a document's versions, so each version that is missing before a later one of
 * its document was in one of those rows. When as many versions are missing as there are such rows,
 * the documents of all are known. Else, if they are few, each is tried against all documents: the
 * checksum of its head may be that of what would come next in one. One that is left then may be the
 * last edit of any document, and none can be relied on to be whole.
 */
#include "storage/sqlite/document.h"
#include "storage/sqlite/log.h"
#include "storage/upkeep.h"

#define GUESSED_ROWS_MAX 16

struct scan {
    size_t rows;         /* so far */
    int64_t hole_row;    /* where numbers were last left out: the first of them, or 0, */
    size_t rows_before;  /* and how many rows come before it */
    int64_t unnamed_row; /* the first damaged row that does not tell its document, or 0, */
    uint64_t unnamed;    /* and how many there are */
    int64_t gap_row;     /* the first row before which versions are missing, or 0, */
    uint64_t missing;    /* and how many versions are missing in all */
};

/* The document of the row, or NULL when it has been deleted or its own row is damaged: then nothing
 * of it can be had, and what the log has of it stays. One that has nothing but settled edits is in
 * the index too until the scan is over. */
static int scan_document(struct store *store, int64_t row, int64_t key,
                         struct tail_document **tail_out)
{
    struct document document;
    int rc;

    *tail_out = tail_find(&store->tail, key);
    if (*tail_out != NULL)
        return STORE_OK;
    rc = document_read(store, key, &document);
    if (rc == STORE_E_NOT_FOUND)
        return STORE_E_CORRUPT;
    if (rc == STORE_E_CORRUPT && !store->failed)
        return quarantine_keep(&store->quarantine, row) ? STORE_OK : STORE_E_MEMORY;
    if (rc != STORE_OK || document.state != DOCUMENT_LIVE)
        return rc;
    *tail_out = tail_add(&store->tail, key, document.settled);
    return *tail_out != NULL ? STORE_OK : STORE_E_MEMORY;
}

/* Sets the document apart, with its rows so far. An inspection leaves these in the index: they can
 * be read. */
static int set_apart(struct store *store, struct tail_document *tail, int64_t row,
                     struct quarantined **quarantined_out)
{
    *quarantined_out = quarantine_add(&store->quarantine, tail->key, row, tail_version(tail));
    if (*quarantined_out == NULL)
        return STORE_E_MEMORY;
    for (size_t i = 0; i < tail->count; i++)
        if (!quarantine_keep(&store->quarantine, tail_edit(tail, i)->row))
            return STORE_E_MEMORY;
    if (!store->inspecting)
        tail_remove(&store->tail, tail);
    return STORE_OK;
}

static int scan_apart(struct store *store, struct scan *scan, int64_t row, uint64_t version,
                      struct quarantined *quarantined)
{
    uint64_t missing = version - quarantined->version - 1;

    if (version <= quarantined->version)
        return STORE_E_CORRUPT;
    if (missing > 0 && scan->gap_row == 0)
        scan->gap_row = row;
    scan->missing += missing;
    quarantined->version = version;
    return quarantine_keep(&store->quarantine, row) ? STORE_OK : STORE_E_MEMORY;
}

/* `whole`: all of the row matches its checksum, not only its head. */
static int scan_edit(struct store *store, struct scan *scan, int64_t row,
                     const struct store_edit *edit, bool whole)
{
    struct quarantined *quarantined = quarantine_find(&store->quarantine, edit->key);
    struct tail_document *tail;
    int rc;

    if (edit->key == 0)
        return STORE_OK;
    if (quarantined != NULL)
        return scan_apart(store, scan, row, edit->version, quarantined);
    rc = scan_document(store, row, edit->key, &tail);
    if (rc != STORE_OK || tail == NULL || edit->version <= tail->settled)
        return rc;
    if (!whole || edit->version != tail_version(tail) + 1) {
        rc = set_apart(store, tail, row, &quarantined);
        return rc == STORE_OK ? scan_apart(store, scan, row, edit->version, quarantined) : rc;
    }
    if (!tail_reserve(tail, 1))
        return STORE_E_MEMORY;
    tail_push(&store->tail, tail, row, edit);
    return STORE_OK;
}

static int scan_unnamed(struct store *store, struct scan *scan, int64_t row)
{
    if (scan->unnamed++ == 0)
        scan->unnamed_row = row;
    return quarantine_keep(&store->quarantine, row) ? STORE_OK : STORE_E_MEMORY;
}

/* Whether the checksum of the row's head is that of this document: of the version that comes next
 * in it, so that the row is its last edit; or of the version that the row names, if that does not
 * count any more. */
static int scan_guess(struct store *store, sqlite3_stmt *statement, int64_t key, bool *found_out)
{
    struct quarantined *quarantined = quarantine_find(&store->quarantine, key);
    struct tail_document *tail = tail_find(&store->tail, key);
    uint64_t named = column_u64(statement, 2);
    struct document document;
    uint64_t last;
    int rc = document_read(store, key, &document);

    if (rc != STORE_OK)
        return rc == STORE_E_NOT_FOUND || (rc == STORE_E_CORRUPT && !store->failed) ? STORE_OK : rc;
    *found_out = (document.state != DOCUMENT_LIVE || named <= document.settled) &&
                 log_head_is(statement, key, named);
    last = quarantined != NULL ? quarantined->version
           : tail != NULL      ? tail_version(tail)
                               : document.settled;
    if (document.state != DOCUMENT_LIVE || !log_head_is(statement, key, last + 1))
        return STORE_OK;
    *found_out = true;
    if (quarantined == NULL && tail == NULL &&
        (tail = tail_add(&store->tail, key, document.settled)) == NULL)
        return STORE_E_MEMORY;
    if (quarantined == NULL)
        rc = set_apart(store, tail, sqlite3_column_int64(statement, 0), &quarantined);
    if (rc == STORE_OK)
        quarantined->version = last + 1;
    return rc;
}

/* Looks among all documents for those of the rows that do not tell theirs. */
static int scan_guesses(struct store *store, struct scan *scan)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LOG_SCAN);
    struct store_edit edit;
    int64_t row;
    int rc;

    scan->unnamed = 0;
    while ((rc = statement_next(store, statement)) > 0) {
        /* A row that has been emptied is of document 0, and does not count. */
        bool found = log_take(statement, &row, &edit) == STORE_OK || log_head_matches(statement) ||
                     log_head_is(statement, 0, 0);

        rc = STORE_OK;
        for (int64_t key = 1; rc == STORE_OK && !found && key < store->next_key; key++)
            rc = scan_guess(store, statement, key, &found);
        if (rc != STORE_OK)
            break;
        if (!found && scan->unnamed++ == 0)
            scan->unnamed_row = row;
    }
    sqlite3_reset(statement);
    return rc;
}

/* The number of the next row. Trimming leaves numbers out between rows that it keeps. */
static int scan_number(struct store *store, struct scan *scan, int64_t row)
{
    if (scan->rows == 0)
        store->log_first = store->log_next = row;
    if (row < store->log_next)
        return STORE_E_CORRUPT;
    if (row > store->log_next) {
        scan->hole_row = store->log_next;
        scan->rows_before = scan->rows;
        store->log_first = row;
    }
    scan->rows++;
    store->log_next = row + 1;
    return STORE_OK;
}

/* Takes in the row that the scan stands on. */
static int scan_row(struct store *store, struct scan *scan, sqlite3_stmt *statement,
                    int64_t *row_out)
{
    struct store_edit edit;
    bool whole = log_take(statement, row_out, &edit) == STORE_OK;
    int rc = scan_number(store, scan, *row_out);

    if (rc != STORE_OK)
        return rc;
    store->log_bytes += edit.op.size;
    if (whole || log_head_matches(statement))
        return scan_edit(store, scan, *row_out, &edit, whole);
    return scan_unnamed(store, scan, *row_out);
}

/* Whether it is certain which documents the damage is in. */
static int judge(const struct store *store, const struct scan *scan, int64_t *row_out)
{
    if (quarantine_below(&store->quarantine, scan->hole_row) != scan->rows_before) {
        *row_out = scan->hole_row;
        return STORE_E_CORRUPT;
    }
    if (scan->unnamed != scan->missing) {
        *row_out = scan->unnamed > 0 ? scan->unnamed_row : scan->gap_row;
        return STORE_E_CORRUPT;
    }
    return STORE_OK;
}

/* What stays for the quarantine does not count as length of the log, which nothing could then
 * shorten. */
static int leave_out_kept(struct store *store)
{
    uint64_t bytes = 0;
    int rc = STORE_OK;

    for (size_t i = 0; rc == STORE_OK && i < store->quarantine.row_count; i++)
        rc = log_row_bytes(store, store->quarantine.rows[i], &bytes);
    store->log_bytes -= bytes;
    log_pass_kept(store);
    return rc;
}

static void release_all(struct tail *tail)
{
    for (size_t i = 0; i < tail->bucket_count; i++) {
        struct tail_document *document = tail->buckets[i];

        while (document != NULL) {
            struct tail_document *next = document->next;

            tail_release(tail, document);
            document = next;
        }
    }
}

/* An inspection passes over rows that do not fit with the others. */
static bool is_borne(const struct store *store, int rc)
{
    return rc == STORE_OK || (rc == STORE_E_CORRUPT && store->inspecting && !store->failed);
}

int log_scan(struct store *store, int64_t *row_out)
{
    sqlite3_stmt *statement = database_statement(store, STATEMENT_LOG_SCAN);
    struct scan scan = {0};
    int rc;

    store->log_first = 1;
    store->log_next = 1;
    while ((rc = statement_next(store, statement)) > 0) {
        rc = scan_row(store, &scan, statement, row_out);
        if (!is_borne(store, rc))
            break;
    }
    sqlite3_reset(statement);
    if (rc == STORE_OK && scan.unnamed > scan.missing && scan.unnamed <= GUESSED_ROWS_MAX)
        rc = scan_guesses(store, &scan);
    release_all(&store->tail);
    quarantine_sort(&store->quarantine);
    if (rc == STORE_OK)
        rc = judge(store, &scan, row_out);
    return rc == STORE_OK ? leave_out_kept(store) : rc;
}

/* ---- the interface ---- */

int store_quarantine(struct store *store, store_quarantine_fn *each, void *context)
{
    for (size_t i = 0; i < store->quarantine.count; i++) {
        const struct quarantined *quarantined = &store->quarantine.documents[i];
        struct document document;
        int rc = document_read(store, quarantined->key, &document);

        if (rc != STORE_OK)
            return rc;
        each(context, &document.face, quarantined->row);
    }
    return STORE_OK;
}

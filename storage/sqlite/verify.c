/* Every row of a database, looked at by itself and beside the others. */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storage/sqlite/chat.h"
#include "storage/sqlite/links.h"
#include "storage/sqlite/log.h"
#include "storage/sqlite/members.h"
#include "storage/sqlite/meta.h"
#include "storage/sqlite/revocations.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/segments.h"
#include "storage/sqlite/snapshot.h"
#include "storage/upkeep.h"

struct verifying {
    struct store *store;
    store_finding_fn *found;
    void *context;
    int64_t key;
};

__attribute__((format(printf, 3, 4))) static void tell(const struct verifying *verifying,
                                                       uint64_t version, const char *format, ...)
{
    struct store_finding finding = {.key = verifying->key, .version = version};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding.text, sizeof finding.text, format, arguments);
    va_end(arguments);
    /* What SQLite says may quote the file, and is for a terminal. */
    for (char *at = finding.text; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            *at = '?';
    verifying->found(verifying->context, &finding);
}

/* What came of reading: damage is told, anything else ends the call. */
static int judge(const struct verifying *verifying, int rc, const char *what)
{
    if (rc != STORE_E_CORRUPT)
        return rc;
    tell(verifying, 0, "%s cannot be read: its pages contradict each other", what);
    return STORE_OK;
}

/* ---- the file ---- */

static int verify_pages(const struct verifying *verifying)
{
    sqlite3_stmt *statement;
    int result =
        sqlite3_prepare_v2(verifying->store->db, "PRAGMA integrity_check", -1, &statement, NULL);
    int rc = database_error(result);

    if (result != SQLITE_OK)
        return judge(verifying, rc, "the file");
    while ((rc = statement_next(verifying->store, statement)) > 0) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);

        if (text != NULL && strcmp(text, "ok") != 0)
            tell(verifying, 0, "the file: %s", text);
    }
    sqlite3_finalize(statement);
    return judge(verifying, rc, "the file");
}

static void tell_declaration(void *context, const char *type, const char *name)
{
    tell(context, 0, "the %s \"%s\" is not declared as it was made", type, name);
}

/* The text of the schema has no checksum. */
static int verify_schema(struct verifying *verifying)
{
    int result = schema_compare(verifying->store->db, tell_declaration, verifying);

    return judge(verifying, database_error(result), "the schema");
}

/* Where a row of the log belongs: the document it names, if that can be had. */
static bool document_exists(const struct verifying *verifying, int64_t key,
                            struct document *document)
{
    return document_read(verifying->store, key, document) == STORE_OK;
}

/* The index holds what counts of the log; a row that counts and is not there comes after a gap. */
static void verify_place(struct verifying *verifying, int64_t row, const struct store_edit *edit,
                         const struct document *document)
{
    const struct tail_document *tail = tail_find(&verifying->store->tail, edit->key);
    uint64_t place = edit->version - document->settled - 1;

    if (document->state != DOCUMENT_LIVE || edit->version <= document->settled)
        return;
    if (tail != NULL && place < tail->count && tail_edit(tail, (size_t)place)->row == row)
        return;
    verifying->key = edit->key;
    tell(verifying, edit->version, "this edit in the log does not follow the one before it");
    verifying->key = 0;
}

/* `named`: it is certain that the row is of the document that it names. */
static void verify_log_row(struct verifying *verifying, int64_t row, int rc, bool named,
                           const struct store_edit *edit)
{
    struct document document;
    bool known = (rc == STORE_OK || named) && edit->key != 0 &&
                 document_exists(verifying, edit->key, &document);

    if (rc != STORE_OK) {
        verifying->key = known ? edit->key : 0;
        tell(verifying, known ? edit->version : 0,
             "row %" PRId64 " of the log does not match its checksum", row);
        verifying->key = 0;
    } else if (known) {
        verify_place(verifying, row, edit, &document);
    }
}

/* Row numbers are left out where rows went from between some that are kept for a document in
 * quarantine: then all of the `rows` before are such. */
static bool only_kept(const struct verifying *verifying, size_t rows, int64_t row)
{
    return quarantine_below(&verifying->store->quarantine, row) == rows;
}

static int verify_log(struct verifying *verifying)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_LOG_SCAN);
    struct store_edit edit;
    int64_t expected = 0;
    size_t rows = 0;
    int64_t row;
    int rc;

    while ((rc = statement_next(verifying->store, statement)) > 0) {
        bool named = log_head_matches(statement);

        rc = log_take(statement, &row, &edit);
        if (expected != 0 && row != expected && !only_kept(verifying, rows, expected))
            tell(verifying, 0, "rows %" PRId64 " to %" PRId64 " of the log are missing", expected,
                 row - 1);
        if (rc == STORE_OK && !named && log_has_head(statement))
            tell(verifying, 0, "the head of row %" PRId64 " of the log does not match its checksum",
                 row);
        verify_log_row(verifying, row, rc, named, &edit);
        expected = row + 1;
        rows++;
    }
    sqlite3_reset(statement);
    return judge(verifying, rc, "the log");
}

static int verify_revocations(const struct verifying *verifying)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_REVOCATION_SCAN);
    struct store_revocation revocation;
    int rc;

    while ((rc = statement_next(verifying->store, statement)) > 0)
        if (revocation_take(statement, &revocation) != STORE_OK)
            tell(verifying, 0, "the revocation of \"%s\" does not match its checksum",
                 revocation.name);
    sqlite3_reset(statement);
    return judge(verifying, rc, "the revocations");
}

int store_verify_file(struct store *store, store_finding_fn *found, void *context)
{
    struct verifying verifying = {.store = store, .found = found, .context = context};
    int rc = verify_pages(&verifying);

    if (rc == STORE_OK)
        rc = verify_schema(&verifying);
    if (rc == STORE_OK) {
        rc = meta_check(store);
        if (rc == STORE_E_CORRUPT)
            tell(&verifying, 0, "the row with epoch and secret does not match its checksum");
        if (rc == STORE_E_CORRUPT)
            rc = STORE_OK;
    }
    if (rc == STORE_OK)
        rc = verify_log(&verifying);
    return rc == STORE_OK ? verify_revocations(&verifying) : rc;
}

/* ---- a document ---- */

/* What the document's settled edits say about its clients. */
struct settled {
    uint64_t next; /* version */
    struct client_map clients;
};

static int note_client(const struct verifying *verifying, struct settled *settled,
                       const struct store_edit *edit)
{
    const struct client_slot *slot = client_map_find(&settled->clients, edit->client);

    if (slot != NULL && edit->seq <= slot->seq)
        tell(verifying, edit->version, "edit %" PRIu64 " of a client comes after its edit %" PRIu64,
             edit->seq, slot->seq);
    if (!client_map_reserve(&settled->clients, 1))
        return STORE_E_MEMORY;
    client_map_put(&settled->clients, edit->client, edit->seq, edit->version);
    return STORE_OK;
}

static int verify_segment(const struct verifying *verifying, sqlite3_stmt *statement,
                          struct settled *settled)
{
    uint64_t first = column_u64(statement, 0);
    uint64_t last = column_u64(statement, 1);
    struct segment_reader reader;
    struct store_slice bytes;
    struct store_edit edit;
    int rc = segment_take(statement, verifying->key, &bytes, &reader);

    if (first != settled->next)
        tell(verifying, settled->next,
             "edits %" PRIu64 " to %" PRIu64 " are missing, or there twice", settled->next,
             first - 1);
    while (rc == STORE_OK && (rc = segment_next(&reader, &edit)) > 0)
        rc = note_client(verifying, settled, &edit);
    if (rc == STORE_E_CORRUPT)
        tell(verifying, first,
             "the segment of edits %" PRIu64 " to %" PRIu64 " does not match its checksum", first,
             last);
    settled->next = last + 1;
    return rc == STORE_E_CORRUPT ? STORE_OK : rc;
}

static int verify_segments(const struct verifying *verifying, const struct document *document,
                           struct settled *settled)
{
    sqlite3_stmt *statement = segment_seek(verifying->store, verifying->key, 1);
    int rc;

    settled->next = 1;
    while ((rc = statement_next(verifying->store, statement)) > 0) {
        rc = verify_segment(verifying, statement, settled);
        if (rc != STORE_OK)
            break;
    }
    sqlite3_reset(statement);
    if (rc == STORE_OK && settled->next != document->settled + 1)
        tell(verifying, settled->next, "edits %" PRIu64 " to %" PRIu64 " are missing",
             settled->next, document->settled);
    return judge(verifying, rc, "its segments");
}

static void verify_client(const struct verifying *verifying, uint64_t client, uint64_t seq,
                          uint64_t version, const struct settled *settled)
{
    const struct client_slot *slot = client_map_find(&settled->clients, client);

    if (slot == NULL || slot->seq != seq || slot->version != version)
        tell(verifying, version, "what is noted as a client's last edit is not that");
}

/* Only of use when all segments could be read. */
static int verify_clients(const struct verifying *verifying, const struct settled *settled)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_CLIENT_SCAN);
    size_t count = 0;
    int rc;

    sqlite3_bind_int64(statement, 1, verifying->key);
    while ((rc = statement_next(verifying->store, statement)) > 0) {
        uint64_t client;
        uint64_t seq;
        uint64_t version;

        if (client_take(statement, verifying->key, &client, &seq, &version) != STORE_OK)
            tell(verifying, version, "a client's row does not match its checksum");
        else
            verify_client(verifying, client, seq, version, settled);
        count++;
    }
    sqlite3_reset(statement);
    if (rc == STORE_OK && count < settled->clients.count)
        tell(verifying, 0, "the last edits of %zu clients are not noted",
             settled->clients.count - count);
    return judge(verifying, rc, "its clients");
}

static int verify_snapshot(const struct verifying *verifying, const struct document *document)
{
    int rc = document->snapshot_version > 0 ? snapshot_read(verifying->store, document) : STORE_OK;

    if (rc != STORE_E_CORRUPT)
        return rc;
    tell(verifying, document->snapshot_version,
         "its snapshot is not whole, or does not match its checksums");
    return STORE_OK;
}

static int verify_chats(const struct verifying *verifying)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_CHAT_READ);
    struct store_chat chat;
    uint64_t expected = 1;
    int rc;

    sqlite3_bind_int64(statement, 1, verifying->key);
    bind_u64(statement, 2, 0);
    bind_u64(statement, 3, INT64_MAX);
    while ((rc = statement_next(verifying->store, statement)) > 0) {
        if (chat_take(statement, verifying->key, &chat) != STORE_OK)
            tell(verifying, 0, "chat message %" PRIu64 " does not match its checksum", chat.number);
        else if (chat.number != expected)
            tell(verifying, 0, "chat message %" PRIu64 " is missing", expected);
        expected = chat.number + 1;
    }
    sqlite3_reset(statement);
    return judge(verifying, rc, "its chat");
}

static int verify_members(const struct verifying *verifying)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_MEMBER_SCAN);
    struct store_member member;
    int rc;

    sqlite3_bind_int64(statement, 1, verifying->key);
    while ((rc = statement_next(verifying->store, statement)) > 0)
        if (member_take(statement, verifying->key, &member) != STORE_OK)
            tell(verifying, 0, "member \"%s\" does not match its checksum", member.subject);
    sqlite3_reset(statement);
    return judge(verifying, rc, "its members");
}

static int verify_links(const struct verifying *verifying)
{
    sqlite3_stmt *statement = database_statement(verifying->store, STATEMENT_LINK_SCAN);
    struct store_link link;
    int rc;

    sqlite3_bind_int64(statement, 1, verifying->key);
    while ((rc = statement_next(verifying->store, statement)) > 0)
        if (link_take(statement, verifying->key, &link) != STORE_OK)
            tell(verifying, 0, "link %" PRIu64 " does not match its checksum", link.number);
    sqlite3_reset(statement);
    return judge(verifying, rc, "its links");
}

static int verify_live(const struct verifying *verifying, const struct document *document)
{
    struct settled settled = {0};
    int rc = verify_segments(verifying, document, &settled);

    if (rc == STORE_OK)
        rc = verify_clients(verifying, &settled);
    client_map_deinit(&settled.clients);
    if (rc == STORE_OK)
        rc = verify_snapshot(verifying, document);
    if (rc == STORE_OK)
        rc = verify_chats(verifying);
    if (rc == STORE_OK)
        rc = verify_members(verifying);
    return rc == STORE_OK ? verify_links(verifying) : rc;
}

int store_verify_document(struct store *store, int64_t key, store_finding_fn *found, void *context)
{
    struct verifying verifying = {.store = store, .found = found, .context = context, .key = key};
    struct document document;
    int rc = document_read(store, key, &document);

    if (rc == STORE_E_NOT_FOUND)
        tell(&verifying, 0, "its own row is missing");
    else if (rc == STORE_E_CORRUPT)
        tell(&verifying, 0, "its own row does not match its checksum");
    else if (rc == STORE_OK && document.state == DOCUMENT_LIVE)
        return verify_live(&verifying, &document);
    return rc == STORE_E_NOT_FOUND || rc == STORE_E_CORRUPT ? STORE_OK : rc;
}

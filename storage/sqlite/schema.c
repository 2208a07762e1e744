#include "storage/sqlite/schema.h"

#include <stdio.h>

/*
 * docs/storage-format.md says what the columns mean. A migration that has been released is never
 * changed.
 */
const char *const schema_migrations[SCHEMA_VERSION] = {
    "CREATE TABLE meta (\n"
    "    one INTEGER PRIMARY KEY CHECK (one = 1),\n"
    "    epoch INTEGER NOT NULL CHECK (epoch <> 0),\n"
    "    secret BLOB NOT NULL CHECK (length(secret) = 32),\n"
    "    sum INTEGER NOT NULL\n"
    ") STRICT;\n"

    "CREATE TABLE documents (\n"
    "    key INTEGER PRIMARY KEY CHECK (key > 0),\n"
    "    id TEXT NOT NULL UNIQUE\n"
    "        CHECK (length(id) BETWEEN 1 AND 64 AND id NOT GLOB '*[^A-Za-z0-9_-]*'),\n"
    "    title TEXT NOT NULL CHECK (length(CAST(title AS BLOB)) <= 400),\n"
    "    type INTEGER NOT NULL CHECK (type IN (1, 2)),\n"
    "    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),\n"
    "    created_ms INTEGER NOT NULL,\n"
    "    updated_ms INTEGER NOT NULL,\n"
    "    settled INTEGER NOT NULL,\n"
    "    snapshot INTEGER NOT NULL CHECK (snapshot BETWEEN 0 AND settled),\n"
    "    snapshot_bytes INTEGER NOT NULL CHECK (snapshot_bytes >= 0),\n"
    "    snapshot_at_ms INTEGER NOT NULL,\n"
    "    sum INTEGER NOT NULL\n"
    ") STRICT;\n"
    "CREATE INDEX documents_listed ON documents (updated_ms, key) WHERE state = 0;\n"
    "CREATE INDEX documents_deleted ON documents (key) WHERE state = 1;\n"

    "CREATE TABLE log (\n"
    "    row INTEGER PRIMARY KEY,\n"
    "    doc INTEGER NOT NULL,\n"
    "    version INTEGER NOT NULL,\n"
    "    client INTEGER NOT NULL,\n"
    "    seq INTEGER NOT NULL,\n"
    "    at_ms INTEGER NOT NULL,\n"
    "    op BLOB NOT NULL,\n"
    "    sum INTEGER NOT NULL\n"
    ") STRICT;\n"

    "CREATE TABLE segments (\n"
    "    doc INTEGER NOT NULL,\n"
    "    first INTEGER NOT NULL CHECK (first > 0),\n"
    "    last INTEGER NOT NULL CHECK (last >= first),\n"
    "    edits BLOB NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, first)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE snapshots (\n"
    "    doc INTEGER NOT NULL,\n"
    "    version INTEGER NOT NULL CHECK (version > 0),\n"
    "    part INTEGER NOT NULL CHECK (part >= 0),\n"
    "    data BLOB NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, version, part)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE clients (\n"
    "    doc INTEGER NOT NULL,\n"
    "    client INTEGER NOT NULL,\n"
    "    seq INTEGER NOT NULL,\n"
    "    version INTEGER NOT NULL CHECK (version > 0),\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, client)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE chats (\n"
    "    doc INTEGER NOT NULL,\n"
    "    number INTEGER NOT NULL CHECK (number > 0),\n"
    "    client INTEGER NOT NULL,\n"
    "    nonce INTEGER NOT NULL,\n"
    "    at_ms INTEGER NOT NULL,\n"
    "    name TEXT NOT NULL,\n"
    "    color TEXT NOT NULL,\n"
    "    text TEXT NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, number),\n"
    "    UNIQUE (doc, client, nonce)\n"
    ") STRICT, WITHOUT ROWID;\n",

    "CREATE TABLE members (\n"
    "    doc INTEGER NOT NULL,\n"
    "    subject TEXT NOT NULL CHECK (length(CAST(subject AS BLOB)) BETWEEN 1 AND 128),\n"
    "    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),\n"
    "    at_ms INTEGER NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, subject)\n"
    ") STRICT, WITHOUT ROWID;\n"
    "CREATE INDEX members_subject ON members (subject);\n"

    "CREATE TABLE links (\n"
    "    doc INTEGER NOT NULL,\n"
    "    number INTEGER NOT NULL CHECK (number > 0),\n"
    "    hash BLOB NOT NULL CHECK (length(hash) = 32),\n"
    "    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),\n"
    "    label TEXT NOT NULL CHECK (length(CAST(label AS BLOB)) <= 400),\n"
    "    created_ms INTEGER NOT NULL,\n"
    "    expires_ms INTEGER NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (doc, number),\n"
    "    UNIQUE (doc, hash)\n"
    ") STRICT, WITHOUT ROWID;\n"

    "CREATE TABLE revocations (\n"
    "    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),\n"
    "    name TEXT NOT NULL CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 128),\n"
    "    before_s INTEGER NOT NULL,\n"
    "    until_s INTEGER NOT NULL,\n"
    "    sum INTEGER NOT NULL,\n"
    "    PRIMARY KEY (kind, name)\n"
    ") STRICT, WITHOUT ROWID;\n",

    "ALTER TABLE log ADD COLUMN head INTEGER;\n",
};

static int run_step(sqlite3 *db, const char *sql, int version)
{
    char pragmas[96];
    int result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (result != SQLITE_OK)
        return result;
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             SCHEMA_APPLICATION, version);
    result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

int schema_migrate(sqlite3 *db, const char *const *migrations, int count, int version)
{
    int result = SQLITE_OK;

    for (; result == SQLITE_OK && version < count; version++)
        result = run_step(db, migrations[version], version + 1);
    return result;
}

/* ---- comparing ---- */

/* 1, 0, or a negative SQLite code. */
static int has_declaration(sqlite3_stmt *find, sqlite3_stmt *wanted)
{
    int result = SQLITE_OK;

    for (int i = 0; result == SQLITE_OK && i < sqlite3_column_count(wanted); i++)
        result = sqlite3_bind_value(find, i + 1, sqlite3_column_value(wanted, i));
    if (result == SQLITE_OK)
        result = sqlite3_step(find);
    sqlite3_reset(find);
    return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : -result;
}

static int compare_each(sqlite3_stmt *wanted, sqlite3_stmt *find, schema_differs_fn *differs,
                        void *context)
{
    int result;

    while ((result = sqlite3_step(wanted)) == SQLITE_ROW) {
        int has = has_declaration(find, wanted);

        if (has < 0)
            return -has;
        if (has == 0)
            differs(context, (const char *)sqlite3_column_text(wanted, 0),
                    (const char *)sqlite3_column_text(wanted, 1));
    }
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int schema_compare(sqlite3 *db, schema_differs_fn *differs, void *context)
{
    sqlite3 *model = NULL;
    sqlite3_stmt *wanted = NULL, *find = NULL;
    int result = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE, NULL);

    if (result == SQLITE_OK)
        result = schema_migrate(model, schema_migrations, SCHEMA_VERSION, 0);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(model, "SELECT type, name, tbl_name, sql FROM sqlite_schema",
                                    -1, &wanted, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db,
                                    "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2"
                                    " AND tbl_name = ?3 AND sql IS ?4",
                                    -1, &find, NULL);
    if (result == SQLITE_OK)
        result = compare_each(wanted, find, differs, context);
    sqlite3_finalize(wanted);
    sqlite3_finalize(find);
    sqlite3_close(model);
    return result;
}

/* Every statement that the store runs after opening, prepared once. */
#ifndef QUIRE_STATEMENTS_H
#define QUIRE_STATEMENTS_H

#include "storage/sqlite/schema.h"

#define DOCUMENT_COLUMNS                                                                           \
    "key, id, title, type, state, created_ms, updated_ms, settled, snapshot, snapshot_bytes, "     \
    "snapshot_at_ms, sum"

#define LOG_COLUMNS "row, doc, version, client, seq, at_ms, op, sum, head"

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(PROBE, "PRAGMA user_version = " SCHEMA_VERSION_TEXT)                                         \
                                                                                                   \
    X(DOCUMENT_BY_KEY, "SELECT " DOCUMENT_COLUMNS " FROM documents WHERE key = ?1")                \
    X(DOCUMENT_BY_ID, "SELECT " DOCUMENT_COLUMNS " FROM documents WHERE id = ?1")                  \
    X(DOCUMENT_LIST, "SELECT " DOCUMENT_COLUMNS " FROM documents WHERE state = 0"                  \
                     " AND (updated_ms, key) < (?1, ?2)"                                           \
                     " ORDER BY updated_ms DESC, key DESC LIMIT ?3")                               \
    X(DOCUMENT_INSERT, "INSERT INTO documents (" DOCUMENT_COLUMNS ")"                              \
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")              \
    X(DOCUMENT_UPDATE, "UPDATE documents SET title = ?3, state = ?5, updated_ms = ?7,"             \
                       " settled = ?8, snapshot = ?9, snapshot_bytes = ?10,"                       \
                       " snapshot_at_ms = ?11, sum = ?12 WHERE key = ?1")                          \
    X(DOCUMENT_LAST, "SELECT coalesce(max(key), 0) FROM documents")                                \
    X(DOCUMENT_DELETED, "SELECT key FROM documents WHERE state = 1 ORDER BY key LIMIT 1")          \
                                                                                                   \
    X(LOG_INSERT, "INSERT INTO log (" LOG_COLUMNS ")"                                              \
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                  \
    X(LOG_ROW, "SELECT " LOG_COLUMNS " FROM log WHERE row = ?1")                                   \
    X(LOG_SCAN, "SELECT " LOG_COLUMNS " FROM log ORDER BY row")                                    \
    X(LOG_ROW_BYTES, "SELECT length(op) FROM log WHERE row = ?1")                                  \
    X(LOG_EMPTY, "UPDATE log SET doc = 0, version = 0, client = 0, seq = 0, at_ms = 0,"            \
                 " op = x'', sum = ?2, head = ?3 WHERE row = ?1")                                  \
    X(LOG_BYTES, "SELECT coalesce(sum(length(op)), 0) FROM log WHERE row >= ?1 AND row < ?2")      \
    X(LOG_TRIM, "DELETE FROM log WHERE row >= ?1 AND row < ?2")                                    \
                                                                                                   \
    X(SEGMENT_LAST, "SELECT first, last, length(edits) FROM segments WHERE doc = ?1"               \
                    " ORDER BY first DESC LIMIT 1")                                                \
    X(SEGMENT_READ, "SELECT first, last, edits, sum FROM segments WHERE doc = ?1 AND first >="     \
                    " coalesce((SELECT first FROM segments WHERE doc = ?1 AND first <= ?2"         \
                    " ORDER BY first DESC LIMIT 1), 1) ORDER BY first")                            \
    X(SEGMENT_WRITE, "INSERT OR REPLACE INTO segments (doc, first, last, edits, sum)"              \
                     " VALUES (?1, ?2, ?3, ?4, ?5)")                                               \
    X(SEGMENT_PURGE, "DELETE FROM segments WHERE doc = ?1 AND first IN"                            \
                     " (SELECT first FROM segments WHERE doc = ?1 ORDER BY first LIMIT ?2)")       \
                                                                                                   \
    X(CLIENT_READ, "SELECT client, seq, version, sum FROM clients"                                 \
                   " WHERE doc = ?1 AND client = ?2")                                              \
    X(CLIENT_SCAN, "SELECT client, seq, version, sum FROM clients WHERE doc = ?1")                 \
    X(CLIENT_WRITE, "INSERT OR REPLACE INTO clients (doc, client, seq, version, sum)"              \
                    " VALUES (?1, ?2, ?3, ?4, ?5)")                                                \
    X(CLIENT_PURGE, "DELETE FROM clients WHERE doc = ?1 AND client IN"                             \
                    " (SELECT client FROM clients WHERE doc = ?1 ORDER BY client LIMIT ?2)")       \
                                                                                                   \
    X(PART_READ, "SELECT part, data, sum FROM snapshots WHERE doc = ?1 AND version = ?2"           \
                 " AND part >= ?3 ORDER BY part")                                                  \
    X(PART_WRITE, "INSERT OR REPLACE INTO snapshots (doc, version, part, data, sum)"               \
                  " VALUES (?1, ?2, ?3, ?4, ?5)")                                                  \
    X(PART_STALE, "SELECT 1 FROM snapshots WHERE doc = ?1 AND version <> ?4"                       \
                  " AND (version <> ?2 OR part >= ?3) LIMIT 1")                                    \
    X(PART_PURGE, "DELETE FROM snapshots WHERE (doc, version, part) IN"                            \
                  " (SELECT doc, version, part FROM snapshots WHERE doc = ?1 AND version <> ?4"    \
                  " AND (version <> ?2 OR part >= ?3) LIMIT ?5)")                                  \
                                                                                                   \
    X(CHAT_LAST, "SELECT coalesce(max(number), 0) FROM chats WHERE doc = ?1")                      \
    X(CHAT_FIND, "SELECT number FROM chats WHERE doc = ?1 AND client = ?2 AND nonce = ?3")         \
    X(CHAT_READ, "SELECT number, client, nonce, at_ms, name, color, text, sum FROM chats"          \
                 " WHERE doc = ?1 AND number >= ?2 AND number < ?3 ORDER BY number")               \
    X(CHAT_WRITE, "INSERT INTO chats"                                                              \
                  " (doc, number, client, nonce, at_ms, name, color, text, sum)"                   \
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                  \
    X(CHAT_PURGE, "DELETE FROM chats WHERE doc = ?1 AND number IN"                                 \
                  " (SELECT number FROM chats WHERE doc = ?1 ORDER BY number LIMIT ?2)")           \
                                                                                                   \
    X(MEMBER_FIND, "SELECT subject, role, at_ms, sum FROM members"                                 \
                   " WHERE doc = ?1 AND subject = ?2")                                             \
    X(MEMBER_SCAN, "SELECT subject, role, at_ms, sum FROM members WHERE doc = ?1"                  \
                   " ORDER BY subject")                                                            \
    X(MEMBER_COUNT, "SELECT count(*) FROM members WHERE doc = ?1 AND subject <> ?2")               \
    X(MEMBER_WRITE, "INSERT OR REPLACE INTO members (doc, subject, role, at_ms, sum)"              \
                    " VALUES (?1, ?2, ?3, ?4, ?5)")                                                \
    X(MEMBER_REMOVE, "DELETE FROM members WHERE doc = ?1 AND subject = ?2")                        \
    X(MEMBER_DOCUMENTS,                                                                            \
      "SELECT " DOCUMENT_COLUMNS " FROM (SELECT doc FROM members WHERE subject = ?4)"              \
      " CROSS JOIN documents ON key = doc"                                                         \
      " WHERE state = 0 AND (updated_ms, key) < (?1, ?2)"                                          \
      " ORDER BY updated_ms DESC, key DESC LIMIT ?3")                                              \
    X(MEMBER_PURGE, "DELETE FROM members WHERE doc = ?1 AND subject IN"                            \
                    " (SELECT subject FROM members WHERE doc = ?1 ORDER BY subject LIMIT ?2)")     \
                                                                                                   \
    X(LINK_FIND, "SELECT number, hash, role, label, created_ms, expires_ms, sum FROM links"        \
                 " WHERE doc = ?1 AND hash = ?2")                                                  \
    X(LINK_SCAN, "SELECT number, hash, role, label, created_ms, expires_ms, sum FROM links"        \
                 " WHERE doc = ?1 ORDER BY created_ms, number")                                    \
    X(LINK_TAKEN, "SELECT number FROM links WHERE doc = ?1 AND number = ?2")                       \
    X(LINK_COUNT, "SELECT count(*) FROM links WHERE doc = ?1")                                     \
    X(LINK_WRITE, "INSERT INTO links"                                                              \
                  " (doc, number, hash, role, label, created_ms, expires_ms, sum)"                 \
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                                      \
    X(LINK_REMOVE, "DELETE FROM links WHERE doc = ?1 AND number = ?2")                             \
    X(LINK_PURGE, "DELETE FROM links WHERE doc = ?1 AND number IN"                                 \
                  " (SELECT number FROM links WHERE doc = ?1 ORDER BY number LIMIT ?2)")           \
                                                                                                   \
    X(REVOCATION_SCAN, "SELECT kind, name, before_s, until_s, sum FROM revocations"                \
                       " ORDER BY kind, name")                                                     \
    X(REVOCATION_COUNT, "SELECT count(*) FROM revocations"                                         \
                        " WHERE kind <> ?1 OR name <> ?2")                                         \
    X(REVOCATION_WRITE, "INSERT OR REPLACE INTO revocations (kind, name, before_s, until_s, sum)"  \
                        " VALUES (?1, ?2, ?3, ?4, ?5)")                                            \
    X(REVOCATION_CLEAN, "DELETE FROM revocations WHERE until_s < ?1")

enum statement {
#define STATEMENT_ENUM(name, sql) STATEMENT_##name,
    STATEMENTS(STATEMENT_ENUM)
#undef STATEMENT_ENUM
        STATEMENT_COUNT
};

#endif

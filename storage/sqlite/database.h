/*
 * The store's connection: its statements, the one place that begins and ends transactions, and the
 * way from SQLite's result codes to the store's.
 *
 * Numbers without a sign are kept as SQLite integers of the same 64 bits.
 */
#ifndef QUIRE_DATABASE_H
#define QUIRE_DATABASE_H

#include <sqlite3.h>

#include "storage/secret.h"
#include "storage/sqlite/buffer.h"
#include "storage/sqlite/limits.h"
#include "storage/sqlite/quarantine.h"
#include "storage/sqlite/statements.h"
#include "storage/sqlite/tail.h"
#include "storage/store.h"

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    bool failed;     /* nothing is written any more: only reopening tells what the disk holds */
    bool inspecting; /* damage is borne: the log is indexed as far as it can be read */
    int held_fd;     /* keeps the lock on a file that SQLite reads without one, or -1 */

    uint64_t epoch;
    uint8_t *secret;  /* SECRET_SIZE bytes */
    int64_t next_key; /* of a document */

    /* The log has the rows log_first <= row < log_next, all of them, and below these only rows that
     * the quarantine keeps. */
    struct tail tail;
    struct quarantine quarantine;
    int64_t log_first;
    int64_t log_next;
    int64_t log_floor;    /* no row from this one on is removed until the next opening; 0: none */
    uint64_t log_bytes;   /* of operations, without the rows that are kept */
    int64_t log_rows_max; /* LOG_ROWS_MAX and LOG_BYTES_MAX, but in tests */
    uint64_t log_bytes_max;

    size_t wal_pages_max; /* WAL_MAX_PAGES, but in tests */
    size_t wal_pages;     /* length of the write-ahead log after the last commit */
    size_t wal_tried;     /* its length when a checkpoint last failed for want of space, or 0 */
    bool purging;         /* there may be deleted documents that are not cleared away */
    struct buffer result; /* what store_load gives out */
    struct buffer old;    /* while settling: a segment that is filled up, */
    struct buffer ops;    /* the operations from the log, */
    struct buffer new;    /* and the segment that comes of them */
    struct store_edit edits[SEGMENT_EDITS_MAX];
};

/* The numbers of the tables in checksums: part of the format. */
enum table {
    TABLE_META = 1,
    TABLE_DOCUMENTS,
    TABLE_LOG,
    TABLE_SEGMENTS,
    TABLE_SNAPSHOTS,
    TABLE_CLIENTS,
    TABLE_CHATS,
    TABLE_MEMBERS,
    TABLE_LINKS,
    TABLE_REVOCATIONS,
    TABLE_LOG_HEADS
};

/* The store's code for a result code of SQLite. */
int database_error(int result);

int database_prepare(struct store *store);
void database_finalize(struct store *store);

/* The statement, for binding. */
static inline sqlite3_stmt *database_statement(struct store *store, enum statement which)
{
    return store->statements[which];
}

void bind_u64(sqlite3_stmt *statement, int place, uint64_t value);
void bind_blob(sqlite3_stmt *statement, int place, const void *data, size_t size);
void bind_text(sqlite3_stmt *statement, int place, const void *data, size_t size);
uint64_t column_u64(sqlite3_stmt *statement, int column);
/* The bytes of a text or blob. */
struct store_slice column_bytes(sqlite3_stmt *statement, int column);

/* Steps: 1 when there is a row, 0 at the end, or an error; resets unless there is a row. A
 * disk that fails and pages that contradict each other end all writing. */
int statement_next(struct store *store, sqlite3_stmt *statement);
/* Runs to the end and resets. */
int statement_run(struct store *store, sqlite3_stmt *statement);
/* The one number that the statement selects; 0 and the number unchanged when there is no row. */
int statement_number(struct store *store, sqlite3_stmt *statement, int64_t *number_out);

/* Every call that writes is one transaction from its first read to its end, so that database_end is
 * where its errors are judged. Refuses when writing has ended. */
int database_begin(struct store *store);
/* Ends the transaction: commits when `result` is 0, else rolls back. Returns what came of it. */
int database_end(struct store *store, int result);

#endif

/* The log: the table that every edit is appended to, and its index in memory. */
#ifndef QUIRE_LOG_H
#define QUIRE_LOG_H

#include "storage/sqlite/database.h"

/* Builds the index when the store opens, and sets apart the documents that have a damaged row.
 * STORE_E_CORRUPT, with the row, when it is not certain which document a damaged row belongs to. */
int log_scan(struct store *store, int64_t *row_out);

/* The row that a LOG_ROW or LOG_SCAN stands on. STORE_E_CORRUPT when it does not match its
 * checksum; it is given all the same. */
int log_take(sqlite3_stmt *statement, int64_t *row_out, struct store_edit *edit_out);

/* Whether the row has a checksum of its head (those written before schema version 3 have none), and
 * whether that matches: then the row belongs to the document it names, whatever else is damaged. */
bool log_has_head(sqlite3_stmt *statement);
bool log_head_matches(sqlite3_stmt *statement);
/* Whether it is the checksum of this document and version. */
bool log_head_is(sqlite3_stmt *statement, int64_t key, uint64_t version);

/* The document's edit of this place in the index; its slice lives until the log is read again. */
int log_read(struct store *store, const struct tail_document *tail, size_t place,
             struct store_edit *edit_out);
/* To be called after the last log_read of a run. */
void log_read_end(struct store *store);

/* Adds the bytes of the row's operation. */
int log_row_bytes(struct store *store, int64_t row, uint64_t *bytes);

/* Overwrites up to DELETE_ROWS_MAX rows of the document, within a transaction, so that they hold
 * nothing: rows between others cannot go. Tells the bytes of operations that went. */
int log_empty(struct store *store, const struct tail_document *tail, uint64_t *bytes_out);

/* Lets the log begin after those of its first rows that stay because of a quarantine. */
void log_pass_kept(struct store *store);

/* Removes rows that nobody needs from the log's beginning, within a transaction: what it removed is
 * to be noted once that is committed. */
struct log_trimmed {
    int64_t first; /* the row the log begins with now */
    uint64_t bytes;
};
int log_trim(struct store *store, struct log_trimmed *trimmed_out);
void log_note_trim(struct store *store, const struct log_trimmed *trimmed);
bool log_can_trim(const struct store *store);

#endif

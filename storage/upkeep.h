/*
 * What an operator does with a whole database: copies it while it is in use, looks it over for
 * damage, gives it a new epoch, makes it smaller. storage/store.h says the rest: threads, errors,
 * and what a document is.
 */
#ifndef QUIRE_UPKEEP_H
#define QUIRE_UPKEEP_H

#include "storage/store.h"

#define STORE_FILE "quire.db" /* in the directory of a database */

/* As store_open, but of a database that is there: nothing is made, nothing is brought to a newer
 * form. */
int store_open_existing(const char *dir, struct store **store_out, char *message_out,
                        size_t message_size);
/* Opens the database file for reading alone, however much of it is damaged: what cannot be read is
 * as if it were not there, and store_verify_... tell of it. Nothing is written, not even the
 * write-ahead log beside it into it. Not of a database that this process has open. */
int store_inspect(const char *path, struct store **store_out, char *message_out,
                  size_t message_size);

/* The key of the document that was created last, 0 if none was: the documents have the keys 1 to
 * this one. */
int64_t store_last_key(const struct store *store);
/* STORE_E_NOT_FOUND when it was deleted; STORE_E_CORRUPT when its row is damaged, and then what is
 * left of it is given (an empty id: nothing). */
int store_find_key(struct store *store, int64_t key, struct store_document *document_out);

/* Calls `each` for each document that is closed since the log has damage in it: every other call
 * that names it gives STORE_E_CORRUPT, and nothing of it is changed. `row` is the first row of the
 * log that is damaged, or comes after one that is. */
typedef void store_quarantine_fn(void *context, const struct store_document *document, int64_t row);
int store_quarantine(struct store *store, store_quarantine_fn *each, void *context);

/* ---- copies ---- */

/*
 * A copy of the whole database, made in slices of a millisecond or two between which the store may
 * be written: the copy then has those writes too, and is the database as it is when the last slice
 * is done. It is one file without a write-ahead log. Ended before the store is closed.
 */
struct store_backup;

/* Begins a copy that becomes the new file `path`, readable to nobody else; there must be none yet.
 * STORE_E_FULL when it would not fit on its disk. On error `message_out` says in a sentence what is
 * wrong. */
int store_backup_begin(struct store *store, const char *path, struct store_backup **backup_out,
                       char *message_out, size_t message_size);
/* The same into the empty file behind this descriptor, which is open for reading and writing and
 * stays the caller's: it is neither closed nor, when the copy comes to nothing, removed. */
int store_backup_begin_into(struct store *store, int file, struct store_backup **backup_out,
                            char *message_out, size_t message_size);
/* One slice. After an error there is nothing left but to end it. */
int store_backup_step(struct store_backup *backup, bool *done_out);
struct store_backup_progress {
    uint64_t done_bytes, total_bytes; /* the total grows with the database */
};
struct store_backup_progress store_backup_progress(const struct store_backup *backup);
/* Closes the copy. One that is not done is removed by its path; one that is has yet to be synced.
 */
void store_backup_end(struct store_backup *backup);

/* ---- looking over ---- */

#define STORE_FINDING_MAX 200

struct store_finding {
    int64_t key;      /* of the document; 0: of the whole database */
    uint64_t version; /* 0: of none */
    char text[STORE_FINDING_MAX];
};
typedef void store_finding_fn(void *context, const struct store_finding *finding);

/* Tells of all damage outside of documents: pages that contradict each other, rows that do not
 * match their checksums. STORE_OK whatever was found. */
int store_verify_file(struct store *store, store_finding_fn *found, void *context);
/* The same of the document, in all tables; deleted ones have next to nothing to look over. What its
 * operations mean is not looked into. */
int store_verify_document(struct store *store, int64_t key, store_finding_fn *found, void *context);

/* ---- changing ---- */

/*
 * Brings what is in the write-ahead log beside the file into it, and removes the log, so that the
 * file is all there is: at every moment until then both together are the database as it was. A
 * second name of the log keeps its bytes. The caller keeps everybody else from the file.
 * STORE_E_CORRUPT or STORE_E_FOREIGN, and nothing has changed: nobody can read it as a database. On
 * error `message_out` says what is wrong.
 */
int store_fold(const char *path, char *message_out, size_t message_size);
/* Draws a new epoch: for a database that goes on from an older state. */
int store_renew_epoch(struct store *store);
/* Clears away what is left of deleted documents, and writes the database anew without gaps. Takes
 * the time and, until it is done, the space of the whole; blocks until then. */
int store_compact(struct store *store);

#endif

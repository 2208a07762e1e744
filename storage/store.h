/*
 * What must last: documents with their edits, snapshots and chat. The interface that the store
 * thread works against; storage/sqlite/ implements it.
 *
 * A store knows nothing of operations: edits and snapshots are bytes. A document has a number
 * (its key, for ever) and a name (its id, chosen by people or drawn at random). Its edits have the
 * versions 1, 2, 3, ... without a gap; its snapshot at version v is what edits 1..v make.
 *
 * One thread at a time; every call blocks until it is done; no call from within a callback.
 *
 * STORE_E_NOT_FOUND, STORE_E_EXISTS, STORE_E_INVALID, STORE_E_LIMIT, STORE_E_FULL and
 * STORE_E_CORRUPT leave everything as it was; the last concerns the documents of the call, and
 * other documents are as good as before. After any other error of a call that writes nothing is
 * known about what it wrote: the caller must not acknowledge it, and must stop, since only
 * reopening finds out what the disk holds; the store itself refuses all later writes with
 * STORE_E_IO.
 */
#ifndef QUIRE_STORE_H
#define QUIRE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ID_MAX       64       /* bytes of a document id */
#define STORE_TITLE_MAX    400      /* bytes of a title */
#define STORE_NAME_MAX     256      /* bytes of a chat author's name */
#define STORE_COLOR_MAX    16       /* bytes of a colour */
#define STORE_CHAT_MAX     16384    /* bytes of a chat message's text */
#define STORE_OP_MAX       4194304  /* bytes of an edit's operation */
#define STORE_SNAPSHOT_MAX 67108864 /* bytes of a snapshot */

#define STORE_ERRORS(X)                                                                            \
    X(STORE_E_MEMORY, -101, "out_of_memory", "not enough memory")                                  \
    X(STORE_E_IO, -102, "storage_failed", "the database could not be read or written")             \
    X(STORE_E_FULL, -103, "storage_full", "the disk is full")                                      \
    X(STORE_E_CORRUPT, -104, "storage_corrupt", "stored data does not match its checksum")         \
    X(STORE_E_BUSY, -105, "storage_busy", "another process holds the database")                    \
    X(STORE_E_NEWER, -106, "storage_newer", "the database was written by a newer version")         \
    X(STORE_E_FOREIGN, -107, "storage_foreign", "the file is not a Quire database")                \
    X(STORE_E_ACCESS, -108, "storage_access", "the directory cannot be used")                      \
    X(STORE_E_NOT_FOUND, -109, "not_found", "there is no such document")                           \
    X(STORE_E_EXISTS, -110, "exists", "a document of this id exists")                              \
    X(STORE_E_INVALID, -111, "storage_invalid",                                                    \
      "a value is out of place or outside of its limits")                                          \
    X(STORE_E_LIMIT, -112, "share_limit", "there are as many of them as there can be")

enum store_error_code {
    STORE_OK = 0,
#define STORE_ENUM(symbol, number, name, text) symbol = number,
    STORE_ERRORS(STORE_ENUM)
#undef STORE_ENUM
};

const char *store_error_name(int code);
const char *store_error_text(int code);

struct store_slice {
    const uint8_t *data;
    size_t size;
};

enum store_type { STORE_RICH = 1, STORE_TEXT = 2 };

struct store_document {
    int64_t key;
    char id[STORE_ID_MAX + 1];
    char title[STORE_TITLE_MAX + 1];
    enum store_type type;
    int64_t created_ms; /* Unix time */
    int64_t
        updated_ms; /* of its last edit that has been settled, or its renaming if that is later */
};

/* One edit as committed. `client` and `seq` name it for ever: (key, client, seq) is unique. */
struct store_edit {
    int64_t key;
    uint64_t version;
    uint64_t client;
    uint64_t seq;
    int64_t at_ms;
    struct store_slice op;
};

struct store_chat {
    int64_t key;
    uint64_t number; /* 1, 2, 3, ... within the document */
    uint64_t client;
    uint64_t nonce; /* (key, client, nonce) names the message for ever */
    int64_t at_ms;
    struct store_slice name;  /* UTF-8 */
    struct store_slice color; /* ASCII */
    struct store_slice text;  /* UTF-8 */
};

struct store;

/* Opens or creates the database in directory `dir` (made when missing), migrates it, and indexes
 * the tail of its log. On error `message_out` (at least 256 bytes) says in a sentence what is
 * wrong and what to do. */
int store_open(const char *dir, struct store **store_out, char *message_out, size_t message_size);
/* Checkpoints and closes. */
void store_close(struct store *store);

/* The database's epoch (changes when it is restored from a backup, never 0) and its 32-byte secret,
 * drawn at random when it was created. */
uint64_t store_epoch(const struct store *store);
const uint8_t *store_secret(const struct store *store);

/* ---- documents: each call is durable when it returns ---- */

/* Fills key and times of `document`. STORE_E_EXISTS when the id is taken, also by a deleted one. An
 * id is 1 to STORE_ID_MAX of A-Z a-z 0-9 _ -, else STORE_E_INVALID. */
int store_create(struct store *store, struct store_document *document, int64_t now_ms);
int store_rename(struct store *store, int64_t key, const char *title, int64_t now_ms);
/* The document and all of it goes; its id stays taken. */
int store_delete(struct store *store, int64_t key);
int store_find(struct store *store, const char *id, struct store_document *document_out);

/* Up to `limit` documents, last updated first, after the place (before_ms, before_key) of the last
 * one seen: (INT64_MAX, INT64_MAX) begins. Calls `row` for each. A document whose row is damaged is
 * not among them. */
typedef void store_document_fn(void *context, const struct store_document *document);
int store_list(struct store *store, int64_t before_ms, int64_t before_key, size_t limit,
               store_document_fn *row, void *context);

/* ---- the log ---- */

/* One transaction, synced when it returns: all or nothing. Edits of one document in version order.
 */
int store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                 const struct store_chat *chats, size_t chat_count);

/* What opening a document needs: its latest snapshot (version 0 and no bytes when there is none),
 * and the number of its last edit and chat message. Slices stay valid until the next call. */
struct store_head {
    uint64_t snapshot_version;
    struct store_slice snapshot;
    uint64_t version;
    uint64_t chat_number;
};
int store_load(struct store *store, int64_t key, struct store_head *head_out);
/* A piece of the document's snapshot, from `offset` on, where the piece before ended (0: begins);
 * no bytes: that was all. Its version is 0 when there is none. The piece stays valid until the next
 * call. */
int store_snapshot(struct store *store, int64_t key, uint64_t offset, uint64_t *version_out,
                   struct store_slice *piece_out);

/* Edits first..last in order (what there is of them); the callback's slices die with its return. A
 * non-zero return of the callback stops the call and is returned. */
typedef int store_edit_fn(void *context, const struct store_edit *edit);
int store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                  store_edit_fn *row, void *context);

/* The last edit of `client` in the document: its seq and version, both 0 if there is none. */
int store_client(struct store *store, int64_t key, uint64_t client, uint64_t *seq_out,
                 uint64_t *version_out);

/* The number of the chat message named (client, nonce), or 0. */
int store_chat_find(struct store *store, int64_t key, uint64_t client, uint64_t nonce,
                    uint64_t *number_out);
/* Up to `limit` chat messages with numbers below `before`, oldest first. */
typedef int store_chat_fn(void *context, const struct store_chat *chat);
int store_chats(struct store *store, int64_t key, uint64_t before, size_t limit, store_chat_fn *row,
                void *context);

/* ---- settling: the log's tail moves to where the document is ---- */

/*
 * Saves the snapshot at `version` and moves the document's logged edits up to `version` into its
 * segments, with the clients' last sequence numbers. Durable when it returns, but works in slices:
 * each call does a millisecond or two and returns STORE_OK; `done_out` tells when the whole is
 * complete. Between slices anything else may be called. Call again with the same arguments until
 * done; a process that stops in between loses nothing. A version that the document has not reached
 * is STORE_E_INVALID; one that its snapshot has passed is done. `at_ms` is kept with the snapshot.
 */
int store_settle(struct store *store, int64_t key, uint64_t version, struct store_slice snapshot,
                 int64_t at_ms, bool *done_out);
/* The first half of that: moves the edits, slice by slice, and saves no snapshot. */
int store_settle_edits(struct store *store, int64_t key, uint64_t version, bool *done_out);

/* Edits that are only in the log so far, of one document or (key 0) of all. */
uint64_t store_unsettled(const struct store *store, int64_t key);

/* Commits next to nothing: STORE_OK, and there is room on the disk, or STORE_E_FULL. */
int store_probe(struct store *store);

/* Lets the database tidy itself (checkpoint) when nobody waits. Cheap when there is nothing to do.
 */
int store_idle(struct store *store);

#endif

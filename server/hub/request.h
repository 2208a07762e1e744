/*
 * What the hub asks of the store, and the answer: one heap object that travels there and back. The
 * hub fills the upper half; whoever serves it (the store thread; a simulation) calls
 * storage/store.h through request_serve and fills the lower half.
 */
#ifndef QUIRE_HUB_REQUEST_H
#define QUIRE_HUB_REQUEST_H

#include "server/wire/blob.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum request_kind {
    REQUEST_APPEND_EDIT, /* edit */
    REQUEST_APPEND_CHAT, /* chat */
    REQUEST_LOAD,        /* document.id -> document, head, edits after the snapshot, newest chats */
    REQUEST_CLIENT,      /* key, client -> seq, version */
    REQUEST_HISTORY,     /* key, first, last -> edits */
    REQUEST_REPEATED,  /* key, first = last = version of an edit that came again as blob -> edits */
    REQUEST_CHATS,     /* key, first = before, limit -> chats, more */
    REQUEST_CHAT_FIND, /* key, client, nonce -> chat.number or 0; chat as given */
    REQUEST_LIST,      /* before_ms, before_key, limit -> documents behind those found, more */
    REQUEST_CREATE,    /* document -> key and times */
    REQUEST_RENAME,    /* document.id, document.title -> document */
    REQUEST_DELETE,    /* document.id -> document */
    REQUEST_SETTLE     /* key, first = version, blob = snapshot */
};

/* Edits or chats as the store's callbacks gave them, with their bytes. */
struct request_edits {
    struct store_edit *items;
    size_t count, capacity;
    uint8_t *bytes; /* what the slices point into */
    size_t size, bytes_capacity;
};

struct request_chats {
    struct store_chat *items;
    size_t count, capacity;
    uint8_t *bytes;
    size_t size, bytes_capacity;
};

struct settle;

struct store_request {
    struct store_request *next; /* for the queues that carry it */
    uint64_t after;             /* for the store's thread: the appends that come before it */
    enum request_kind kind;

    /* whom the hub answers */
    uint64_t connection;
    uint64_t ref;
    uint64_t member;
    uint8_t channel;

    /* asked */
    int64_t key;
    int64_t now_ms;
    uint64_t client;
    uint64_t first, last, limit;
    int64_t before_ms, before_key;
    size_t found, wanted; /* LIST: documents that are there already; for the hub: how many in all */
    struct store_edit edit; /* its op points into blob */
    struct store_chat chat; /* its texts point into blob */
    struct blob *blob;

    /* answered */
    int result; /* STORE_OK or an error of storage/store.h */
    struct store_document document;
    uint64_t seq, version, chat_number;
    uint64_t snapshot_version;
    struct blob *snapshot;
    struct request_edits edits;
    struct request_chats chats;
    struct store_document *documents;
    size_t document_count;
    bool more; /* LIST, CHATS: there are others. HISTORY: more than LIMIT_HISTORY_BYTES, none given
                */
    bool done; /* SETTLE: the whole is complete; else serve the same request again later, */
    bool replaying;        /* but first have request_replay called, which takes its time */
    struct settle *settle; /* how far it is */
};

struct store_request *request_new(enum request_kind kind);
void request_free(struct store_request *request);

/* Serves one request of any kind but the two APPENDs (which request_append takes many at once) with
 * the store. SETTLE does one slice a call. */
void request_serve(struct store *store, struct store_request *request);
/* What is to be done for a SETTLE without the store, on any thread, before it is served again. */
void request_replay(struct store_request *request);

/* Serves a chain of APPEND requests as one durable transaction; sets the result of each. */
void request_append(struct store *store, struct store_request *chain);

#endif

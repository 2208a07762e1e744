/*
 * What the hub asks of the store, and the answer: one heap object that travels there and back. The
 * hub fills the upper half; whoever serves it (the store thread; a simulation) calls
 * storage/store.h through request_serve and fills the lower half.
 */
#ifndef QUIRE_HUB_REQUEST_H
#define QUIRE_HUB_REQUEST_H

#include "server/wire/blob.h"
#include "storage/sharing.h"

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
    REQUEST_SETTLE,    /* key, first = version, blob = snapshot */
    REQUEST_PROBE,     /* nothing -> whether the disk has room */

    /* with `sharing`: document.id -> document, and */
    REQUEST_MAY_OPEN,   /* asker, hash -> role, link */
    REQUEST_MAY_DELETE, /* asker, granted, needed */
    REQUEST_MEMBERS,    /* the same -> members */
    REQUEST_MEMBER,     /* the same, member */
    REQUEST_LINKS,      /* the same -> links */
    REQUEST_LINK,       /* the same, link */
    REQUEST_UNLINK,     /* the same, link.number */
    REQUEST_REVOKE      /* revocation, now_ms; no document */
};

/* A result besides those of the store: the asker has a role in the document, but not the one that
 * is needed. Without any, the document is as if it were not there. */
#define REQUEST_FORBIDDEN (-1000)

/* Who asks for a document by its id, and what is asked of who may do what. */
struct request_sharing {
    char asker[STORE_SUBJECT_MAX + 1]; /* "": nobody who could be a member */
    unsigned granted;                  /* the asker's role whatever the store says */
    unsigned needed;                   /* RENAME too: the least role that will do */
    bool has_hash;                     /* the asker shows a link of this hash */
    uint8_t hash[STORE_LINK_HASH_SIZE];
    struct store_member member;
    struct store_revocation revocation;

    /* answered */
    unsigned role;          /* by membership; 0: none */
    struct store_link link; /* the one that was shown; number 0: none */
    struct store_member *members;
    struct store_link *links;
    size_t count, capacity; /* of members or links */
    bool *joined;           /* LIST: the asker is a member of the document of this place */
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
    size_t found,
        wanted;    /* LIST: documents that are there already; for the hub: how many in all, */
    size_t walked; /* and how many were looked at before */
    struct store_edit edit; /* its op points into blob */
    struct store_chat chat; /* its texts point into blob */
    struct blob *blob;
    struct request_sharing *sharing; /* NULL: nothing to do with it */

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

/* Gives the request a `sharing`, all zero. Out of memory ends the process. */
struct request_sharing *request_share(struct store_request *request);

/* Serves one request of any kind but the two APPENDs (which request_append takes many at once) with
 * the store. SETTLE does one slice a call. */
void request_serve(struct store *store, struct store_request *request);
/* What is to be done for a SETTLE without the store, on any thread, before it is served again. */
void request_replay(struct store_request *request);

/* Serves a chain of APPEND requests as one durable transaction; sets the result of each. */
void request_append(struct store *store, struct store_request *chain);

#endif

/*
 * The hub: everything that decides. All documents that anybody reads (rooms), the order of their
 * edits, presence, chat and access. It has no sockets, files, clock, locks or threads: messages
 * come in through the calls below and go out through the functions of `struct hub_env`, so the
 * whole of it also runs in one thread under a simulation. One thread at a time.
 *
 * Connections are numbers that the gates choose: the gate's index in the top byte, then a counter
 * that is never used twice.
 *
 * A room's stream is the order in which everything of it becomes visible: edits, chat, hashes, new
 * titles, numbered from 0 without a gap. A gate keeps a window of it and each of its subscribers is
 * a position in it. Presence is not in the stream: it has ticks (1, 2, 3, ...), of which only the
 * latest state counts.
 */
#ifndef QUIRE_HUB_HUB_H
#define QUIRE_HUB_HUB_H

#include "server/hub/request.h"
#include "server/metrics/metrics.h"
#include "server/wire/blob.h"
#include "server/wire/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUB_GATES_MAX           64
#define HUB_GATE_OF(connection) ((unsigned)((connection) >> 56))

/* ---- what a gate tells the hub ----------------------------------------------------------------
 */

enum hub_in_kind {
    HUB_IN_MESSAGE, /* a client's message other than PING, and HELLO first of all */
    HUB_IN_GONE, /* the connection has ended; always the last one of a connection that said HELLO */
    HUB_IN_LAGGED,   /* a subscriber fell out of the window and is detached: attach it anew */
    HUB_IN_PRESENCE, /* a subscriber fell out of the presence ticks: give it the full state */
    HUB_IN_REVOKE,   /* takes tokens back, and answers `connection` by env.answered: `bytes` are a
                        struct store_revocation */
    HUB_IN_KEYS,     /* other keys prove tokens from now on: `bytes` are a pointer to them;
                        `connection` is answered by env.keys_taken */
    HUB_IN_REOPEN,   /* a document that was closed for damage is loaded anew, if it can be; answers
                        `connection` by env.answered: `bytes` are its id */
    HUB_IN_STOP      /* the server stops: refuse what is new, settle, then hub_stopped is true */
};

struct hub_in {
    struct hub_in *next; /* for the queue that carries it */
    enum hub_in_kind kind;
    uint64_t connection;
    uint8_t channel;        /* LAGGED, PRESENCE */
    uint64_t attachment;    /* LAGGED: of the ATTACH that it is about */
    uint64_t version, chat; /* LAGGED: last edit and last chat message that went out */
    uint64_t wait_ms; /* MESSAGE, of an OPEN with a link: until one of its address is looked at */
    struct message message; /* MESSAGE: read from `bytes` */
    size_t size;
    uint8_t bytes[];
};

/* ---- what the hub tells a gate ----------------------------------------------------------------
 */

enum hub_out_kind {
    HUB_OUT_SEND,   /* `blob`: messages for `connection`, in the order of these calls */
    HUB_OUT_ATTACH, /* `connection` reads room `room` on `channel`, from stream position `position`,
                       after `blob` (OPENED and what was missed); replaces what the channel had.
                       `extra`: full presence as of `tick`. A room the gate does not know yet begins
                       at `head`. `snapshot` (may be NULL) belongs into `blob`, at `snapshot_at`,
                       and is shared by all who are given it */
    HUB_OUT_DETACH, /* `channel` of `connection` reads nothing any more; `blob` (may be NULL) is its
                       last */
    HUB_OUT_ITEM,   /* `blob`: the next message of the stream of `room`, at `position` */
    HUB_OUT_PRESENCE, /* `blob`: the message that leads from tick - 1 to `tick` */
    HUB_OUT_FULL,     /* `blob`: full presence as of `tick` for `channel` of `connection` */
    HUB_OUT_FORGET,   /* nobody of this gate reads `room` any more, and its window can go */
    HUB_OUT_BAD_LINK, /* `connection` has shown a link that is none: to be counted */
    HUB_OUT_CLOSE     /* send `blob` (may be NULL), then close `connection` with `code` */
};

/*
 * Messages in blobs of kind ITEM, PRESENCE, FULL and in `extra` carry channel 0: the gate puts the
 * subscriber's channel into the byte after the kind (offset 2) of each copy. A blob of these kinds
 * holds exactly one message. The receiver owns one reference of each blob.
 */
struct hub_out {
    struct hub_out *next; /* for the queue that carries it */
    enum hub_out_kind kind;
    uint8_t channel;
    uint16_t code;       /* CLOSE */
    bool is_bad_token;   /* CLOSE: for a token that was shown, or none: to be counted */
    uint64_t connection; /* SEND, ATTACH, DETACH, FULL, BAD_LINK, CLOSE */
    uint64_t room;       /* ATTACH, ITEM, PRESENCE, FULL, FORGET: never used twice */
    uint64_t position;   /* ATTACH, ITEM */
    uint64_t tick;       /* ATTACH, PRESENCE, FULL */
    uint64_t attachment; /* ATTACH: its number, never used twice */
    uint64_t version;    /* ATTACH: the version after `blob`. ITEM: of an edit, else 0 */
    uint64_t chat;       /* ATTACH: last chat number in `blob`. ITEM: of a chat message, else 0 */
    uint64_t author; /* ITEM: the connection that made the edit (it gets an ACK of version and seq
                        instead), else 0 */
    uint64_t seq;    /* ITEM: the edit's sequence number */
    struct blob *blob;
    struct blob *snapshot; /* ATTACH */
    size_t snapshot_at;    /* ATTACH: offset in `blob` */
    struct blob *extra;
};

/* ---- the hub ------------------------------------------------------------------------------------
 */

enum hub_log_level { HUB_LOG_DEBUG, HUB_LOG_INFO, HUB_LOG_WARN, HUB_LOG_ERROR };

struct limits;      /* server/limits.h */
struct schema;      /* server/schema/schema.h */
struct token_rules; /* server/auth/token.h */
struct token_keys;

/* How much of large documents is read and written out, so that others do not wait for it. */
struct hub_pace {
    uint64_t little_bytes;   /* documents up to this size need not wait */
    uint64_t large_bytes;    /* of larger ones in a second */
    uint64_t snapshot_bytes; /* of a document for each ms in which its snapshot is not made anew */
    uint64_t edits_percent;  /* of it that the edits since may be until then */
};

struct hub_env {
    void *context;
    /* Whose tokens let people in; NULL: everybody is let in, and may do everything. */
    const struct token_rules *tokens;
    /* Copied by hub_new; NULL: the presets. */
    const struct limits *limits;
    /* What rich documents may hold; NULL: whatever an operation can. */
    const struct schema *schema;
    /* Those without a token are let in too, and may do what the links they show allow. */
    bool lets_guests;
    uint64_t (*monotonic_ms)(void *context);
    int64_t (*unix_ms)(void *context);
    void (*random)(void *context, void *out, size_t size);
    /* Hands `out` (heap memory, the receiver frees it) to gate number `gate`. Never blocks. */
    void (*send)(void *context, unsigned gate, struct hub_out *out);
    /* Hands a request to the store, which answers through hub_stored, in order. Never blocks. */
    void (*store)(void *context, struct store_request *request);
    /* Proves a client number that was issued to `subject` ("": anybody): writes WIRE_KEY_SIZE
     * bytes. */
    void (*client_key)(void *context, uint64_t client, const char *subject, uint8_t *key_out);
    /* Answers a HUB_IN_KEYS: the old ones are not looked at any more. May be NULL. */
    void (*keys_taken)(void *context, uint64_t ticket, const struct token_keys *keys,
                       const struct token_keys *old);
    /* Answers a HUB_IN_REVOKE when it is durable and its connections have ended, and a
     * HUB_IN_REOPEN when the document is there or cannot be: STORE_OK or an error of
     * storage/store.h. May be NULL. */
    void (*answered)(void *context, uint64_t ticket, int result);
    /* One event, with its fields as an already formatted string of `key=value` pairs. */
    void (*log)(void *context, enum hub_log_level level, const char *event, const char *fields);
    const struct hub_pace *pace; /* NULL: the usual one; simulations have a slower one */
};

/* How short memory is, each stage with those before it. */
enum hub_pressure {
    HUB_EASY,
    HUB_TIGHT,  /* no caches, no empty rooms, cursors are passed over */
    HUB_SCARCE, /* nobody new is let in, and nothing new opened or created */
    HUB_OUT,    /* edits and chat wait */
    HUB_NEVER   /* not a stage */
};

struct hub;

/* `epoch`: of the store. The environment must outlive the hub. */
struct hub *hub_new(const struct hub_env *env, uint64_t epoch, unsigned gates);
void hub_free(struct hub *hub);

/* Before anybody is let in: takes up what the store knows of tokens that were taken back. */
void hub_revoke(struct hub *hub, const struct store_revocation *revocation);
/* Takes one message of a gate and frees it. */
void hub_receive(struct hub *hub, struct hub_in *in);
/* Takes one answered request of the store and frees it. */
void hub_stored(struct hub *hub, struct store_request *request);
/* Does what is due (presence ticks, idle rooms). Call when hub_next_ms has come; early is harmless.
 */
void hub_tick(struct hub *hub);
void hub_press(struct hub *hub, enum hub_pressure pressure);
/* The monotonic time at which hub_tick has something to do; UINT64_MAX when nothing. */
uint64_t hub_next_ms(const struct hub *hub);
/* True once HUB_IN_STOP was received, every edit is committed and every room settled. */
bool hub_stopped(const struct hub *hub);

/* What it has counted. May be read from any thread while the hub is. */
const struct metrics *hub_metrics(const struct hub *hub);

/* Frees a hub_out and drops its blobs: for gates and tests. */
void hub_out_free(struct hub_out *out);

#endif

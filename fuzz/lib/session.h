/*
 * People at a server that bytes decide about: the events of events.c. All that the hub tells them
 * is held against what is stored at that moment (hear.c), and all that it does for them against
 * what they may do (say.c). A breach ends the process.
 */
#ifndef QUIRE_FUZZ_SESSION_H
#define QUIRE_FUZZ_SESSION_H

#include "fuzz/lib/book.h"
#include "server/auth/token.h"
#include "server/limits.h"
#include "storage/sharing.h"
#include "tests/lib/hub_world.h"

#define PEOPLE   4
#define CHANNELS 4
#define DOCUMENTS                                                                                  \
    3 /* "d", "e" and "f", each on the channel of its number; others by bytes alone                \
       */
#define BOOKS 8
#define LINKS 4

/* The first byte of the input. */
enum session_mode {
    MODE_GUARDED = 1, /* the hub asks for tokens, */
    MODE_GUESTS = 2,  /* but lets in those without one */
    MODE_RICH = 4,    /* the documents are */
    MODE_LIMITS = 8,  /* presets, which people meet; else none that they could */
    MODE_EMPTY = 16,  /* nobody is there */
    MODE_AGAIN = 32,  /* at the end all is read anew from the store */
    MODE_MUCH = 64    /* there may be many edits */
};

/* What there is of a document. */
struct facts {
    bool exists;
    struct store_document document;
    uint64_t sharing; /* of members and links: a sum that changes with them */
};

/* A document on a channel of somebody. */
struct view {
    char id[STORE_ID_MAX + 1];
    struct ot_slice link; /* shown by the last OPEN, in `secret` */
    uint8_t secret[64];
    uint64_t asked_epoch, asked_version; /* by the last OPEN, WIRE_NONE: nil */
    bool asked, is_open;
    enum access_role best;  /* that its reader has had since */
    uint64_t version, chat; /* told; the chat of the last OPENED or CHAT */
    uint64_t seq;           /* of the last edit that was acknowledged or is in the snapshot */
    uint64_t sent;          /* and of the last one that was sent and not refused */
    uint64_t base;          /* of that one, */
    struct ot_buf op;       /* and its operation */
    struct {
        uint64_t client, seq, base;
        struct ot_buf op;
    } taken; /* the last edit that the hub has handed to the store */
};

struct person {
    struct world_connection *connection; /* NULL: not there */
    bool is_welcome;
    enum access_role role; /* the best in what it asked for while requests had to wait, or last */
    bool has_token;
    struct token token;
    uint64_t client; /* 0: none was given yet */
    uint8_t key[WIRE_KEY_SIZE];
    struct view views[CHANNELS];
};

struct session {
    unsigned mode;
    struct token_keys keys[3]; /* "a", "a" and "b", "b" */
    struct token_rules rules;
    struct limits limits;
    struct schema *schema;
    struct person people[PEOPLE];
    struct book books[BOOKS];
    uint64_t nonce;
    unsigned much;         /* edits, by session_edit_much */
    char links[LINKS][64]; /* the last ones that were made */
    size_t link_count;
    enum access_role role; /* of whoever has just asked, in what it asked for */
    unsigned deletable;    /* the documents that somebody was allowed to delete: bits */
    size_t diverged;       /* said, so warned of */
    bool is_disturbed;     /* the store has failed: warnings are in order */
    bool is_damaged;       /* it has said that what it has is: that stays closed until a restart */
    uint64_t digest;       /* of all that was heard */
    const uint8_t *data;
    size_t left;
    unsigned extra;      /* of the event: below 4 */
    struct facts before; /* of the document of the request that is served */
    struct world world;
};

/* Plays the input in the store (NULL: one of its own). Returns a digest of all that was heard. */
uint64_t session_play(const uint8_t *data, size_t size, struct store *store);

/* ---- what the files of the session share ---- */

/* The next byte of the input; 0 at its end. */
unsigned session_take(struct session *session);
/* One thing that happens. */
void session_happen(struct session *session);
void session_pass(struct session *session, uint64_t ms);
/* HELLO, and OPEN of a document (below DOCUMENTS); `how` 0: as one who may do everything. */
void session_join(struct session *session, struct person *person, unsigned how);
void session_open(struct session *session, struct person *person, unsigned document);
/* Edits, right ones and others; of talk.c all that is no edit; of operate.c what no client does. */
typedef void session_event(struct session *session, struct person *person);
session_event session_edit, session_edit_anyhow, session_edit_again, session_edit_much,
    session_point, session_chat, session_ask, session_operate, session_lag;

/* One message of somebody, if the gate would let it pass. Then everybody hears what is new. */
void session_say(struct session *session, struct person *person, struct ot_slice bytes);
/* The same, of the fields of world_send. */
void session_send(struct session *session, struct person *person, unsigned kind, const char *format,
                  ...);
void session_leave(struct session *session, struct person *person);
/* What somebody may do in a document now, at most. */
enum access_role session_role(struct session *session, const struct person *person, const char *id);
/* Everybody reads what they were told. */
void session_hear(struct session *session);
/* What the store is asked to do for somebody. */
void session_serves(void *context, const struct store_request *request, bool is_done);
/* The log of the document, read to its end; NULL: there is none such, or too many. */
struct book *session_book(struct session *session, const char *id);

#endif

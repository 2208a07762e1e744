/*
 * What is on disk, as the test knows it: every edit and chat message of a document in the order in
 * which it was committed, and the document that they make. Nothing that the server says may be of
 * more than this.
 */
#ifndef QUIRE_TESTS_SIM_LEDGER_H
#define QUIRE_TESTS_SIM_LEDGER_H

#include "plan.h"
#include "quire/ot.h"
#include "storage/store.h"
#include "tools/peer/wire.h"

struct ledger_edit {
    uint64_t client, seq;
    struct ot_slice op;
    uint32_t hash;   /* of the document at this version */
    uint64_t length; /* of it */
};

struct ledger_chat {
    uint64_t client, nonce;
};

struct ledger {
    struct plan *plan;
    struct store_document document;
    struct ot_slice begin;     /* the document at version 0 */
    struct ot_doc *doc;        /* at version edit_count */
    uint32_t hash;             /* of it */
    struct ledger_edit *edits; /* version v at v - 1 */
    size_t edit_count, edit_capacity;
    struct ledger_chat *chats; /* number n at n - 1 */
    size_t chat_count, chat_capacity;
};

void ledger_init(struct ledger *ledger, struct plan *plan, const struct store_document *document);
void ledger_deinit(struct ledger *ledger);

/* A transaction that holds it has been synced. */
void ledger_add_edit(struct ledger *ledger, const struct store_edit *edit);
void ledger_add_chat(struct ledger *ledger, const struct store_chat *chat);

/* A place in it to which it can be put back. */
struct ledger_mark {
    size_t edits, chats;
};
struct ledger_mark ledger_mark(const struct ledger *ledger);
/* A backup of that moment was put back: what came after it is gone. */
void ledger_restore(struct ledger *ledger, struct ledger_mark mark);

uint64_t ledger_length(const struct ledger *ledger, uint64_t version);
/* The last edit of a client among the versions up to `version`, 0 if none. */
uint64_t ledger_seq(const struct ledger *ledger, uint64_t client, uint64_t version);
/* Where a position of `client` in the document at `from` is at `to`. */
uint64_t ledger_move(const struct ledger *ledger, uint64_t client, uint64_t position, uint64_t from,
                     uint64_t to);

/* What a message of the server says of the document is on disk, and so. */
void ledger_check_message(const struct ledger *ledger, const struct peer_message *message);
/* The store holds exactly this, and its history makes the document from nothing. */
void ledger_check_store(const struct ledger *ledger, struct store *store);

#endif

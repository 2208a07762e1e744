/*
 * Somebody with an editor: a client of quire.v1 with an identity that outlives its connections, a
 * session and a view of who is there for each document. Nothing happens by itself.
 */
#ifndef QUIRE_TESTS_SIM_PERSON_H
#define QUIRE_TESTS_SIM_PERSON_H

#include "server.h"
#include "tokens.h"
#include "tools/peer/session.h"
#include "undo.h"

#define PERSONS_MAX 9
#define MARKS_MAX   64
#define STEPS_MAX   256

/* Somebody in a document, as seen from here. */
struct mark {
    uint64_t member, anchor, head;
    bool typing;
    char name[16];
};

/* How the document came to its present version: positions of older ones are moved over these. */
struct step {
    uint64_t last, member;
    struct ot_buf op;
};

struct saved {
    uint64_t version, seq;
    uint64_t heard;   /* of the seat, then */
    struct ot_buf op; /* empty: not known */
};

/* A document that somebody edits. */
struct seat {
    struct person *person;
    unsigned document;
    struct session *session;
    struct tokens *tokens;
    struct undo undo;
    bool wanted;
    bool closed; /* by the server: to be opened again */
    bool retry;  /* an edit was refused for now */
    struct mark marks[MARKS_MAX];
    size_t mark_count;
    uint64_t people;
    struct step *steps; /* a ring of STEPS_MAX */
    size_t step_count;
    struct saved *saved;
    size_t saved_count, saved_capacity;
    uint64_t heard; /* edits, or snapshots, that came */
    uint64_t gone;  /* how many before the first saved edit that the server has lost; UINT64_MAX:
                       none is lost */
    bool lost;      /* what it has lost is not known here either */
    uint64_t chat_seen;
    uint64_t chats_sent, chats_done; /* one at a time, each with its count as its nonce */
    bool chat_under_way;
};

struct person {
    struct server *server;
    struct plan *plan;
    unsigned number;
    char name[16];
    unsigned renamed;
    unsigned mangled; /* percent of OPENs that name what the server does not know */
    uint64_t client, epoch;
    uint8_t key[WIRE_KEY_SIZE];
    struct roles roles; /* of the token at hand */
    struct line *line;  /* NULL: none */
    bool welcomed;
    struct seat seats[SERVER_DOCUMENTS];
};

/* `tokens`: of each document. */
void person_init(struct person *person, struct server *server, unsigned number,
                 struct tokens *tokens);
void person_deinit(struct person *person);

void person_connect(struct person *person);
void person_cut(struct person *person);
/* To be called after anything that may have closed the connection. */
void person_notice(struct person *person);
/* Reads the next message, if one has arrived. */
bool person_receive(struct person *person);
void person_rename(struct person *person);
/* Gets a token with this role in a document, and shows it. */
void person_become(struct person *person, unsigned document, enum access_role role);

void seat_enter(struct seat *seat);
void seat_leave(struct seat *seat);
/* Does what the server has asked to be done later: opens again, sends again. */
bool seat_retry(struct seat *seat);
void seat_type(struct seat *seat, const struct manner *manner);
/* Takes the last thing typed back, or (`redo`) does again what was taken back last, if there is
 * any.
 */
void seat_undo(struct seat *seat, bool redo);
void seat_point(struct seat *seat);
void seat_chat(struct seat *seat);
/* Nothing of this person's is unsaved or unsaid. */
bool seat_rests(const struct seat *seat);
/* The server has put back a backup that ends with this version. */
void seat_restored(struct seat *seat, uint64_t version);
/* What was acknowledged is on disk as it was acknowledged. */
void seat_check_saved(const struct seat *seat);

#endif

/*
 * A server in one thread: a hub, a real database, the order in which the store's thread serves
 * requests, gates that keep small windows, and connections on which everything is under way for as
 * long as the test likes. Nothing happens by itself: each call below is one thing that happens.
 *
 * All that the hub says is held against what is on disk at that moment, and all that a connection
 * is given against what it was given before.
 */
#ifndef QUIRE_TESTS_SIM_SERVER_H
#define QUIRE_TESTS_SIM_SERVER_H

#include "bounds.h"
#include "guard.h"
#include "ledger.h"
#include "lib/temp_dir.h"
#include "lib/vfs.h"
#include "plan.h"
#include "server/hub/hub.h"
#include "server/limits.h"
#include "server/serve/refusals.h"

/* At most; the number of a document is its channel on all connections. */
#define SERVER_DOCUMENTS GUARD_DOCUMENTS
#define SERVER_GATES     2
#define SERVER_WINDOW    32 /* items of a room that a gate keeps, at most */
#define SERVER_TICKS     8

/* What a connection was given on a channel. */
struct line_state {
    bool open;
    uint64_t version, chat, member;
};

/* What a gate knows of a channel that reads a room. */
struct line_channel {
    struct gate_room *room; /* NULL: none */
    uint64_t position, tick;
    uint64_t version, chat;
    struct blob *full; /* presence to be given first; may be NULL */
    uint64_t full_tick;
    bool asked; /* for it */
    uint64_t attachment;
};

/* An OPEN that the hub has received: what its answer goes on from. */
struct line_open {
    unsigned document;
    uint64_t ref, epoch, version, chat;
};

/* A connection. Messages on their way to the hub are `up`, bytes on their way to the client
 * `down`; in between is the gate. */
struct line {
    uint64_t number;
    bool cut;      /* the client is gone, and perhaps the hub does not know yet */
    bool gone;     /* the hub knows */
    unsigned code; /* the server closed it with this */
    uint64_t client;
    struct hub_in *up, **up_end;
    size_t up_count;
    struct blob **direct; /* what the gate has for this connection alone */
    size_t direct_count, direct_capacity;
    struct line_channel channels[SERVER_DOCUMENTS];
    uint64_t members[SERVER_DOCUMENTS]; /* as the hub knows it there; 0: not at all */
    struct line_state states[SERVER_DOCUMENTS];
    struct roles roles;  /* as the hub knows them */
    struct roles *shown; /* by HELLO and each TOKEN, those under way last */
    size_t shown_count, shown_capacity;
    size_t shown_heard; /* by the hub */
    struct line_open *opens;
    size_t open_count, open_capacity;
    struct ot_buf down;
    size_t down_at, seen_at;
    char name[16]; /* as the hub knows it */
};

/* A cursor as the hub should have it, by member. */
struct cursor {
    unsigned document;
    uint64_t member, client;
    uint64_t version, anchor, head; /* at this version */
};

/* What has happened, to know that a run was worth something. */
struct tally {
    unsigned rounds, events, edits, folds, histories, snapshots, older, lags, ticks_lost, stops;
    unsigned kills, power_cuts, failed_disks, shortages, unheard, unread;
    unsigned rollbacks, takeovers, repeats, settles, hashes, unloads;
    unsigned not_open, too_old, later;
    unsigned roles, forbidden, shut_out;
    unsigned backups, restores, offered, beyond;
};

enum server_end { SERVER_CLOSED, SERVER_KILLED, SERVER_WITHOUT_POWER };

struct server {
    struct plan *plan;
    struct tally *tally;
    struct hub *hub;
    struct store *store;
    struct vfs vfs;
    char dir[TEMP_DIR_MAX];
    uint64_t now_ms;
    struct guard *guard; /* NULL: everybody may do everything */
    struct rng rng;      /* the hub's randomness */
    struct rng power;    /* what a power cut leaves */
    struct bounds bounds;
    struct hub_pace pace_drawn;
    const struct hub_pace *pace;
    bool stopping;
    bool failed;     /* the store has: the process must end (server_crash) */
    bool was_full;   /* the disk was once, so warnings are in order */
    bool was_broken; /* the same for a disk that failed, or memory, */
    bool was_short;  /* and for memory alone */
    bool has_crashed;
    struct store_request *unheard; /* what was being written when the store failed */

    struct store_request *appends, *reads, *settles;
    uint64_t appends_asked, appends_done;
    struct refusals refusals;

    struct ledger ledgers[SERVER_DOCUMENTS];
    bool has_backup, was_restored;
    struct ledger_mark marks[SERVER_DOCUMENTS]; /* what is in it */
    unsigned document_count;
    struct gate {
        struct gate_room *rooms;
    } gates[SERVER_GATES];
    unsigned window, ticks; /* how much the gates keep */
    struct line **lines;
    size_t line_count, line_capacity;
    uint64_t line_last;
    struct cursor *cursors;
    size_t cursor_count, cursor_capacity;
};

/* A server with a new database and documents, and its end. */
void server_start(struct server *server, const char *base, unsigned documents);
void server_stop(struct server *server);
/* It ends and begins anew on what the disk holds then. Connections must have been cut; they are
 * gone. */
void server_crash(struct server *server, enum server_end how);
/* Copies the database, in place of the copy before, while all goes on. */
void server_back_up(struct server *server);
/* As server_crash; but it begins anew on the copy, under a new epoch. */
void server_restore(struct server *server);
/* Asks it to stop; when it has, server_has_stopped. */
void server_ask_stop(struct server *server);
bool server_has_stopped(const struct server *server);

/* Power goes at the n-th change of the disk; the disk fails at the n-th call of some kinds; there
 * is no memory for SQLite's n-th allocation; the disk has room for so many bytes more (negative:
 * for all). Until the server begins anew. */
void server_cut_power(struct server *server, long at);
void server_fail_disk(struct server *server, unsigned kinds, long at, bool stays);
void server_run_short(struct server *server, long at, bool stays);
void server_fill_disk(struct server *server, int64_t room);

/* Commits the oldest appends, at most `most` of them. */
void server_commit(struct server *server, size_t most);
/* The same, but the server dies before it hears of it. */
void server_commit_and_crash(struct server *server, size_t most, enum server_end how);
/* Serves one request that is no append; one slice of settling. False: there is none (that can be
 * served before the appends). */
bool server_serve(struct server *server);
bool server_settle(struct server *server);
/* What the store does when it has nothing to do. */
void server_tidy(struct server *server);
void server_pass(struct server *server, uint64_t ms);
/* The store has nothing to do. */
bool server_rests(const struct server *server);

/* A member begins without one. Numbers of members begin anew when a room is read again. */
void server_forget_cursor(struct server *server, unsigned document, uint64_t member);

/* A token of somebody with these roles, NULL if the server asks for none. Lives until the next
 * call. */
const char *server_token(const struct server *server, const char *subject,
                         const struct roles *roles);
struct line *server_connect(struct server *server);
/* Puts a message of the client under way. */
void line_send(struct line *line, struct ot_slice bytes);
/* The same with HELLO or TOKEN, which show a token for these roles. */
void line_show(struct line *line, struct ot_slice bytes, const struct roles *roles);
/* Both directions are cut, somewhere in what was under way to the hub. */
void line_cut(struct server *server, struct line *line);
bool line_has_up(const struct line *line);
bool line_is_behind(const struct line *line);
bool line_has_down(const struct line *line);

/* The hub receives the next message; false if there is none. A connection that is gone is freed. */
bool line_deliver(struct server *server, struct line *line);
/* The gate writes at most `most` messages to the connection; false if there was none. */
bool line_flush(struct server *server, struct line *line, unsigned most);
/* The client reads the next message; false if none has arrived. */
bool line_receive(struct server *server, struct line *line, struct peer_message *message_out);

#endif

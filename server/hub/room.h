/*
 * The hub's own structures: the hub, connections, rooms and their members, and what one module does
 * for another. Only for the files of server/hub.
 */
#ifndef QUIRE_HUB_ROOM_H
#define QUIRE_HUB_ROOM_H

#include "server/auth/token.h"
#include "server/hub/history.h"
#include "server/hub/hub.h"
#include "server/hub/table.h"
#include "server/limits.h"
#include "server/rate/holders.h"
#include "server/wire/encode.h"

#define PROFILE_COLOR_MAX 8

/* Somebody's connection that has said hello. */
struct connection {
    uint64_t number;
    uint64_t client;
    bool known;    /* the client may have edits in the store */
    bool has_past; /* it may remember documents: it has come back, or has left one */
    bool has_left; /* one of this connection: an OPEN may have crossed with what was given of it */
    const struct access_user *user;
    struct holder *holder; /* of the user: whose rates count */
    struct bucket edits, bad_edits, cursors;
    bool is_bad;              /* it is to be closed */
    struct token *token;      /* NULL: a guest */
    int64_t ends_ms;          /* by the unix clock: when the token does */
    bool is_told_of_end;      /* of the token's */
    uint64_t forbidden_ms;    /* since when edits that its role does not allow are counted */
    unsigned forbidden;       /* how many */
    struct opening *openings; /* OPENs whose asker's role is being looked up */
    struct blob *name;
    char color[PROFILE_COLOR_MAX];
    struct member *members; /* its open channels */
    size_t member_count;
};

/* An OPEN on its way to the store. */
struct opening {
    struct opening *next;
    uint64_t number; /* never used twice */
    uint8_t channel;
};

/* What is known of a client's edits in a room. */
struct author {
    uint64_t client;
    uint64_t seq, version;                     /* of its last edit that was given a version */
    uint64_t connection;                       /* that edit came over; 0: from the store */
    uint64_t committed_seq, committed_version; /* of its last edit that is on disk */
};

enum member_state {
    MEMBER_WAITING, /* for the room, its author's past, history, or a commit */
    MEMBER_READING  /* attached at its gate */
};

/* One open channel of a connection in a room. */
struct member {
    struct member *next; /* of the connection */
    struct connection *connection;
    struct room *room;
    size_t index;    /* in the room's members */
    uint64_t number; /* within the room */
    uint8_t channel;
    enum member_state state;
    uint64_t attachment;   /* the last ATTACH */
    struct author *author; /* NULL until its past is known */
    enum access_role role; /* as it was told; while reading */
    unsigned copies;       /* times that it was told so and might edit, since its last edit came */

    /* what it may do beside what its token says */
    enum access_role membership;
    uint64_t link; /* the number of the link that it showed; 0: none */
    enum access_role link_role;
    int64_t link_ends_ms; /* INT64_MAX: never */

    /* the OPEN that is being answered */
    uint64_t ref, epoch, version, chat;
    struct ready *ready; /* the answer, waiting for its commit */
    bool awaits;         /* a newer snapshot, for the answer */

    /* presence */
    bool listed;  /* it is among those shown to others */
    bool fresh;   /* others do not know its profile yet */
    bool changed; /* it is in the room's list of changes */
    bool typing;
    uint64_t typing_until_ms;
    uint64_t anchor, head;    /* at the committed version; WIRE_NONE: no cursor */
    struct blob *data;        /* may be NULL */
    struct held_cursor *held; /* one that came too soon after others, until the tick; or NULL */
};

struct held_cursor {
    struct message message;
    uint8_t data[];
};

/* The answer to an OPEN: taken at version `head`, given when that is committed. */
struct ready {
    uint64_t version; /* where the client starts */
    uint64_t head;
    uint64_t seq;
    struct blob *snapshot; /* of `version`; NULL: resumed */
    struct ot_buf catchup; /* messages on the member's channel, HASH among them */
};

struct recent_chat {
    uint64_t number, client, nonce;
    struct blob *blob; /* the CHAT message; NULL: not committed yet */
};

enum room_state { ROOM_LOADING, ROOM_LIVE, ROOM_DELETING };

struct room {
    uint64_t number; /* in messages to gates; never used twice */
    struct room *same_hash;
    enum room_state state;
    struct store_document document;

    struct ot_doc *doc; /* at version `head` */
    uint64_t head;      /* last version given */
    uint64_t committed; /* last version on disk */
    uint64_t length;    /* of the document at `committed` */
    struct history history;
    struct table authors;
    size_t appending; /* requests on their way to the store */
    size_t waiting;   /* members whose answer waits for a commit */
    size_t awaiting;  /* those who await a snapshot */

    uint64_t settled;      /* version of the last saved snapshot */
    size_t edited_bytes;   /* of the edits since one was last begun */
    struct blob *settling; /* snapshot to be saved at version settling_at, once that is committed */
    uint64_t settling_at;
    bool settle_sent;
    bool damaged;          /* what the store has does not make `doc`: nobody may open it */
    uint64_t reopening;    /* whom to tell whether it could be loaded; 0: nobody */
    struct blob *snapshot; /* of version snapshot_at, kept for the next reader; or NULL */
    uint64_t snapshot_at;
    uint64_t snapshot_rests_ms; /* until then readers are given the edits since, if they can be */
    uint32_t snapshot_hash;

    struct member **members;
    size_t member_count, member_capacity;
    uint64_t member_last;
    uint32_t gate_members[HUB_GATES_MAX]; /* attached, by gate */

    uint64_t stream; /* position of the next item */

    uint64_t chat_number;                      /* last number given */
    uint64_t chat_committed;                   /* last number on disk */
    struct recent_chat chats[LIMIT_CHAT_OPEN]; /* ring by number */

    uint64_t tick;
    uint64_t tick_ms; /* when the last one was sent */
    bool due;         /* it is in the hub's list of rooms with news of presence */
    uint64_t due_ms;
    struct room *due_next;
    bool people_changed;
    size_t listed, typing;
    struct member **changes;
    size_t change_count, change_capacity;
    uint64_t *left; /* numbers of listed members that have gone */
    size_t left_count, left_capacity;

    uint64_t empty_since_ms;
    uint64_t delete_connection, delete_ref; /* who asked, in ROOM_DELETING */
    bool delete_sent;
};

struct hub {
    struct hub_env env;
    uint64_t epoch;
    unsigned gates;
    bool stopping;
    enum hub_pressure pressure;
    bool ending;   /* hub_free: nothing goes out any more */
    uint64_t seed; /* of the hash of document ids */
    struct table connections;
    struct table clients;      /* client -> its connection */
    struct table rooms;        /* hash of the document id -> room, linked by same_hash */
    struct table rooms_by_key; /* store key -> room, once loaded */
    uint64_t room_last, attachment_last, opening_last;
    struct room *due;    /* rooms with news of presence */
    uint64_t due_ms;     /* earliest of them */
    uint64_t awaited_ms; /* when the first snapshot that somebody awaits may be made; UINT64_MAX */
    uint64_t sweep_ms;   /* when to look for empty rooms, and for tokens that end */
    int64_t ends_ms; /* by the unix clock: when something is due for a token; INT64_MAX: never */
    int64_t links_end_ms; /* and when a link in use ends */
    struct token_rules tokens;
    struct access_user everybody, stranger;
    struct table revoked; /* hash -> struct revoked, linked */
    size_t revoked_count;
    size_t requests;             /* on their way to the store */
    bool full, probing;          /* see full.c; the store is being asked */
    uint64_t probe_ms;           /* when to ask it */
    struct store_request *loads; /* see loads.c: that wait for their turn */
    uint64_t loads_ms;           /* when to look at them */
    struct bucket large;
    struct hub_pace pace;
    struct metrics metrics;
    struct limits limits;
    struct holders holders; /* users */
    struct bucket refused_lines, work, pieces;
    struct ot_buf scratch;
};

/* ---- hub.c: ways out ---------------------------------------------------------------------------
 */

void hub_post(struct hub *hub, unsigned gate, struct hub_out out);
void hub_ask(struct hub *hub, struct store_request *request);
/* Sends the scratch buffer's messages to a connection and clears it. */
void hub_send_scratch(struct hub *hub, uint64_t connection);
/* ERROR; `channel` < 0: none. `at`, `retry_ms`: WIRE_NONE for none. */
void hub_refuse(struct hub *hub, uint64_t connection, uint64_t ref, int channel, const char *code,
                const char *text, uint64_t retry_ms, uint64_t at);
/* ERROR for an answer of the store that is not STORE_OK. */
void hub_refuse_store(struct hub *hub, uint64_t connection, uint64_t ref, int channel, int result);
/* ERROR `forbidden`. */
void hub_forbid(struct hub *hub, uint64_t connection, uint64_t ref, int channel);
void hub_log(struct hub *hub, enum hub_log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Of HUB_IN_REVOKE and HUB_IN_REOPEN. */
void hub_answer(struct hub *hub, uint64_t ticket, int result);
struct connection *hub_connection(struct hub *hub, uint64_t number);
/* It leaves all rooms, and is forgotten. */
void hub_end_connection(struct hub *hub, struct connection *connection);

/* ---- full.c: a full disk ----
 *
 * A room that has taken in what then cannot be stored has to be let go of, with all its readers. So
 * from the first such failure on nothing is taken in, until the store says that there is room.
 */

void full_begin(struct hub *hub);
/* Whether it is; then that has been said. */
bool full_refuses(struct hub *hub, const struct connection *connection, uint64_t ref,
                  uint8_t channel);
uint64_t full_next_ms(const struct hub *hub);
void full_tick(struct hub *hub, uint64_t now_ms);
void full_probed(struct hub *hub, const struct store_request *request);

/* ---- loads.c ---- */

/* Takes the answer over, if its turn is later. */
bool loads_hold(struct hub *hub, struct store_request *request);
/* Its turn is now: what is to be told next is about this document. */
void loads_force(struct hub *hub, const char *id);
uint64_t loads_next_ms(const struct hub *hub);
void loads_tick(struct hub *hub, uint64_t now_ms);
void loads_deinit(struct hub *hub);

/* ---- hello.c: being let in, and staying so ---- */

void hello_receive(struct hub *hub, uint64_t number, const struct message *message);
void hello_renew(struct hub *hub, struct connection *connection, const struct message *message);
void hello_profile(struct hub *hub, struct connection *connection, const struct message *message);
/* Tells those whose token ends soon, and ends the connections of those whose token has ended. */
void hello_expire(struct hub *hub);
/* Other keys: connections whose token none of them proves end. */
void hello_keys(struct hub *hub, const struct hub_in *in);

/* Says ERROR, then ends the connection (which the hub may not know yet) with the code. */
void hello_turn_away(struct hub *hub, uint64_t number, uint64_t ref, unsigned close_code,
                     const char *code, const char *text);

/* ---- revoked.c ---- */

/* Was it taken back, or were all of its owner's? */
bool revoked_has(const struct hub *hub, const struct token *token);
void revoked_receive(struct hub *hub, struct hub_in *in);
void revoked_known(struct hub *hub, struct store_request *request);
/* Forgets what is of no use any more. */
void revoked_sweep(struct hub *hub, int64_t now_s);
void revoked_deinit(struct hub *hub);

/* ---- sharing.c ---- */

/* Who somebody is to the member lists; "" for nobody. */
const char *sharing_subject(const struct connection *connection);
/* What the hub knows of a connection's role in a document without asking the store. */
enum access_role sharing_role(struct hub *hub, const struct connection *connection, const char *id);
/* A request about a document by id. If the role that the hub knows does not allow `action`, the
 * store is asked about the membership; if nobody could be a member, NULL: it has been refused. */
struct store_request *sharing_request(struct hub *hub, const struct connection *connection,
                                      enum request_kind kind, uint64_t ref, const char *id,
                                      enum access_action action);
/* ERROR for an answer that is neither STORE_OK. */
void sharing_refuse(struct hub *hub, const struct store_request *request);
void sharing_receive(struct hub *hub, struct connection *connection, const struct message *message);
void sharing_known(struct hub *hub, struct store_request *request);
/* Links that have expired give nothing any more. */
void sharing_sweep(struct hub *hub);

/* ---- rates.c: how much may come ---- */

/* What is counted for a user over all connections. */
enum user_rate {
    USER_EDITS,
    USER_CHATS,
    USER_OPENS,
    USER_CREATES,
    USER_PAGES,
    USER_TOKENS,
    USER_EDIT_BYTES, /* by rates_edit_wait_ms only */
    USER_BAD_LINKS   /* by rates_bad_link and rates_link_wait_ms only */
};

/* A connection that is let in belongs to a user. False: the user has too many, and it has been
 * ended. */
bool rates_hold(struct hub *hub, struct connection *connection);
void rates_let_go(struct hub *hub, struct connection *connection);
/* Why nothing of what memory allows below `until` is taken now, or NULL; and when to come again. */
const char *rates_overload(const struct hub *hub, enum hub_pressure until, uint64_t *retry_ms_out);
/* One more of these by the connection's user. False: it has been refused. */
bool rates_allow(struct hub *hub, struct connection *connection, enum user_rate rate, uint64_t ref,
                 int channel);
/* One more edit with an operation of `size` bytes. How long it has to wait; 0: it may come. */
uint64_t rates_edit_wait_ms(struct hub *hub, struct connection *connection, size_t size);
/* A link that is none was shown, and how long it takes until another link is looked at. */
void rates_bad_link(struct hub *hub, struct connection *connection);
uint64_t rates_link_wait_ms(const struct hub *hub, const struct connection *connection);
/* An edit was refused for this. */
void rates_edit_refused(struct hub *hub, struct connection *connection, const char *code);
/* So many bytes of history are to be gone through. False: there is no time for it, since there was
 * too much of that lately, for whomever. */
bool rates_allow_work(struct hub *hub, uint64_t bytes);
/* The same of an edit of so many pieces, or one that goes through so many runs of text. */
bool rates_allow_pieces(struct hub *hub, uint64_t pieces);
/* So many bytes of a document are to be read, or written out. False: later, the others' turn is
 * first. Little ones always may. */
bool rates_allow_large(struct hub *hub, uint64_t bytes);
/* One more line of the log that a client can bring about. False: there were too many. */
bool rates_allow_line(struct hub *hub);
/* One more cursor. False: it can wait for the next tick. */
bool rates_allow_cursor(struct hub *hub, struct connection *connection);

/* ---- member.c ---- */

struct member *member_of(struct connection *connection, uint8_t channel);
/* The member a request was made for, if it is still there. */
struct member *member_of_request(struct hub *hub, const struct store_request *request);
struct member *member_new(struct connection *connection, struct room *room, uint8_t channel);
struct ot_slice member_name(const struct member *member);
struct ot_slice member_color(const struct member *member);
/* Removes it from its connection and room; `detach`: its gate is told, with `last` as the channel's
 * last message (may be NULL; taken over). */
void member_leave(struct hub *hub, struct member *member, bool detach, struct blob *last);
/* Has it leave for such a reason: with CLOSED, or, while its OPEN has no answer, with an ERROR for
 * that, which CLOSED could not be told from one for what the channel was before. */
void member_shut_out(struct hub *hub, struct member *member, const char *code, const char *text,
                     uint64_t retry_ms);
void member_attached(struct hub *hub, struct member *member);
enum access_role member_role(struct hub *hub, const struct member *member);
bool member_may(struct hub *hub, const struct member *member, enum access_action action);
/* The role in the room may be another one now: tells it, or, if there is none any more, has the
 * member leave. */
void member_role_changed(struct hub *hub, struct member *member);
/* The same in all documents that the connection has open. */
void member_roles_changed(struct hub *hub, struct connection *connection);

/* ---- room.c ---- */

/* The room of a document id, made and asked for at the store if it is not there. */
struct room *room_enter(struct hub *hub, struct ot_slice id);
/* The room of a document id if it is there, or NULL. */
struct room *room_find(struct hub *hub, struct ot_slice id);
struct room *room_of_key(struct hub *hub, int64_t key);
void room_free(struct hub *hub, struct room *room);
void room_loaded(struct hub *hub, struct store_request *request);
/* Puts one message (taken over) into the stream of everybody attached. */
void room_publish(struct hub *hub, struct room *room, struct hub_out item);
/* The snapshot at `head`, made once per version; NULL when out of memory. The caller owns no
 * reference. */
struct blob *room_snapshot(struct room *room);
bool room_snapshot_is_due(const struct hub *hub, const struct room *room);
/* Makes it anew for readers if that is due. After this there is one, and all edits since are in the
 * history; unless memory is out. */
void room_renew_snapshot(struct hub *hub, struct room *room);
void room_settle_if_due(struct hub *hub, struct room *room);
void room_settled(struct hub *hub, struct store_request *request);
/* HUB_IN_REOPEN. */
void room_reopen(struct hub *hub, const struct hub_in *in);
/* Looks whether an empty room can go. */
/* What can be made again. */
void room_drop_caches(struct room *room);
void room_sweep(struct hub *hub, struct room *room, uint64_t now_ms);
struct author *room_author(struct room *room, uint64_t client);

/* ---- edit.c ---- */

void edit_receive(struct hub *hub, struct connection *connection, const struct message *message);
void edit_stored(struct hub *hub, struct store_request *request);
/* The store has the edit that another is held against. */
void edit_repeated_known(struct hub *hub, struct store_request *request);
/*
 * What is not on disk yet will not be (the disk is full), and nobody has seen it. Everybody is told
 * and the room is dropped: whoever opens it anew gets what the store has.
 */
void room_roll_back(struct hub *hub, struct room *room, int result);

/* ---- open.c ---- */

/* `link_wait_ms`: how long the connection's address has to wait until a link of it is looked at. */
void open_receive(struct hub *hub, struct connection *connection, const struct message *message,
                  uint64_t link_wait_ms);
/* The asker's role is known. */
void open_allowed(struct hub *hub, struct store_request *request);
/* Lets go of the OPENs of a channel that wait, or of all (`channel` < 0). */
void open_forget(struct connection *connection, int channel);
void open_lagged(struct hub *hub, const struct hub_in *in);
/* Goes on with the opening of a member as far as it can. */
void open_continue(struct hub *hub, struct member *member);
void open_client_known(struct hub *hub, struct store_request *request);
void open_history_known(struct hub *hub, struct store_request *request);
/* Version `committed` of the room has been published: attaches who waited for it. */
void open_release(struct hub *hub, struct room *room);
void ready_free(struct ready *ready);
/* Goes on with those whose snapshot may be made now. */
void open_tick(struct hub *hub, uint64_t now_ms);
/* It does not wait for a snapshot any more. */
void open_await_no_more(struct member *member);

/* ---- catchup.c ---- */

/* Appends the edits after version `base` on the member's channel; its own ones as ACKs. `fold`:
 * many are composed, where that does not make more of them. `older`: those that have left memory
 * (may be NULL). OT_OK, OT_E_RANGE when not all are there, or an error of ot_compose_all. */
int catchup_write(const struct member *member, uint64_t base, bool fold,
                  const struct request_edits *older, struct ot_buf *out);

/* ---- presence.c ---- */

void presence_receive(struct hub *hub, struct connection *connection,
                      const struct message *message);
/* Forgets the cursor that is held. */
void presence_let_go(struct member *member);
void presence_joined(struct hub *hub, struct member *member);
void presence_left(struct hub *hub, struct member *member);
void presence_profile(struct hub *hub, struct member *member);
/* Moves all cursors over a committed edit. */
void presence_transform(struct hub *hub, struct room *room, const struct entry *entry);
/* The full state at the committed version, as one message. */
struct blob *presence_full(struct hub *hub, struct room *room);
void presence_wanted(struct hub *hub, const struct hub_in *in);
/* Sends the ticks that are due. */
void presence_tick(struct hub *hub, uint64_t now_ms);

/* ---- chat.c ---- */

void chat_receive(struct hub *hub, struct connection *connection, const struct message *message);
void chat_found(struct hub *hub, struct store_request *request);
void chat_stored(struct hub *hub, struct store_request *request);
void chat_page_receive(struct hub *hub, struct connection *connection,
                       const struct message *message);
void chat_page_known(struct hub *hub, struct store_request *request);
/* Fills the ring of recent messages of a loaded room. */
void chat_loaded(struct room *room, const struct request_chats *chats);
/* Appends the messages after number `after` (WIRE_NONE: the newest), as many as an opening gives.
 */
void chat_append_missed(const struct room *room, uint64_t after, uint8_t channel,
                        struct ot_buf *out);

/* ---- documents.c ---- */

void documents_receive(struct hub *hub, struct connection *connection,
                       const struct message *message);
void documents_known(struct hub *hub, struct store_request *request);
/* Whoever asked may delete it. */
void documents_may_delete(struct hub *hub, const struct store_request *request);
/* Sends the deletion of a room that waits for its last commits, when these are done. */
void documents_delete_if_quiet(struct hub *hub, struct room *room);

#endif

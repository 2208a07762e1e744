/*
 * One document of one client: the protocol machine of docs/protocol.md, section 6. Pure: no socket,
 * no clock, no randomness. What the server says goes in through session_receive, what its user
 * types through session_edit; what has to be sent and what happened comes out through `struct
 * session_env`.
 *
 *     shown document = document at `version` + edit in flight + buffer
 *
 * A session outlives connections. It is told when one begins and ends, and picks up where it was.
 */
#ifndef QUIRE_PEER_SESSION_H
#define QUIRE_PEER_SESSION_H

#include "tools/peer/wire.h"

#include <stdbool.h>
#include <stdint.h>

enum session_state {
    SESSION_OFFLINE,  /* no connection, or the channel is closed */
    SESSION_OPENING,  /* OPEN was sent */
    SESSION_CATCHING, /* OPENED; what was missed is coming */
    SESSION_LIVE,
    SESSION_BLOCKED /* live, in a role that does not allow editing */
};

/* Every function may be NULL except `send`. None may call back into the session, except for reading
 * it. */
struct session_env {
    void *context;
    void (*send)(void *context, struct ot_slice message);
    /* The document has reached `version`, and `op` was applied to what is shown. */
    void (*remote)(void *context, uint64_t version, struct ot_slice op);
    /* The edit with number `seq` is saved as `version`; `op` is its form at that place. */
    void (*saved)(void *context, uint64_t version, uint64_t seq, struct ot_slice op);
    /* The server has lost its edits `first` to `last`, which it had acknowledged, and this client
     * does not have them any more either. */
    void (*lost)(void *context, uint64_t first, uint64_t last);
    /* An edit was refused for good. `kept`: it stays in the document shown; otherwise `op` is all
     * that is left of it and of what was typed since. */
    void (*refused)(void *context, struct ot_slice code, bool kept, struct ot_slice op);
    /* Call session_retry when this much time has passed. */
    void (*retry_later)(void *context, uint64_t after_ms);
    /* Its document at `version` was not the server's (which hashes to `crc`), and is fetched anew.
     */
    void (*diverged)(void *context, uint64_t version, uint32_t own_crc, uint32_t crc);
    /* The channel is closed: an ERROR for OPEN, or CLOSED. */
    void (*closed)(void *context, struct ot_slice code);
};

struct session;

/* For document `id` under `channel`. Ends the process when out of memory, as everything here does.
 */
struct session *session_new(const char *id, uint8_t channel, const struct session_env *env);
void session_free(struct session *session);

/* A connection has been welcomed; sends OPEN. It must have kept the client number of the one
 * before. */
void session_connect(struct session *session);
/* The connection is gone. */
void session_disconnect(struct session *session);
/* Takes a message for this session's channel. 0, or -1 if the server broke the protocol (and the
 * document is being fetched anew). */
int session_receive(struct session *session, const struct peer_message *message);
/* Applies `op`, a checked operation, to what is shown, and sends it when its turn comes. OT_OK or
 * what ot_doc_check says. */
int session_edit(struct session *session, struct ot_slice op);
void session_retry(struct session *session);

enum session_state session_state(const struct session *session);
/* The role that the server named last allows editing. */
bool session_may_edit(const struct session *session);
/* Live, and nothing typed here is unsaved. */
bool session_settled(const struct session *session);
/* An edit is in flight. */
bool session_waits(const struct session *session);
/* That edit, as it is now; valid until the next call. */
struct ot_slice session_flight(const struct session *session);
uint64_t session_version(const struct session *session);
/* The number of its last saved edit. */
uint64_t session_seq(const struct session *session);
/* The number of this member in the document while open. */
uint64_t session_member(const struct session *session);
/* What is shown, and what the server holds at session_version. Valid until the next call that
 * changes something. */
const struct ot_doc *session_shown(const struct session *session);
const struct ot_doc *session_committed(const struct session *session);

#endif

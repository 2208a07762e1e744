#include "tools/peer/session.h"

#include "tools/peer/bytes.h"
#include "tools/peer/difference.h"
#include "tools/peer/remedy.h"
#include "tools/peer/trail.h"

#include <stdlib.h>
#include <string.h>

/* References of OPEN begin here, so that they are never the number of an edit. */
#define FIRST_OPEN_REF (UINT64_C(1) << 48)
#define ID_MAX         64
/* An edit that there was no room for is tried again so often. */
#define KEEP_RETRY_MS 10000

struct session {
    struct session_env env;
    char id[ID_MAX + 1];
    uint8_t channel;
    enum session_state state;
    uint64_t ref; /* of the last OPEN */

    bool has_document;
    uint64_t epoch, version, head, member;
    uint64_t seq; /* of the last saved edit */
    struct ot_doc *committed, *shown;

    bool in_flight;
    bool blocked; /* the role does not allow editing */
    bool held;    /* an edit was refused for want of room: none is sent until something changes */
    bool sent;    /* the edit in flight, on this connection */
    unsigned copies;      /* of it, without an answer: only the last answer counts */
    struct ot_buf flight; /* the edit seq + 1, when in_flight */
    struct ot_buf buffer; /* everything typed after it */
    struct trail trail;
    struct ot_buf scratch[4];
};

static const uint8_t EMPTY_OP[] = {0x00};

static struct ot_slice empty_op(void)
{
    return (struct ot_slice){EMPTY_OP, sizeof EMPTY_OP};
}

static struct ot_doc *document_of(struct ot_slice snapshot)
{
    struct ot_doc *doc;
    bytes_must(ot_doc_load(snapshot, &doc));
    return doc;
}

struct session *session_new(const char *id, uint8_t channel, const struct session_env *env)
{
    struct session *session = bytes_alloc(1, sizeof *session);

    session->env = *env;
    strncpy(session->id, id, ID_MAX);
    session->channel = channel;
    session->ref = FIRST_OPEN_REF;
    session->committed = document_of(empty_op());
    session->shown = document_of(empty_op());
    bytes_set(&session->flight, empty_op());
    bytes_set(&session->buffer, empty_op());
    return session;
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    ot_doc_free(session->committed);
    ot_doc_free(session->shown);
    ot_buf_deinit(&session->flight);
    ot_buf_deinit(&session->buffer);
    trail_deinit(&session->trail);
    for (size_t i = 0; i < sizeof session->scratch / sizeof *session->scratch; i++)
        ot_buf_deinit(&session->scratch[i]);
    free(session);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

/* Appends everything that is not saved, as one operation on the document at `version`. */
static void unsaved(const struct session *session, struct ot_buf *out)
{
    struct ot_slice flight = session->in_flight ? ot_buf_slice(&session->flight) : empty_op();
    bytes_must(ot_compose(flight, ot_buf_slice(&session->buffer), OT_STABLE, out));
}

static void send_open(struct session *session, bool with_version)
{
    struct ot_buf *out = &session->scratch[0];
    /* Once the document is in doubt it stays so until it has come anew, whatever happens to the
     * connection. */
    session->has_document &= with_version;
    bool goes_on = session->has_document;

    ot_buf_clear(out);
    peer_put_open(out, ++session->ref, session->channel, bytes_of(session->id),
                  goes_on ? session->epoch : PEER_NONE, goes_on ? session->version : PEER_NONE,
                  PEER_NONE);
    session->state = SESSION_OPENING;
    session->sent = false;
    session->env.send(session->env.context, ot_buf_slice(out));
}

static void send_flight(struct session *session)
{
    struct ot_buf *out = &session->scratch[0];

    ot_buf_clear(out);
    peer_put_edit(out, session->channel, session->seq + 1, session->version,
                  ot_buf_slice(&session->flight));
    session->sent = true;
    session->copies++;
    session->env.send(session->env.context, ot_buf_slice(out));
}

/* Sends what may be sent now. */
static void pump(struct session *session)
{
    if (session->state != SESSION_LIVE || session->held)
        return;
    if (!session->in_flight && !ot_op_is_empty(ot_buf_slice(&session->buffer))) {
        bytes_swap(&session->flight, &session->buffer);
        bytes_set(&session->buffer, empty_op());
        session->in_flight = true;
        session->sent = false;
    }
    if (session->in_flight && !session->sent)
        send_flight(session);
}

void session_connect(struct session *session)
{
    send_open(session, true);
}

void session_disconnect(struct session *session)
{
    session->state = SESSION_OFFLINE;
    session->sent = false;
    session->copies = 0;
}

void session_retry(struct session *session)
{
    session->held = false;
    session->sent = false;
    pump(session);
}

int session_edit(struct session *session, struct ot_slice op)
{
    struct ot_buf *folded = &session->scratch[1];

    int code = ot_doc_apply(session->shown, op, NULL);
    if (code == OT_E_MEMORY)
        bytes_must(code);
    if (code != OT_OK)
        return code;
    ot_buf_clear(folded);
    bytes_must(ot_compose(ot_buf_slice(&session->buffer), op, OT_STABLE, folded));
    bytes_swap(folded, &session->buffer);
    struct ot_op_info info;
    bytes_must(ot_op_check(op, &info, NULL));
    session->held &= info.deleted_length == 0; /* there may be room now */
    pump(session);
    return OT_OK;
}

/* ---- the log ----------------------------------------------------------------------------------
 */

/* Takes `op`, an own edit or (`seq` 0) one of others, to what the server holds. */
static int commit(struct session *session, struct ot_slice op, uint64_t seq)
{
    if (ot_doc_check(session->committed, op, NULL) != OT_OK)
        return -1;
    trail_add(&session->trail, session->committed, op, seq);
    bytes_must(ot_doc_apply(session->committed, op, NULL));
    return 0;
}

/* The edit in flight has its place in the log. */
static int settle_flight(struct session *session)
{
    if (commit(session, ot_buf_slice(&session->flight), session->seq + 1))
        return -1;
    session->in_flight = false;
    session->copies = 0;
    session->seq++;
    return 0;
}

/* Where the server and this client no longer agree on what was said, only the document anew helps.
 */
static int start_over(struct session *session)
{
    send_open(session, false);
    return -1;
}

static void become_live(struct session *session)
{
    if (session->state != SESSION_CATCHING || session->version < session->head)
        return;
    session->state = session->blocked ? SESSION_BLOCKED : SESSION_LIVE;
    pump(session);
}

/* Carries `mine` over `*theirs` and the other way round: mine gives way. `moved` is left holding
 * what theirs has become. */
static void pass(struct ot_buf *mine, struct ot_slice theirs, struct ot_buf *moved,
                 struct ot_buf *spare)
{
    ot_buf_clear(moved);
    ot_buf_clear(spare);
    bytes_must(ot_transform(theirs, ot_buf_slice(mine), OT_LEFT, OT_STABLE, moved));
    bytes_must(ot_transform(ot_buf_slice(mine), theirs, OT_RIGHT, OT_STABLE, spare));
    bytes_swap(mine, spare);
}

/* A committed operation reaches what is shown: past the edit in flight, then past the buffer. */
static int show_remote(struct session *session, struct ot_slice op, uint64_t version)
{
    struct ot_buf *spare = &session->scratch[1];

    if (session->in_flight) {
        pass(&session->flight, op, &session->scratch[2], spare);
        op = ot_buf_slice(&session->scratch[2]);
    }
    if (!ot_op_is_empty(ot_buf_slice(&session->buffer))) {
        pass(&session->buffer, op, &session->scratch[3], spare);
        op = ot_buf_slice(&session->scratch[3]);
    }
    int code = ot_doc_apply(session->shown, op, NULL);
    if (code == OT_E_MEMORY)
        bytes_must(code);
    if (code != OT_OK)
        return -1;
    session->version = version;
    if (session->env.remote)
        session->env.remote(session->env.context, version, op);
    return 0;
}

static int take_remote(struct session *session, uint64_t first, uint64_t last, struct ot_slice op)
{
    if (first != session->version + 1 || last < first || ot_op_check(op, NULL, NULL))
        return start_over(session);
    if (commit(session, op, 0) || show_remote(session, op, last))
        return start_over(session);
    become_live(session);
    return 0;
}

static int take_ack(struct session *session, const struct peer_message *message)
{
    if (message->ack.seq <= session->seq)
        return 0; /* the answer to an edit that was sent twice */
    if (!session->in_flight || message->ack.version != session->version + 1 ||
        message->ack.seq != session->seq + 1)
        return start_over(session);
    if (settle_flight(session))
        return start_over(session);
    session->version++;
    if (session->env.saved)
        session->env.saved(session->env.context, session->version, session->seq,
                           ot_buf_slice(&session->flight));
    become_live(session);
    pump(session);
    return 0;
}

static int take_hash(struct session *session, const struct peer_message *message)
{
    struct ot_buf *out = &session->scratch[0];
    uint32_t own;

    if (message->hash.version != session->version || !session->has_document)
        return 0;
    bytes_must(ot_doc_hash(session->committed, &own));
    if (own == message->hash.crc)
        return 0;
    if (session->env.diverged)
        session->env.diverged(session->env.context, session->version, own,
                              (uint32_t)message->hash.crc);
    ot_buf_clear(out);
    peer_put_diverged(out, session->channel, session->version, own);
    session->env.send(session->env.context, ot_buf_slice(out));
    return start_over(session);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* The difference to the snapshot is taken as one remote edit, so that what is unsaved stays. */
static int carry_over(struct session *session, const struct peer_message *message)
{
    struct ot_buf op = {0};

    /* The edit in flight is in the snapshot: it goes behind the version that this client has. */
    if (session->in_flight && message->opened.seq > session->seq && settle_flight(session))
        return -1;
    bytes_must(difference_to(session->committed, message->opened.snapshot, &op));
    trail_add(&session->trail, session->committed, ot_buf_slice(&op), 0);
    int code = show_remote(session, ot_buf_slice(&op), message->opened.version);
    ot_buf_deinit(&op);
    return code;
}

/* Shows the snapshot and then the buffer, in place of what is shown. */
static void show_anew(struct session *session, const struct peer_message *message)
{
    struct ot_buf shown = {0}, op = {0};
    struct ot_doc *doc = document_of(message->opened.snapshot);

    bytes_must(ot_doc_apply(doc, ot_buf_slice(&session->buffer), NULL));
    bytes_must(ot_doc_snapshot(doc, &shown));
    bytes_must(difference_to(session->shown, ot_buf_slice(&shown), &op));
    ot_doc_free(session->shown);
    session->shown = doc;
    session->version = message->opened.version;
    if (session->env.remote)
        session->env.remote(session->env.context, session->version, ot_buf_slice(&op));
    ot_buf_deinit(&shown);
    ot_buf_deinit(&op);
}

/* The server has lost own edits that it had acknowledged: they are unsaved again. False, and
 * nothing is changed: they are not kept. */
static bool offer_again(struct session *session, const struct peer_message *message)
{
    struct ot_buf lost = {0}, op = {0};

    unsaved(session, &lost);
    bool kept = trail_take_after(&session->trail, message->opened.seq, session->committed, &lost);
    if (kept) {
        bytes_must(difference_to(session->committed, message->opened.snapshot, &op));
        trail_add(&session->trail, session->committed, ot_buf_slice(&op), 0);
        ot_buf_clear(&session->buffer);
        bytes_must(ot_transform(ot_buf_slice(&lost), ot_buf_slice(&op), OT_RIGHT, OT_STABLE,
                                &session->buffer));
        bytes_set(&session->flight, empty_op());
        session->in_flight = false;
        show_anew(session, message);
    } else if (session->env.lost) {
        session->env.lost(session->env.context, message->opened.seq + 1, session->seq);
    }
    ot_buf_deinit(&lost);
    ot_buf_deinit(&op);
    return kept;
}

static int take_snapshot(struct session *session, const struct peer_message *message)
{
    struct ot_slice snapshot = message->opened.snapshot;
    struct ot_op_info info;

    if (ot_op_check(snapshot, &info, NULL) || !info.only_inserts)
        return -1;
    bool again = message->opened.seq < session->seq && offer_again(session, message);
    if (!again && carry_over(session, message))
        return -1;
    ot_doc_free(session->committed);
    session->committed = document_of(snapshot);
    session->has_document = true;
    session->seq = message->opened.seq;
    return 0;
}

static void set_role(struct session *session, struct ot_slice role)
{
    bool may = bytes_equal(role, bytes_of("editor")) || bytes_equal(role, bytes_of("owner"));
    session->held &= session->blocked == !may;
    session->blocked = !may;
}

static int take_opened(struct session *session, const struct peer_message *message)
{
    bool asked = session->state == SESSION_OPENING;

    /* Whatever comes before the answer to the last OPEN is about what the channel was before it. */
    if (asked && message->ref != session->ref)
        return 0;
    /* An edit on its way would be committed as it was, not as it is after the snapshot. Of what was
     * sent before OPEN, the answer to OPEN knows for certain whether it is in the log. */
    if (!asked && message->opened.snapshot.data != NULL && session->in_flight) {
        send_open(session, false);
        return 0;
    }
    session->sent = false;
    session->copies = asked ? 0 : session->copies;
    session->held &= !asked;
    set_role(session, message->opened.role);
    if (message->opened.snapshot.data != NULL) {
        if (take_snapshot(session, message))
            return start_over(session);
    } else if (!session->has_document || message->opened.version != session->version ||
               message->opened.epoch != session->epoch || message->opened.seq < session->seq) {
        return start_over(session);
    }
    session->epoch = message->opened.epoch;
    session->head = message->opened.head;
    session->member = message->opened.member;
    session->state = SESSION_CATCHING;
    become_live(session);
    return 0;
}

/* ---- refusals ---------------------------------------------------------------------------------
 */

/* The edit in flight waits with what was typed since. */
static void take_back(struct session *session)
{
    struct ot_buf *folded = &session->scratch[1];
    ot_buf_clear(folded);
    unsaved(session, folded);
    bytes_swap(folded, &session->buffer);
    bytes_set(&session->flight, empty_op());
    session->in_flight = false;
}

static void discard(struct session *session, struct ot_slice code)
{
    struct ot_buf snapshot = {0};

    take_back(session);
    trail_clear(&session->trail);
    bytes_must(ot_doc_snapshot(session->committed, &snapshot));
    ot_doc_free(session->shown);
    session->shown = document_of(ot_buf_slice(&snapshot));
    if (session->env.refused)
        session->env.refused(session->env.context, code, false, ot_buf_slice(&session->buffer));
    bytes_set(&session->buffer, empty_op());
    ot_buf_deinit(&snapshot);
    send_open(session, false);
}

static void ask_retry(struct session *session, uint64_t retry_ms, uint64_t otherwise_ms)
{
    uint64_t after_ms = retry_ms == PEER_NONE ? otherwise_ms : retry_ms;
    if (session->env.retry_later)
        session->env.retry_later(session->env.context, after_ms);
}

/* ROLE comes before the refusal, unless the server has lost track of what it told. */
static void keep(struct session *session, const struct peer_message *message)
{
    bool forbidden = bytes_equal(message->error.code, bytes_of("forbidden"));
    take_back(session);
    session->held = !forbidden;
    if (session->env.refused)
        session->env.refused(session->env.context, message->error.code, true,
                             ot_buf_slice(&session->buffer));
    if (forbidden && !session->blocked)
        send_open(session, true);
    if (!forbidden)
        ask_retry(session, message->error.retry_ms, KEEP_RETRY_MS);
}

static void take_refusal(struct session *session, const struct peer_message *message)
{
    switch (remedy_for(message->error.code)) {
    case REMEDY_REOPEN:
        send_open(session, true);
        break;
    case REMEDY_REOPEN_FRESH:
        send_open(session, false);
        break;
    case REMEDY_TRY_LATER:
        ask_retry(session, message->error.retry_ms, 0);
        break;
    case REMEDY_KEEP:
        keep(session, message);
        break;
    case REMEDY_DISCARD:
        discard(session, message->error.code);
    }
}

static void take_closed(struct session *session, struct ot_slice code)
{
    session_disconnect(session);
    if (session->env.closed)
        session->env.closed(session->env.context, code);
}

/* What was refused as forbidden is sent when the role allows it again. */
static void take_role(struct session *session, struct ot_slice role)
{
    set_role(session, role);
    if (session->state == SESSION_LIVE || session->state == SESSION_BLOCKED) {
        session->state = session->blocked ? SESSION_BLOCKED : SESSION_LIVE;
        pump(session);
    }
}

static void take_error(struct session *session, const struct peer_message *message)
{
    if (session->state == SESSION_OPENING && message->ref == session->ref)
        take_closed(session, message->error.code);
    else if (session->state > SESSION_OPENING && session->in_flight && session->copies > 0 &&
             message->ref == session->seq + 1 && --session->copies == 0 && session->sent)
        take_refusal(session, message);
}

int session_receive(struct session *session, const struct peer_message *message)
{
    if (session->state == SESSION_OFFLINE)
        return 0;
    /* Between OPEN and OPENED there may still be messages for what the channel was before. */
    if (session->state == SESSION_OPENING && message->kind != WIRE_OPENED &&
        message->kind != WIRE_ERROR)
        return 0;
    switch (message->kind) {
    case WIRE_OPENED:
        return take_opened(session, message);
    case WIRE_EDITED:
        return take_remote(session, message->edit.version, message->edit.version, message->edit.op);
    case WIRE_CATCHUP:
        return take_remote(session, message->catchup.first, message->catchup.last,
                           message->catchup.op);
    case WIRE_ACK:
        return take_ack(session, message);
    case WIRE_HASH:
        return take_hash(session, message);
    case WIRE_ERROR:
        take_error(session, message);
        return 0;
    case WIRE_CLOSED:
        take_closed(session, message->closed.code);
        return 0;
    case WIRE_ROLE:
        take_role(session, message->role.role);
        return 0;
    default:
        return 0;
    }
}

/* ---- looking at it ----------------------------------------------------------------------------
 */

enum session_state session_state(const struct session *session)
{
    return session->state;
}

bool session_may_edit(const struct session *session)
{
    return !session->blocked;
}

bool session_settled(const struct session *session)
{
    return session->state == SESSION_LIVE && !session->in_flight &&
           ot_op_is_empty(ot_buf_slice(&session->buffer));
}

bool session_waits(const struct session *session)
{
    return session->in_flight;
}

struct ot_slice session_flight(const struct session *session)
{
    return ot_buf_slice(&session->flight);
}

uint64_t session_version(const struct session *session)
{
    return session->version;
}

uint64_t session_seq(const struct session *session)
{
    return session->seq;
}

uint64_t session_member(const struct session *session)
{
    return session->member;
}

const struct ot_doc *session_shown(const struct session *session)
{
    return session->shown;
}

const struct ot_doc *session_committed(const struct session *session)
{
    return session->committed;
}

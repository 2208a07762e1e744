#include "tools/replay/author.h"

#include "tools/peer/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More waiting messages than this are taken in early: a server keeps so many edits at hand and
 * more. */
#define INBOX_MAX 1024
/* Edits typed in one go when nobody waits for their acknowledgements. */
#define BURST_MAX 64

struct author_item {
    struct peer_message message;
    struct ot_buf bytes; /* what it points to */
    uint32_t by;
};

/* ---- all authors together ---------------------------------------------------------------------
 */

void cast_init(struct cast *cast, const struct trace *trace)
{
    memset(cast, 0, sizeof *cast);
    cast->trace = trace;
}

void cast_begin(struct cast *cast)
{
    cast->told = bytes_alloc(cast->plan.agents, sizeof *cast->told);
    for (uint32_t k = 0; k < cast->plan.agents; k++)
        cast->told[k] = bytes_alloc(cast->plan.own_count[k] + 1, sizeof **cast->told);
}

void cast_deinit(struct cast *cast)
{
    for (uint32_t k = 0; cast->told != NULL && k < cast->plan.agents; k++)
        free(cast->told[k]);
    free(cast->told);
    free(cast->silent);
    plan_free(&cast->plan);
    record_deinit(&cast->record);
}

void cast_fail(struct cast *cast, const char *format, ...)
{
    va_list arguments;

    if (cast->error[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(cast->error, sizeof cast->error, format, arguments);
    va_end(arguments);
}

/* ---- the session's word -----------------------------------------------------------------------
 */

static void on_remote(void *context, uint64_t version, struct ot_slice op)
{
    struct author *author = context;
    (void)version;

    if (author->taking == AUTHOR_NOBODY)
        screen_start(&author->screen, op);
    else
        screen_push(&author->screen, author->taking, op);
}

static void on_saved(void *context, uint64_t version, uint64_t seq, struct ot_slice op)
{
    struct author *author = context;
    (void)seq;
    record_saved(&author->cast->record, version, op);
}

static void on_diverged(void *context, uint64_t version, uint32_t own_crc, uint32_t crc)
{
    struct author *author = context;
    record_mark(&author->cast->record, version);
    cast_fail(author->cast,
              "author %" PRIu32 " holds another document than the server at version %" PRIu64
              " (%08" PRIx32 ", server %08" PRIx32 ")",
              author->agent, version, own_crc, crc);
}

static void on_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    struct author *author = context;
    (void)kept;
    (void)op;
    cast_fail(author->cast, "the server refused edit %" PRIu32 " of author %" PRIu32 ": %.*s",
              author->next, author->agent, (int)code.size, (const char *)code.data);
}

static void on_retry_later(void *context, uint64_t after_ms)
{
    struct author *author = context;
    author->retry_ms = after_ms == 0 ? 1 : after_ms;
}

static void on_closed(void *context, struct ot_slice code)
{
    struct author *author = context;
    cast_fail(author->cast, "the document was closed for author %" PRIu32 ": %.*s", author->agent,
              (int)code.size, (const char *)code.data);
}

static void on_send(void *context, struct ot_slice message)
{
    struct author *author = context;
    author->send(author->send_context, message);
}

void author_init(struct author *author, struct cast *cast, uint32_t agent, const char *document,
                 void (*send)(void *context, struct ot_slice message), void *context)
{
    struct session_env env = {.context = author,
                              .remote = on_remote,
                              .saved = on_saved,
                              .refused = on_refused,
                              .retry_later = on_retry_later,
                              .diverged = on_diverged,
                              .closed = on_closed,
                              .send = on_send};

    memset(author, 0, sizeof *author);
    author->cast = cast;
    author->agent = agent;
    author->send = send;
    author->send_context = context;
    author->taking = AUTHOR_NOBODY;
    author->session = session_new(document, 0, &env);
    screen_init(&author->screen, cast->trace);
}

void author_deinit(struct author *author)
{
    session_free(author->session);
    screen_deinit(&author->screen);
    for (size_t i = author->inbox_head; i < author->inbox_count; i++)
        ot_buf_deinit(&author->inbox[i].bytes);
    free(author->inbox);
    ot_buf_deinit(&author->op);
}

/* ---- what arrives -----------------------------------------------------------------------------
 */

static void note_ack(struct author *author, uint64_t version)
{
    struct cast *cast = author->cast;

    /* With `fold` an acknowledgement may stand for several edits, and nobody waits for single ones.
     */
    if (cast->fold)
        return;
    if (author->arrived >= author->next) {
        cast_fail(cast, "the server acknowledged an edit of author %" PRIu32 " that was not made",
                  author->agent);
        return;
    }
    uint32_t txn = cast->plan.own[author->agent][author->arrived++];
    record_set_txn(&cast->record, version, txn);
    cast->saved++;
    plan_done(&cast->plan, txn);
}

static void keep_bytes(struct author_item *item, struct ot_slice *bytes)
{
    if (bytes->data == NULL)
        return;
    bytes_put(&item->bytes, bytes->data, bytes->size);
    *bytes = ot_buf_slice(&item->bytes);
}

/* It has two things that are the frame's. */
static void keep_opened(struct author_item *item)
{
    struct ot_slice *snapshot = &item->message.opened.snapshot, *role = &item->message.opened.role;
    size_t size = snapshot->data == NULL ? 0 : snapshot->size;

    bytes_put(&item->bytes, snapshot->data, size);
    bytes_put(&item->bytes, role->data, role->size);
    role->data = item->bytes.data + size;
    if (snapshot->data != NULL)
        snapshot->data = item->bytes.data;
}

static void keep(struct author_item *item)
{
    struct peer_message *message = &item->message;

    if (message->kind == WIRE_EDITED)
        keep_bytes(item, &message->edit.op);
    else if (message->kind == WIRE_CATCHUP)
        keep_bytes(item, &message->catchup.op);
    else if (message->kind == WIRE_OPENED)
        keep_opened(item);
    else if (message->kind == WIRE_ROLE)
        keep_bytes(item, &message->role.role);
    else if (message->kind == WIRE_ERROR)
        keep_bytes(item, &message->error.code);
    else if (message->kind == WIRE_CLOSED)
        keep_bytes(item, &message->closed.code);
}

static bool concerns_session(const struct peer_message *message)
{
    switch (message->kind) {
    case WIRE_OPENED:
    case WIRE_EDITED:
    case WIRE_ACK:
    case WIRE_CATCHUP:
    case WIRE_HASH:
    case WIRE_ERROR:
    case WIRE_CLOSED:
    case WIRE_ROLE:
        return true;
    default:
        return false;
    }
}

void author_receive(struct author *author, const struct peer_message *message, uint32_t by)
{
    if (!concerns_session(message))
        return;
    if (message->kind == WIRE_EDITED)
        record_received(&author->cast->record, message->edit.version, message->edit.op);
    else if (message->kind == WIRE_ACK)
        note_ack(author, message->ack.version);

    if (author->inbox_head > 0 && author->inbox_head == author->inbox_count)
        author->inbox_head = author->inbox_count = 0;
    author->inbox = bytes_grow(author->inbox, &author->inbox_capacity, author->inbox_count + 1,
                               sizeof *author->inbox);
    struct author_item *item = &author->inbox[author->inbox_count++];
    *item = (struct author_item){.message = *message, .by = by};
    keep(item);
}

/* ---- taking in and seeing ---------------------------------------------------------------------
 */

static bool take_one(struct author *author)
{
    struct cast *cast = author->cast;

    if (author->inbox_head == author->inbox_count)
        return false;
    struct author_item item = author->inbox[author->inbox_head++];
    const struct peer_message *message = &item.message;
    bool again = author->opened && message->kind == WIRE_OPENED;

    if ((again && message->opened.snapshot.data != NULL) || message->kind == WIRE_CATCHUP)
        cast_fail(cast,
                  "author %" PRIu32
                  " fell behind and got edits folded together: its view cannot be "
                  "kept exact",
                  author->agent);
    if (message->kind == WIRE_EDITED && item.by == AUTHOR_NOBODY)
        cast_fail(cast, "somebody else edits the document");
    author->taking = item.by;
    if (cast->error[0] == '\0' && session_receive(author->session, message))
        cast_fail(cast,
                  "author %" PRIu32 " got a message that does not follow from the ones before",
                  author->agent);
    author->taking = AUTHOR_NOBODY;
    author->opened |= message->kind == WIRE_OPENED;
    ot_buf_deinit(&item.bytes);
    return true;
}

static const uint32_t *view_of(const struct author *author, uint32_t txn)
{
    const struct plan *plan = &author->cast->plan;
    return plan->seen + (size_t)txn * plan->agents;
}

/* The screen shows neither less nor more than transaction `txn` was made on: 1 as yet less, -1
 * more. */
static int compare_view(const struct author *author, uint32_t txn)
{
    const uint32_t *view = view_of(author, txn);
    int less = 0;

    for (uint32_t k = 0; k < author->cast->plan.agents; k++) {
        if (k == author->agent)
            continue;
        uint32_t told = author->cast->told[k][view[k]];
        if (author->screen.seen[k] > told)
            return -1;
        less |= author->screen.seen[k] < told;
    }
    return less;
}

static bool reach_view(struct author *author, uint32_t txn)
{
    for (;;) {
        int less = compare_view(author, txn);
        if (less == 0)
            return true;
        if (less < 0) {
            cast_fail(author->cast,
                      "the server's order leaves author %" PRIu32 " no view for its edit",
                      author->agent);
            return false;
        }
        if (!screen_see(&author->screen) && !take_one(author))
            return false;
    }
}

/* ---- making edits ---- */

static void make(struct author *author, uint32_t txn)
{
    struct cast *cast = author->cast;

    author->next++;
    cast->made++;
    ot_buf_clear(&author->op);
    int code =
        screen_make(&author->screen, author->agent, &cast->trace->txns[txn], OT_RIGHT, &author->op);
    if (code == OT_OK)
        code = session_edit(author->session, ot_buf_slice(&author->op));
    if (code != OT_OK)
        cast_fail(cast, "transaction %" PRIu32 " does not fit what its author had seen: %s", txn,
                  ot_error_text(code));
}

bool author_finished(const struct author *author)
{
    return author->next == author->cast->plan.own_count[author->agent] &&
           author->inbox_head == author->inbox_count && !screen_lags(&author->screen) &&
           session_settled(author->session);
}

/* The session sends nothing for an operation without effect: it is done as soon as it is made. */
static void skip_silent(struct author *author, uint32_t txn)
{
    struct cast *cast = author->cast;
    bool is_silent = ot_op_is_empty(ot_buf_slice(&author->op));
    uint32_t *told = &cast->told[author->agent][author->next];

    told[0] = told[-1] + !is_silent;
    if (!is_silent || cast->fold)
        return;
    cast->silent = bytes_grow(cast->silent, &cast->silent_capacity, cast->silent_count + 1,
                              sizeof *cast->silent);
    cast->silent[cast->silent_count++] = (struct cast_silent){txn, cast->record.count};
    author->arrived++;
    cast->saved++;
    plan_done(&cast->plan, txn);
}

static bool may_type(const struct author *author)
{
    return session_state(author->session) == SESSION_LIVE &&
           (author->cast->fold || !session_waits(author->session));
}

bool author_step(struct author *author)
{
    struct cast *cast = author->cast;
    bool done = false;
    unsigned typed = 0;

    while (cast->error[0] == '\0' && typed < BURST_MAX) {
        bool last = author->next == cast->plan.own_count[author->agent];
        size_t waiting = author->inbox_count - author->inbox_head;
        bool crowded = waiting > (cast->fold ? 0 : INBOX_MAX);
        if (last || crowded || !may_type(author)) {
            if (!take_one(author) && !(last && screen_see(&author->screen)))
                return done;
            done = true;
            continue;
        }
        uint32_t txn = cast->plan.own[author->agent][author->next];
        if (!(cast->fold || plan_is_free(&cast->plan, txn)) || !reach_view(author, txn))
            return done;
        make(author, txn);
        skip_silent(author, txn);
        typed++;
        done = true;
    }
    return done;
}

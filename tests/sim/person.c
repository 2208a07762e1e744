#include "person.h"

#include "lib/ot_random.h"
#include "tools/peer/bytes.h"
#include "tools/peer/trail.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* References of chat messages, apart from numbers of edits and from those of sessions. */
#define CHAT_REF  (UINT64_C(1) << 40)
#define TOKEN_REF (UINT64_C(1) << 42)

static uint64_t chat_ref(const struct seat *seat)
{
    return CHAT_REF + ((uint64_t)seat->document << 32) + seat->chats_sent;
}

/* ---- what a session does ---- */

static struct line *line_of(struct seat *seat)
{
    struct person *person = seat->person;
    plan_check(person->plan, person->line != NULL && person->welcomed,
               "%s sends without a connection", person->name);
    return person->line;
}

/* Sessions know nothing of chat; and sometimes an OPEN names a version that the server will not
 * know. */
static void send_open(struct seat *seat, const struct message *message)
{
    struct rng *rng = &seat->person->plan->rng;
    struct ot_buf out = {0};
    uint64_t epoch = message->open.epoch, version = message->open.version;
    if (epoch != PEER_NONE && rng_percent(rng, seat->person->mangled)) {
        switch (rng_below(rng, 3)) {
        case 0:
            epoch++;
            break;
        case 1:
            version += 100000;
            break;
        default:
            epoch = version = PEER_NONE;
        }
        plan_say(seat->person->plan, "  %s names another version", seat->person->name);
    }
    peer_put_open(&out, message->ref, message->channel, message->open.id, epoch, version,
                  seat->chat_seen == 0 ? PEER_NONE : seat->chat_seen);
    line_send(line_of(seat), ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

static void on_send(void *context, struct ot_slice bytes)
{
    struct seat *seat = context;
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    plan_check(seat->person->plan, wire_read(bytes, &offset, &message, &error) == 0,
               "%s sends what is %s", seat->person->name, error.code);
    if (message.kind == WIRE_OPEN) {
        send_open(seat, &message);
    } else {
        line_send(line_of(seat), bytes);
    }
}

static void on_saved(void *context, uint64_t version, uint64_t seq, struct ot_slice op)
{
    struct seat *seat = context;
    seat->saved =
        bytes_grow(seat->saved, &seat->saved_capacity, seat->saved_count + 1, sizeof *seat->saved);
    struct saved *saved = &seat->saved[seat->saved_count++];
    *saved = (struct saved){.version = version, .seq = seq, .heard = seat->heard++};
    bytes_set(&saved->op, op);
    view_step(seat, version, session_member(seat->session), op);
}

static void on_remote(void *context, uint64_t version, struct ot_slice op)
{
    struct seat *seat = context;
    (void)version;
    undo_carry(&seat->undo, op);
}

static void on_refused(void *context, struct ot_slice code, bool kept, struct ot_slice op)
{
    struct seat *seat = context;
    bool forbidden = bytes_equal(code, bytes_of("forbidden"));
    (void)op;
    plan_check(seat->person->plan, forbidden && kept, "%s loses an edit: %.*s", seat->person->name,
               (int)code.size, code.data);
}

/* It is kept for a while only. */
static void on_lost(void *context, uint64_t first, uint64_t last)
{
    struct seat *seat = context;
    plan_check(seat->person->plan, seat->heard - seat->gone >= TRAIL_ENTRIES_MAX,
               "%s does not offer the lost edits %llu to %llu again", seat->person->name,
               (unsigned long long)first, (unsigned long long)last);
    seat->lost = true;
    seat->person->server->tally->beyond++;
}

static void on_retry_later(void *context, uint64_t after_ms)
{
    struct seat *seat = context;
    plan_check(seat->person->plan, after_ms > 0, "%s shall retry at once", seat->person->name);
    seat->retry = true;
}

static void on_diverged(void *context, uint64_t version, uint32_t own_crc, uint32_t crc)
{
    struct seat *seat = context;
    plan_fail(seat->person->plan, "%s has another document %u at version %llu: %08x, not %08x",
              seat->person->name, seat->document, (unsigned long long)version, own_crc, crc);
}

static void on_closed(void *context, struct ot_slice code)
{
    struct seat *seat = context;
    bool later =
        bytes_equal(code, bytes_of("storage_full")) || bytes_equal(code, bytes_of("overloaded"));
    bool failed =
        bytes_equal(code, bytes_of("out_of_memory")) || bytes_equal(code, bytes_of("internal"));
    bool barred =
        bytes_equal(code, bytes_of("forbidden")) || bytes_equal(code, bytes_of("not_found"));
    bool expected = later || (failed && seat->person->server->was_short) ||
                    (barred && seat->person->server->guard != NULL);
    plan_check(seat->person->plan, expected, "%s is shut out of document %u: %.*s",
               seat->person->name, seat->document, (int)code.size, code.data);
    seat->closed = true;
    seat->retry = seat->chat_under_way = false;
}

/* ---- life ---- */

static void seat_init(struct seat *seat, struct person *person, unsigned document,
                      struct tokens *tokens)
{
    struct session_env env = {.context = seat,
                              .send = on_send,
                              .remote = on_remote,
                              .saved = on_saved,
                              .lost = on_lost,
                              .refused = on_refused,
                              .retry_later = on_retry_later,
                              .diverged = on_diverged,
                              .closed = on_closed};
    const char *id = person->server->ledgers[document].document.id;
    *seat = (struct seat){.person = person,
                          .document = document,
                          .tokens = tokens,
                          .wanted = true,
                          .gone = UINT64_MAX,
                          .steps = bytes_alloc(STEPS_MAX, sizeof *seat->steps)};
    seat->session = session_new(id, (uint8_t)document, &env);
}

void person_init(struct person *person, struct server *server, unsigned number,
                 struct tokens *tokens)
{
    *person = (struct person){
        .server = server, .plan = server->plan, .number = number, .client = PEER_NONE};
    snprintf(person->name, sizeof person->name, "%c", 'A' + (char)number);
    for (unsigned i = 0; i < server->document_count; i++) {
        person->roles.of[i] = ACCESS_EDITOR;
        seat_init(&person->seats[i], person, i, &tokens[i]);
    }
}

void person_deinit(struct person *person)
{
    for (unsigned i = 0; i < person->server->document_count; i++) {
        struct seat *seat = &person->seats[i];
        session_free(seat->session);
        undo_deinit(&seat->undo);
        for (size_t k = 0; k < STEPS_MAX; k++) {
            ot_buf_deinit(&seat->steps[k].op);
        }
        free(seat->steps);
        for (size_t k = 0; k < seat->saved_count; k++) {
            ot_buf_deinit(&seat->saved[k].op);
        }
        free(seat->saved);
    }
}

static const char *token_of(const struct person *person)
{
    char subject[2] = {(char)('A' + person->number), '\0'};
    return server_token(person->server, subject, &person->roles);
}

void person_connect(struct person *person)
{
    struct ot_buf out = {0};
    const char *shown = token_of(person);
    struct peer_hello hello = {.token = shown == NULL ? PEER_NIL : bytes_of(shown),
                               .name = bytes_of(person->name),
                               .color = bytes_of("#123456"),
                               .client = person->client,
                               .agent = bytes_of("test")};
    if (person->client != PEER_NONE) {
        hello.key = (struct ot_slice){person->key, sizeof person->key};
    }
    person->line = server_connect(person->server);
    person->welcomed = false;
    peer_put_hello(&out, &hello);
    line_show(person->line, ot_buf_slice(&out), &person->roles);
    ot_buf_deinit(&out);
}

static void be_offline(struct person *person)
{
    person->line = NULL;
    person->welcomed = false;
    for (unsigned i = 0; i < person->server->document_count; i++) {
        struct seat *seat = &person->seats[i];
        session_disconnect(seat->session);
        seat->closed = seat->retry = false;
        seat->chat_under_way = false;
    }
}

void person_cut(struct person *person)
{
    if (person->line != NULL) {
        line_cut(person->server, person->line);
        be_offline(person);
    }
}

void person_notice(struct person *person)
{
    if (person->line != NULL && person->line->cut) {
        plan_check(person->plan, person->line->code == WIRE_CLOSE_REPLACED,
                   "the server closes the connection of %s: %u", person->name, person->line->code);
        plan_say(person->plan, "%s is taken for somebody on an older connection", person->name);
        be_offline(person);
    }
}

void person_rename(struct person *person)
{
    struct ot_buf out = {0};
    snprintf(person->name, sizeof person->name, "%c%u", 'A' + (char)person->number,
             ++person->renamed);
    if (person->line != NULL && person->welcomed) {
        peer_put_profile(&out, bytes_of(person->name), bytes_of("#123456"));
        line_send(person->line, ot_buf_slice(&out));
        ot_buf_deinit(&out);
    }
}

void person_become(struct person *person, unsigned document, enum access_role role)
{
    struct ot_buf out = {0};
    person->roles.of[document] = role;
    const char *shown = token_of(person);
    if (person->line != NULL && shown != NULL) {
        peer_put_token(&out, TOKEN_REF, bytes_of(shown));
        line_show(person->line, ot_buf_slice(&out), &person->roles);
        ot_buf_deinit(&out);
    }
}

/* ---- receiving ---- */

static void be_welcomed(struct person *person, const struct peer_message *message)
{
    bool first = person->client == PEER_NONE;
    plan_check(person->plan, first || message->welcome.client == person->client,
               "%s is not known again", person->name);
    person->client = message->welcome.client;
    memcpy(person->key, message->welcome.key.data, sizeof person->key);
    person->welcomed = true;
    bool restored = message->welcome.epoch != person->epoch;
    person->epoch = message->welcome.epoch;
    for (unsigned i = 0; i < person->server->document_count; i++) {
        person->seats[i].chat_seen = restored ? 0 : person->seats[i].chat_seen;
        if (person->seats[i].wanted) {
            session_connect(person->seats[i].session);
        }
    }
}

static void chat_answered(struct seat *seat, const struct peer_message *message)
{
    if (message->kind == WIRE_DONE && message->ref == chat_ref(seat)) {
        const struct ledger *ledger = &seat->person->server->ledgers[seat->document];
        uint64_t number = message->done.number;
        plan_check(seat->person->plan,
                   number >= 1 && number <= ledger->chat_count &&
                       ledger->chats[number - 1].client == seat->person->client &&
                       ledger->chats[number - 1].nonce == seat->chats_sent,
                   "%s: chat message %llu is said to be number %llu", seat->person->name,
                   (unsigned long long)seat->chats_sent, (unsigned long long)number);
        seat->chats_done = seat->chats_sent;
    }
    seat->chat_under_way = false;
}

static void take_snapshot(struct seat *seat, const struct peer_message *message, uint64_t seq)
{
    const struct server *server = seat->person->server;
    bool was_lost = seat->lost;
    server->tally->offered += message->opened.seq < seq && !was_lost;
    seat->lost = false;
    seat->gone = UINT64_MAX;
    seat->heard += 2; /* an edit under way may have been in it */
    view_forget_steps(seat);
    tokens_begin_anew(seat->tokens, seat->person->number,
                      &(struct tokens_view){
                          .snapshot = message->opened.snapshot,
                          .shown = session_shown(seat->session),
                          .lost = was_lost,
                          .log = server->was_restored ? &server->ledgers[seat->document] : NULL});
}

static void session_take(struct seat *seat, const struct peer_message *message)
{
    struct session *session = seat->session;
    uint64_t before = session_version(session), seq = session_seq(session);
    bool catching = session_state(session) > SESSION_OPENING;
    if (message->kind == WIRE_PRESENCE) {
        if (catching) {
            view_presence(seat, message);
        }
        return;
    }
    int result = session_receive(session, message);
    plan_check(seat->person->plan, result == 0, "%s does not understand the server",
               seat->person->name);
    seat->heard += session_version(session) > before && message->kind != WIRE_ACK;
    if (message->kind == WIRE_EDITED && session_version(session) > before) {
        view_step(seat, message->edit.version, message->edit.member, message->edit.op);
    } else if (message->kind == WIRE_CATCHUP && session_version(session) > before) {
        view_step(seat, message->catchup.last, 0, message->catchup.op);
    } else if (message->kind == WIRE_OPENED && message->opened.snapshot.data != NULL &&
               session_state(session) > SESSION_OPENING) {
        take_snapshot(seat, message, seq);
    }
}

static void receive_on_channel(struct seat *seat, const struct peer_message *message)
{
    bool of_chat =
        message->ref != PEER_NONE && message->ref >= CHAT_REF && message->ref < CHAT_REF << 1;
    if (message->kind == WIRE_CHATTED) {
        seat->chat_seen =
            message->chat.number > seat->chat_seen ? message->chat.number : seat->chat_seen;
    } else if (message->kind == WIRE_ERROR && of_chat) {
        chat_answered(seat, message);
    } else {
        session_take(seat, message);
    }
}

static void receive_done(struct person *person, const struct peer_message *message)
{
    for (unsigned i = 0; i < person->server->document_count; i++) {
        struct seat *seat = &person->seats[i];
        if (seat->chat_under_way && message->ref == chat_ref(seat)) {
            chat_answered(seat, message);
            return;
        }
    }
}

static void say_what(const struct person *person, const struct peer_message *message)
{
    const char *name = person->name;
    const char *kind = wire_kind_name((enum wire_kind)message->kind);
    switch (message->kind) {
    case WIRE_OPENED:
        plan_say(person->plan, "  %s reads opened on channel %u: version %llu%s, head %llu", name,
                 message->channel, (unsigned long long)message->opened.version,
                 message->opened.snapshot.data == NULL ? "" : " with a snapshot",
                 (unsigned long long)message->opened.head);
        break;
    case WIRE_EDITED:
    case WIRE_ACK:
    case WIRE_CATCHUP:
    case WIRE_HASH:
    case WIRE_PRESENCE: /* all of them have a version, or the first one, at the front */
        plan_say(person->plan, "  %s reads %s on channel %u: version %llu", name, kind,
                 message->channel, (unsigned long long)message->edit.version);
        break;
    case WIRE_ERROR:
        plan_say(person->plan, "  %s reads error on channel %u: %.*s", name, message->channel,
                 (int)message->error.code.size, message->error.code.data);
        break;
    default:
        plan_say(person->plan, "  %s reads %s on channel %u", name, kind, message->channel);
    }
}

bool person_receive(struct person *person)
{
    struct peer_message message;
    if (person->line == NULL || !line_receive(person->server, person->line, &message)) {
        return false;
    }
    say_what(person, &message);
    if (message.kind == WIRE_WELCOME) {
        be_welcomed(person, &message);
    } else if (message.kind == WIRE_DONE) {
        receive_done(person, &message);
    } else if (message.channel < person->server->document_count) {
        receive_on_channel(&person->seats[message.channel], &message);
    }
    return true;
}

/* ---- acting ---- */

void seat_enter(struct seat *seat)
{
    seat->wanted = true;
    seat->closed = false;
    if (seat->person->welcomed && session_state(seat->session) == SESSION_OFFLINE) {
        session_connect(seat->session);
    }
}

void seat_leave(struct seat *seat)
{
    seat->wanted = false;
    if (seat->person->welcomed && session_state(seat->session) != SESSION_OFFLINE) {
        struct ot_buf out = {0};
        peer_put_close(&out, (uint8_t)seat->document);
        line_send(seat->person->line, ot_buf_slice(&out));
        ot_buf_deinit(&out);
        session_disconnect(seat->session);
        seat->chat_under_way = false;
    }
}

bool seat_retry(struct seat *seat)
{
    if (seat->closed && seat->wanted) {
        seat->retry = false;
        seat_enter(seat);
        return true;
    }
    if (seat->retry) {
        seat->retry = false;
        session_retry(seat->session);
        return true;
    }
    return false;
}

static void edit(struct seat *seat, const char *how, struct ot_slice op)
{
    if (seat->person->plan->shown && op.size < 1000) {
        char *words = ot_describe(op);
        plan_say(seat->person->plan, "%s %s document %u:%s", seat->person->name, how,
                 seat->document, words);
        free(words);
    }
    int result = session_edit(seat->session, op);
    plan_check(seat->person->plan, result == OT_OK, "%s cannot edit: %s", seat->person->name,
               ot_error_name(result));
}

void seat_type(struct seat *seat, const struct manner *manner)
{
    struct ot_buf op = {0};
    if (!session_may_edit(seat->session)) {
        return;
    }
    tokens_edit(seat->tokens, manner, seat->person->number, session_shown(seat->session), &op);
    undo_note(&seat->undo, session_shown(seat->session), ot_buf_slice(&op), false, false);
    edit(seat, "edits", ot_buf_slice(&op));
    ot_buf_deinit(&op);
}

void seat_undo(struct seat *seat, bool redo)
{
    struct ot_buf taken = {0}, op = {0};
    if (!session_may_edit(seat->session) || !undo_take(&seat->undo, redo, &taken)) {
        return;
    }
    tokens_redo(seat->tokens, seat->person->number, session_shown(seat->session),
                ot_buf_slice(&taken), &op);
    undo_note(&seat->undo, session_shown(seat->session), ot_buf_slice(&op), true, redo);
    edit(seat, redo ? "does again in" : "takes back in", ot_buf_slice(&op));
    ot_buf_deinit(&taken);
    ot_buf_deinit(&op);
}

void seat_point(struct seat *seat)
{
    struct rng *rng = &seat->person->plan->rng;
    struct ot_buf out = {0};
    if (session_state(seat->session) < SESSION_LIVE) {
        return;
    }
    uint64_t length = ot_doc_length(session_committed(seat->session));
    uint64_t anchor = rng_below(rng, (uint32_t)length + 3); /* or past the end */
    uint64_t head = rng_percent(rng, 50) ? anchor : rng_below(rng, (uint32_t)length + 1);
    if (rng_percent(rng, 5)) {
        anchor = head = PEER_NONE;
    }
    peer_put_cursor(&out, (uint8_t)seat->document, session_version(seat->session), anchor, head,
                    rng_percent(rng, 50), PEER_NIL);
    line_send(line_of(seat), ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

void seat_chat(struct seat *seat)
{
    struct ot_buf out = {0};
    if (session_state(seat->session) < SESSION_LIVE || seat->chat_under_way) {
        return;
    }
    seat->chats_sent += seat->chats_sent == seat->chats_done;
    seat->chat_under_way = true;
    peer_put_chat(&out, chat_ref(seat), (uint8_t)seat->document, seat->chats_sent,
                  bytes_of("hello"));
    line_send(line_of(seat), ot_buf_slice(&out));
    ot_buf_deinit(&out);
}

/* ---- looking ---- */

bool seat_rests(const struct seat *seat)
{
    return session_settled(seat->session) && seat->chats_done == seat->chats_sent;
}

void seat_restored(struct seat *seat, uint64_t version)
{
    while (seat->saved_count > 0 && seat->saved[seat->saved_count - 1].version > version) {
        struct saved *saved = &seat->saved[--seat->saved_count];
        seat->gone = saved->heard < seat->gone ? saved->heard : seat->gone;
        ot_buf_deinit(&saved->op);
    }
}

void seat_check_saved(const struct seat *seat)
{
    struct plan *plan = seat->person->plan;
    const struct ledger *ledger = &seat->person->server->ledgers[seat->document];
    for (size_t i = 0; i < seat->saved_count; i++) {
        const struct saved *saved = &seat->saved[i];
        plan_check(plan, saved->version <= ledger->edit_count,
                   "%s: edit %llu was saved as version %llu, which is not there",
                   seat->person->name, (unsigned long long)saved->seq,
                   (unsigned long long)saved->version);
        const struct ledger_edit *edit = &ledger->edits[saved->version - 1];
        plan_check(plan, edit->client == seat->person->client && edit->seq == saved->seq,
                   "%s: edit %llu was saved as version %llu, which is another edit",
                   seat->person->name, (unsigned long long)saved->seq,
                   (unsigned long long)saved->version);
        plan_check(plan, bytes_equal(ot_buf_slice(&saved->op), edit->op),
                   "%s: edit %llu is not what the server has as version %llu", seat->person->name,
                   (unsigned long long)saved->seq, (unsigned long long)saved->version);
    }
    uint64_t seq = ledger_seq(ledger, seat->person->client, ledger->edit_count);
    plan_check(plan, seq == session_seq(seat->session), "%s has sent %llu edits, %llu are stored",
               seat->person->name, (unsigned long long)session_seq(seat->session),
               (unsigned long long)seq);
}

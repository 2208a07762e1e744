/* What a connection may be given after what it was given before (docs/protocol.md, section 5). */
#include "gate.h"
#include "server/limits.h"
#include "tools/peer/bytes.h"

/* A snapshot holds the client's last edit, and is not older than what it named or was given. */
static void see_snapshot(struct server *server, const struct line *line,
                         const struct line_open *open, const struct peer_message *message)
{
    const struct line_state *state = &line->states[message->channel];
    const struct ledger *ledger = &server->ledgers[message->channel];
    uint64_t version = message->opened.version, head = message->opened.head;
    plan_check(server->plan, ledger_seq(ledger, line->client, version) == message->opened.seq,
               "%s gets a snapshot without its edit %llu", line->name,
               (unsigned long long)message->opened.seq);
    plan_check(server->plan,
               open == NULL || open->epoch != message->opened.epoch || open->version > head ||
                   open->version <= version,
               "%s is at version %llu, and gets a snapshot of %llu", line->name,
               (unsigned long long)(open == NULL ? 0 : open->version), (unsigned long long)version);
    plan_check(server->plan, state->version <= version,
               "%s was given version %llu, and gets a snapshot of %llu", line->name,
               (unsigned long long)state->version, (unsigned long long)version);
    server->tally->snapshots++;
    server->tally->older += version < head;
}

static void see_opened(struct server *server, struct line *line, struct line_state *state,
                       const struct peer_message *message)
{
    const struct ledger *ledger = &server->ledgers[message->channel];
    uint64_t seq = ledger_seq(ledger, line->client, message->opened.head);
    uint64_t epoch = store_epoch(server->store);
    plan_check(server->plan, message->opened.epoch == epoch, "%s is told another epoch",
               line->name);
    plan_check(server->plan, message->opened.seq == seq,
               "%s is told that its edit %llu was the last one in version %llu, and not %llu",
               line->name, (unsigned long long)message->opened.seq,
               (unsigned long long)message->opened.head, (unsigned long long)seq);
    const struct line_open *asked = NULL;
    for (size_t i = 0; i < line->open_count; i++) {
        const struct line_open *open = &line->opens[i];
        if (open->document == message->channel && open->ref == message->ref) {
            plan_check(
                server->plan,
                message->opened.snapshot.data != NULL || message->opened.version == open->version,
                "%s asked to go on from version %llu, and shall go on from %llu", line->name,
                (unsigned long long)open->version, (unsigned long long)message->opened.version);
            plan_check(server->plan, message->opened.snapshot.data != NULL || open->epoch == epoch,
                       "%s goes on from another epoch", line->name);
            state->chat = open->chat == PEER_NONE ? 0 : open->chat;
            asked = open;
        }
    }
    if (message->opened.snapshot.data != NULL) {
        see_snapshot(server, line, asked, message);
    }
    state->open = true;
    state->version = message->opened.version;
    state->member = message->opened.member;
}

static void see_next(struct server *server, const struct line *line, struct line_state *state,
                     const char *what, uint64_t first, uint64_t last)
{
    plan_check(server->plan, state->open, "%s gets %s on a channel that is not open", line->name,
               what);
    plan_check(server->plan, first == state->version + 1,
               "%s gets %s of version %llu after version %llu", line->name, what,
               (unsigned long long)first, (unsigned long long)state->version);
    state->version = last;
}

static void see_ack(struct server *server, const struct line *line, struct line_state *state,
                    const struct peer_message *message)
{
    const struct ledger *ledger = &server->ledgers[message->channel];
    const struct ledger_edit *edit = &ledger->edits[message->ack.version - 1];
    plan_check(server->plan, edit->client == line->client && edit->seq == message->ack.seq,
               "%s gets an ACK of version %llu, which is not its edit %llu", line->name,
               (unsigned long long)message->ack.version, (unsigned long long)message->ack.seq);
    if (message->ack.version <= state->version) {
        server->tally->repeats++;
    } else {
        see_next(server, line, state, "an ACK", message->ack.version, message->ack.version);
    }
}

static void see_others(struct server *server, const struct line *line, struct line_state *state,
                       const struct peer_message *message)
{
    bool one = message->kind == WIRE_EDITED;
    const struct ledger *ledger = &server->ledgers[message->channel];
    uint64_t first = one ? message->edit.version : message->catchup.first;
    uint64_t last = one ? message->edit.version : message->catchup.last;
    for (uint64_t version = first; version <= last; version++) {
        plan_check(server->plan, ledger->edits[version - 1].client != line->client,
                   "%s gets its own edit, version %llu, as somebody else's", line->name,
                   (unsigned long long)version);
    }
    server->tally->folds += !one;
    see_next(server, line, state, one ? "an EDIT" : "a CATCHUP", first, last);
}

static void see_chat(struct server *server, const struct line *line, struct line_state *state,
                     const struct ledger *ledger, uint64_t number)
{
    bool follows = number == state->chat + 1 || /* only the newest are given on opening */
                   (number > state->chat && ledger->chat_count > LIMIT_CHAT_OPEN);
    plan_check(server->plan, follows, "%s gets chat %llu after %llu", line->name,
               (unsigned long long)number, (unsigned long long)state->chat);
    state->chat = number;
}

static void see_error(struct server *server, const struct line *line,
                      const struct peer_message *message)
{
    struct tally *tally = server->tally;
    struct {
        const char *code;
        unsigned *count;
        bool expected;
    } codes[] = {{"not_open", &tally->not_open, true},
                 {"too_old", &tally->too_old, true},
                 {"rate_limited", &tally->later, true},
                 {"storage_full", &tally->rollbacks, server->was_full},
                 {"forbidden", &tally->forbidden, server->guard != NULL},
                 {"not_found", &tally->shut_out, server->guard != NULL},
                 {"overloaded", &tally->stops, server->stopping},
                 {"out_of_memory", &tally->unread, server->was_short},
                 {"internal", &tally->unread, server->was_short}};
    size_t i = 0;
    while (i < sizeof codes / sizeof *codes &&
           !bytes_equal(message->error.code, bytes_of(codes[i].code))) {
        i++;
    }
    plan_check(server->plan, i < sizeof codes / sizeof *codes && codes[i].expected,
               "%s gets the error %.*s: %.*s", line->name, (int)message->error.code.size,
               message->error.code.data, (int)message->error.text.size, message->error.text.data);
    ++*codes[i].count;
}

void witness_see(struct server *server, struct line *line, const struct peer_message *message)
{
    if (message->kind == WIRE_WELCOME) {
        line->client = message->welcome.client;
        return;
    }
    if (message->kind == WIRE_ERROR) {
        see_error(server, line, message);
        return;
    }
    if (message->channel >= server->document_count) {
        return;
    }
    struct line_state *state = &line->states[message->channel];
    switch (message->kind) {
    case WIRE_OPENED:
        see_opened(server, line, state, message);
        break;
    case WIRE_EDITED:
    case WIRE_CATCHUP:
        see_others(server, line, state, message);
        break;
    case WIRE_ACK:
        see_ack(server, line, state, message);
        break;
    case WIRE_HASH:
        server->tally->hashes++;
        plan_check(server->plan, state->open && message->hash.version == state->version,
                   "%s gets the HASH of version %llu at version %llu", line->name,
                   (unsigned long long)message->hash.version, (unsigned long long)state->version);
        break;
    case WIRE_PRESENCE:
        plan_check(server->plan, state->open && message->presence.version <= state->version,
                   "%s gets PRESENCE of version %llu at version %llu", line->name,
                   (unsigned long long)message->presence.version,
                   (unsigned long long)state->version);
        break;
    case WIRE_CHATTED:
        see_chat(server, line, state, &server->ledgers[message->channel], message->chat.number);
        break;
    default:
        break;
    }
}

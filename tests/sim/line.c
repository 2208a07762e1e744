/* A connection: what is under way on it to the hub and from its gate. */
#include "gate.h"
#include "server/wire/message.h"
#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

void line_free(struct line *line)
{
    line_drop(line);
    while (line->up != NULL) {
        struct hub_in *next = line->up->next;
        free(line->up);
        line->up = next;
    }
    free(line->direct);
    free(line->opens);
    free(line->shown);
    ot_buf_deinit(&line->down);
    free(line);
}

struct line *server_connect(struct server *server)
{
    struct line *line = bytes_alloc(1, sizeof *line);
    uint64_t gate = rng_below(&server->plan->rng, SERVER_GATES);
    line->number = gate << 56 | ++server->line_last;
    line->up_end = &line->up;
    server->lines = bytes_grow(server->lines, &server->line_capacity, server->line_count + 1,
                               sizeof *server->lines);
    server->lines[server->line_count++] = line;
    return line;
}

void line_put(struct line *line, struct hub_in *in)
{
    in->connection = line->number;
    in->next = NULL;
    *line->up_end = in;
    line->up_end = &in->next;
    line->up_count++;
}

void line_send(struct line *line, struct ot_slice bytes)
{
    struct hub_in *in = bytes_alloc(1, sizeof *in + bytes.size);
    in->kind = HUB_IN_MESSAGE;
    in->size = bytes.size;
    memcpy(in->bytes, bytes.data, bytes.size);
    line_put(line, in);
}

void line_show(struct line *line, struct ot_slice bytes, const struct roles *roles)
{
    line->shown =
        bytes_grow(line->shown, &line->shown_capacity, line->shown_count + 1, sizeof *line->shown);
    line->shown[line->shown_count++] = *roles;
    line_send(line, bytes);
}

static struct hub_in *next_in(struct line *line)
{
    struct hub_in *in = line->up;
    line->up = in->next;
    line->up_count--;
    if (line->up == NULL) {
        line->up_end = &line->up;
    }
    return in;
}

/* What is under way beyond the first `kept` messages is lost, and then the gate tells the hub. */
void line_end(struct line *line, size_t kept)
{
    struct hub_in **link = &line->up;
    while (*link != NULL && kept-- > 0) {
        link = &(*link)->next;
    }
    while (*link != NULL) {
        struct hub_in *lost = *link;
        *link = lost->next;
        line->up_count--;
        free(lost);
    }
    line->up_end = link;
    struct hub_in *in = bytes_alloc(1, sizeof *in);
    in->kind = HUB_IN_GONE;
    line_put(line, in);
    line_drop(line);
    line->cut = true;
}

void line_cut(struct server *server, struct line *line)
{
    if (!line->cut) {
        line_end(line, rng_below(&server->plan->rng, (uint32_t)line->up_count + 1));
    }
}

static size_t cursor_index(const struct server *server, unsigned document, uint64_t member)
{
    size_t i = 0;
    while (i < server->cursor_count &&
           (server->cursors[i].member != member || server->cursors[i].document != document)) {
        i++;
    }
    return i;
}

void server_forget_cursor(struct server *server, unsigned document, uint64_t member)
{
    size_t i = cursor_index(server, document, member);
    if (i < server->cursor_count) {
        server->cursors[i] = server->cursors[--server->cursor_count];
    }
}

/* What the hub is told of somebody's cursor, as it should keep it. */
static void note_cursor(struct server *server, const struct line *line,
                        const struct message *message)
{
    struct ledger *ledger = &server->ledgers[message->channel];
    uint64_t member = line->members[message->channel];
    uint64_t now = ledger->edit_count;
    if (member == 0 || message->cursor.version > now) {
        return;
    }
    size_t i = cursor_index(server, message->channel, member);
    server->cursors =
        bytes_grow(server->cursors, &server->cursor_capacity, i + 1, sizeof *server->cursors);
    server->cursor_count += i == server->cursor_count;
    uint64_t ends[] = {message->cursor.anchor, message->cursor.head};
    for (size_t k = 0; k < 2; k++) {
        uint64_t length = ledger_length(ledger, now);
        ends[k] = ledger_move(ledger, line->client, ends[k], message->cursor.version, now);
        ends[k] = ends[k] == PEER_NONE || ends[k] < length ? ends[k] : length;
    }
    server->cursors[i] =
        (struct cursor){message->channel, member, line->client, now, ends[0], ends[1]};
}

static void note_open(struct line *line, const struct message *message)
{
    line->opens =
        bytes_grow(line->opens, &line->open_capacity, line->open_count + 1, sizeof *line->opens);
    line->opens[line->open_count++] =
        (struct line_open){message->channel, message->ref, message->open.epoch,
                           message->open.version, message->open.chat};
}

static void read_message(struct server *server, struct line *line, struct hub_in *in)
{
    struct wire_error error;
    size_t offset = 0;
    int result = wire_read((struct ot_slice){in->bytes, in->size}, &offset, &in->message, &error);
    plan_check(server->plan, result == 0 && offset == in->size, "a client says what is %s at %llu",
               error.code, (unsigned long long)error.at);
    if (in->message.kind == WIRE_HELLO || in->message.kind == WIRE_TOKEN) {
        line->roles = line->shown[line->shown_heard++];
    }
    if (in->message.kind == WIRE_CURSOR) {
        note_cursor(server, line, &in->message);
    } else if (in->message.kind == WIRE_OPEN) {
        note_open(line, &in->message);
    } else if (in->message.kind == WIRE_HELLO || in->message.kind == WIRE_PROFILE) {
        struct ot_slice name =
            in->message.kind == WIRE_HELLO ? in->message.hello.name : in->message.profile.name;
        snprintf(line->name, sizeof line->name, "%.*s", (int)name.size, name.data);
    }
}

static void forget_line(struct server *server, struct line *line)
{
    size_t i = 0;
    while (server->lines[i] != line) {
        i++;
    }
    server->lines[i] = server->lines[--server->line_count];
    line_free(line);
}

static void say_what(struct server *server, const struct line *line, const struct hub_in *in)
{
    static const char *const notes[] = {[HUB_IN_GONE] = "is gone",
                                        [HUB_IN_LAGGED] = "is behind with a document",
                                        [HUB_IN_PRESENCE] = "is behind with presence"};
    const struct message *message = &in->message;
    const char *kind = wire_kind_name(message->kind);
    const char *name = line->name[0] == '\0' ? "somebody" : line->name;
    if (in->kind != HUB_IN_MESSAGE) {
        plan_say(server->plan, "the hub hears that %s %s", name, notes[in->kind]);
    } else if (message->kind == WIRE_EDIT) {
        plan_say(server->plan, "the hub hears edit %llu of %s in document %u, of version %llu",
                 (unsigned long long)message->edit.seq, name, message->channel,
                 (unsigned long long)message->edit.base);
    } else if (message->kind == WIRE_OPEN) {
        plan_say(server->plan, "the hub hears open of %s for document %u, from version %lld", name,
                 message->channel, (long long)message->open.version);
    } else {
        plan_say(server->plan, "the hub hears %s of %s on channel %u", kind, name,
                 message->channel);
    }
}

static enum access_role role_needed(const struct hub_in *in)
{
    bool edits = in->kind == HUB_IN_MESSAGE && in->message.kind == WIRE_EDIT;
    bool chats = in->kind == HUB_IN_MESSAGE && in->message.kind == WIRE_CHAT;
    return edits ? ACCESS_EDITOR : chats ? ACCESS_COMMENTER : ACCESS_NONE;
}

/* The hub has heard something that needs this role to be stored; and who has none reads nothing. */
static void check_roles(const struct server *server, const struct line *line,
                        enum access_role needed, uint8_t channel, bool stored)
{
    plan_check(server->plan, !stored || line->roles.of[channel] >= needed,
               "what %s says in document %u is stored, though the role does not allow it",
               line->name, channel);
    for (unsigned i = 0; i < server->document_count; i++) {
        plan_check(server->plan, line->roles.of[i] != ACCESS_NONE || line->channels[i].room == NULL,
                   "%s reads document %u without a role", line->name, i);
    }
}

bool line_deliver(struct server *server, struct line *line)
{
    if (line->up == NULL) {
        return false;
    }
    struct hub_in *in = next_in(line);
    bool last = in->kind == HUB_IN_GONE;
    if (in->kind == HUB_IN_MESSAGE) {
        read_message(server, line, in);
    }
    say_what(server, line, in);
    enum access_role needed = role_needed(in);
    uint8_t channel = needed == ACCESS_NONE ? 0 : in->message.channel;
    uint64_t appends = server->appends_asked;
    hub_receive(server->hub, in);
    check_roles(server, line, needed, channel, server->appends_asked > appends);
    if (last) {
        forget_line(server, line);
    }
    return true;
}

bool line_has_up(const struct line *line)
{
    return line->up != NULL;
}

bool line_has_down(const struct line *line)
{
    return line->down_at < line->down.size;
}

bool line_receive(struct server *server, struct line *line, struct peer_message *message_out)
{
    if (line->down_at == line->down.size) {
        ot_buf_clear(&line->down);
        line->down_at = line->seen_at = 0;
        return false;
    }
    int result = peer_read(ot_buf_slice(&line->down), &line->down_at, message_out);
    plan_check(server->plan, result == 0, "the server says what is no message");
    return true;
}

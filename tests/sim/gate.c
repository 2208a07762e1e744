#include "gate.h"

#include "lib/hub_out_whole.h"
#include "server/wire/encode.h"
#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

struct item {
    struct blob *blob;
    uint64_t version, chat, author, seq;
};

struct gate_room {
    struct gate_room *next;
    uint64_t number;
    unsigned document;
    struct item items[SERVER_WINDOW]; /* position p at p % SERVER_WINDOW */
    uint64_t tail, head;
    struct blob *ticks[SERVER_TICKS]; /* tick t at t % SERVER_TICKS */
    uint64_t tick_first, tick;        /* those kept are tick_first .. tick */
    size_t readers;
};

/* ---- rooms ---- */

static struct gate_room *room_of(struct gate *gate, uint64_t number)
{
    struct gate_room *room = gate->rooms;
    while (room != NULL && room->number != number) {
        room = room->next;
    }
    return room;
}

static void room_drop(struct gate_room *room)
{
    for (; room->tail < room->head; room->tail++) {
        blob_unref(room->items[room->tail % SERVER_WINDOW].blob);
    }
    for (; room->tick_first <= room->tick; room->tick_first++) {
        blob_unref(room->ticks[room->tick_first % SERVER_TICKS]);
    }
    free(room);
}

static void forget(struct server *server, struct gate *gate, uint64_t number)
{
    struct gate_room **link = &gate->rooms;
    while (*link != NULL && (*link)->number != number) {
        link = &(*link)->next;
    }
    struct gate_room *room = *link;
    plan_check(server->plan, room != NULL, "a gate is told to forget a room that it does not know");
    plan_check(server->plan, room->readers == 0, "a gate is told to forget a room that is read");
    *link = room->next;
    room_drop(room);
}

void gate_forget_all(struct gate *gate)
{
    while (gate->rooms != NULL) {
        struct gate_room *room = gate->rooms;
        gate->rooms = room->next;
        room_drop(room);
    }
}

/* ---- connections ---- */

static void end_channel(struct line_channel *channel)
{
    if (channel->room != NULL) {
        channel->room->readers--;
        blob_unref(channel->full);
        *channel = (struct line_channel){0};
    }
}

void line_drop(struct line *line)
{
    for (size_t i = 0; i < line->direct_count; i++) {
        blob_unref(line->direct[i]);
    }
    line->direct_count = 0;
    for (unsigned i = 0; i < SERVER_DOCUMENTS; i++) {
        end_channel(&line->channels[i]);
    }
}

static struct line *line_of(struct server *server, uint64_t number)
{
    size_t i = 0;
    while (i < server->line_count && server->lines[i]->number != number) {
        i++;
    }
    return i < server->line_count && !server->lines[i]->cut ? server->lines[i] : NULL;
}

static void add_direct(struct line *line, struct blob *blob)
{
    if (blob != NULL) {
        line->direct = bytes_grow(line->direct, &line->direct_capacity, line->direct_count + 1,
                                  sizeof *line->direct);
        line->direct[line->direct_count++] = blob_ref(blob);
    }
}

/* ---- what the hub says ---- */

/* All messages of a blob are of what is on disk. Returns the member of an OPENED, or 0. */
static uint64_t check_blob(struct server *server, const struct blob *blob, int document)
{
    struct ot_slice bytes = {blob->data, blob->size};
    uint64_t member = 0;
    for (size_t offset = 0; offset < bytes.size;) {
        struct peer_message message;
        plan_check(server->plan, peer_read(bytes, &offset, &message) == 0,
                   "the hub sends what is no message");
        unsigned ledger = document < 0 ? message.channel : (unsigned)document;
        if (ledger < server->document_count) {
            ledger_check_message(&server->ledgers[ledger], &message);
        }
        if (message.kind == WIRE_OPENED) {
            member = message.opened.member;
        }
    }
    return member;
}

static struct gate_room *room_make(struct gate *gate, const struct hub_out *out)
{
    struct gate_room *room = room_of(gate, out->room);
    if (room == NULL) {
        room = bytes_alloc(1, sizeof *room);
        *room = (struct gate_room){.next = gate->rooms,
                                   .number = out->room,
                                   .document = out->channel,
                                   .tail = out->position,
                                   .head = out->position,
                                   .tick_first = out->tick + 1,
                                   .tick = out->tick};
        gate->rooms = room;
    }
    return room;
}

static void attach(struct server *server, struct gate *gate, struct line *line,
                   const struct hub_out *out)
{
    struct line_channel *channel = &line->channels[out->channel];
    end_channel(channel);
    struct gate_room *room = room_make(gate, out);
    plan_check(server->plan, room->document == out->channel, "a room is of another document");
    plan_check(server->plan, out->position == room->head && out->tick == room->tick,
               "attached at item %llu, tick %llu of a room that is at %llu, %llu",
               (unsigned long long)out->position, (unsigned long long)out->tick,
               (unsigned long long)room->head, (unsigned long long)room->tick);
    room->readers++;
    *channel = (struct line_channel){.room = room,
                                     .position = out->position,
                                     .tick = out->tick,
                                     .version = out->version,
                                     .chat = out->chat,
                                     .full = blob_ref(out->extra),
                                     .full_tick = out->tick,
                                     .attachment = out->attachment};
    uint64_t member = check_blob(server, out->blob, -1);
    if (member != line->members[out->channel]) {
        line->members[out->channel] = member;
        server_forget_cursor(server, out->channel, member);
    }
    add_direct(line, out->blob);
}

static void take_item(struct server *server, struct gate_room *room, const struct hub_out *out)
{
    plan_check(server->plan, out->position == room->head, "item %llu of a room follows item %llu",
               (unsigned long long)out->position, (unsigned long long)room->head - 1);
    if (room->head - room->tail == server->window) {
        blob_unref(room->items[room->tail++ % SERVER_WINDOW].blob);
    }
    room->items[room->head++ % SERVER_WINDOW] =
        (struct item){blob_ref(out->blob), out->version, out->chat, out->author, out->seq};
}

static void take_tick(struct server *server, struct gate_room *room, const struct hub_out *out)
{
    plan_check(server->plan, out->tick == room->tick + 1, "tick %llu of a room follows tick %llu",
               (unsigned long long)out->tick, (unsigned long long)room->tick);
    if (room->tick + 1 - room->tick_first == server->ticks) {
        blob_unref(room->ticks[room->tick_first++ % SERVER_TICKS]);
    }
    room->ticks[++room->tick % SERVER_TICKS] = blob_ref(out->blob);
}

static void take_for_room(struct server *server, struct gate *gate, const struct hub_out *out)
{
    struct gate_room *room = room_of(gate, out->room);
    if (out->kind == HUB_OUT_FORGET) {
        forget(server, gate, out->room);
        return;
    }
    plan_check(server->plan, room != NULL, "a gate is told of a room that it does not know");
    check_blob(server, out->blob, (int)room->document);
    if (out->kind == HUB_OUT_ITEM) {
        take_item(server, room, out);
    } else {
        take_tick(server, room, out);
    }
}

static void close_line(struct server *server, struct line *line, const struct hub_out *out)
{
    line->code = out->code;
    server->tally->takeovers += out->code == WIRE_CLOSE_REPLACED;
    line_end(line, line->up_count);
}

/* Without a role nothing of a document is told. */
static void check_role(struct server *server, const struct line *line, const struct hub_out *out)
{
    struct ot_slice bytes = {out->blob->data, out->blob->size};
    for (size_t offset = 0; offset < bytes.size;) {
        struct peer_message message;
        bytes_must(peer_read(bytes, &offset, &message));
        bool tells = message.kind == WIRE_OPENED || message.kind == WIRE_EDITED ||
                     message.kind == WIRE_CATCHUP || message.kind == WIRE_ACK ||
                     message.kind == WIRE_HASH || message.kind == WIRE_PRESENCE ||
                     message.kind == WIRE_CHATTED;
        uint8_t channel = out->kind == HUB_OUT_FULL ? out->channel : message.channel;
        plan_check(server->plan, !tells || line->roles.of[channel] != ACCESS_NONE,
                   "%s is told of document %u without a role", line->name, channel);
    }
}

static void take_for_line(struct server *server, struct gate *gate, struct line *line,
                          const struct hub_out *out)
{
    struct line_channel *channel = &line->channels[out->channel];
    if (out->blob != NULL) {
        check_role(server, line, out);
    }
    switch (out->kind) {
    case HUB_OUT_ATTACH:
        attach(server, gate, line, out);
        return;
    case HUB_OUT_FULL:
        check_blob(server, out->blob, out->channel);
        if (channel->room != NULL && channel->room->number == out->room) {
            blob_unref(channel->full);
            channel->full = blob_ref(out->blob);
            channel->full_tick = out->tick;
            channel->asked = false;
        }
        return;
    case HUB_OUT_DETACH:
        end_channel(channel);
        line->members[out->channel] = 0;
        break;
    default:
        break;
    }
    if (out->blob != NULL) {
        check_blob(server, out->blob, -1);
        add_direct(line, out->blob);
    }
    if (out->kind == HUB_OUT_CLOSE) {
        close_line(server, line, out);
    }
}

void gate_take(void *context, unsigned number, struct hub_out *out)
{
    struct server *server = context;
    plan_check(server->plan, number < SERVER_GATES, "a word for gate %u", number);
    struct gate *gate = &server->gates[number];
    hub_out_whole(out);
    if (out->kind == HUB_OUT_ITEM || out->kind == HUB_OUT_PRESENCE || out->kind == HUB_OUT_FORGET) {
        take_for_room(server, gate, out);
    } else {
        struct line *line = line_of(server, out->connection);
        plan_check(server->plan, HUB_GATE_OF(out->connection) == number,
                   "a word for a connection of another gate");
        if (line != NULL) {
            take_for_line(server, gate, line, out);
        } else if (out->kind == HUB_OUT_ATTACH) {
            room_make(gate, out); /* the hub will have it forgotten when it hears of the end */
        }
    }
    hub_out_free(out);
}

/* ---- what connections are given ---- */

static void give(struct server *server, struct line *line, struct ot_slice bytes, int channel)
{
    size_t start = line->down.size;
    bytes_put(&line->down, bytes.data, bytes.size);
    if (channel >= 0) {
        line->down.data[start + ENCODE_CHANNEL_AT] = (uint8_t)channel;
    }
    while (line->seen_at < line->down.size) {
        struct peer_message message;
        plan_check(server->plan,
                   peer_read(ot_buf_slice(&line->down), &line->seen_at, &message) == 0,
                   "a gate sends what is no message");
        witness_see(server, line, &message);
    }
}

static void give_blob(struct server *server, struct line *line, const struct blob *blob,
                      int channel)
{
    give(server, line, (struct ot_slice){blob->data, blob->size}, channel);
}

static void tell_hub(struct server *server, struct line *line, enum hub_in_kind kind, unsigned c)
{
    struct hub_in *in = bytes_alloc(1, sizeof *in);
    in->kind = kind;
    in->channel = (uint8_t)c;
    in->attachment = line->channels[c].attachment;
    in->version = line->channels[c].version;
    in->chat = line->channels[c].chat;
    line_put(line, in);
    plan_say(server->plan, "  the gate of %s: channel %u is behind with %s", line->name, c,
             kind == HUB_IN_LAGGED ? "the stream" : "presence");
}

static void give_item(struct server *server, struct line *line, unsigned c)
{
    struct line_channel *channel = &line->channels[c];
    const struct item *item = &channel->room->items[channel->position++ % SERVER_WINDOW];
    if (item->author != 0 && item->author == line->number) {
        struct ot_buf ack = {0};
        encode_ack(&ack, (uint8_t)c, item->version, item->seq);
        give(server, line, ot_buf_slice(&ack), -1);
        ot_buf_deinit(&ack);
    } else {
        give_blob(server, line, item->blob, (int)c);
    }
    channel->version = item->version > 0 ? item->version : channel->version;
    channel->chat = item->chat > 0 ? item->chat : channel->chat;
}

static bool give_presence(struct server *server, struct line *line, unsigned c)
{
    struct line_channel *channel = &line->channels[c];
    struct gate_room *room = channel->room;
    if (channel->full != NULL) {
        struct blob *full = channel->full;
        channel->full = NULL;
        channel->tick = channel->full_tick;
        give_blob(server, line, full, (int)c);
        blob_unref(full);
        return true;
    }
    if (channel->tick == room->tick) {
        return false;
    }
    if (channel->tick + 1 < room->tick_first) {
        if (!channel->asked) {
            channel->asked = true;
            server->tally->ticks_lost++;
            tell_hub(server, line, HUB_IN_PRESENCE, c);
        }
        return false;
    }
    give_blob(server, line, room->ticks[++channel->tick % SERVER_TICKS], (int)c);
    return true;
}

/* Gives one message of a channel: first items, then presence. */
static bool give_of_channel(struct server *server, struct line *line, unsigned c)
{
    struct line_channel *channel = &line->channels[c];
    if (channel->room == NULL) {
        return false;
    }
    if (channel->position < channel->room->tail) {
        server->tally->lags++;
        tell_hub(server, line, HUB_IN_LAGGED, c);
        end_channel(channel);
        return false;
    }
    if (channel->position < channel->room->head) {
        give_item(server, line, c);
        return true;
    }
    return give_presence(server, line, c);
}

static bool channel_is_behind(const struct line_channel *channel)
{
    const struct gate_room *room = channel->room;
    return room != NULL && (channel->position < room->head || channel->full != NULL ||
                            (channel->tick < room->tick && !channel->asked));
}

bool line_is_behind(const struct line *line)
{
    bool behind = line->direct_count > 0;
    for (unsigned i = 0; i < SERVER_DOCUMENTS; i++) {
        behind |= channel_is_behind(&line->channels[i]);
    }
    return behind && !line->cut;
}

bool line_flush(struct server *server, struct line *line, unsigned most)
{
    unsigned given = 0;
    size_t direct = 0;
    for (; direct < line->direct_count && given < most; direct++, given++) {
        give_blob(server, line, line->direct[direct], -1);
        blob_unref(line->direct[direct]);
    }
    if (direct > 0) {
        line->direct_count -= direct;
        memmove(line->direct, line->direct + direct, line->direct_count * sizeof *line->direct);
    }
    for (unsigned c = 0; c < server->document_count; c++) {
        while (given < most && give_of_channel(server, line, c)) {
            given++;
        }
    }
    return given > 0;
}

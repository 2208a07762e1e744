#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS 50
/* A tick is this much longer for each so many listed members: a full turn of a large room costs the
 * square of its size. */
#define TICK_MEMBERS 128

static uint64_t interval_ms(const struct room *room)
{
    return TICK_MS * (1 + (room->listed == 0 ? 0 : (room->listed - 1) / TICK_MEMBERS));
}

static void make_due(struct hub *hub, struct room *room, uint64_t at_ms)
{
    if (!room->due) {
        room->due = true;
        room->due_ms = at_ms;
        room->due_next = hub->due;
        hub->due = room;
    } else if (at_ms < room->due_ms) {
        room->due_ms = at_ms;
    }
    if (room->due_ms < hub->due_ms) {
        hub->due_ms = room->due_ms;
    }
}

static void has_news(struct hub *hub, struct room *room)
{
    uint64_t now_ms = hub->env.monotonic_ms(hub->env.context);
    uint64_t next_ms = room->tick_ms + interval_ms(room);
    make_due(hub, room, next_ms > now_ms ? next_ms : now_ms);
}

static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    items = realloc(items, *capacity * size);
    if (items == NULL) {
        abort();
    }
    return items;
}

static void changed(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    if (!member->changed) {
        room->changes = grow(room->changes, room->change_count, &room->change_capacity,
                             sizeof(struct member *));
        room->changes[room->change_count++] = member;
        member->changed = true;
    }
    has_news(hub, room);
}

static void list(struct hub *hub, struct member *member)
{
    member->listed = true;
    member->fresh = true;
    member->room->listed++;
    changed(hub, member);
}

void presence_joined(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    if (room->listed < LIMIT_PRESENCE_SHOWN) {
        list(hub, member);
    }
    room->people_changed = true;
    has_news(hub, room);
}

static void set_typing(struct room *room, struct member *member, bool typing)
{
    room->typing += (size_t)typing - (size_t)member->typing;
    member->typing = typing;
}

void presence_left(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    set_typing(room, member, false);
    if (member->changed) {
        size_t i = 0;
        while (room->changes[i] != member) {
            i++;
        }
        room->changes[i] = room->changes[--room->change_count];
        member->changed = false;
    }
    if (member->listed) {
        room->left = grow(room->left, room->left_count, &room->left_capacity, sizeof *room->left);
        room->left[room->left_count++] = member->number;
        room->listed--;
        member->listed = false;
    }
    room->people_changed = true;
    has_news(hub, room);
}

void presence_profile(struct hub *hub, struct member *member)
{
    member->fresh = true;
    if (member->listed) {
        changed(hub, member);
    }
}

/* ---- cursors ---- */

static uint64_t moved(uint64_t position, const struct entry *entry, uint64_t client)
{
    enum ot_side side = entry->client == client ? OT_RIGHT : OT_LEFT;
    return position == WIRE_NONE ? WIRE_NONE : ot_transform_position(entry->op, position, side);
}

static void move(struct member *member, const struct entry *entry)
{
    uint64_t client = member->connection->client;
    member->anchor = moved(member->anchor, entry, client);
    member->head = moved(member->head, entry, client);
}

/* A cursor that is not known any more is shown again when it next moves. */
void presence_transform(struct hub *hub, struct room *room, const struct entry *entry)
{
    if (room->listed == 0) {
        return;
    }
    uint64_t cursors = 0;
    for (size_t i = 0; i < room->member_count; i++) {
        cursors += room->members[i]->head != WIRE_NONE;
    }
    bool allowed = rates_allow_work(hub, 2 * cursors * entry->op.size);
    for (size_t i = 0; i < room->member_count; i++) {
        struct member *member = room->members[i];
        if (!allowed) {
            member->anchor = member->head = WIRE_NONE;
        } else if (member->head != WIRE_NONE) {
            move(member, entry);
        }
    }
}

static void set_data(struct member *member, struct ot_slice data)
{
    blob_unref(member->data);
    member->data = data.data == NULL ? NULL : blob_copy(data.data, data.size);
}

static uint64_t at_most(uint64_t position, uint64_t length)
{
    return position == WIRE_NONE || position < length ? position : length;
}

/* False: it is of no version that is at hand. The next one will be. */
static bool place(struct hub *hub, struct member *member, const struct message *message)
{
    struct room *room = member->room;
    uint64_t version = message->cursor.version;
    if (version > room->committed || version + 1 < room->history.first ||
        !rates_allow_work(hub, 2 * history_bytes_since(&room->history, version))) {
        return false;
    }
    member->anchor = message->cursor.anchor;
    member->head = message->cursor.head;
    while (version < room->committed) {
        move(member, history_at(&room->history, ++version));
    }
    member->anchor = at_most(member->anchor, room->length);
    member->head = at_most(member->head, room->length);
    set_typing(room, member, message->cursor.typing && member_may(hub, member, ACCESS_CHAT));
    member->typing_until_ms = hub->env.monotonic_ms(hub->env.context) + LIMIT_TYPING_MS;
    set_data(member, message->cursor.data);
    return true;
}

void presence_let_go(struct member *member)
{
    free(member->held);
    member->held = NULL;
}

/* Only the last one counts. */
static void hold(struct member *member, const struct message *message)
{
    struct ot_slice data = message->cursor.data;
    struct held_cursor *held = malloc(sizeof *held + data.size);
    if (held == NULL) {
        abort();
    }
    held->message = *message;
    if (data.data != NULL) {
        memcpy(held->data, data.data, data.size);
        held->message.cursor.data.data = held->data;
    }
    presence_let_go(member);
    member->held = held;
}

static void place_held(struct hub *hub, struct member *member)
{
    if (member->held != NULL) {
        place(hub, member, &member->held->message);
        presence_let_go(member);
    }
}

void presence_receive(struct hub *hub, struct connection *connection, const struct message *message)
{
    struct member *member = member_of(connection, message->channel);
    if (member == NULL || member->state != MEMBER_READING || member->room->state != ROOM_LIVE ||
        !member_may(hub, member, ACCESS_POINT)) {
        return;
    }
    if (hub->pressure >= HUB_TIGHT) {
        return;
    }
    if (!rates_allow_cursor(hub, connection)) {
        hold(member, message);
    } else if (place(hub, member, message)) {
        presence_let_go(member);
    } else {
        return;
    }
    if (!member->listed) {
        list(hub, member);
    }
    changed(hub, member);
}

/* ---- messages ---- */

static void encode(struct ot_buf *out, const struct member *member, enum encode_member_kind kind)
{
    struct encode_member encoded = {.kind = kind,
                                    .member = member->number,
                                    .anchor = member->anchor,
                                    .head = member->head,
                                    .typing = member->typing,
                                    .name = member_name(member),
                                    .color = member_color(member)};
    if (member->data != NULL) {
        encoded.data = (struct ot_slice){member->data->data, member->data->size};
    }
    encode_presence_member(out, &encoded);
}

static size_t people(const struct hub *hub, const struct room *room)
{
    size_t count = 0;
    for (unsigned gate = 0; gate < hub->gates; gate++) {
        count += room->gate_members[gate];
    }
    return count;
}

struct blob *presence_full(struct hub *hub, struct room *room)
{
    struct ot_buf *out = &hub->scratch;
    encode_presence(out, 0, room->committed, true, people(hub, room), room->listed);
    for (size_t i = 0; i < room->member_count; i++) {
        if (room->members[i]->listed) {
            encode(out, room->members[i], ENCODE_PROFILE);
        }
    }
    return encode_blob(out);
}

void presence_wanted(struct hub *hub, const struct hub_in *in)
{
    struct connection *connection = hub_connection(hub, in->connection);
    struct member *member = connection == NULL ? NULL : member_of(connection, in->channel);
    if (member != NULL && member->state == MEMBER_READING) {
        hub_post(hub, HUB_GATE_OF(in->connection),
                 (struct hub_out){.kind = HUB_OUT_FULL,
                                  .connection = in->connection,
                                  .channel = in->channel,
                                  .room = member->room->number,
                                  .tick = member->room->tick,
                                  .blob = presence_full(hub, member->room)});
    }
}

static struct blob *encode_changes(struct hub *hub, struct room *room)
{
    struct ot_buf *out = &hub->scratch;
    encode_presence(out, 0, room->committed, false, people(hub, room),
                    room->change_count + room->left_count);
    for (size_t i = 0; i < room->left_count; i++) {
        struct encode_member left = {.kind = ENCODE_LEFT, .member = room->left[i]};
        encode_presence_member(out, &left);
    }
    for (size_t i = 0; i < room->change_count; i++) {
        struct member *member = room->changes[i];
        place_held(hub, member);
        encode(out, member, member->fresh ? ENCODE_PROFILE : ENCODE_MOVED);
        member->changed = member->fresh = false;
    }
    room->left_count = room->change_count = 0;
    room->people_changed = false;
    return encode_blob(out);
}

static void end_typing(struct hub *hub, struct room *room, uint64_t now_ms)
{
    for (size_t i = 0; i < room->member_count && room->typing > 0; i++) {
        struct member *member = room->members[i];
        if (member->typing && now_ms >= member->typing_until_ms) {
            set_typing(room, member, false);
            changed(hub, member);
        }
    }
}

static void send_tick(struct hub *hub, struct room *room, uint64_t now_ms)
{
    end_typing(hub, room, now_ms);
    if (room->change_count == 0 && room->left_count == 0 && !room->people_changed) {
        return;
    }
    struct blob *blob = encode_changes(hub, room);
    room->tick++;
    room->tick_ms = now_ms;
    for (unsigned gate = 0; gate < hub->gates; gate++) {
        if (room->gate_members[gate] > 0) {
            hub_post(hub, gate,
                     (struct hub_out){.kind = HUB_OUT_PRESENCE,
                                      .room = room->number,
                                      .tick = room->tick,
                                      .blob = blob_ref(blob)});
        }
    }
    blob_unref(blob);
}

void presence_tick(struct hub *hub, uint64_t now_ms)
{
    struct room *room = hub->due;
    hub->due = NULL;
    hub->due_ms = UINT64_MAX;
    while (room != NULL) {
        struct room *next = room->due_next;
        room->due = false;
        if (now_ms >= room->due_ms) {
            send_tick(hub, room, now_ms);
            if (room->typing > 0) {
                make_due(hub, room, now_ms + LIMIT_TYPING_MS / 6);
            }
        } else {
            make_due(hub, room, room->due_ms);
        }
        room = next;
    }
}

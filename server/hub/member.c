#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

struct member *member_of(struct connection *connection, uint8_t channel)
{
    struct member *member = connection->members;
    while (member != NULL && member->channel != channel) {
        member = member->next;
    }
    return member;
}

struct member *member_of_request(struct hub *hub, const struct store_request *request)
{
    struct connection *connection = hub_connection(hub, request->connection);
    if (connection == NULL) {
        return NULL;
    }
    struct member *member = member_of(connection, request->channel);
    return member != NULL && member->number == request->member &&
                   member->room->document.key == request->key
               ? member
               : NULL;
}

struct ot_slice member_name(const struct member *member)
{
    return (struct ot_slice){member->connection->name->data, member->connection->name->size};
}

struct ot_slice member_color(const struct member *member)
{
    const char *color = member->connection->color;
    return (struct ot_slice){(const uint8_t *)color, strlen(color)};
}

struct member *member_new(struct connection *connection, struct room *room, uint8_t channel)
{
    struct member *member = calloc(1, sizeof *member);
    if (room->member_count == room->member_capacity) {
        room->member_capacity = room->member_capacity == 0 ? 4 : room->member_capacity * 2;
        struct member **members =
            realloc(room->members, room->member_capacity * sizeof(struct member *));
        if (members == NULL) {
            abort();
        }
        room->members = members;
    }
    if (member == NULL) {
        abort();
    }
    *member = (struct member){.next = connection->members,
                              .connection = connection,
                              .room = room,
                              .index = room->member_count,
                              .number = ++room->member_last,
                              .channel = channel,
                              .anchor = WIRE_NONE,
                              .head = WIRE_NONE};
    connection->members = member;
    connection->member_count++;
    room->members[room->member_count++] = member;
    return member;
}

static void unlink_from_connection(struct member *member)
{
    struct member **link = &member->connection->members;
    while (*link != member) {
        link = &(*link)->next;
    }
    *link = member->next;
    member->connection->member_count--;
}

static void unlink_from_room(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    struct member *last = room->members[--room->member_count];
    room->members[member->index] = last;
    last->index = member->index;
    if (room->member_count == 0) {
        room->empty_since_ms = hub->env.monotonic_ms(hub->env.context);
    }
}

void member_attached(struct hub *hub, struct member *member)
{
    member->state = MEMBER_READING;
    member->room->gate_members[HUB_GATE_OF(member->connection->number)]++;
    metrics_add(&hub->metrics, METRIC_MEMBERS, 1);
}

void member_leave(struct hub *hub, struct member *member, bool detach, struct blob *last)
{
    struct room *room = member->room;
    uint64_t connection = member->connection->number;
    unsigned gate = HUB_GATE_OF(connection);
    if (detach) {
        hub_post(hub, gate,
                 (struct hub_out){.kind = HUB_OUT_DETACH,
                                  .connection = connection,
                                  .channel = member->channel,
                                  .room = room->number,
                                  .blob = last});
    }
    if (member->state == MEMBER_READING) {
        presence_left(hub, member);
        metrics_add(&hub->metrics, METRIC_MEMBERS, UINT64_MAX);
        if (--room->gate_members[gate] == 0) {
            hub_post(hub, gate, (struct hub_out){.kind = HUB_OUT_FORGET, .room = room->number});
        }
    }
    member->connection->has_past |= member->attachment != 0;
    member->connection->has_left |= member->attachment != 0;
    unlink_from_connection(member);
    unlink_from_room(hub, member);
    room->waiting -= member->ready != NULL;
    open_await_no_more(member);
    ready_free(member->ready);
    blob_unref(member->data);
    presence_let_go(member);
    free(member);
}

void member_shut_out(struct hub *hub, struct member *member, const char *code, const char *text,
                     uint64_t retry_ms)
{
    if (member->state == MEMBER_READING) {
        metrics_refused(&hub->metrics, code);
        encode_closed(&hub->scratch, member->channel, code, text);
        member_leave(hub, member, true, encode_blob(&hub->scratch));
    } else {
        hub_refuse(hub, member->connection->number, member->ref, member->channel, code, text,
                   retry_ms, WIRE_NONE);
        member_leave(hub, member, false, NULL);
    }
}

/* ---- roles ---- */

enum access_role member_role(struct hub *hub, const struct member *member)
{
    enum access_role role = access_role(member->connection->user, member->room->document.id);
    bool linked = member->link != 0 && hub->env.unix_ms(hub->env.context) < member->link_ends_ms;
    if (member->membership > role) {
        role = member->membership;
    }
    return linked && member->link_role > role ? member->link_role : role;
}

bool member_may(struct hub *hub, const struct member *member, enum access_action action)
{
    return access_allows(member_role(hub, member), action);
}

void member_role_changed(struct hub *hub, struct member *member)
{
    enum access_role role = member_role(hub, member);
    bool reads = member->state == MEMBER_READING;
    if (role == ACCESS_NONE) {
        member_shut_out(hub, member, reads ? "forbidden" : "not_found",
                        reads ? "you have no access to this document any more"
                              : "there is no such document",
                        WIRE_NONE);
    } else if (reads && role != member->role) {
        member->role = role;
        member->connection->forbidden = 0;
        encode_role(&hub->scratch, member->channel, access_role_name(role));
        hub_send_scratch(hub, member->connection->number);
    }
}

void member_roles_changed(struct hub *hub, struct connection *connection)
{
    struct member *next;
    for (struct member *member = connection->members; member != NULL; member = next) {
        next = member->next;
        member_role_changed(hub, member);
    }
}

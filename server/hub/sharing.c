/* Who may do what with a document: its members, the links to it, and what they make of a role. */
#include "server/hub/room.h"

#include "server/auth/link_secret.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(ACCESS_OWNER == STORE_ROLE_MAX, "roles are stored as their numbers");
_Static_assert(LINK_HASH_SIZE == STORE_LINK_HASH_SIZE, "size of a link's hash");

static void copy(char *out, struct ot_slice text)
{
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

const char *sharing_subject(const struct connection *connection)
{
    return connection->token == NULL ? "" : connection->token->subject;
}

enum access_role sharing_role(struct hub *hub, const struct connection *connection, const char *id)
{
    enum access_role role = access_role(connection->user, id);
    for (const struct member *member = connection->members; member != NULL; member = member->next) {
        if (strcmp(member->room->document.id, id) == 0) {
            enum access_role here = member_role(hub, member);
            role = here > role ? here : role;
        }
    }
    return role;
}

struct store_request *sharing_request(struct hub *hub, const struct connection *connection,
                                      enum request_kind kind, uint64_t ref, const char *id,
                                      enum access_action action)
{
    enum access_role role = sharing_role(hub, connection, id);
    const char *subject = sharing_subject(connection);
    if (!access_allows(role, action) && *subject == '\0') {
        if (role == ACCESS_NONE) {
            hub_refuse_store(hub, connection->number, ref, -1, STORE_E_NOT_FOUND);
        } else {
            hub_forbid(hub, connection->number, ref, -1);
        }
        return NULL;
    }
    struct store_request *request = request_new(kind);
    struct request_sharing *sharing = request_share(request);
    request->connection = connection->number;
    request->ref = ref;
    request->now_ms = hub->env.unix_ms(hub->env.context);
    strcpy(request->document.id, id);
    strcpy(sharing->asker, subject);
    sharing->granted = role;
    sharing->needed = access_needed(action);
    return request;
}

void sharing_refuse(struct hub *hub, const struct store_request *request)
{
    if (request->result == REQUEST_FORBIDDEN) {
        hub_forbid(hub, request->connection, request->ref, -1);
    } else {
        hub_refuse_store(hub, request->connection, request->ref, -1, request->result);
    }
}

/* ---- asked ---- */

static void set_member(struct hub *hub, struct store_request *request,
                       const struct message *message)
{
    struct store_member *member = &request->sharing->member;
    char role[16] = "";
    if (message->member.role.data != NULL && message->member.role.size < sizeof role) {
        copy(role, message->member.role);
    }
    member->role = access_role_find(role);
    member->at_ms = request->now_ms;
    copy(member->subject, message->member.subject);
    if (message->member.role.data != NULL && member->role == ACCESS_NONE) {
        hub_refuse(hub, request->connection, request->ref, -1, "bad_role",
                   "a role is viewer, commenter, editor or owner", WIRE_NONE, WIRE_NONE);
        request_free(request);
        return;
    }
    hub_ask(hub, request);
}

/* A stored 0 is no end; one that is asked for at 0 has come. */
static int64_t end_of(uint64_t expires_ms)
{
    return expires_ms == WIRE_NONE ? 0 : expires_ms == 0 ? 1 : (int64_t)expires_ms;
}

/* The secret stays in `blob` until it is known that the link is stored. */
static void add_link(struct hub *hub, struct store_request *request, const struct message *message)
{
    struct store_link *link = &request->sharing->link;
    uint8_t random[LINK_SECRET_BYTES];
    char role[16] = "", secret[LINK_SECRET_SIZE];
    if (message->share.role.size < sizeof role) {
        copy(role, message->share.role);
    }
    link->role = access_role_find(role);
    if (link->role == ACCESS_NONE || link->role == ACCESS_OWNER) {
        hub_refuse(hub, request->connection, request->ref, -1, "bad_role",
                   "a link makes viewers, commenters or editors", WIRE_NONE, WIRE_NONE);
        request_free(request);
        return;
    }
    copy(link->label, message->share.label);
    link->created_ms = request->now_ms;
    link->expires_ms = end_of(message->share.expires_ms);
    hub->env.random(hub->env.context, &link->number, sizeof link->number);
    link->number = 1 + link->number % WIRE_UINT_MAX;
    hub->env.random(hub->env.context, random, sizeof random);
    link_secret_text(random, secret);
    link_secret_hash((const uint8_t *)secret, strlen(secret), link->hash);
    request->blob = blob_copy((const uint8_t *)secret, sizeof secret);
    hub_ask(hub, request);
}

void sharing_receive(struct hub *hub, struct connection *connection, const struct message *message)
{
    static const enum request_kind kinds[] = {
        [WIRE_MEMBERS] = REQUEST_MEMBERS, [WIRE_MEMBER] = REQUEST_MEMBER,
        [WIRE_LINKS] = REQUEST_LINKS,     [WIRE_LINK] = REQUEST_LINK,
        [WIRE_UNLINK] = REQUEST_UNLINK,
    };
    char id[STORE_ID_MAX + 1];
    copy(id, message->kind == WIRE_MEMBER ? message->member.id : message->share.id);
    bool reads = message->kind == WIRE_MEMBERS || message->kind == WIRE_LINKS;
    uint64_t retry_ms;
    const char *why = rates_overload(hub, HUB_NEVER, &retry_ms);
    if (why != NULL) {
        hub_refuse(hub, connection->number, message->ref, -1, "overloaded", why, retry_ms,
                   WIRE_NONE);
        return;
    }
    if (!rates_allow(hub, connection, reads ? USER_PAGES : USER_CREATES, message->ref, -1)) {
        return;
    }
    struct store_request *request =
        sharing_request(hub, connection, kinds[message->kind], message->ref, id, ACCESS_SHARE);
    if (request == NULL) {
        return;
    }
    if (message->kind == WIRE_MEMBER) {
        set_member(hub, request, message);
    } else if (message->kind == WIRE_LINK) {
        add_link(hub, request, message);
    } else {
        request->sharing->link.number = message->share.number;
        hub_ask(hub, request);
    }
}

/* ---- what changes for those who are here ---- */

static struct room *room_of(struct hub *hub, const struct store_request *request)
{
    const char *id = request->document.id;
    return room_find(hub, (struct ot_slice){(const uint8_t *)id, strlen(id)});
}

/* From the end: who leaves is replaced by the last. */
static void member_changed(struct hub *hub, const struct store_request *request)
{
    const struct store_member *changed = &request->sharing->member;
    struct room *room = room_of(hub, request);
    for (size_t i = room == NULL ? 0 : room->member_count; i-- > 0;) {
        struct member *member = room->members[i];
        if (strcmp(sharing_subject(member->connection), changed->subject) == 0) {
            member->membership = (enum access_role)changed->role;
            member_role_changed(hub, member);
        }
    }
}

static void link_removed(struct hub *hub, const struct store_request *request)
{
    struct room *room = room_of(hub, request);
    for (size_t i = room == NULL ? 0 : room->member_count; i-- > 0;) {
        struct member *member = room->members[i];
        if (member->link == request->sharing->link.number) {
            member->link = 0;
            member_role_changed(hub, member);
        }
    }
}

static void sweep_room(struct hub *hub, struct room *room, int64_t now_ms)
{
    for (size_t i = room->member_count; i-- > 0;) {
        struct member *member = room->members[i];
        if (member->link == 0) {
            continue;
        }
        if (member->link_ends_ms <= now_ms) {
            member->link = 0;
            member_role_changed(hub, member);
        } else if (member->link_ends_ms < hub->links_end_ms) {
            hub->links_end_ms = member->link_ends_ms;
        }
    }
}

void sharing_sweep(struct hub *hub)
{
    int64_t now_ms = hub->env.unix_ms(hub->env.context);
    if (now_ms < hub->links_end_ms) {
        return;
    }
    struct room *room;
    hub->links_end_ms = INT64_MAX;
    for (size_t at = 0; (room = table_next(&hub->rooms, &at)) != NULL;) {
        for (; room != NULL; room = room->same_hash) {
            sweep_room(hub, room, now_ms);
        }
    }
}

/* ---- answered ---- */

static void tell_members(struct hub *hub, const struct store_request *request)
{
    const struct request_sharing *sharing = request->sharing;
    encode_members(&hub->scratch, request->ref, sharing->count);
    for (size_t i = 0; i < sharing->count; i++) {
        const struct store_member *member = &sharing->members[i];
        encode_members_row(&hub->scratch, member->subject,
                           access_role_name((enum access_role)member->role), member->at_ms);
    }
}

static void tell_links(struct hub *hub, const struct store_request *request)
{
    const struct request_sharing *sharing = request->sharing;
    encode_links(&hub->scratch, request->ref, sharing->count);
    for (size_t i = 0; i < sharing->count; i++) {
        const struct store_link *link = &sharing->links[i];
        struct encode_link row = {.number = link->number,
                                  .role = access_role_name((enum access_role)link->role),
                                  .label = link->label,
                                  .created_ms = link->created_ms,
                                  .expires_ms = link->expires_ms == 0 ? WIRE_NONE
                                                                      : (uint64_t)link->expires_ms};
        encode_links_row(&hub->scratch, &row);
    }
}

static void tell(struct hub *hub, const struct store_request *request)
{
    switch (request->kind) {
    case REQUEST_MEMBERS:
        tell_members(hub, request);
        break;
    case REQUEST_LINKS:
        tell_links(hub, request);
        break;
    case REQUEST_LINK:
        encode_linked(&hub->scratch, request->ref, request->sharing->link.number,
                      (const char *)request->blob->data);
        break;
    default:
        encode_done_nil(&hub->scratch, request->ref);
    }
    hub_send_scratch(hub, request->connection);
}

void sharing_known(struct hub *hub, struct store_request *request)
{
    bool is_here = hub_connection(hub, request->connection) != NULL;
    if (request->result != STORE_OK) {
        if (is_here) {
            sharing_refuse(hub, request);
        }
        return;
    }
    if (is_here) { /* before what changes for it: it may be about the asker */
        tell(hub, request);
    }
    if (request->kind == REQUEST_MEMBER) {
        member_changed(hub, request);
    } else if (request->kind == REQUEST_UNLINK) {
        link_removed(hub, request);
    }
}

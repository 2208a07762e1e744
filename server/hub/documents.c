#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

#define DRAWN_ID_SIZE 12

static void copy(char *out, struct ot_slice text)
{
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static void draw_id(struct hub *hub, char *out)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32, none alike */
    uint8_t random[DRAWN_ID_SIZE];
    hub->env.random(hub->env.context, random, sizeof random);
    for (size_t i = 0; i < DRAWN_ID_SIZE; i++) {
        out[i] = letters[random[i] % 32];
    }
    out[DRAWN_ID_SIZE] = '\0';
}

static int64_t bound(uint64_t value)
{
    return value == WIRE_NONE ? INT64_MAX : (int64_t)value;
}

/* A list of none would tell whether anything is there, also what nobody may see: it is one of one.
 */
static size_t rows_wanted(uint64_t limit)
{
    return limit == 0 ? 1 : limit < LIMIT_LIST_PAGE ? (size_t)limit : LIMIT_LIST_PAGE;
}

/* Nobody who has only been made a member of documents walks through those of others. */
static void list(struct hub *hub, struct connection *connection, const struct message *message)
{
    const struct access_user *user = connection->user;
    const char *subject = sharing_subject(connection);
    struct store_request *request = request_new(REQUEST_LIST);
    request->connection = connection->number;
    request->ref = message->ref;
    request->before_ms = bound(message->list.before_ms);
    request->before_key = bound(message->list.before_key);
    request->wanted = rows_wanted(message->list.limit);
    request->limit = user->is_owner ? request->wanted : LIMIT_LIST_PAGE;
    if (!user->is_owner) {
        struct request_sharing *sharing = request_share(request);
        strcpy(sharing->asker, subject);
        sharing->granted = user->grant_count > 0;
    }
    hub_ask(hub, request);
}

static bool may_create(const struct connection *connection, const struct message *message,
                       const char *id)
{
    return (connection->user->may_create && message->create.id.data == NULL) ||
           access_may(connection->user, ACCESS_CREATE, id);
}

/* Who creates a document becomes its owner. */
static void create(struct hub *hub, struct connection *connection, const struct message *message)
{
    const char *subject = sharing_subject(connection);
    struct store_request *request = request_new(REQUEST_CREATE);
    request->connection = connection->number;
    request->ref = message->ref;
    request->now_ms = hub->env.unix_ms(hub->env.context);
    request->document.type = (enum store_type)message->create.type;
    copy(request->document.title, message->create.title);
    if (message->create.id.data != NULL) {
        copy(request->document.id, message->create.id);
    } else {
        draw_id(hub, request->document.id);
    }
    if (!may_create(connection, message, request->document.id)) {
        hub_forbid(hub, connection->number, message->ref, -1);
        request_free(request);
        return;
    }
    if (*subject != '\0') {
        struct request_sharing *sharing = request_share(request);
        strcpy(sharing->asker, subject);
        sharing->needed = ACCESS_OWNER;
    }
    hub_ask(hub, request);
}

static void rename_document(struct hub *hub, struct connection *connection,
                            const struct message *message)
{
    char id[STORE_ID_MAX + 1];
    copy(id, message->rename.id);
    struct store_request *request =
        sharing_request(hub, connection, REQUEST_RENAME, message->ref, id, ACCESS_RENAME);
    if (request != NULL) {
        copy(request->document.title, message->rename.title);
        hub_ask(hub, request);
    }
}

static void ask_delete(struct hub *hub, uint64_t connection, uint64_t ref, const char *id)
{
    struct store_request *request = request_new(REQUEST_DELETE);
    request->connection = connection;
    request->ref = ref;
    strcpy(request->document.id, id);
    hub_ask(hub, request);
}

/* A room in memory first stops taking edits and lets those under way arrive. */
static void delete_document(struct hub *hub, uint64_t connection, uint64_t ref, const char *id)
{
    struct room *room = room_find(hub, (struct ot_slice){(const uint8_t *)id, strlen(id)});
    if (room == NULL || room->state == ROOM_LOADING) {
        ask_delete(hub, connection, ref, id);
    } else if (room->state == ROOM_DELETING) {
        hub_refuse_store(hub, connection, ref, -1, STORE_E_NOT_FOUND);
    } else {
        room->state = ROOM_DELETING;
        room->delete_connection = connection;
        room->delete_ref = ref;
        documents_delete_if_quiet(hub, room);
    }
}

static void may_delete(struct hub *hub, struct connection *connection,
                       const struct message *message)
{
    char id[STORE_ID_MAX + 1];
    copy(id, message->remove.id);
    if (access_allows(sharing_role(hub, connection, id), ACCESS_DELETE)) {
        delete_document(hub, connection->number, message->ref, id);
        return;
    }
    struct store_request *request =
        sharing_request(hub, connection, REQUEST_MAY_DELETE, message->ref, id, ACCESS_DELETE);
    if (request != NULL) {
        hub_ask(hub, request);
    }
}

void documents_may_delete(struct hub *hub, const struct store_request *request)
{
    if (hub_connection(hub, request->connection) == NULL) {
        return;
    }
    if (request->result == STORE_OK) {
        delete_document(hub, request->connection, request->ref, request->document.id);
    } else {
        sharing_refuse(hub, request);
    }
}

void documents_delete_if_quiet(struct hub *hub, struct room *room)
{
    bool quiet = room->appending == 0 && !room->settle_sent && room->settling == NULL;
    if (room->state == ROOM_DELETING && quiet && !room->delete_sent) {
        room->delete_sent = true;
        ask_delete(hub, room->delete_connection, room->delete_ref, room->document.id);
    }
}

void documents_receive(struct hub *hub, struct connection *connection,
                       const struct message *message)
{
    uint64_t retry_ms;
    bool adds = message->kind == WIRE_CREATE;
    const char *why = message->kind == WIRE_LIST
                          ? NULL
                          : rates_overload(hub, adds ? HUB_SCARCE : HUB_NEVER, &retry_ms);
    if (why != NULL) {
        hub_refuse(hub, connection->number, message->ref, -1, "overloaded", why, retry_ms,
                   WIRE_NONE);
        return;
    }
    enum user_rate rate = message->kind == WIRE_LIST ? USER_PAGES : USER_CREATES;
    if (!rates_allow(hub, connection, rate, message->ref, -1)) {
        return;
    }
    switch (message->kind) {
    case WIRE_LIST:
        list(hub, connection, message);
        break;
    case WIRE_CREATE:
        create(hub, connection, message);
        break;
    case WIRE_RENAME:
        rename_document(hub, connection, message);
        break;
    default:
        may_delete(hub, connection, message);
    }
}

/* ---- answers ---- */

static bool may_see(const struct access_user *user, const struct store_request *request, size_t i)
{
    const struct request_sharing *sharing = request->sharing;
    bool is_member = sharing != NULL &&
                     (sharing->granted == 0 || (sharing->joined != NULL && sharing->joined[i]));
    return is_member || access_may(user, ACCESS_LIST, request->documents[i].id);
}

/* Leaves of the new rows what the user may see, as many as are wanted. True when there are others
 * behind the last that was looked at, which is where `before` is moved to. */
static bool leave_visible(const struct access_user *user, struct store_request *request)
{
    size_t count = request->found, i = request->found;
    for (; i < request->document_count && count < request->wanted; i++) {
        request->before_ms = request->documents[i].updated_ms;
        request->before_key = request->documents[i].key;
        request->walked++;
        if (may_see(user, request, i)) {
            request->documents[count++] = request->documents[i];
        }
    }
    bool more = request->more || i < request->document_count;
    request->document_count = count;
    return more;
}

/* Goes on behind the last row, with those that were found. */
static void list_on(struct hub *hub, struct store_request *request)
{
    struct store_request *again = request_new(REQUEST_LIST);
    again->connection = request->connection;
    again->ref = request->ref;
    again->before_ms = request->before_ms;
    again->before_key = request->before_key;
    again->limit = LIMIT_LIST_PAGE;
    again->wanted = request->wanted;
    again->walked = request->walked;
    again->found = request->document_count;
    again->documents = request->documents;
    again->sharing = request->sharing;
    request->documents = NULL;
    request->sharing = NULL;
    hub_ask(hub, again);
}

static void send_list(struct hub *hub, const struct store_request *request)
{
    encode_documents(&hub->scratch, request->ref, request->more, request->document_count);
    for (size_t i = 0; i < request->document_count; i++) {
        const struct store_document *document = &request->documents[i];
        const struct room *room = room_of_key(hub, document->key);
        struct encode_document row = {.id = document->id,
                                      .title = document->title,
                                      .type = document->type,
                                      .created_ms = document->created_ms,
                                      .updated_ms = document->updated_ms,
                                      .key = document->key,
                                      .people = room == NULL ? 0 : room->member_count};
        encode_documents_row(&hub->scratch, &row);
    }
    encode_documents_end(&hub->scratch, request->more ? (uint64_t)request->before_ms : WIRE_NONE,
                         request->more ? (uint64_t)request->before_key : WIRE_NONE);
    hub_send_scratch(hub, request->connection);
}

/* One LIST does not walk for ever: what it has found when it has walked enough is its answer. */
static void listed(struct hub *hub, const struct access_user *user, struct store_request *request)
{
    request->more = leave_visible(user, request);
    if (request->more && request->document_count < request->wanted &&
        request->walked < LIMIT_LIST_WALK) {
        list_on(hub, request);
    } else {
        send_list(hub, request);
    }
}

static void renamed(struct hub *hub, const struct store_request *request)
{
    struct room *room = room_of_key(hub, request->document.key);
    if (room != NULL) {
        strcpy(room->document.title, request->document.title);
        struct ot_buf message = {0};
        encode_renamed(&message, 0, room->document.title);
        room_publish(hub, room, (struct hub_out){.blob = encode_blob(&message)});
        ot_buf_deinit(&message);
    }
}

static void deleted(struct hub *hub, const struct store_request *request)
{
    struct room *room = room_of_key(hub, request->document.key);
    if (room == NULL) {
        return;
    }
    while (room->member_count > 0) {
        struct member *member = room->members[0];
        bool reads = member->state == MEMBER_READING;
        member_shut_out(hub, member, reads ? "deleted" : "not_found", "the document was deleted",
                        WIRE_NONE);
    }
    room_free(hub, room);
}

static void delete_failed(struct hub *hub, const struct store_request *request)
{
    const char *id = request->document.id;
    struct room *room = room_find(hub, (struct ot_slice){(const uint8_t *)id, strlen(id)});
    if (room != NULL && room->state == ROOM_DELETING) {
        room->state = ROOM_LIVE;
        room->delete_sent = false;
    }
}

void documents_known(struct hub *hub, struct store_request *request)
{
    const struct connection *connection = hub_connection(hub, request->connection);
    if (request->result != STORE_OK) {
        if (request->kind == REQUEST_DELETE) {
            delete_failed(hub, request);
        }
        if (connection != NULL) {
            sharing_refuse(hub, request);
        }
        return;
    }
    if (request->kind == REQUEST_RENAME) {
        renamed(hub, request);
    } else if (request->kind == REQUEST_DELETE) {
        deleted(hub, request);
    }
    if (connection == NULL) {
        return;
    }
    if (request->kind == REQUEST_LIST) {
        listed(hub, connection->user, request);
        return;
    }
    if (request->kind == REQUEST_CREATE) {
        encode_done_string(&hub->scratch, request->ref, request->document.id);
    } else {
        encode_done_nil(&hub->scratch, request->ref);
    }
    hub_send_scratch(hub, request->connection);
}

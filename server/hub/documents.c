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

static void list(struct hub *hub, struct connection *connection, const struct message *message)
{
    struct store_request *request = request_new(REQUEST_LIST);
    request->connection = connection->number;
    request->ref = message->ref;
    request->before_ms = bound(message->list.before_ms);
    request->before_key = bound(message->list.before_key);
    request->wanted = message->list.limit < LIMIT_LIST_PAGE ? message->list.limit : LIMIT_LIST_PAGE;
    request->limit = connection->user->is_owner ? request->wanted : LIMIT_LIST_PAGE;
    hub_ask(hub, request);
}

static void create(struct hub *hub, struct connection *connection, const struct message *message)
{
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
    if (hub_allows(hub, connection, ACCESS_CREATE, request->document.id, message->ref, -1)) {
        hub_ask(hub, request);
    } else {
        request_free(request);
    }
}

static void rename_document(struct hub *hub, struct connection *connection,
                            const struct message *message)
{
    struct store_request *request = request_new(REQUEST_RENAME);
    request->connection = connection->number;
    request->ref = message->ref;
    request->now_ms = hub->env.unix_ms(hub->env.context);
    copy(request->document.id, message->rename.id);
    copy(request->document.title, message->rename.title);
    if (hub_allows(hub, connection, ACCESS_RENAME, request->document.id, message->ref, -1)) {
        hub_ask(hub, request);
    } else {
        request_free(request);
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
static void delete_document(struct hub *hub, struct connection *connection,
                            const struct message *message)
{
    char id[STORE_ID_MAX + 1];
    copy(id, message->remove.id);
    if (!hub_allows(hub, connection, ACCESS_DELETE, id, message->ref, -1)) {
        return;
    }
    struct room *room = room_find(hub, message->remove.id);
    if (room == NULL || room->state == ROOM_LOADING) {
        ask_delete(hub, connection->number, message->ref, id);
    } else if (room->state == ROOM_DELETING) {
        hub_refuse_store(hub, connection->number, message->ref, -1, STORE_E_NOT_FOUND);
    } else {
        room->state = ROOM_DELETING;
        room->delete_connection = connection->number;
        room->delete_ref = message->ref;
        documents_delete_if_quiet(hub, room);
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
    if (hub->stopping && message->kind != WIRE_LIST) {
        hub_refuse(hub, connection->number, message->ref, -1, "overloaded",
                   "the server is stopping", LIMIT_DRAIN_MS, WIRE_NONE);
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
        delete_document(hub, connection, message);
    }
}

/* ---- answers ---- */

/* The store knows nothing of users: leaves of the new rows what the user may see, as many as are
 * wanted. */
static void leave_visible(const struct access_user *user, struct store_request *request)
{
    size_t count = request->found;
    for (size_t i = request->found; i < request->document_count; i++) {
        const struct store_document *document = &request->documents[i];
        if (!access_may(user, ACCESS_LIST, document->id)) {
            continue;
        }
        if (count == request->wanted) {
            request->more = true;
            break;
        }
        request->documents[count++] = *document;
    }
    request->document_count = count;
}

/* Goes on behind the last row, with those that were found. */
static void list_on(struct hub *hub, struct store_request *request, int64_t before_ms,
                    int64_t before_key)
{
    struct store_request *again = request_new(REQUEST_LIST);
    again->connection = request->connection;
    again->ref = request->ref;
    again->before_ms = before_ms;
    again->before_key = before_key;
    again->limit = LIMIT_LIST_PAGE;
    again->wanted = request->wanted;
    again->found = request->document_count;
    again->documents = request->documents;
    request->documents = NULL;
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
    hub_send_scratch(hub, request->connection);
}

static void listed(struct hub *hub, const struct access_user *user, struct store_request *request)
{
    struct store_document last = {0};
    if (request->document_count > 0) {
        last = request->documents[request->document_count - 1];
    }
    leave_visible(user, request);
    if (request->more && request->document_count < request->wanted) {
        list_on(hub, request, last.updated_ms, last.key);
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
            hub_refuse_store(hub, request->connection, request->ref, -1, request->result);
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

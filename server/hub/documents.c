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
    request->limit = message->list.limit < LIMIT_LIST_PAGE ? message->list.limit : LIMIT_LIST_PAGE;
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
    hub_ask(hub, request);
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
    hub_ask(hub, request);
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
    static const struct {
        enum wire_kind kind;
        enum access_action action;
        void (*act)(struct hub *, struct connection *, const struct message *);
    } acts[] = {
        {WIRE_LIST, ACCESS_LIST, list},
        {WIRE_CREATE, ACCESS_CREATE, create},
        {WIRE_RENAME, ACCESS_RENAME, rename_document},
        {WIRE_DELETE, ACCESS_DELETE, delete_document},
    };
    size_t i = 0;
    while (acts[i].kind != message->kind) {
        i++;
    }
    char id[STORE_ID_MAX + 1] = {0};
    if (message->kind == WIRE_RENAME || message->kind == WIRE_DELETE) {
        copy(id, message->kind == WIRE_RENAME ? message->rename.id : message->remove.id);
    }
    if (!access_may(&connection->user, acts[i].action, id[0] == '\0' ? NULL : id)) {
        hub_refuse(hub, connection->number, message->ref, -1, "forbidden", "you may not do this",
                   WIRE_NONE, WIRE_NONE);
    } else if (hub->stopping && message->kind != WIRE_LIST) {
        hub_refuse(hub, connection->number, message->ref, -1, "overloaded",
                   "the server is stopping", LIMIT_DRAIN_MS, WIRE_NONE);
    } else {
        acts[i].act(hub, connection, message);
    }
}

/* ---- answers ---- */

static void listed(struct hub *hub, const struct store_request *request)
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
    struct ot_buf message = {0};
    while (room->member_count > 0) {
        struct member *member = room->members[0];
        encode_closed(&message, member->channel, "deleted", "the document was deleted");
        member_leave(hub, member, true, encode_blob(&message));
    }
    ot_buf_deinit(&message);
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
    bool there = hub_connection(hub, request->connection) != NULL;
    if (request->result != STORE_OK) {
        if (request->kind == REQUEST_DELETE) {
            delete_failed(hub, request);
        }
        if (there) {
            hub_refuse_store(hub, request->connection, request->ref, -1, request->result);
        }
        return;
    }
    if (request->kind == REQUEST_RENAME) {
        renamed(hub, request);
    } else if (request->kind == REQUEST_DELETE) {
        deleted(hub, request);
    }
    if (!there) {
        return;
    }
    if (request->kind == REQUEST_LIST) {
        listed(hub, request);
    } else if (request->kind == REQUEST_CREATE) {
        encode_done_string(&hub->scratch, request->ref, request->document.id);
    } else {
        encode_done_nil(&hub->scratch, request->ref);
    }
    hub_send_scratch(hub, request->connection);
}

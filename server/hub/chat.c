#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

static struct recent_chat *slot(const struct room *room, uint64_t number)
{
    return (struct recent_chat *)&room->chats[number % LIMIT_CHAT_OPEN];
}

static void remember(struct room *room, uint64_t number, uint64_t client, uint64_t nonce,
                     struct blob *blob)
{
    struct recent_chat *recent = slot(room, number);
    blob_unref(recent->blob);
    *recent = (struct recent_chat){number, client, nonce, blob};
}

static struct blob *encode_stored(struct ot_buf *scratch, const struct store_chat *chat,
                                  uint64_t member)
{
    struct encode_chat encoded = {.number = chat->number,
                                  .member = member,
                                  .name = {chat->name.data, chat->name.size},
                                  .color = {chat->color.data, chat->color.size},
                                  .text = {chat->text.data, chat->text.size},
                                  .at_ms = chat->at_ms};
    encode_chat(scratch, 0, &encoded);
    return encode_blob(scratch);
}

void chat_loaded(struct room *room, const struct request_chats *chats)
{
    struct ot_buf scratch = {0};
    for (size_t i = 0; i < chats->count; i++) {
        const struct store_chat *chat = &chats->items[i];
        remember(room, chat->number, chat->client, chat->nonce, encode_stored(&scratch, chat, 0));
    }
    ot_buf_deinit(&scratch);
}

void chat_append_missed(const struct room *room, uint64_t after, uint8_t channel,
                        struct ot_buf *out)
{
    uint64_t last = room->chat_committed;
    uint64_t first = last < LIMIT_CHAT_OPEN ? 1 : last - LIMIT_CHAT_OPEN + 1;
    if (after != WIRE_NONE && after + 1 > first) {
        first = after + 1;
    }
    for (uint64_t number = first; number <= last; number++) {
        const struct recent_chat *recent = slot(room, number);
        if (recent->number == number && recent->blob != NULL) {
            size_t at = out->size;
            if (ot_buf_append(out, recent->blob->data, recent->blob->size) != OT_OK) {
                abort();
            }
            out->data[at + ENCODE_CHANNEL_AT] = channel;
        }
    }
}

/* ---- sending ---- */

static struct member *chatting_member(struct hub *hub, struct connection *connection,
                                      const struct message *message, enum access_action action)
{
    struct member *member = member_of(connection, message->channel);
    if (member == NULL || member->state != MEMBER_READING || member->room->state != ROOM_LIVE) {
        hub_refuse(hub, connection->number, message->ref, message->channel, "not_open",
                   "no document is open on this channel", WIRE_NONE, WIRE_NONE);
        return NULL;
    }
    if (member_may(hub, member, action)) {
        return member;
    }
    hub_forbid(hub, connection->number, message->ref, message->channel);
    return NULL;
}

/* The message's texts in one blob, with `chat` pointing into it. */
static struct blob *keep_texts(struct store_chat *chat, const struct member *member,
                               struct ot_slice text)
{
    struct ot_slice name = member_name(member);
    struct ot_slice color = member_color(member);
    struct blob *blob = blob_new(name.size + color.size + text.size);
    uint8_t *at = blob->data;
    memcpy(at, name.data, name.size);
    memcpy(at + name.size, color.data, color.size);
    memcpy(at + name.size + color.size, text.data, text.size);
    chat->name = (struct store_slice){at, name.size};
    chat->color = (struct store_slice){at + name.size, color.size};
    chat->text = (struct store_slice){at + name.size + color.size, text.size};
    return blob;
}

void chat_receive(struct hub *hub, struct connection *connection, const struct message *message)
{
    struct member *member = chatting_member(hub, connection, message, ACCESS_CHAT);
    if (member == NULL) {
        return;
    }
    uint64_t retry_ms;
    const char *why = rates_overload(hub, HUB_OUT, &retry_ms);
    if (why != NULL) {
        hub_refuse(hub, connection->number, message->ref, message->channel, "overloaded", why,
                   retry_ms, WIRE_NONE);
        return;
    }
    if (full_refuses(hub, connection, message->ref, message->channel) ||
        !rates_allow(hub, connection, USER_CHATS, message->ref, message->channel)) {
        return;
    }
    struct store_request *request = request_new(REQUEST_CHAT_FIND);
    request->connection = connection->number;
    request->member = member->number;
    request->channel = member->channel;
    request->ref = message->ref;
    request->key = member->room->document.key;
    request->chat = (struct store_chat){.key = request->key,
                                        .client = connection->client,
                                        .nonce = message->chat.nonce,
                                        .at_ms = hub->env.unix_ms(hub->env.context)};
    request->blob = keep_texts(&request->chat, member, message->chat.text);
    hub_ask(hub, request);
}

static void answer(struct hub *hub, uint64_t connection, uint64_t ref, uint64_t number)
{
    if (hub_connection(hub, connection) != NULL) {
        encode_done_uint(&hub->scratch, ref, number);
        hub_send_scratch(hub, connection);
    }
}

/* A message that was sent before and is not on disk yet, or has just been written. */
static struct recent_chat *recent_of(struct room *room, const struct store_chat *chat)
{
    for (size_t i = 0; i < LIMIT_CHAT_OPEN; i++) {
        struct recent_chat *recent = &room->chats[i];
        if (recent->number != 0 && recent->client == chat->client && recent->nonce == chat->nonce) {
            return recent;
        }
    }
    return NULL;
}

/* The message was sent before and is on its way to the disk: a request that is made now is served
 * after that. */
static void find_again(struct hub *hub, const struct store_request *request)
{
    struct store_request *again = request_new(REQUEST_CHAT_FIND);
    again->connection = request->connection;
    again->member = request->member;
    again->channel = request->channel;
    again->ref = request->ref;
    again->key = request->key;
    again->chat = request->chat;
    again->blob = blob_ref(request->blob);
    hub_ask(hub, again);
}

void chat_found(struct hub *hub, struct store_request *request)
{
    struct member *member = member_of_request(hub, request);
    if (member == NULL || member->room->state != ROOM_LIVE) {
        if (hub_connection(hub, request->connection) != NULL) {
            hub_refuse(hub, request->connection, request->ref, request->channel, "not_open",
                       "the document was closed meanwhile", WIRE_NONE, WIRE_NONE);
        }
        return;
    }
    if (request->result != STORE_OK) {
        hub_refuse_store(hub, request->connection, request->ref, request->channel, request->result);
        return;
    }
    struct room *room = member->room;
    const struct recent_chat *recent = recent_of(room, &request->chat);
    if (request->chat.number != 0 || (recent != NULL && recent->blob != NULL)) {
        answer(hub, request->connection, request->ref,
               request->chat.number != 0 ? request->chat.number : recent->number);
        return;
    }
    if (recent != NULL) {
        find_again(hub, request);
        return;
    }
    struct store_request *append = request_new(REQUEST_APPEND_CHAT);
    append->connection = request->connection;
    append->ref = request->ref;
    append->member = request->member;
    append->channel = request->channel;
    append->key = request->key;
    append->first = room->number;
    append->chat = request->chat;
    append->chat.number = ++room->chat_number;
    append->blob = blob_ref(request->blob);
    remember(room, append->chat.number, append->chat.client, append->chat.nonce, NULL);
    room->appending++;
    hub_ask(hub, append);
}

static void answer_stored(struct hub *hub, const struct store_request *request)
{
    if (request->result == STORE_OK) {
        answer(hub, request->connection, request->ref, request->chat.number);
    } else if (hub_connection(hub, request->connection) != NULL) {
        hub_refuse_store(hub, request->connection, request->ref, request->channel, request->result);
    }
}

void chat_stored(struct hub *hub, struct store_request *request)
{
    struct room *room = room_of_key(hub, request->key);
    if (room == NULL || room->number != request->first) {
        /* It was rolled back; what was on its way then may be on disk all the same. */
        answer_stored(hub, request);
        return;
    }
    room->appending--;
    if (request->result != STORE_OK) {
        answer_stored(hub, request);
        room_roll_back(hub, room, request->result);
        return;
    }
    struct blob *blob = encode_stored(&hub->scratch, &request->chat, request->member);
    remember(room, request->chat.number, request->chat.client, request->chat.nonce, blob_ref(blob));
    room->chat_committed = request->chat.number;
    metrics_add(&hub->metrics, METRIC_CHATS, 1);
    room_publish(hub, room, (struct hub_out){.blob = blob, .chat = request->chat.number});
    answer_stored(hub, request);
    documents_delete_if_quiet(hub, room);
}

/* ---- older messages ---- */

void chat_page_receive(struct hub *hub, struct connection *connection,
                       const struct message *message)
{
    struct member *member = chatting_member(hub, connection, message, ACCESS_READ);
    if (member == NULL ||
        !rates_allow(hub, connection, USER_PAGES, message->ref, message->channel)) {
        return;
    }
    struct store_request *request = request_new(REQUEST_CHATS);
    request->connection = connection->number;
    request->member = member->number;
    request->channel = member->channel;
    request->ref = message->ref;
    request->key = member->room->document.key;
    request->first = message->chats.before;
    request->limit =
        message->chats.limit < LIMIT_CHAT_PAGE ? message->chats.limit : LIMIT_CHAT_PAGE;
    hub_ask(hub, request);
}

void chat_page_known(struct hub *hub, struct store_request *request)
{
    if (hub_connection(hub, request->connection) == NULL) {
        return;
    }
    if (request->result != STORE_OK) {
        hub_refuse_store(hub, request->connection, request->ref, request->channel, request->result);
        return;
    }
    encode_chats(&hub->scratch, request->ref, request->channel, request->more,
                 request->chats.count);
    for (size_t i = 0; i < request->chats.count; i++) {
        const struct store_chat *chat = &request->chats.items[i];
        struct encode_chat row = {.number = chat->number,
                                  .name = {chat->name.data, chat->name.size},
                                  .color = {chat->color.data, chat->color.size},
                                  .text = {chat->text.data, chat->text.size},
                                  .at_ms = chat->at_ms};
        encode_chats_row(&hub->scratch, &row);
    }
    hub_send_scratch(hub, request->connection);
}

#include "server/hub/room.h"

#include <string.h>

static void refuse(struct hub *hub, const struct member *member, uint64_t seq, const char *code,
                   const char *text, uint64_t retry_ms, uint64_t at)
{
    hub->stats.refused++;
    hub_refuse(hub, member->connection->number, seq, member->channel, code, text, retry_ms, at);
}

/* Appends what an operation inserts: however it is transformed, that stays. */
static int append_inserted(struct ot_slice op, struct ot_buf *out)
{
    struct ot_iter iter;
    struct ot_component component;
    int result = OT_OK;
    ot_iter_init(&iter, op);
    while (result == OT_OK && ot_iter_next(&iter, &component)) {
        if (component.kind == OT_INSERT || component.kind == OT_EMBED) {
            result = ot_buf_append(out, component.content.data, component.content.size);
        }
    }
    return result;
}

/* Another edit under the number of the author's last one: two of a client go on from one state, as
 * a copied machine and its original do. Not known once that edit has left memory. */
static bool contradicts(const struct room *room, const struct author *author, struct ot_slice op)
{
    struct ot_buf known = {0}, given = {0};
    bool differs = false;
    if (history_has(&room->history, author->version) &&
        append_inserted(history_at(&room->history, author->version)->op, &known) == OT_OK &&
        append_inserted(op, &given) == OT_OK) {
        differs = known.size != given.size ||
                  (known.size > 0 && memcmp(known.data, given.data, known.size) != 0);
    }
    ot_buf_deinit(&known);
    ot_buf_deinit(&given);
    return differs;
}

/*
 * Is it an edit that came before? If it came over this connection, its ACK has its place in what
 * the connection is given, perhaps later than now: a second one could come before it, out of order.
 * If over another, it was on disk before this channel was opened, and the author hears its place
 * again.
 */
static bool repeated(struct hub *hub, const struct member *member, const struct message *message)
{
    const struct author *author = member->author;
    if (message->edit.seq == 0 || message->edit.seq != author->seq) {
        return false;
    }
    if (contradicts(member->room, author, message->edit.op)) {
        refuse(hub, member, message->edit.seq, "seq_conflict",
               "the client's edit of this number has other content", WIRE_NONE, WIRE_NONE);
        return true;
    }
    if (author->connection != member->connection->number && author->committed_seq == author->seq) {
        encode_ack(&hub->scratch, member->channel, author->version, author->seq);
        hub_send_scratch(hub, member->connection->number);
    }
    return true;
}

/* True if the edit may take the next version; else it has been refused. */
static bool in_order(struct hub *hub, const struct member *member, const struct message *message)
{
    const struct room *room = member->room;
    uint64_t seq = message->edit.seq;
    uint64_t base = message->edit.base;
    if (seq != member->author->seq + 1) {
        refuse(hub, member, seq, "bad_seq", "this is not the next edit of the client", WIRE_NONE,
               WIRE_NONE);
    } else if (base > room->committed) {
        refuse(hub, member, seq, "bad_base", "the base version does not exist yet", WIRE_NONE,
               WIRE_NONE);
    } else if (base < member->author->version) {
        refuse(hub, member, seq, "bad_base", "the base is older than the client's own last edit",
               WIRE_NONE, WIRE_NONE);
    } else if (base + 1 < room->history.first) {
        refuse(hub, member, seq, "too_old", "the base is older than the edits kept at hand",
               WIRE_NONE, WIRE_NONE);
    } else {
        return true;
    }
    return false;
}

static bool acceptable(struct hub *hub, const struct member *member, const struct message *message)
{
    const struct room *room = member->room;
    const struct ot_op_info *info = &message->edit.info;
    uint64_t seq = message->edit.seq;
    if (room->document.type == STORE_TEXT && (info->has_attributes || info->has_embeds)) {
        refuse(hub, member, seq, "not_text", "a text document has no attributes and no embeds",
               WIRE_NONE, WIRE_NONE);
        return false;
    }
    bool grows = info->inserted_length > info->deleted_length || info->has_attributes;
    if (grows && ot_doc_text_bytes(room->doc) + message->edit.op.size > LIMIT_DOCUMENT_BYTES) {
        refuse(hub, member, seq, "document_full", "the document would become too large", WIRE_NONE,
               WIRE_NONE);
        return false;
    }
    return true;
}

/* Gives the edit its place: the next version. */
static void accept_edit(struct hub *hub, struct member *member, uint64_t seq, struct ot_slice op)
{
    struct room *room = member->room;
    uint64_t version = ++room->head;
    encode_edit(&hub->scratch, 0, version, member->number, op);
    struct blob *blob = encode_blob(&hub->scratch);
    struct entry entry = {.version = version,
                          .client = member->author->client,
                          .seq = seq,
                          .member = member->number,
                          .connection = member->connection->number,
                          .blob = blob,
                          .op = {blob->data + blob->size - op.size, op.size},
                          .length = ot_doc_length(room->doc)};
    entry.hashed = version % LIMIT_HASH_EDITS == 0 && ot_doc_hash(room->doc, &entry.hash) == OT_OK;
    history_push(&room->history, entry);
    member->author->seq = seq;
    member->author->version = version;
    member->author->connection = entry.connection;
    member->connection->known = true;

    struct store_request *request = request_new(REQUEST_APPEND_EDIT);
    request->key = room->document.key;
    request->ref = room->number;
    request->blob = blob_ref(blob);
    request->edit = (struct store_edit){.key = room->document.key,
                                        .version = version,
                                        .client = entry.client,
                                        .seq = seq,
                                        .at_ms = hub->env.unix_ms(hub->env.context),
                                        .op = {entry.op.data, entry.op.size}};
    room->appending++;
    hub_ask(hub, request);
    room_settle_if_due(hub, room);
}

void edit_receive(struct hub *hub, struct connection *connection, const struct message *message)
{
    struct member *member = member_of(connection, message->channel);
    uint64_t seq = message->edit.seq;
    if (member == NULL || member->author == NULL || member->room->state != ROOM_LIVE) {
        hub_refuse(hub, connection->number, seq, message->channel, "not_open",
                   "no document is open on this channel", WIRE_NONE, WIRE_NONE);
        return;
    }
    struct room *room = member->room;
    if (hub->stopping) {
        refuse(hub, member, seq, "overloaded", "the server is stopping", LIMIT_DRAIN_MS, WIRE_NONE);
        return;
    }
    if (!access_may(connection->user, ACCESS_EDIT, room->document.id)) {
        refuse(hub, member, seq, "forbidden", "you may not edit this document", WIRE_NONE,
               WIRE_NONE);
        return;
    }
    if (repeated(hub, member, message) || !in_order(hub, member, message) ||
        !acceptable(hub, member, message)) {
        return;
    }
    struct ot_buf op = {0};
    struct ot_error error = {0, WIRE_NONE};
    int result = history_transform(&room->history, message->edit.op, message->edit.base, &op);
    if (result == OT_OK) {
        result = ot_doc_apply(room->doc, ot_buf_slice(&op), &error);
    }
    if (result == OT_OK) {
        accept_edit(hub, member, seq, ot_buf_slice(&op));
    } else {
        refuse(hub, member, seq, ot_error_name(result), ot_error_text(result), WIRE_NONE, error.at);
    }
    ot_buf_deinit(&op);
}

/* ---- committed ---- */

static void publish(struct hub *hub, struct room *room, const struct entry *entry)
{
    room_publish(hub, room,
                 (struct hub_out){.blob = blob_ref(entry->blob),
                                  .version = entry->version,
                                  .author = entry->connection,
                                  .seq = entry->seq});
    if (entry->hashed) {
        encode_hash(&hub->scratch, 0, entry->version, entry->hash);
        room_publish(hub, room, (struct hub_out){.blob = encode_blob(&hub->scratch)});
    }
}

static void commit(struct hub *hub, struct room *room, const struct store_edit *edit)
{
    struct entry *entry = history_at(&room->history, edit->version);
    struct author *author = room_author(room, edit->client);
    room->committed = edit->version;
    room->length = entry->length;
    author->committed_seq = edit->seq;
    author->committed_version = edit->version;
    hub->stats.edits++;
    presence_transform(room, entry);
    publish(hub, room, entry);
    open_release(hub, room);
    room_settle_if_due(hub, room);
    history_trim(&room->history, room->committed);
}

void room_roll_back(struct hub *hub, struct room *room, int result)
{
    for (uint64_t version = room->committed + 1; version <= room->head; version++) {
        const struct entry *entry = history_at(&room->history, version);
        struct connection *connection = hub_connection(hub, entry->connection);
        struct member *member = connection == NULL ? NULL : connection->members;
        while (member != NULL && member->room != room) {
            member = member->next;
        }
        if (member != NULL) {
            hub_refuse_store(hub, connection->number, entry->seq, member->channel, result);
        }
    }
    while (room->member_count > 0) {
        member_shut_out(hub, room->members[0], store_error_name(result), store_error_text(result),
                        LIMIT_STORAGE_RETRY_MS);
    }
    room_free(hub, room);
}

void edit_stored(struct hub *hub, struct store_request *request)
{
    struct room *room = room_of_key(hub, request->key);
    if (room == NULL || room->number != request->ref) {
        return; /* it was rolled back */
    }
    room->appending--;
    if (request->result == STORE_OK) {
        commit(hub, room, &request->edit);
        documents_delete_if_quiet(hub, room);
    } else {
        hub_log(hub, HUB_LOG_ERROR, "not_stored", "document=%s reason=%s", room->document.id,
                store_error_name(request->result));
        room_roll_back(hub, room, request->result);
    }
}

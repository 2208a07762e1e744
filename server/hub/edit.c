#include "server/hub/room.h"
#include "server/schema/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 1000

static void refuse(struct hub *hub, const struct member *member, uint64_t seq, const char *code,
                   const char *text, uint64_t retry_ms, uint64_t at)
{
    hub_refuse(hub, member->connection->number, seq, member->channel, code, text, retry_ms, at);
    rates_edit_refused(hub, member->connection, code);
}

static_assert(LIMIT_MOVED_BYTES <= STORE_OP_MAX, "the store takes every edit");

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
 * a copied machine and its original do. */
static int contradicts(struct ot_slice known, struct ot_slice given, bool *does_out)
{
    struct ot_buf inserted_known = {0}, inserted_given = {0};
    int result = append_inserted(known, &inserted_known);
    if (result == OT_OK) {
        result = append_inserted(given, &inserted_given);
    }
    *does_out = inserted_known.size != inserted_given.size ||
                (inserted_known.size > 0 &&
                 memcmp(inserted_known.data, inserted_given.data, inserted_known.size) != 0);
    ot_buf_deinit(&inserted_known);
    ot_buf_deinit(&inserted_given);
    return result;
}

/*
 * Answers an edit that came before, as version `author->version`. If that came over this
 * connection, its ACK has its place in what the connection is given, perhaps later than now: a
 * second one could come before it, out of order. If over another, it was on disk before this
 * channel was opened, and the author hears its place again.
 */
static void answer_repeated(struct hub *hub, const struct member *member, struct ot_slice known,
                            struct ot_slice given)
{
    const struct author *author = member->author;
    bool contradicting = false;
    if (!rates_allow_work(hub, HISTORY_FOLDS * (known.size + given.size))) {
        refuse(hub, member, author->seq, "rate_limited", "too much is compared", RETRY_MS,
               WIRE_NONE);
        return;
    }
    if (contradicts(known, given, &contradicting) != OT_OK) {
        abort();
    }
    if (contradicting) {
        refuse(hub, member, author->seq, "seq_conflict",
               "the client's edit of this number has other content", WIRE_NONE, WIRE_NONE);
    } else if (author->connection != member->connection->number &&
               author->committed_seq == author->seq) {
        encode_ack(&hub->scratch, member->channel, author->version, author->seq);
        hub_send_scratch(hub, member->connection->number);
    }
}

/* The edit that it is held against has left memory, so it is on disk. */
static void ask_repeated(struct hub *hub, const struct member *member, struct ot_slice given)
{
    struct store_request *request = request_new(REQUEST_REPEATED);
    request->connection = member->connection->number;
    request->member = member->number;
    request->channel = member->channel;
    request->key = member->room->document.key;
    request->first = request->last = member->author->version;
    request->blob = blob_copy(given.data, given.size);
    hub_ask(hub, request);
}

static int read_repeated(const struct store_request *request, struct ot_slice *known_out)
{
    if (request->result != STORE_OK) {
        return request->result;
    }
    if (request->edits.count != 1) {
        return STORE_E_CORRUPT;
    }
    struct ot_error error;
    struct store_slice op = request->edits.items[0].op;
    *known_out = (struct ot_slice){op.data, op.size};
    return ot_op_check(*known_out, NULL, &error) == OT_OK ? STORE_OK : STORE_E_CORRUPT;
}

void edit_repeated_known(struct hub *hub, struct store_request *request)
{
    struct member *member = member_of_request(hub, request);
    if (member == NULL || member->author->version != request->first) {
        return; /* nobody waits for the answer any more */
    }
    struct ot_slice known = {0};
    int result = read_repeated(request, &known);
    if (result != STORE_OK) {
        hub_log(hub, HUB_LOG_ERROR, "not_compared", "document=%s reason=%s",
                member->room->document.id, store_error_name(result));
        member_shut_out(hub, member, "internal", "an earlier edit could not be read",
                        LIMIT_STORAGE_RETRY_MS);
        return;
    }
    struct ot_slice given = {request->blob->data, request->blob->size};
    answer_repeated(hub, member, known, given);
}

/* Is it an edit that came before? Then it is answered, now or when the store has that edit. It is
 * not counted as an edit; but a short message may have a long one read. */
static bool repeated(struct hub *hub, const struct member *member, const struct message *message)
{
    const struct author *author = member->author;
    const struct history *history = &member->room->history;
    if (message->edit.seq == 0 || message->edit.seq != author->seq) {
        return false;
    }
    if (history_has(history, author->version)) {
        answer_repeated(hub, member, history_at(history, author->version)->op, message->edit.op);
    } else if (rates_allow(hub, member->connection, USER_PAGES, author->seq, member->channel)) {
        ask_repeated(hub, member, message->edit.op);
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
    } else if (!rates_allow_work(hub,
                                 history_transform_bytes(&room->history, message->edit.op, base))) {
        refuse(hub, member, seq, "too_old", "there was too much since the base to look through",
               WIRE_NONE, WIRE_NONE);
    } else {
        return true;
    }
    return false;
}

static uint64_t formatted_length(struct ot_slice op)
{
    uint64_t length = 0;
    struct ot_iter iter;
    struct ot_component component;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        if (component.kind == OT_RETAIN && component.attributes.size > 0) {
            length += component.length;
        }
    }
    return length;
}

/* A few bytes may format a whole document. */
static bool has_time(struct hub *hub, const struct member *member, const struct message *message)
{
    const struct ot_op_info *info = &message->edit.info;
    uint64_t runs = info->has_attributes ? formatted_length(message->edit.op) : 0;
    uint64_t most = 2 * ot_doc_formats(member->room->doc) + info->components;
    uint64_t pieces = info->components + (runs < most ? runs : most);
    bool has = rates_allow_pieces(hub, pieces);
    if (!has) {
        refuse(hub, member, message->edit.seq, "rate_limited", "there are too many large edits",
               RETRY_MS, WIRE_NONE);
    }
    return has;
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
    struct schema_error wrong;
    if (!schema_allows(hub->env.schema, message->edit.op, info, &wrong)) {
        refuse(hub, member, seq, wrong.code, wrong.text, WIRE_NONE, wrong.at);
        return false;
    }
    bool formats = info->has_attributes || info->has_embeds;
    bool grows = info->inserted_length > info->deleted_length || formats;
    uint64_t most = hub->limits.values[SETTING_DOCUMENT_BYTES];
    if (grows && (ot_doc_text_bytes(room->doc) + message->edit.op.size > most ||
                  ot_doc_memory(room->doc) > LIMIT_DOCUMENT_MEMORY ||
                  (formats && ot_doc_formats(room->doc) > LIMIT_DOCUMENT_FORMATS))) {
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
    room->edited_bytes += op.size;
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

/* ROLE has told it that edits are refused: one may have crossed it on its way, but not many.
 * `may_be_copy`: a client sends its last edit anew whenever it is given the document anew. */
static void forbid(struct hub *hub, const struct member *member, uint64_t seq, bool may_be_copy)
{
    struct connection *connection = member->connection;
    uint64_t now_ms = hub->env.monotonic_ms(hub->env.context);
    if (connection->forbidden == 0 || now_ms - connection->forbidden_ms > LIMIT_FORBIDDEN_MS) {
        connection->forbidden = 0;
        connection->forbidden_ms = now_ms;
    }
    refuse(hub, member, seq, "forbidden", "you may not edit this document", WIRE_NONE, WIRE_NONE);
    connection->forbidden += !may_be_copy;
}

/* Formats that many runs of text share take little memory, but are spelled out in the snapshot. So
 * an edit that could make that too large is tried, and taken back. */
static int apply_within(struct room *room, struct ot_slice op, uint64_t most,
                        struct ot_error *error_out)
{
    if (ot_doc_snapshot_most(room->doc, op.size) <= most) {
        return ot_doc_apply(room->doc, op, error_out);
    }
    uint64_t before = ot_doc_snapshot_most(room->doc, 0);
    struct ot_buf inverse = {0};
    if (ot_doc_invert(room->doc, op, OT_STABLE, &inverse) == OT_E_MEMORY) {
        abort();
    }
    int result = ot_doc_apply(room->doc, op, error_out);
    uint64_t after = ot_doc_snapshot_most(room->doc, 0);
    if (result == OT_OK && after > most && after > before) {
        if (ot_doc_apply(room->doc, ot_buf_slice(&inverse), error_out) != OT_OK) {
            abort();
        }
        result = OT_E_LENGTH;
    }
    ot_buf_deinit(&inverse);
    return result;
}

void edit_receive(struct hub *hub, struct connection *connection, const struct message *message)
{
    struct member *member = member_of(connection, message->channel);
    uint64_t seq = message->edit.seq;
    bool was_given = member != NULL && member->attachment != 0; /* OPENED has been said */
    if (!was_given || member->room->state != ROOM_LIVE) {
        hub_refuse(hub, connection->number, seq, message->channel, "not_open",
                   "no document is open on this channel", WIRE_NONE, WIRE_NONE);
        return;
    }
    struct room *room = member->room;
    bool may_be_copy = member->copies > 0;
    member->copies -= may_be_copy;
    uint64_t retry_ms;
    const char *why = rates_overload(hub, HUB_OUT, &retry_ms);
    if (why != NULL) {
        refuse(hub, member, seq, "overloaded", why, retry_ms, WIRE_NONE);
        return;
    }
    if (repeated(hub, member, message)) {
        return;
    }
    if (!member_may(hub, member, ACCESS_EDIT)) {
        forbid(hub, member, seq, may_be_copy);
        return;
    }
    uint64_t wait_ms = rates_edit_wait_ms(hub, connection, message->edit.op.size);
    if (wait_ms > 0) {
        refuse(hub, member, seq, "rate_limited", "too many edits", wait_ms, WIRE_NONE);
        return;
    }
    if (full_refuses(hub, connection, seq, message->channel) || !in_order(hub, member, message) ||
        !has_time(hub, member, message) || !acceptable(hub, member, message)) {
        return;
    }
    struct ot_buf op = {0};
    struct ot_error error = {0, WIRE_NONE};
    int result = history_transform(&room->history, message->edit.op, message->edit.base, &op);
    if (result == OT_OK) {
        result = apply_within(room, ot_buf_slice(&op), hub->limits.values[SETTING_DOCUMENT_BYTES],
                              &error);
    }
    if (result == OT_OK) {
        accept_edit(hub, member, seq, ot_buf_slice(&op));
    } else if (result == OT_E_LENGTH) {
        refuse(hub, member, seq, "document_full", "the edit would make too much of the document",
               WIRE_NONE, WIRE_NONE);
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
    metrics_add(&hub->metrics, METRIC_EDITS, 1);
    metrics_add(&hub->metrics, METRIC_EDIT_BYTES, edit->op.size);
    presence_transform(hub, room, entry);
    publish(hub, room, entry);
    open_release(hub, room);
    room_settle_if_due(hub, room);
    history_trim(&room->history, room->committed);
}

void room_roll_back(struct hub *hub, struct room *room, int result)
{
    if (result == STORE_E_FULL) {
        full_begin(hub);
    }
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

#include "server/hub/room.h"
#include "server/hub/replay.h"

#include <stdlib.h>
#include <string.h>

/* So many more than twice those who are here are remembered before they are looked through. */
#define AUTHORS_KEPT 256

/* ---- finding ---- */

/* Seeded FNV-1a: ids come from outside. Never 0. */
static uint64_t hash_id(const struct hub *hub, struct ot_slice id)
{
    uint64_t hash = hub->seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < id.size; i++) {
        hash = (hash ^ id.data[i]) * UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 29;
    return hash == 0 ? 1 : hash;
}

static struct ot_slice id_of(const struct room *room)
{
    const char *id = room->document.id;
    return (struct ot_slice){(const uint8_t *)id, strlen(id)};
}

struct room *room_of_key(struct hub *hub, int64_t key)
{
    return table_get(&hub->rooms_by_key, (uint64_t)key);
}

struct room *room_find(struct hub *hub, struct ot_slice id)
{
    struct room *room = table_get(&hub->rooms, hash_id(hub, id));
    for (; room != NULL; room = room->same_hash) {
        struct ot_slice other = id_of(room);
        if (other.size == id.size && memcmp(other.data, id.data, id.size) == 0) {
            break;
        }
    }
    return room;
}

struct room *room_enter(struct hub *hub, struct ot_slice id)
{
    struct room *room = room_find(hub, id);
    if (room != NULL) {
        return room;
    }
    room = calloc(1, sizeof *room);
    if (room == NULL) {
        abort();
    }
    uint64_t hash = hash_id(hub, id);
    room->number = ++hub->room_last;
    room->same_hash = table_get(&hub->rooms, hash);
    memcpy(room->document.id, id.data, id.size);
    table_put(&hub->rooms, hash, room);

    struct store_request *request = request_new(REQUEST_LOAD);
    request->document = room->document;
    request->limit = LIMIT_CHAT_OPEN;
    hub_ask(hub, request);
    return room;
}

static void forget(struct hub *hub, struct room *room)
{
    uint64_t hash = hash_id(hub, id_of(room));
    struct room *first = table_get(&hub->rooms, hash);
    if (first == room) {
        table_remove(&hub->rooms, hash);
        if (room->same_hash != NULL) {
            table_put(&hub->rooms, hash, room->same_hash);
        }
    } else {
        while (first->same_hash != room) {
            first = first->same_hash;
        }
        first->same_hash = room->same_hash;
    }
    if (room_of_key(hub, room->document.key) == room) {
        table_remove(&hub->rooms_by_key, (uint64_t)room->document.key);
        metrics_add(&hub->metrics, METRIC_ROOMS, UINT64_MAX);
    }
}

static void forget_due(struct hub *hub, struct room *room)
{
    struct room **link = &hub->due;
    while (*link != NULL && *link != room) {
        link = &(*link)->due_next;
    }
    if (*link == room) {
        *link = room->due_next;
    }
}

static void free_authors(struct room *room)
{
    struct author *author;
    for (size_t at = 0; (author = table_next(&room->authors, &at)) != NULL;) {
        free(author);
    }
    table_deinit(&room->authors);
}

void room_free(struct hub *hub, struct room *room)
{
    while (room->member_count > 0) {
        member_leave(hub, room->members[0], false, NULL);
    }
    forget_due(hub, room);
    forget(hub, room);
    ot_doc_free(room->doc);
    history_deinit(&room->history);
    free_authors(room);
    blob_unref(room->settling);
    blob_unref(room->snapshot);
    for (size_t i = 0; i < LIMIT_CHAT_OPEN; i++) {
        blob_unref(room->chats[i].blob);
    }
    free(room->members);
    free(room->changes);
    free(room->left);
    free(room);
}

/* Forgets authors who are not here and whose last edit is on disk: the store knows them. */
static void prune_authors(struct room *room)
{
    struct table kept = {0};
    for (size_t i = 0; i < room->member_count; i++) {
        struct author *author = room->members[i]->author;
        if (author != NULL) {
            table_put(&kept, author->client, author);
        }
    }
    struct author *author;
    for (size_t at = 0; (author = table_next(&room->authors, &at)) != NULL;) {
        if (author->version != author->committed_version) {
            table_put(&kept, author->client, author);
        } else if (table_get(&kept, author->client) == NULL) {
            free(author);
        }
    }
    table_deinit(&room->authors);
    room->authors = kept;
}

/* Those who come and go without an edit are pruned here: nothing else may ever happen. */
struct author *room_author(struct room *room, uint64_t client)
{
    struct author *author = table_get(&room->authors, client);
    if (author == NULL) {
        if (room->authors.count >= AUTHORS_KEPT + 2 * room->member_count) {
            prune_authors(room);
        }
        author = calloc(1, sizeof *author);
        if (author == NULL) {
            abort();
        }
        author->client = client;
        table_put(&room->authors, client, author);
    }
    return author;
}

/* ---- the snapshot at hand ---- */

/* Takes over the blob. */
static void set_snapshot(struct room *room, struct blob *snapshot, uint64_t version)
{
    blob_unref(room->snapshot);
    room->snapshot = snapshot;
    room->snapshot_at = version;
    room->snapshot_hash = ot_hash((struct ot_slice){snapshot->data, snapshot->size});
}

static void rest_snapshot(struct hub *hub, struct room *room)
{
    room->snapshot_rests_ms = hub->env.monotonic_ms(hub->env.context) + 1 +
                              room->snapshot->size / hub->pace.snapshot_bytes;
}

/* ---- loading ---- */

static int load_edit(struct hub *hub, struct room *room, const struct store_edit *edit)
{
    struct ot_slice op = {edit->op.data, edit->op.size};
    int result = edit->version == room->head + 1 ? replay_edit(room->doc, op) : STORE_E_CORRUPT;
    if (result != STORE_OK) {
        return result;
    }
    encode_edit(&hub->scratch, 0, edit->version, 0, op);
    struct blob *blob = encode_blob(&hub->scratch);
    room->head = edit->version;
    room->edited_bytes += op.size;
    history_push(&room->history, (struct entry){.version = edit->version,
                                                .client = edit->client,
                                                .seq = edit->seq,
                                                .blob = blob,
                                                .op = {blob->data + blob->size - op.size, op.size},
                                                .length = ot_doc_length(room->doc)});
    history_trim(&room->history, room->head);
    return STORE_OK;
}

static int load(struct hub *hub, struct room *room, const struct store_request *request)
{
    struct ot_slice snapshot = {0};
    if (request->snapshot != NULL) {
        snapshot = (struct ot_slice){request->snapshot->data, request->snapshot->size};
    }
    int result = replay_snapshot(room->document.type, snapshot, &room->doc);
    if (result != STORE_OK) {
        return result;
    }
    room->head = room->settled = request->snapshot_version;
    history_begin(&room->history, room->head + 1);
    for (size_t i = 0; i < request->edits.count; i++) {
        result = load_edit(hub, room, &request->edits.items[i]);
        if (result != STORE_OK) {
            return result;
        }
    }
    room->committed = room->head;
    room->length = ot_doc_length(room->doc);
    if (snapshot.size > 0) {
        set_snapshot(room, blob_ref(request->snapshot), request->snapshot_version);
        rest_snapshot(hub, room);
    }
    return room->head == request->version ? STORE_OK : STORE_E_CORRUPT;
}

static void refuse_all(struct hub *hub, struct room *room, int result)
{
    if (result != STORE_E_NOT_FOUND) {
        hub_log(hub, HUB_LOG_ERROR, "not_loaded", "document=%s reason=%s", room->document.id,
                store_error_name(result));
    }
    while (room->member_count > 0) {
        struct member *member = room->members[0];
        hub_refuse_store(hub, member->connection->number, member->ref, member->channel, result);
        member_leave(hub, member, false, NULL);
    }
    room_free(hub, room);
}

void room_loaded(struct hub *hub, struct store_request *request)
{
    const char *id = request->document.id;
    struct room *room = room_find(hub, (struct ot_slice){(const uint8_t *)id, strlen(id)});
    if (room == NULL || room->state != ROOM_LOADING) {
        return;
    }
    int result = request->result;
    if (result == STORE_OK) {
        room->document = request->document;
        result = load(hub, room, request);
    }
    if (room->reopening != 0) {
        hub_answer(hub, room->reopening, result);
        room->reopening = 0;
    }
    if (result != STORE_OK) {
        refuse_all(hub, room, result);
        return;
    }
    table_put(&hub->rooms_by_key, (uint64_t)room->document.key, room);
    metrics_add(&hub->metrics, METRIC_ROOMS, 1);
    room->state = ROOM_LIVE;
    room->empty_since_ms = hub->env.monotonic_ms(hub->env.context);
    room->chat_number = room->chat_committed = request->chat_number;
    chat_loaded(room, &request->chats);
    for (size_t i = room->member_count; i-- > 0;) { /* one that fails is replaced by the last */
        open_continue(hub, room->members[i]);
    }
}

/* ---- the stream ---- */

void room_publish(struct hub *hub, struct room *room, struct hub_out item)
{
    item.kind = HUB_OUT_ITEM;
    item.room = room->number;
    item.position = room->stream++;
    for (unsigned gate = 0; gate < hub->gates; gate++) {
        if (room->gate_members[gate] > 0) {
            blob_ref(item.blob);
            hub_post(hub, gate, item);
        }
    }
    blob_unref(item.blob);
}

/* ---- snapshots and settling ---- */

struct blob *room_snapshot(struct room *room)
{
    if (room->snapshot != NULL && room->snapshot_at == room->head) {
        return room->snapshot;
    }
    struct ot_buf buf = {0};
    encode_large_begin(&buf);
    if (ot_doc_snapshot(room->doc, &buf) != OT_OK) {
        ot_buf_deinit(&buf);
        return NULL;
    }
    set_snapshot(room, encode_large_end(&buf), room->head);
    return room->snapshot;
}

/* Less than the edits since, sent to a few, or none that lead on from it? */
static bool is_outgrown(const struct hub *hub, const struct room *room)
{
    const struct history *history = &room->history;
    return room->snapshot == NULL || room->snapshot_at + 1 < history->first ||
           history_bytes_since(history, room->snapshot_at) * 100 >
               room->snapshot->size * hub->pace.edits_percent;
}

/* Making it takes as long as the document is, and all other documents wait meanwhile. So it rests
 * for many times as long, however often the document is opened; unless the edits since have become
 * too much to be sent with it. */
bool room_snapshot_is_due(const struct hub *hub, const struct room *room)
{
    bool is_made = room->snapshot != NULL && room->snapshot_at == room->head;
    bool has_rested = hub->env.monotonic_ms(hub->env.context) >= room->snapshot_rests_ms;
    return !is_made && (has_rested || is_outgrown(hub, room));
}

void room_renew_snapshot(struct hub *hub, struct room *room)
{
    if (room_snapshot_is_due(hub, room) && room_snapshot(room) != NULL) {
        rest_snapshot(hub, room);
    }
}

static void send_settle(struct hub *hub, struct room *room)
{
    struct store_request *request = request_new(REQUEST_SETTLE);
    request->key = room->document.key;
    request->ref = room->number;
    request->document = room->document;
    request->first = room->settling_at;
    request->now_ms = hub->env.unix_ms(hub->env.context);
    request->blob = room->settling;
    room->settling = NULL;
    room->settle_sent = true;
    hub_ask(hub, request);
}

/* Settles when many edits have gathered, or when nobody has been here for some time, or when the
 * server stops. The snapshot is of the head, and waits until that is committed. */
static void settle(struct hub *hub, struct room *room, bool resting)
{
    uint64_t unsettled = room->head - room->settled;
    bool many = unsettled >= LIMIT_SETTLE_EDITS || room->edited_bytes >= LIMIT_SETTLE_BYTES;
    if (room->state == ROOM_LIVE && !room->damaged && room->settling == NULL &&
        !room->settle_sent && unsettled > 0 && (many || resting)) {
        struct blob *snapshot = room_snapshot(room);
        if (snapshot != NULL) {
            room->settling = blob_ref(snapshot);
            room->settling_at = room->head;
            room->edited_bytes = 0;
        }
    }
    if (room->settling != NULL && room->committed >= room->settling_at) {
        send_settle(hub, room);
    }
}

void room_settle_if_due(struct hub *hub, struct room *room)
{
    settle(hub, room, hub->stopping);
}

/* Nobody knows which of the two is right, so nobody goes on with either: it stays closed until an
 * operator says to go on with what the store has, or the server is started anew. */
static void quarantine(struct hub *hub, struct room *room)
{
    room->damaged = true;
    while (room->member_count > 0) {
        member_shut_out(hub, room->members[0], store_error_name(STORE_E_CORRUPT),
                        store_error_text(STORE_E_CORRUPT), WIRE_NONE);
    }
}

/* What is on its way to the store for the room that is let go of is there before the other one is
 * loaded. */
void room_reopen(struct hub *hub, const struct hub_in *in)
{
    struct ot_slice id = {in->bytes, in->size};
    struct room *room = room_find(hub, id);
    if (id.size == 0 || id.size > STORE_ID_MAX) {
        hub_answer(hub, in->connection, STORE_E_NOT_FOUND);
        return;
    }
    if (room != NULL && room->damaged && room->state == ROOM_LIVE) {
        hub_log(hub, HUB_LOG_INFO, "reopened", "document=%s", room->document.id);
        room_free(hub, room);
        room = NULL;
    }
    if (room == NULL) {
        room = room_enter(hub, id);
    }
    if (room->state == ROOM_LOADING) {
        room->reopening = in->connection;
    } else {
        hub_answer(hub, in->connection, room->state == ROOM_LIVE ? STORE_OK : STORE_E_NOT_FOUND);
    }
}

void room_settled(struct hub *hub, struct store_request *request)
{
    struct room *room = room_of_key(hub, request->key);
    bool damaged = request->result == STORE_E_CORRUPT;
    if (request->result != STORE_OK) {
        hub_log(hub, damaged ? HUB_LOG_ERROR : HUB_LOG_WARN, "not_settled",
                "document=%s version=%llu reason=%s", request->document.id,
                (unsigned long long)request->first, store_error_name(request->result));
    }
    if (room == NULL || room->number != request->ref) {
        return; /* it was rolled back */
    }
    room->settle_sent = false;
    if (damaged) {
        quarantine(hub, room);
    }
    if (request->result == STORE_OK) {
        room->settled = request->first;
        prune_authors(room);
        room_settle_if_due(hub, room); /* what came meanwhile, if the server is stopping */
    }
    documents_delete_if_quiet(hub, room);
}

void room_drop_caches(struct room *room)
{
    blob_unref(room->snapshot);
    room->snapshot = NULL;
}

void room_sweep(struct hub *hub, struct room *room, uint64_t now_ms)
{
    bool quiet = room->state == ROOM_LIVE && !room->damaged && room->member_count == 0 &&
                 room->appending == 0 && room->committed == room->head;
    uint64_t idle_ms = hub->pressure >= HUB_TIGHT ? 0 : LIMIT_ROOM_IDLE_MS;
    if (!quiet || now_ms - room->empty_since_ms < idle_ms) {
        return;
    }
    settle(hub, room, true);
    if (!room->settle_sent) {
        room_free(hub, room);
    }
}

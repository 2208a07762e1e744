#include "server/auth/link_secret.h"
#include "server/hub/room.h"

#include <stdlib.h>
#include <string.h>

void ready_free(struct ready *ready)
{
    if (ready != NULL) {
        blob_unref(ready->snapshot);
        ot_buf_deinit(&ready->catchup);
        free(ready);
    }
}

/* ---- attaching ---- */

static void attach(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    struct ready *ready = member->ready;
    member->ready = NULL;
    member->role = member_role(hub, member);
    member->copies += access_allows(member->role, ACCESS_EDIT);
    struct encode_opened opened = {
        .channel = member->channel,
        .ref = member->ref,
        .epoch = hub->epoch,
        .version = ready->version,
        .head = ready->head,
        .seq = ready->seq,
        .type = room->document.type,
        .title = room->document.title,
        .role = access_role_name(member->role),
        .member = member->number,
        .chat = room->chat_committed,
    };
    size_t snapshot_at = 0;
    struct blob *snapshot = ready->snapshot;
    if (snapshot != NULL) {
        opened.snapshot = (struct ot_slice){snapshot->data, snapshot->size};
        blob_ref(snapshot);
    }
    encode_opened(&hub->scratch, &opened, &snapshot_at);
    if (ot_buf_append(&hub->scratch, ready->catchup.data, ready->catchup.size) != OT_OK) {
        abort();
    }
    chat_append_missed(room, member->chat, member->channel, &hub->scratch);
    struct blob *blob = encode_blob(&hub->scratch);
    ready_free(ready);

    if (member->state != MEMBER_READING) {
        member_attached(hub, member);
        presence_joined(hub, member);
    }
    member->attachment = ++hub->attachment_last;
    hub_post(hub, HUB_GATE_OF(member->connection->number),
             (struct hub_out){.kind = HUB_OUT_ATTACH,
                              .connection = member->connection->number,
                              .channel = member->channel,
                              .room = room->number,
                              .position = room->stream,
                              .tick = room->tick,
                              .attachment = member->attachment,
                              .version = room->committed,
                              .chat = room->chat_committed,
                              .blob = blob,
                              .snapshot = snapshot,
                              .snapshot_at = snapshot_at,
                              .extra = presence_full(hub, room)});
}

void open_release(struct hub *hub, struct room *room)
{
    for (size_t i = 0; i < room->member_count && room->waiting > 0; i++) {
        struct member *member = room->members[i];
        if (member->ready != NULL && member->ready->head <= room->committed) {
            room->waiting--;
            attach(hub, member);
        }
    }
}

static void fail(struct hub *hub, struct member *member, int result)
{
    hub_log(hub, HUB_LOG_ERROR, "not_opened", "document=%s reason=%s", member->room->document.id,
            result <= STORE_E_MEMORY ? store_error_name(result) : ot_error_name(result));
    member_shut_out(hub, member, "internal", "the document could not be opened",
                    LIMIT_STORAGE_RETRY_MS);
}

/* ---- making the answer ---- */

/* Of the document as the server has it. */
static bool names_version(const struct hub *hub, const struct member *member)
{
    return member->epoch == hub->epoch && member->version != WIRE_NONE &&
           member->version <= member->room->head;
}

/* Reading what has left memory is counted too, as far as it is known before. */
static bool may_fold(struct hub *hub, const struct room *room, uint64_t base)
{
    uint64_t older = base + 1 < room->history.first ? room->history.first - base - 1 : 0;
    return room->head - base <= LIMIT_CATCHUP_EDITS ||
           rates_allow_work(hub,
                            HISTORY_FOLDS * (older * HISTORY_ENTRY_BYTES +
                                             history_bytes_since(&room->history, base + older)));
}

/* From the member's version; the hash is left out if it is not at hand. */
static int write_resumed(const struct member *member, bool fold, const struct request_edits *older,
                         struct ready *ready)
{
    const struct room *room = member->room;
    ready->version = member->version;
    int result = catchup_write(member, ready->version, fold, older, &ready->catchup);
    if (room->snapshot_at == room->head) {
        encode_hash(&ready->catchup, member->channel, room->head, room->snapshot_hash);
    }
    return result;
}

static int write_snapshot(struct hub *hub, const struct member *member, struct ready *ready)
{
    const struct room *room = member->room;
    ready->version = room->snapshot_at;
    ready->snapshot = blob_ref(room->snapshot);
    encode_hash(&ready->catchup, member->channel, ready->version, room->snapshot_hash);
    return catchup_write(member, ready->version, may_fold(hub, room, ready->version), NULL,
                         &ready->catchup);
}

/* ---- waiting for a snapshot ---- */

/* Others' documents are written out meanwhile. */
#define TURN_MS 25

/* Nobody is taken back: a snapshot holds the client's last edit, and all that it has seen. */
static bool may_be_given(const struct hub *hub, const struct member *member)
{
    const struct room *room = member->room;
    bool is_new = member->version == WIRE_NONE && !member->connection->has_past;
    bool says_all = !member->connection->has_left && names_version(hub, member);
    return room->snapshot_at == room->head ||
           (member->author->version <= room->snapshot_at && (is_new || says_all));
}

/* Until it may be made, but for so long at least. */
static void await_snapshot(struct hub *hub, struct member *member, uint64_t least_ms)
{
    struct room *room = member->room;
    uint64_t soon_ms = hub->env.monotonic_ms(hub->env.context) + least_ms;
    uint64_t until_ms = soon_ms > room->snapshot_rests_ms ? soon_ms : room->snapshot_rests_ms;
    room->awaiting += !member->awaits;
    member->awaits = true;
    hub->awaited_ms = until_ms < hub->awaited_ms ? until_ms : hub->awaited_ms;
}

void open_await_no_more(struct member *member)
{
    member->room->awaiting -= member->awaits;
    member->awaits = false;
}

/* ---- the answer ---- */

/* Takes the state at the head: `older` as for catchup_write, `resume`: from the member's version.
 */
static void make_ready(struct hub *hub, struct member *member, bool resume,
                       const struct request_edits *older)
{
    struct room *room = member->room;
    if (room_snapshot_is_due(hub, room) &&
        !rates_allow_large(hub, ot_doc_snapshot_most(room->doc, 0))) {
        await_snapshot(hub, member, TURN_MS);
        return;
    }
    room_renew_snapshot(hub, room);
    struct ready *ready = calloc(1, sizeof *ready);
    if (room->snapshot == NULL || ready == NULL) {
        free(ready);
        fail(hub, member, OT_E_MEMORY);
        return;
    }
    bool is_newer = names_version(hub, member) && member->version >= room->snapshot_at;
    if (!resume && !is_newer && !may_be_given(hub, member)) {
        free(ready);
        await_snapshot(hub, member, 1);
        return;
    }
    ready->head = room->head;
    ready->seq = member->author->seq;
    member->ready = ready;
    room->waiting++;
    int result = resume || is_newer ? write_resumed(member, resume, older, ready)
                                    : write_snapshot(hub, member, ready);
    if (result != OT_OK) {
        fail(hub, member, result);
        return;
    }
    open_release(hub, room);
}

static void ask_client(struct hub *hub, struct member *member)
{
    struct store_request *request = request_new(REQUEST_CLIENT);
    request->connection = member->connection->number;
    request->member = member->number;
    request->channel = member->channel;
    request->key = member->room->document.key;
    request->client = member->connection->client;
    hub_ask(hub, request);
}

static void ask_history(struct hub *hub, struct member *member)
{
    struct store_request *request = request_new(REQUEST_HISTORY);
    request->connection = member->connection->number;
    request->member = member->number;
    request->channel = member->channel;
    request->ref = member->ref;
    request->key = member->room->document.key;
    request->first = member->version + 1;
    request->last = member->room->history.first - 1;
    hub_ask(hub, request);
}

void open_continue(struct hub *hub, struct member *member)
{
    struct room *room = member->room;
    /* A document that is to be deleted may stay after all: its readers are served until it is gone.
     */
    if (room->state == ROOM_LOADING || member->ready != NULL) {
        return;
    }
    if (member->author == NULL) {
        struct author *author = table_get(&room->authors, member->connection->client);
        if (author == NULL && member->connection->known) {
            ask_client(hub, member);
            return;
        }
        member->author = room_author(room, member->connection->client);
    }
    bool resume = names_version(hub, member) &&
                  room->head - member->version <= LIMIT_RESUME_EDITS &&
                  may_fold(hub, room, member->version);
    if (resume && member->version + 1 < room->history.first) {
        ask_history(hub, member);
    } else {
        make_ready(hub, member, resume, NULL);
    }
}

void open_tick(struct hub *hub, uint64_t now_ms)
{
    if (now_ms < hub->awaited_ms) {
        return;
    }
    hub->awaited_ms = UINT64_MAX; /* whoever has to wait on says so anew */
    struct room *room;
    for (size_t at = 0; (room = table_next(&hub->rooms_by_key, &at)) != NULL;) {
        for (size_t i = room->member_count; i-- > 0 && room->awaiting > 0;) {
            struct member *member = room->members[i];
            if (member->awaits) {
                open_await_no_more(member);
                open_continue(hub, member);
            }
        }
    }
}

void open_client_known(struct hub *hub, struct store_request *request)
{
    struct member *member = member_of_request(hub, request);
    if (member == NULL || member->author != NULL) {
        return;
    }
    if (request->result != STORE_OK) {
        fail(hub, member, request->result);
        return;
    }
    struct author *author = table_get(&member->room->authors, request->client);
    if (author == NULL) {
        author = room_author(member->room, request->client);
        author->seq = author->committed_seq = request->seq;
        author->version = author->committed_version = request->version;
    }
    member->author = author;
    open_continue(hub, member);
}

void open_history_known(struct hub *hub, struct store_request *request)
{
    struct member *member = member_of_request(hub, request);
    if (member == NULL || member->ready != NULL || member->ref != request->ref ||
        member->version + 1 != request->first) {
        return;
    }
    if (request->result != STORE_OK) {
        fail(hub, member, request->result);
        return;
    }
    /* It may be too much to be worth it; or edits have left memory meanwhile, and are missing now.
     */
    bool whole = !request->more && request->last + 1 >= member->room->history.first &&
                 rates_allow_work(hub, HISTORY_FOLDS * request->edits.size);
    make_ready(hub, member, whole, &request->edits);
}

/* ---- asked ---- */

static size_t openings_of(const struct connection *connection)
{
    size_t count = 0;
    for (const struct opening *opening = connection->openings; opening != NULL;
         opening = opening->next) {
        count++;
    }
    return count;
}

void open_forget(struct connection *connection, int channel)
{
    struct opening **link = &connection->openings;
    while (*link != NULL) {
        struct opening *opening = *link;
        if (channel < 0 || opening->channel == channel) {
            *link = opening->next;
            free(opening);
        } else {
            link = &opening->next;
        }
    }
}

static bool may_open(struct hub *hub, const struct connection *connection, uint64_t ref,
                     uint8_t channel, const char *id)
{
    const char *code = NULL;
    uint64_t retry_ms = WIRE_NONE;
    const char *text = rates_overload(hub, HUB_SCARCE, &retry_ms);
    if (text != NULL) {
        code = "overloaded";
    } else if (connection->member_count + openings_of(connection) >=
               hub->limits.values[SETTING_CHANNELS]) {
        code = "channel_limit";
        text = "too many documents are open on this connection";
    }
    for (struct member *member = connection->members; member != NULL && code == NULL;
         member = member->next) {
        if (strcmp(member->room->document.id, id) == 0) {
            code = "already_open";
            text = "the document is open on another channel";
        }
    }
    if (code != NULL) {
        hub_refuse(hub, connection->number, ref, channel, code, text, retry_ms, WIRE_NONE);
    }
    return code == NULL;
}

/* Asks for the role of somebody who is not an owner anyway. */
static void ask_role(struct hub *hub, struct connection *connection, const struct message *message,
                     const char *id)
{
    struct store_request *request = request_new(REQUEST_MAY_OPEN);
    struct request_sharing *sharing = request_share(request);
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        abort();
    }
    *opening = (struct opening){
        .next = connection->openings, .number = ++hub->opening_last, .channel = message->channel};
    connection->openings = opening;
    request->connection = connection->number;
    request->member = opening->number;
    request->channel = message->channel;
    request->ref = message->ref;
    request->first = message->open.epoch;
    request->last = message->open.version;
    request->limit = message->open.chat;
    strcpy(request->document.id, id);
    strcpy(sharing->asker, sharing_subject(connection));
    sharing->has_hash = message->open.link.data != NULL;
    if (sharing->has_hash) {
        link_secret_hash(message->open.link.data, message->open.link.size, sharing->hash);
    }
    hub_ask(hub, request);
}

/* The member, in its room. `epoch`, `version`, `chat`: of the OPEN. NULL: it was refused. */
static struct member *enter(struct hub *hub, struct connection *connection, uint64_t ref,
                            uint8_t channel, const char *id)
{
    struct room *room = room_enter(hub, (struct ot_slice){(const uint8_t *)id, strlen(id)});
    if (room->state == ROOM_DELETING || room->damaged) {
        hub_refuse_store(hub, connection->number, ref, channel,
                         room->damaged ? STORE_E_CORRUPT : STORE_E_NOT_FOUND);
        return NULL;
    }
    struct member *member = member_new(connection, room, channel);
    member->ref = ref;
    return member;
}

/* Whoever shows links that are none is not given the work of looking at more. */
static bool may_show_link(struct hub *hub, const struct connection *connection,
                          const struct message *message, uint64_t wait_ms)
{
    uint64_t own_ms = rates_link_wait_ms(hub, connection);
    wait_ms = own_ms > wait_ms ? own_ms : wait_ms;
    if (wait_ms > 0) {
        hub_refuse(hub, connection->number, message->ref, message->channel, "rate_limited",
                   "too many links that are none are shown", wait_ms, WIRE_NONE);
    }
    return wait_ms == 0;
}

void open_receive(struct hub *hub, struct connection *connection, const struct message *message,
                  uint64_t link_wait_ms)
{
    char id[STORE_ID_MAX + 1] = {0};
    memcpy(id, message->open.id.data, message->open.id.size);
    struct member *member = member_of(connection, message->channel);
    open_forget(connection, message->channel);
    if (member != NULL) {
        member_leave(hub, member, true, NULL);
    }
    if (!rates_allow(hub, connection, USER_OPENS, message->ref, message->channel) ||
        !may_open(hub, connection, message->ref, message->channel, id)) {
        return;
    }
    enum access_role role = access_role(connection->user, id);
    bool is_somebody = *sharing_subject(connection) != '\0' || message->open.link.data != NULL;
    if (role == ACCESS_NONE && !is_somebody) {
        hub_refuse_store(hub, connection->number, message->ref, message->channel,
                         STORE_E_NOT_FOUND);
    } else if (role < ACCESS_OWNER && is_somebody) {
        if (message->open.link.data == NULL ||
            may_show_link(hub, connection, message, link_wait_ms)) {
            ask_role(hub, connection, message, id);
        }
    } else {
        member = enter(hub, connection, message->ref, message->channel, id);
        if (member != NULL) {
            member->epoch = message->open.epoch;
            member->version = message->open.version;
            member->chat = message->open.chat;
            open_continue(hub, member);
        }
    }
}

static bool is_waited_for(const struct connection *connection, const struct store_request *request)
{
    const struct opening *opening = connection == NULL ? NULL : connection->openings;
    while (opening != NULL && opening->number != request->member) {
        opening = opening->next;
    }
    return opening != NULL;
}

static void take_link(struct hub *hub, struct member *member, const struct store_link *link)
{
    if (link->number == 0) {
        return;
    }
    member->link = link->number;
    member->link_role = (enum access_role)link->role;
    member->link_ends_ms = link->expires_ms == 0 ? INT64_MAX : link->expires_ms;
    if (member->link_ends_ms < hub->links_end_ms) {
        hub->links_end_ms = member->link_ends_ms;
    }
}

/* What the link or the membership gives, or the token, which may be another one by now. */
static enum access_role role_given(struct hub *hub, const struct connection *connection,
                                   const struct store_request *request)
{
    const struct request_sharing *sharing = request->sharing;
    const struct store_link *link = &sharing->link;
    bool linked = link->number != 0 &&
                  (link->expires_ms == 0 || hub->env.unix_ms(hub->env.context) < link->expires_ms);
    unsigned role = access_role(connection->user, request->document.id);
    role = sharing->role > role ? sharing->role : role;
    return (enum access_role)(linked && link->role > role ? link->role : role);
}

static void count_bad_link(struct hub *hub, struct connection *connection)
{
    rates_bad_link(hub, connection);
    metrics_add(&hub->metrics, METRIC_BAD_LINKS, 1);
    hub_post(hub, HUB_GATE_OF(connection->number),
             (struct hub_out){.kind = HUB_OUT_BAD_LINK, .connection = connection->number});
}

void open_allowed(struct hub *hub, struct store_request *request)
{
    struct connection *connection = hub_connection(hub, request->connection);
    const struct request_sharing *sharing = request->sharing;
    if (!is_waited_for(connection, request)) {
        return; /* the channel was closed or opened anew meanwhile */
    }
    open_forget(connection, request->channel);
    if (sharing->has_hash && sharing->link.number == 0) {
        count_bad_link(hub, connection);
    }
    int result = request->result;
    if (result == STORE_OK && role_given(hub, connection, request) == ACCESS_NONE) {
        result = STORE_E_NOT_FOUND;
    }
    if (result != STORE_OK) {
        hub_refuse_store(hub, connection->number, request->ref, request->channel, result);
        return;
    }
    if (!may_open(hub, connection, request->ref, request->channel, request->document.id)) {
        return;
    }
    struct member *member =
        enter(hub, connection, request->ref, request->channel, request->document.id);
    if (member != NULL) {
        member->epoch = request->first;
        member->version = request->last;
        member->chat = request->limit;
        member->membership = (enum access_role)sharing->role;
        take_link(hub, member, &sharing->link);
        open_continue(hub, member);
    }
}

void open_lagged(struct hub *hub, const struct hub_in *in)
{
    struct connection *connection = hub_connection(hub, in->connection);
    struct member *member = connection == NULL ? NULL : member_of(connection, in->channel);
    if (member == NULL || member->attachment != in->attachment) {
        return; /* the channel was closed or opened anew meanwhile */
    }
    member->ref = 0;
    member->epoch = hub->epoch;
    member->version = in->version;
    member->chat = in->chat;
    open_continue(hub, member);
}

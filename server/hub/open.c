#include "server/auth/link_secret.h"
#include "server/hub/bounded.h"
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

/* ---- catching up ---- */

/* What folding may take: that of ordinary edits takes about three times their bytes. */
#define FOLDING_BYTES 65536
#define FOLDING_TIMES 8

/* Writes the edits base + 1 .. head as messages: one by one when they are few, else the others'
 * folded between the client's own, which are ACKs. */
struct catchup {
    struct ot_buf *out;
    uint8_t channel;
    uint64_t client;
    bool fold;
    uint64_t first; /* of the run being folded */
    struct ot_slice *run;
    size_t run_count, run_capacity, run_bytes;
    int result;
};

/* Folded they would be much more than they are. */
static void send_run(struct catchup *catchup)
{
    for (size_t i = 0; i < catchup->run_count; i++) {
        encode_edit(catchup->out, catchup->channel, catchup->first + i, 0, catchup->run[i]);
    }
}

static void end_run(struct catchup *catchup)
{
    if (catchup->run_count == 0 || catchup->result != OT_OK) {
        return;
    }
    struct bounded bounded;
    bounded_init(&bounded, FOLDING_BYTES + FOLDING_TIMES * catchup->run_bytes);
    struct ot_buf folded = {.allocator = &bounded.allocator};
    int result = ot_compose_all(catchup->run, catchup->run_count, OT_STABLE, &folded);
    if (result == OT_OK) {
        encode_catchup(catchup->out, catchup->channel, catchup->first,
                       catchup->first + catchup->run_count - 1, ot_buf_slice(&folded));
    } else if (result == OT_E_MEMORY) {
        send_run(catchup);
    } else {
        catchup->result = result;
    }
    ot_buf_deinit(&folded);
    catchup->run_count = 0;
    catchup->run_bytes = 0;
}

static void add_to_run(struct catchup *catchup, uint64_t version, struct ot_slice op)
{
    if (catchup->run_count == 0) {
        catchup->first = version;
    }
    if (catchup->run_count == catchup->run_capacity) {
        catchup->run_capacity = catchup->run_capacity == 0 ? 64 : catchup->run_capacity * 2;
        struct ot_slice *run = realloc(catchup->run, catchup->run_capacity * sizeof *catchup->run);
        if (run == NULL) {
            abort();
        }
        catchup->run = run;
    }
    catchup->run[catchup->run_count++] = op;
    catchup->run_bytes += op.size;
}

static void add_edit(struct catchup *catchup, uint64_t version, uint64_t member, uint64_t client,
                     uint64_t seq, struct ot_slice op)
{
    if (client == catchup->client) {
        end_run(catchup);
        encode_ack(catchup->out, catchup->channel, version, seq);
    } else if (catchup->fold) {
        add_to_run(catchup, version, op);
    } else {
        encode_edit(catchup->out, catchup->channel, version, member, op);
    }
}

/* The edits after the member's version: `older` are those that have left memory (may be NULL). */
static int catch_up(const struct member *member, const struct request_edits *older,
                    struct ot_buf *out)
{
    const struct history *history = &member->room->history;
    struct catchup catchup = {.out = out,
                              .channel = member->channel,
                              .client = member->connection->client,
                              .fold = member->room->head - member->version > LIMIT_CATCHUP_EDITS};
    uint64_t version = member->version + 1;
    for (size_t i = 0; older != NULL && i < older->count; i++) {
        const struct store_edit *edit = &older->items[i];
        if (edit->version == version && version < history->first) {
            struct ot_slice op = {edit->op.data, edit->op.size};
            add_edit(&catchup, version++, 0, edit->client, edit->seq, op);
        }
    }
    for (; history_has(history, version); version++) {
        const struct entry *entry = history_at(history, version);
        add_edit(&catchup, version, entry->member, entry->client, entry->seq, entry->op);
    }
    end_run(&catchup);
    free(catchup.run);
    return version == member->room->head + 1 ? catchup.result : OT_E_RANGE;
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
    if (ready->snapshot != NULL) {
        opened.snapshot = (struct ot_slice){ready->snapshot->data, ready->snapshot->size};
    }
    encode_opened(&hub->scratch, &opened);
    if (ot_buf_append(&hub->scratch, ready->catchup.data, ready->catchup.size) != OT_OK) {
        abort();
    }
    encode_hash(&hub->scratch, member->channel, ready->head, ready->hash);
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

/* Takes the state at the head: `older` as for catch_up, `resume`: from the member's version. */
static void make_ready(struct hub *hub, struct member *member, bool resume,
                       const struct request_edits *older)
{
    struct room *room = member->room;
    struct blob *snapshot = room_snapshot(room);
    struct ready *ready = calloc(1, sizeof *ready);
    if (snapshot == NULL || ready == NULL) {
        free(ready);
        fail(hub, member, OT_E_MEMORY);
        return;
    }
    ready->head = room->head;
    ready->hash = room->snapshot_hash;
    ready->seq = member->author->seq;
    ready->version = resume ? member->version : room->head;
    member->ready = ready;
    room->waiting++;
    int result = OT_OK;
    if (resume) {
        result = catch_up(member, older, &ready->catchup);
    } else {
        ready->snapshot = blob_ref(snapshot);
    }
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

/* Reading what has left memory is counted too, as far as it is known before. */
static bool may_fold(struct hub *hub, const struct member *member)
{
    const struct room *room = member->room;
    uint64_t older =
        member->version + 1 < room->history.first ? room->history.first - member->version - 1 : 0;
    return room->head - member->version <= LIMIT_CATCHUP_EDITS ||
           rates_allow_work(
               hub, HISTORY_FOLDS * (older * HISTORY_ENTRY_BYTES +
                                     history_bytes_since(&room->history, member->version + older)));
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
    bool resume = member->epoch == hub->epoch && member->version != WIRE_NONE &&
                  member->version <= room->head &&
                  room->head - member->version <= LIMIT_RESUME_EDITS && may_fold(hub, member);
    if (resume && member->version + 1 < room->history.first) {
        ask_history(hub, member);
    } else {
        make_ready(hub, member, resume, NULL);
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

#include "hub_server.h"

#include "hub_gate.h"
#include "server/wire/message.h"
#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the hub's environment ---- */

static uint64_t monotonic_ms(void *context)
{
    return ((struct server *)context)->now_ms;
}

static int64_t unix_ms(void *context)
{
    return INT64_C(1700000000000) + (int64_t)((struct server *)context)->now_ms;
}

static void random_bytes(void *context, void *out, size_t size)
{
    struct server *server = context;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)out)[i] = (uint8_t)rng_next(&server->rng);
    }
}

static void client_key(void *context, uint64_t client, uint8_t *key_out)
{
    (void)context;
    for (size_t i = 0; i < WIRE_KEY_SIZE; i++) {
        key_out[i] = (uint8_t)(client >> (i % 7) ^ i * 31);
    }
}

static void log_event(void *context, enum hub_log_level level, const char *event,
                      const char *fields)
{
    struct server *server = context;
    bool expected =
        server->was_full && (strcmp(event, "not_stored") == 0 || strcmp(event, "not_settled") == 0);
    plan_check(server->plan, level < HUB_LOG_WARN || expected, "the hub says: %s %s", event,
               fields);
}

static void push(struct store_request **chain, struct store_request *request)
{
    while (*chain != NULL) {
        chain = &(*chain)->next;
    }
    request->next = NULL;
    *chain = request;
}

static struct store_request *pop(struct store_request **chain)
{
    struct store_request *request = *chain;
    *chain = request->next;
    request->next = NULL;
    return request;
}

static void ask(void *context, struct store_request *request)
{
    struct server *server = context;
    switch (request->kind) {
    case REQUEST_APPEND_EDIT:
    case REQUEST_APPEND_CHAT:
        server->appends_asked++;
        push(&server->appends, request);
        break;
    case REQUEST_SETTLE:
        push(&server->settles, request);
        break;
    default:
        server->tally->histories += request->kind == REQUEST_HISTORY;
        request->after = server->appends_asked;
        push(&server->reads, request);
    }
}

static void drop(struct store_request **chain)
{
    while (*chain != NULL) {
        request_free(pop(chain));
    }
}

/* ---- life ---- */

void server_open_store(struct server *server, const char *base)
{
    char message[256];
    snprintf(server->dir, sizeof server->dir, "%s/quire-hub-XXXXXX", base);
    if (mkdtemp(server->dir) == NULL ||
        store_open(server->dir, &server->store, message, sizeof message) != STORE_OK) {
        fprintf(stderr, "%s: no database can be made\n", server->dir);
        abort();
    }
}

void server_close_store(struct server *server)
{
    char command[128];
    store_close(server->store);
    snprintf(command, sizeof command, "rm -rf '%s'", server->dir);
    if (system(command) != 0) {
        abort();
    }
}

static void begin(struct server *server)
{
    struct hub_env env = {.context = server,
                          .monotonic_ms = monotonic_ms,
                          .unix_ms = unix_ms,
                          .random = random_bytes,
                          .send = gate_take,
                          .store = ask,
                          .client_key = client_key,
                          .log = log_event};
    server->hub = hub_new(&env, store_epoch(server->store), SERVER_GATES);
    bytes_must(server->hub == NULL ? OT_E_MEMORY : OT_OK);
    server->stopping = false;
}

static void line_free(struct line *line)
{
    line_drop(line);
    while (line->up != NULL) {
        struct hub_in *next = line->up->next;
        free(line->up);
        line->up = next;
    }
    free(line->direct);
    free(line->opens);
    ot_buf_deinit(&line->down);
    free(line);
}

static void end(struct server *server)
{
    for (size_t i = 0; i < server->line_count; i++) {
        line_free(server->lines[i]);
    }
    server->line_count = 0;
    for (unsigned gate = 0; gate < SERVER_GATES; gate++) {
        gate_forget_all(&server->gates[gate]);
    }
    hub_free(server->hub);
    drop(&server->appends);
    drop(&server->reads);
    drop(&server->settles);
    server->appends_done = server->appends_asked;
    server->cursor_count = 0;
    refusals_deinit(&server->refusals);
}

void server_start(struct server *server, const char *label, unsigned documents)
{
    struct rng *rng = &server->plan->rng;
    server->rng = (struct rng){rng_next(rng)};
    server->now_ms = 1000;
    server->full = server->was_full = server->has_crashed = false;
    server->window = 2 + rng_below(rng, SERVER_WINDOW - 1);
    server->ticks = 1 + rng_below(rng, SERVER_TICKS);
    server->document_count = documents;
    for (unsigned i = 0; i < documents; i++) {
        struct store_document document = {.type = rng_percent(rng, 60) ? STORE_RICH : STORE_TEXT};
        snprintf(document.id, sizeof document.id, "%s-%u", label, i);
        if (store_create(server->store, &document, 1000) != STORE_OK) {
            abort();
        }
        ledger_init(&server->ledgers[i], server->plan, &document);
    }
    begin(server);
}

void server_stop(struct server *server)
{
    end(server);
    for (unsigned i = 0; i < server->document_count; i++) {
        ledger_deinit(&server->ledgers[i]);
    }
    free(server->lines);
    server->lines = NULL;
    server->line_capacity = 0;
    free(server->cursors);
    server->cursors = NULL;
    server->cursor_capacity = 0;
}

void server_crash(struct server *server)
{
    char message[256];
    end(server);
    store_close(server->store);
    int result = store_open(server->dir, &server->store, message, sizeof message);
    plan_check(server->plan, result == STORE_OK, "the store does not open again: %s", message);
    begin(server);
}

static void post(struct server *server, enum hub_in_kind kind)
{
    struct hub_in *in = bytes_alloc(1, sizeof *in);
    in->kind = kind;
    hub_receive(server->hub, in);
}

void server_ask_stop(struct server *server)
{
    post(server, HUB_IN_STOP);
    server->stopping = true;
}

bool server_has_stopped(const struct server *server)
{
    return hub_stopped(server->hub);
}

/* ---- the store ---- */

static struct ledger *ledger_of(struct server *server, int64_t key)
{
    unsigned i = 0;
    while (i < server->document_count && server->ledgers[i].document.key != key) {
        i++;
    }
    plan_check(server->plan, i < server->document_count, "an append to an unknown document");
    return &server->ledgers[i];
}

static void enter(struct server *server, const struct store_request *append)
{
    if (append->kind == REQUEST_APPEND_EDIT) {
        ledger_add_edit(ledger_of(server, append->key), &append->edit);
        server->tally->edits++;
    } else {
        ledger_add_chat(ledger_of(server, append->key), &append->chat);
    }
}

/* Takes the oldest appends that build on nothing refused; the others are answered at once. */
static struct store_request *next_batch(struct server *server, size_t most)
{
    struct store_request *batch = NULL;
    for (; most > 0 && server->appends != NULL; most--) {
        struct store_request *append = pop(&server->appends);
        server->appends_done++;
        if (refusals_hold(&server->refusals, append)) {
            refusals_add(&server->refusals, append);
            append->result = STORE_E_FULL;
            hub_stored(server->hub, append);
        } else {
            push(&batch, append);
        }
    }
    return batch;
}

static void write_batch(struct server *server, struct store_request *batch)
{
    if (!server->full) {
        request_append(server->store, batch);
    }
    for (struct store_request *append = batch; append != NULL; append = append->next) {
        if (server->full) {
            append->result = STORE_E_FULL;
            server->was_full = true;
        }
        if (append->result == STORE_OK) {
            enter(server, append);
        } else {
            plan_check(server->plan, server->was_full, "an append was refused: %s",
                       store_error_name(append->result));
            server->tally->rollbacks++;
            refusals_add(&server->refusals, append);
        }
    }
}

void server_commit(struct server *server, size_t most)
{
    struct store_request *batch = next_batch(server, most);
    if (batch != NULL) {
        write_batch(server, batch);
        while (batch != NULL) {
            hub_stored(server->hub, pop(&batch));
        }
    }
}

void server_commit_and_crash(struct server *server, size_t most)
{
    struct store_request *batch = next_batch(server, most);
    if (batch != NULL) {
        write_batch(server, batch);
        drop(&batch);
    }
    server_crash(server);
}

bool server_serve(struct server *server)
{
    if (server->reads == NULL || server->reads->after > server->appends_done) {
        return false;
    }
    struct store_request *request = pop(&server->reads);
    request_serve(server->store, request);
    hub_stored(server->hub, request);
    return true;
}

bool server_settle(struct server *server)
{
    struct store_request *request = server->settles;
    if (request == NULL) {
        return false;
    }
    if (server->full) {
        request->result = STORE_E_FULL;
        server->was_full = true;
    } else {
        request_serve(server->store, request);
        plan_check(server->plan, request->result == STORE_OK, "settling failed: %s",
                   store_error_name(request->result));
    }
    if (request->result != STORE_OK || request->done) {
        server->tally->settles++;
        hub_stored(server->hub, pop(&server->settles));
    }
    return true;
}

void server_pass(struct server *server, uint64_t ms)
{
    uint64_t rooms = hub_stats(server->hub).rooms;
    server->now_ms += ms;
    if (hub_next_ms(server->hub) <= server->now_ms) {
        hub_tick(server->hub);
    }
    server->tally->unloads += (unsigned)(rooms - hub_stats(server->hub).rooms);
}

bool server_rests(const struct server *server)
{
    return server->appends == NULL && server->reads == NULL && server->settles == NULL;
}

/* ---- connections ---- */

struct line *server_connect(struct server *server)
{
    struct line *line = bytes_alloc(1, sizeof *line);
    uint64_t gate = rng_below(&server->plan->rng, SERVER_GATES);
    line->number = gate << 56 | ++server->line_last;
    line->up_end = &line->up;
    server->lines = bytes_grow(server->lines, &server->line_capacity, server->line_count + 1,
                               sizeof *server->lines);
    server->lines[server->line_count++] = line;
    return line;
}

void line_put(struct line *line, struct hub_in *in)
{
    in->connection = line->number;
    in->next = NULL;
    *line->up_end = in;
    line->up_end = &in->next;
    line->up_count++;
}

void line_send(struct line *line, struct ot_slice bytes)
{
    struct hub_in *in = bytes_alloc(1, sizeof *in + bytes.size);
    in->kind = HUB_IN_MESSAGE;
    in->size = bytes.size;
    memcpy(in->bytes, bytes.data, bytes.size);
    line_put(line, in);
}

static struct hub_in *next_in(struct line *line)
{
    struct hub_in *in = line->up;
    line->up = in->next;
    line->up_count--;
    if (line->up == NULL) {
        line->up_end = &line->up;
    }
    return in;
}

/* What is under way beyond the first `kept` messages is lost, and then the gate tells the hub. */
void line_end(struct line *line, size_t kept)
{
    struct hub_in **link = &line->up;
    while (*link != NULL && kept-- > 0) {
        link = &(*link)->next;
    }
    while (*link != NULL) {
        struct hub_in *lost = *link;
        *link = lost->next;
        line->up_count--;
        free(lost);
    }
    line->up_end = link;
    struct hub_in *in = bytes_alloc(1, sizeof *in);
    in->kind = HUB_IN_GONE;
    line_put(line, in);
    line_drop(line);
    line->cut = true;
}

void line_cut(struct server *server, struct line *line)
{
    if (!line->cut) {
        line_end(line, rng_below(&server->plan->rng, (uint32_t)line->up_count + 1));
    }
}

static size_t cursor_index(const struct server *server, unsigned document, uint64_t member)
{
    size_t i = 0;
    while (i < server->cursor_count &&
           (server->cursors[i].member != member || server->cursors[i].document != document)) {
        i++;
    }
    return i;
}

void server_forget_cursor(struct server *server, unsigned document, uint64_t member)
{
    size_t i = cursor_index(server, document, member);
    if (i < server->cursor_count) {
        server->cursors[i] = server->cursors[--server->cursor_count];
    }
}

/* What the hub is told of somebody's cursor, as it should keep it. */
static void note_cursor(struct server *server, const struct line *line,
                        const struct message *message)
{
    struct ledger *ledger = &server->ledgers[message->channel];
    uint64_t member = line->members[message->channel];
    uint64_t now = ledger->edit_count;
    if (member == 0 || message->cursor.version > now) {
        return;
    }
    size_t i = cursor_index(server, message->channel, member);
    server->cursors =
        bytes_grow(server->cursors, &server->cursor_capacity, i + 1, sizeof *server->cursors);
    server->cursor_count += i == server->cursor_count;
    uint64_t ends[] = {message->cursor.anchor, message->cursor.head};
    for (size_t k = 0; k < 2; k++) {
        uint64_t length = ledger_length(ledger, now);
        ends[k] = ledger_move(ledger, line->client, ends[k], message->cursor.version, now);
        ends[k] = ends[k] == PEER_NONE || ends[k] < length ? ends[k] : length;
    }
    server->cursors[i] =
        (struct cursor){message->channel, member, line->client, now, ends[0], ends[1]};
}

static void note_open(struct line *line, const struct message *message)
{
    line->opens =
        bytes_grow(line->opens, &line->open_capacity, line->open_count + 1, sizeof *line->opens);
    line->opens[line->open_count++] = (struct line_open){message->channel, message->ref,
                                                         message->open.version, message->open.chat};
}

static void read_message(struct server *server, struct line *line, struct hub_in *in)
{
    struct wire_error error;
    size_t offset = 0;
    int result = wire_read((struct ot_slice){in->bytes, in->size}, &offset, &in->message, &error);
    plan_check(server->plan, result == 0 && offset == in->size, "a client says what is %s at %llu",
               error.code, (unsigned long long)error.at);
    if (in->message.kind == WIRE_CURSOR) {
        note_cursor(server, line, &in->message);
    } else if (in->message.kind == WIRE_OPEN) {
        note_open(line, &in->message);
    } else if (in->message.kind == WIRE_HELLO || in->message.kind == WIRE_PROFILE) {
        struct ot_slice name =
            in->message.kind == WIRE_HELLO ? in->message.hello.name : in->message.profile.name;
        snprintf(line->name, sizeof line->name, "%.*s", (int)name.size, name.data);
    }
}

static void forget_line(struct server *server, struct line *line)
{
    size_t i = 0;
    while (server->lines[i] != line) {
        i++;
    }
    server->lines[i] = server->lines[--server->line_count];
    line_free(line);
}

static void say_what(struct server *server, const struct line *line, const struct hub_in *in)
{
    static const char *const notes[] = {[HUB_IN_GONE] = "is gone",
                                        [HUB_IN_LAGGED] = "is behind with a document",
                                        [HUB_IN_PRESENCE] = "is behind with presence"};
    const struct message *message = &in->message;
    const char *kind = wire_kind_name(message->kind);
    const char *name = line->name[0] == '\0' ? "somebody" : line->name;
    if (in->kind != HUB_IN_MESSAGE) {
        plan_say(server->plan, "the hub hears that %s %s", name, notes[in->kind]);
    } else if (message->kind == WIRE_EDIT) {
        plan_say(server->plan, "the hub hears edit %llu of %s in document %u, of version %llu",
                 (unsigned long long)message->edit.seq, name, message->channel,
                 (unsigned long long)message->edit.base);
    } else if (message->kind == WIRE_OPEN) {
        plan_say(server->plan, "the hub hears open of %s for document %u, from version %lld", name,
                 message->channel, (long long)message->open.version);
    } else {
        plan_say(server->plan, "the hub hears %s of %s on channel %u", kind, name,
                 message->channel);
    }
}

bool line_deliver(struct server *server, struct line *line)
{
    if (line->up == NULL) {
        return false;
    }
    struct hub_in *in = next_in(line);
    bool last = in->kind == HUB_IN_GONE;
    if (in->kind == HUB_IN_MESSAGE) {
        read_message(server, line, in);
    }
    say_what(server, line, in);
    hub_receive(server->hub, in);
    if (last) {
        forget_line(server, line);
    }
    return true;
}

bool line_has_up(const struct line *line)
{
    return line->up != NULL;
}

bool line_has_down(const struct line *line)
{
    return line->down_at < line->down.size;
}

bool line_receive(struct server *server, struct line *line, struct peer_message *message_out)
{
    if (line->down_at == line->down.size) {
        ot_buf_clear(&line->down);
        line->down_at = line->seen_at = 0;
        return false;
    }
    int result = peer_read(ot_buf_slice(&line->down), &line->down_at, message_out);
    plan_check(server->plan, result == 0, "the server says what is no message");
    return true;
}

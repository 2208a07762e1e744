#include "server.h"

#include "gate.h"
#include "lib/limits_loose.h"
#include "lib/shortage.h"
#include "server/wire/message.h"
#include "storage/upkeep.h"
#include "tools/peer/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES      (TEMP_DIR_MAX + 32)
#define BEGIN_S         INT64_C(1700000000)
#define GUARDED_PERCENT 40 /* of rounds: the server asks for tokens */

/* ---- the hub's environment ---- */

static uint64_t monotonic_ms(void *context)
{
    return ((struct server *)context)->now_ms;
}

static int64_t unix_ms(void *context)
{
    return BEGIN_S * 1000 + (int64_t)((struct server *)context)->now_ms;
}

static void random_bytes(void *context, void *out, size_t size)
{
    struct server *server = context;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)out)[i] = (uint8_t)rng_next(&server->rng);
    }
}

static void client_key(void *context, uint64_t client, const char *subject, uint8_t *key_out)
{
    (void)context;
    (void)subject;
    for (size_t i = 0; i < WIRE_KEY_SIZE; i++) {
        key_out[i] = (uint8_t)(client >> (i % 7) ^ i * 31);
    }
}

static void log_event(void *context, enum hub_log_level level, const char *event,
                      const char *fields)
{
    struct server *server = context;
    bool expected = (server->was_full &&
                     (strcmp(event, "not_stored") == 0 || strcmp(event, "not_settled") == 0)) ||
                    (server->was_broken && strncmp(event, "not_", 4) == 0);
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

static void open_store(struct server *server)
{
    char message[256];
    int result = store_open(server->dir, &server->store, message, sizeof message);
    plan_check(server->plan, result == STORE_OK, "the store does not open: %s", message);
    bounds_set(&server->bounds, server->store);
}

static void begin(struct server *server)
{
    struct hub_env env = {.context = server,
                          .limits = &limits_loose,
                          .tokens = guard_rules(server->guard),
                          .monotonic_ms = monotonic_ms,
                          .unix_ms = unix_ms,
                          .random = random_bytes,
                          .send = gate_take,
                          .store = ask,
                          .client_key = client_key,
                          .log = log_event,
                          .pace = server->pace};
    server->hub = hub_new(&env, store_epoch(server->store), SERVER_GATES);
    bytes_must(server->hub == NULL ? OT_E_MEMORY : OT_OK);
    server->stopping = false;
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

static void create_document(struct server *server, unsigned i)
{
    struct store_document document = {.type = rng_percent(&server->plan->rng, 60) ? STORE_RICH
                                                                                  : STORE_TEXT};
    snprintf(document.id, sizeof document.id, "document-%u", i);
    bytes_must(store_create(server->store, &document, 1000));
    ledger_init(&server->ledgers[i], server->plan, &document);
}

void server_start(struct server *server, const char *base, unsigned documents)
{
    struct rng *rng = &server->plan->rng;
    server->rng = (struct rng){rng_next(rng)};
    server->power = (struct rng){rng_next(rng)};
    server->now_ms = 1000;
    server->window = 2 + rng_below(rng, SERVER_WINDOW - 1);
    server->ticks = 1 + rng_below(rng, SERVER_TICKS);
    server->document_count = documents;
    server->bounds = bounds_draw(rng);
    struct rng apart = {server->plan->seed}; /* older plans mean what they meant */
    server->guard = rng_percent(&apart, GUARDED_PERCENT) ? guard_new() : NULL;
    server->pace = pace_draw(&apart, &server->pace_drawn);
    snprintf(server->dir, sizeof server->dir, "%s/quire-sim-XXXXXX", base);
    plan_check(server->plan, mkdtemp(server->dir) != NULL, "%s: no directory can be made",
               server->dir);
    shortage_end();
    vfs_install(&server->vfs);
    open_store(server);
    for (unsigned i = 0; i < documents; i++) {
        create_document(server, i);
    }
    begin(server);
}

void server_stop(struct server *server)
{
    end(server);
    store_close(server->store);
    vfs_remove(&server->vfs);
    temp_dir_remove(server->dir);
    for (unsigned i = 0; i < server->document_count; i++) {
        ledger_deinit(&server->ledgers[i]);
    }
    guard_free(server->guard);
    free(server->lines);
    free(server->cursors);
}

const char *server_token(const struct server *server, const char *subject,
                         const struct roles *roles)
{
    const char *ids[SERVER_DOCUMENTS];
    for (unsigned i = 0; i < server->document_count; i++) {
        ids[i] = server->ledgers[i].document.id;
    }
    return server->guard == NULL
               ? NULL
               : guard_token(server->guard, subject, BEGIN_S, ids, server->document_count, roles);
}

/* ---- stopping ---- */

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

/* After which everything is as it was. */
static bool is_clean(const struct server *server, int result)
{
    return result == STORE_OK || (result == STORE_E_FULL && server->was_full);
}

/* Nobody hears of anything any more. What was being written may be there or not. */
static void fail(struct server *server, struct store_request *unheard, const char *what, int result)
{
    plan_check(server->plan, server->was_broken && result != STORE_E_CORRUPT, "%s failed: %s", what,
               store_error_name(result));
    plan_say(server->plan, "the store fails: %s", store_error_name(result));
    server->tally->failed_disks++;
    server->tally->shortages += result == STORE_E_MEMORY;
    server->failed = true;
    server->unheard = unheard;
}

/* False: the store has failed, and keeps the batch. */
static bool write_batch(struct server *server, struct store_request *batch)
{
    if (batch == NULL) {
        return true;
    }
    request_append(server->store, batch);
    if (!is_clean(server, batch->result)) {
        fail(server, batch, "an append", batch->result);
        return false;
    }
    for (struct store_request *append = batch; append != NULL; append = append->next) {
        if (append->result == STORE_OK) {
            enter(server, append);
        } else {
            server->tally->rollbacks++;
            refusals_add(&server->refusals, append);
        }
    }
    return true;
}

void server_commit(struct server *server, size_t most)
{
    struct store_request *batch = server->failed ? NULL : next_batch(server, most);
    if (write_batch(server, batch)) {
        while (batch != NULL) {
            hub_stored(server->hub, pop(&batch));
        }
    }
}

void server_commit_and_crash(struct server *server, size_t most, enum server_end how)
{
    struct store_request *batch = server->failed ? NULL : next_batch(server, most);
    if (write_batch(server, batch)) {
        drop(&batch);
    }
    server_crash(server, how);
}

bool server_serve(struct server *server)
{
    if (server->failed || server->reads == NULL || server->reads->after > server->appends_done) {
        return false;
    }
    struct store_request *request = pop(&server->reads);
    request_serve(server->store, request);
    if (request->result == STORE_E_IO) {
        fail(server, NULL, "reading", request->result);
        request_free(request);
    } else {
        hub_stored(server->hub, request);
    }
    return true;
}

bool server_settle(struct server *server)
{
    struct store_request *request = server->settles;
    if (server->failed || request == NULL) {
        return false;
    }
    request_serve(server->store, request);
    if (request->replaying) {
        request_replay(request);
    }
    if (!is_clean(server, request->result)) {
        fail(server, NULL, "settling", request->result);
    } else if (request->result != STORE_OK || request->done) {
        server->tally->settles++;
        hub_stored(server->hub, pop(&server->settles));
    }
    return true;
}

void server_tidy(struct server *server)
{
    int result = server->failed ? STORE_OK : store_idle(server->store);
    if (!is_clean(server, result)) {
        fail(server, NULL, "tidying", result);
    }
}

/* ---- what the disk does ---- */

void server_cut_power(struct server *server, long at)
{
    vfs_fail(&server->vfs, VFS_CHANGES, at, true);
    server->vfs.cut = &server->power;
    server->was_broken = true;
}

void server_fail_disk(struct server *server, unsigned kinds, long at, bool stays)
{
    vfs_fail(&server->vfs, kinds, at, stays);
    server->vfs.cut = NULL;
    server->was_broken = true;
}

void server_run_short(struct server *server, long at, bool stays)
{
    shortage_begin(at, stays);
    server->was_broken = server->was_short = true;
}

void server_fill_disk(struct server *server, int64_t room)
{
    server->vfs.room = room;
    server->was_full |= room >= 0;
}

/* ---- ending, and beginning anew ---- */

static bool is_there(struct server *server, const struct store_request *append)
{
    struct store_head head;
    int result = store_load(server->store, append->key, &head);
    plan_check(server->plan, result == STORE_OK, "a document is not there after a crash: %s",
               store_error_name(result));
    return append->kind == REQUEST_APPEND_EDIT ? append->edit.version <= head.version
                                               : append->chat.number <= head.chat_number;
}

/* A batch whose end nobody heard of is there as a whole or not at all. */
static void find_unheard(struct server *server)
{
    struct store_request *first = server->unheard;
    bool there = first != NULL && is_there(server, first);
    for (struct store_request *append = first; append != NULL; append = append->next) {
        plan_check(server->plan, is_there(server, append) == there, "half of a commit is there");
        if (there) {
            enter(server, append);
            server->tally->unheard++;
        }
    }
    drop(&server->unheard);
}

void server_crash(struct server *server, enum server_end how)
{
    shortage_end();
    end(server);
    if (how == SERVER_WITHOUT_POWER && !server->vfs.dead) {
        vfs_cut_power(&server->vfs, &server->power);
    } else if (how != SERVER_CLOSED) {
        vfs_kill(&server->vfs);
    }
    server->tally->kills += how == SERVER_KILLED;
    server->tally->power_cuts += how == SERVER_WITHOUT_POWER;
    server->has_crashed |= how != SERVER_CLOSED;
    store_close(server->store);
    vfs_heal(&server->vfs);
    open_store(server);
    find_unheard(server);
    server->failed = false;
    begin(server);
}

/* ---- backups ---- */

static void path_in(const struct server *server, const char *name, char *path_out)
{
    snprintf(path_out, PATH_BYTES, "%s/%s", server->dir, name);
}

static int copy_store(struct server *server, const char *path)
{
    struct store_backup *backup;
    char message[256];
    bool done = false;
    int result = store_backup_begin(server->store, path, &backup, message, sizeof message);
    if (result != STORE_OK) {
        return result;
    }
    while (result == STORE_OK && !done) {
        result = store_backup_step(backup, &done);
    }
    store_backup_end(backup);
    return result;
}

void server_back_up(struct server *server)
{
    char fresh[PATH_BYTES], kept[PATH_BYTES];
    path_in(server, "fresh.db", fresh);
    path_in(server, "backup.db", kept);
    remove(fresh); /* what is left of one that came to nothing */
    int result = server->failed ? STORE_E_IO : copy_store(server, fresh);
    if (result != STORE_OK) {
        plan_check(server->plan, server->was_full || server->was_broken, "no backup is made: %s",
                   store_error_name(result));
        return;
    }
    plan_check(server->plan, rename(fresh, kept) == 0, "the backup is not there");
    for (unsigned i = 0; i < server->document_count; i++) {
        server->marks[i] = ledger_mark(&server->ledgers[i]);
    }
    server->has_backup = true;
    server->tally->backups++;
}

/* The copy stays, for it may be put back again. */
static void put_back(const struct server *server)
{
    char from[PATH_BYTES], to[PATH_BYTES], bytes[4096];
    static const char *const logs[] = {STORE_FILE "-wal", STORE_FILE "-shm"};
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        path_in(server, logs[i], to);
        remove(to);
    }
    path_in(server, "backup.db", from);
    path_in(server, STORE_FILE, to);
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    plan_check(server->plan, in != NULL && out != NULL, "the backup cannot be put back");
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        plan_check(server->plan, fwrite(bytes, 1, size, out) == size, "no room for the backup");
    }
    plan_check(server->plan, !ferror(in) && fclose(out) == 0, "the backup cannot be put back");
    fclose(in);
}

void server_restore(struct server *server)
{
    uint64_t epoch = store_epoch(server->store);
    shortage_end();
    end(server);
    vfs_kill(&server->vfs);
    store_close(server->store);
    vfs_heal(&server->vfs);
    put_back(server);
    open_store(server);
    bytes_must(store_renew_epoch(server->store));
    plan_check(server->plan, store_epoch(server->store) != epoch, "the epoch stays");
    for (unsigned i = 0; i < server->document_count; i++) {
        ledger_restore(&server->ledgers[i], server->marks[i]);
    }
    drop(&server->unheard);
    server->failed = false;
    server->has_crashed = server->was_restored = true;
    server->tally->restores++;
    begin(server);
}

/* ---- time ---- */

void server_pass(struct server *server, uint64_t ms)
{
    uint64_t rooms = metrics_get(hub_metrics(server->hub), METRIC_ROOMS);
    server->now_ms += ms;
    if (hub_next_ms(server->hub) <= server->now_ms) {
        hub_tick(server->hub);
    }
    server->tally->unloads +=
        (unsigned)(rooms - metrics_get(hub_metrics(server->hub), METRIC_ROOMS));
}

bool server_rests(const struct server *server)
{
    return server->appends == NULL && server->reads == NULL && server->settles == NULL;
}

#include "server/serve/server.h"

#include "server/assets/assets.h"
#include "server/auth/token.h"
#include "server/gate/gate.h"
#include "server/limits.h"
#include "server/serve/admin.h"
#include "server/serve/budget.h"
#include "server/serve/hub_thread.h"
#include "server/serve/store_thread.h"
#include "storage/store.h"
#include "storage/upkeep.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* When /readyz says that something is wrong, and the watchdog hears nothing. */
#define STORE_BUSY_MS   5000
#define HUB_SILENT_MS   3000
#define GATES_SILENT_MS 3000
#define FULL_SHOWN_MS   10000

#define BYTES_PER_MIB UINT64_C(1048576)
#define NS_PER_S      1000000000LL

_Static_assert(OPTION_WORKERS_MAX == HUB_GATES_MAX, "the most workers there can be");

struct server {
    struct server_options options;
    struct store *store;
    struct store_thread *store_thread;
    struct hub_thread *hub_thread;
    struct gates *gates;
    struct admin *admin;     /* NULL when its socket could not be made */
    struct token_keys *keys; /* those in use, when they are not the options' any more */
    /* When the options' file of keys last changed before an operator gave others; 0: none did. */
    atomic_llong keys_outdated_ns;
    struct budget budget;
    atomic_bool serving, draining, failed;
};

/* ---- between the threads ---- */

static void store_answer(void *context, struct store_request *request)
{
    const struct server *server = context;
    hub_thread_answer(server->hub_thread, request);
}

static void store_answered(void *context)
{
    const struct server *server = context;
    hub_thread_wake(server->hub_thread);
}

static void store_failed(void *context)
{
    struct server *server = context;
    atomic_store(&server->failed, true);
    server->options.event(server->options.context, SERVER_FAILED);
}

static void hub_send(void *context, unsigned gate, struct hub_out *out)
{
    const struct server *server = context;
    gates_send(server->gates, gate, out);
}

static void hub_taken(void *context, uint64_t connection)
{
    const struct server *server = context;
    gates_taken(server->gates, connection);
}

static void hub_settled(void *context)
{
    const struct server *server = context;
    server->options.event(server->options.context, SERVER_SETTLED);
}

/* A ticket is the admin that waits for the answer; 0: nobody does. */
static void hub_answered(void *context, uint64_t ticket, int result)
{
    (void)context;
    admin_answer((struct admin *)(uintptr_t)ticket, result);
}

static void hub_keys_taken(void *context, uint64_t ticket, const struct token_keys *keys,
                           const struct token_keys *old)
{
    struct server *server = context;
    if (old == server->keys)
        token_keys_free(server->keys);
    server->keys = (struct token_keys *)(uintptr_t)keys;
    if (ticket != 0)
        admin_answer((struct admin *)(uintptr_t)ticket, STORE_OK);
}

static void post_to_hub(const struct server *server, enum hub_in_kind kind,
                        const struct admin *admin, const void *bytes, size_t size)
{
    struct hub_in *in = calloc(1, sizeof(*in) + size);
    if (!in)
        abort();
    in->kind = kind;
    in->connection = (uint64_t)(uintptr_t)admin;
    in->size = size;
    memcpy(in->bytes, bytes, size);
    hub_thread_post(server->hub_thread, in);
    hub_thread_wake_posted(server->hub_thread);
}

static void admin_revoke(void *context, struct admin *admin,
                         const struct store_revocation *revocation)
{
    post_to_hub(context, HUB_IN_REVOKE, admin, revocation, sizeof(*revocation));
}

static void admin_reopen(void *context, struct admin *admin, const char *id)
{
    post_to_hub(context, HUB_IN_REOPEN, admin, id, strlen(id));
}

/* When the options' file of keys, or what it is a link to, changed last; 0: it cannot be seen. */
static long long keys_changed_ns(const struct server *server)
{
    struct stat status;
    if (stat(server->options.token_keys, &status) != 0)
        return 0;
    return (long long)status.st_ctim.tv_sec * NS_PER_S + status.st_ctim.tv_nsec;
}

static int admin_keys(void *context, struct admin *admin, int file, char *message_out,
                      size_t message_size)
{
    struct server *server = context;
    if (!server->options.tokens) {
        snprintf(message_out, message_size, "the server was started without --token-keys");
        return -1;
    }
    struct token_keys *keys =
        token_keys_read_file(file, "the file of keys", message_out, message_size);
    if (!keys)
        return -1;
    atomic_store(&server->keys_outdated_ns, keys_changed_ns(server));
    post_to_hub(server, HUB_IN_KEYS, admin, &keys, sizeof(keys));
    return 0;
}

static bool gate_post(void *context, struct hub_in *in)
{
    const struct server *server = context;
    return hub_thread_post(server->hub_thread, in);
}

static void gate_posted(void *context)
{
    const struct server *server = context;
    hub_thread_wake_posted(server->hub_thread);
}

static void gate_log(void *context, enum hub_log_level level, const char *event, const char *fields)
{
    const struct server *server = context;
    log_event(server->options.log, (enum log_level)level, event, fields);
}

static enum hub_pressure gate_pressure(void *context)
{
    const struct server *server = context;
    return budget_stage(&server->budget);
}

static enum hub_pressure look(void *context)
{
    struct server *server = context;
    enum hub_pressure before = budget_stage(&server->budget);
    enum hub_pressure stage = budget_look(&server->budget);
    if (stage != before)
        log_write(server->options.log, stage == HUB_EASY ? LOG_INFO : LOG_WARN, "memory",
                  "stage=%d used=%llu whole=%llu", (int)stage,
                  (unsigned long long)atomic_load(&server->budget.used_bytes),
                  (unsigned long long)server->budget.whole_bytes);
    return stage;
}

static const char *gate_not_ready(void *context)
{
    const struct server *server = context;
    struct store_thread_stats store = store_thread_stats(server->store_thread);
    if (atomic_load(&server->failed))
        return "the storage has failed";
    if (atomic_load(&server->draining))
        return "the server is stopping";
    if (!atomic_load(&server->serving))
        return "the server is starting";
    if (store.busy_ms > STORE_BUSY_MS)
        return "the storage does not answer";
    if (hub_thread_silent_ms(server->hub_thread) > HUB_SILENT_MS)
        return "the hub does not answer";
    if (store.full_ms < FULL_SHOWN_MS)
        return "the disk is full";
    if (budget_stage(&server->budget) >= HUB_SCARCE)
        return "memory is short";
    return NULL;
}

static size_t print_metrics(void *context, char *out)
{
    const struct server *server = context;
    struct metrics sum = {0};
    gates_metrics(server->gates, &sum);
    hub_thread_metrics(server->hub_thread, &sum);
    metrics_add(&sum, METRIC_COMMITS, store_thread_stats(server->store_thread).commits);
    metrics_add(&sum, METRIC_MEMORY, atomic_load(&server->budget.used_bytes));
    metrics_add(&sum, METRIC_MEMORY_STAGE, budget_stage(&server->budget));
    metrics_add(&sum, METRIC_LOG_DROPPED, log_dropped(server->options.log));
    return metrics_print(&sum, out);
}

/* ---- starting ---- */

static void tell_quarantined(void *context, const struct store_document *document, int64_t row)
{
    const struct server *server = context;
    log_write(server->options.log, LOG_ERROR, "document_damaged", "document=%s key=%lld row=%lld",
              document->id, (long long)document->key, (long long)row);
}

static int open_store(struct server *server, char *message_out)
{
    const struct server_options *options = &server->options;
    if (store_open(options->data, &server->store, message_out, SERVER_MESSAGE_MAX) != STORE_OK)
        return -1;
    server->store_thread = store_thread_new(&(struct store_thread_options){
        .store = server->store,
        .commit_interval_ms = options->commit_interval_ms,
        .log = options->log,
        .context = server,
        .answer = store_answer,
        .answered = store_answered,
        .failed = store_failed,
    });
    log_write(options->log, LOG_INFO, "database_open", "epoch=%llu unsettled=%llu",
              (unsigned long long)store_epoch(server->store),
              (unsigned long long)store_unsettled(server->store, 0));
    int result = store_quarantine(server->store, tell_quarantined, server);
    if (result != STORE_OK)
        snprintf(message_out, SERVER_MESSAGE_MAX, "the database cannot be read: %s",
                 store_error_text(result));
    return server->store_thread && result == STORE_OK ? 0 : -1;
}

static int take_revocation(void *context, const struct store_revocation *revocation)
{
    hub_thread_revoke(context, revocation);
    return STORE_OK;
}

/* Without them those would be let in who must not be. */
static int take_revocations(struct server *server, char *message_out)
{
    int result = store_revocations(server->store, take_revocation, server->hub_thread);
    if (result != STORE_OK)
        snprintf(message_out, SERVER_MESSAGE_MAX,
                 "the tokens that were taken back cannot be read: %s; quire verify says more",
                 store_error_text(result));
    return result == STORE_OK ? 0 : -1;
}

static int make_hub(struct server *server, char *message_out)
{
    server->hub_thread = hub_thread_new(&(struct hub_thread_options){
        .epoch = store_epoch(server->store),
        .secret = store_secret(server->store),
        .tokens = server->options.tokens,
        .limits = &server->options.limits,
        .schema = server->options.schema,
        .lets_guests = server->options.lets_guests,
        .gates = server->options.gates,
        .store = server->store_thread,
        .log = server->options.log,
        .context = server,
        .send = hub_send,
        .answered = hub_answered,
        .keys_taken = hub_keys_taken,
        .taken = hub_taken,
        .look = look,
        .stopped = hub_settled,
    });
    return server->hub_thread ? take_revocations(server, message_out) : -1;
}

static int open_gates(struct server *server, char *message_out)
{
    struct gate_options options = {
        .host = server->options.listen.host,
        .port = server->options.listen.port,
        .gates = server->options.gates,
        .limits = &server->options.limits,
        .assets = quire_assets,
        .tls_cert = server->options.tls_cert,
        .tls_key = server->options.tls_key,
        .allow_hosts = server->options.allow_hosts,
        .allow_origins = server->options.allow_origins,
        .trusted_proxies = server->options.trusted_proxies,
    };
    struct gate_env env = {
        .context = server,
        .post = gate_post,
        .posted = gate_posted,
        .not_ready = gate_not_ready,
        .pressure = gate_pressure,
        .metrics = server->options.metrics_page ? print_metrics : NULL,
        .log = gate_log,
    };
    server->gates = gates_open(&options, &env, message_out, SERVER_MESSAGE_MAX);
    return server->gates ? 0 : -1;
}

/* Without it the documents are served all the same. */
static void open_admin(struct server *server)
{
    const struct server_options *options = &server->options;
    server->admin = admin_open(&(struct admin_options){.data = options->data,
                                                       .store_thread = server->store_thread,
                                                       .context = server,
                                                       .metrics = print_metrics,
                                                       .revoke = admin_revoke,
                                                       .reopen = admin_reopen,
                                                       .keys = admin_keys});
    if (!server->admin)
        log_write(options->log, LOG_WARN, "no_admin", "error=%s", strerror(errno));
}

static int open_all(struct server *server, char *message_out)
{
    const struct server_options *options = &server->options;
    if (open_gates(server, message_out) != 0 || options->bound(options->context, message_out) != 0)
        return -1;
    if (open_store(server, message_out) != 0 || make_hub(server, message_out) != 0)
        return -1;
    open_admin(server);
    return options->opened(options->context, message_out);
}

static int run_all(struct server *server, char *message_out)
{
    snprintf(message_out, SERVER_MESSAGE_MAX, "a thread could not be started");
    if (store_thread_run(server->store_thread) != 0 || hub_thread_run(server->hub_thread) != 0 ||
        (server->admin && admin_run(server->admin) != 0))
        return -1;
    return gates_run(server->gates, message_out, SERVER_MESSAGE_MAX);
}

struct server *server_start(const struct server_options *options, char *message_out)
{
    snprintf(message_out, SERVER_MESSAGE_MAX, "there is not enough memory");
    struct server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->options = *options;
    budget_init(&server->budget, options->limits.values[SETTING_MEMORY] * BYTES_PER_MIB);
    if (open_all(server, message_out) == 0 && run_all(server, message_out) == 0) {
        atomic_store(&server->serving, true);
        return server;
    }
    server_stop(server);
    return NULL;
}

bool server_is_alive(const struct server *server)
{
    return store_thread_stats(server->store_thread).busy_ms <= STORE_BUSY_MS &&
           hub_thread_silent_ms(server->hub_thread) <= HUB_SILENT_MS &&
           gates_silent_ms(server->gates) <= GATES_SILENT_MS;
}

unsigned server_port(const struct server *server)
{
    return gates_port(server->gates);
}

/* ---- reading anew ---- */

static void tell_not_reloaded(const struct server *server, const char *what, const char *message)
{
    char quoted[SERVER_MESSAGE_MAX + 64];
    log_write(server->options.log, LOG_ERROR, "not_reloaded", "what=%s text=%s", what,
              log_quote(message, quoted, sizeof(quoted)));
}

static void reload_certificate(const struct server *server)
{
    char message[SERVER_MESSAGE_MAX];
    if (gates_reload_tls(server->gates, message, sizeof(message)) == 0)
        log_event(server->options.log, LOG_INFO, "certificate_changed", NULL);
    else
        tell_not_reloaded(server, "certificate", message);
}

/* The hub tells when it has taken them. A file that is as it was when an operator gave other keys
 * (a copy that the service's manager made at the start, say) does not undo that: a key that was
 * taken back would come to life again. */
static void reload_keys(struct server *server)
{
    long long outdated_ns = atomic_load(&server->keys_outdated_ns);
    if (outdated_ns != 0 && outdated_ns == keys_changed_ns(server)) {
        log_event(server->options.log, LOG_INFO, "keys_kept", NULL);
        return;
    }
    char message[SERVER_MESSAGE_MAX];
    const struct token_keys *keys =
        token_keys_read(server->options.token_keys, message, sizeof(message));
    if (keys)
        post_to_hub(server, HUB_IN_KEYS, NULL, &keys, sizeof(keys));
    else
        tell_not_reloaded(server, "keys", message);
}

void server_reload(struct server *server)
{
    if (*server->options.tls_cert != '\0')
        reload_certificate(server);
    if (server->options.tokens)
        reload_keys(server);
}

/* ---- stopping ---- */

void server_drain(struct server *server)
{
    atomic_store(&server->draining, true);
    gates_drain(server->gates, LIMIT_RETURN_MS);
    hub_thread_stop(server->hub_thread);
}

void server_stop(struct server *server)
{
    /* What is given things, or asked, outlives all that give and ask: the hub sends to the gates,
     * the admin asks them for what they have counted, the gates' goodbyes still go into the hub's
     * inbox, and the store and the hub give to each other. */
    hub_thread_end(server->hub_thread);
    store_thread_end(server->store_thread);
    admin_stop(server->admin);
    if (server->gates)
        gates_stop(server->gates);
    store_thread_free(server->store_thread);
    hub_thread_free(server->hub_thread);
    token_keys_free(server->keys);
    if (server->store)
        store_close(server->store);
    budget_deinit(&server->budget);
    free(server);
}

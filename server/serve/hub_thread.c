#include "server/serve/hub_thread.h"

#include "server/auth/client_key.h"
#include "server/limits.h"
#include "server/serve/request_queue.h"
#include "server/thread/clock.h"
#include "server/thread/mailbox.h"
#include "server/thread/waker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

/* So many messages of gates are taken before answers of the store are looked at again. */
#define SLICE_MESSAGES 256
/* Sleeps no longer, so that others can tell a sleeping hub from a stuck one. */
#define SLEEP_MAX_MS 1000
/* How often memory is looked at. */
#define LOOK_MS 250

_Static_assert(HUB_LOG_DEBUG == (int)LOG_DEBUG && HUB_LOG_ERROR == (int)LOG_ERROR, "log levels");
_Static_assert(WIRE_KEY_SIZE == CLIENT_KEY_SIZE, "size of a client key");

struct hub_thread {
    struct hub_thread_options options;
    struct hub *hub;
    pthread_t thread;
    bool running;

    /* shared with those who give */
    struct mailbox inbox, answers;
    struct waker waker;
    atomic_bool wanted; /* an answer was given since the last wake */
    atomic_bool ending;
    atomic_size_t inbox_count, inbox_bytes; /* posted, not yet received */
    atomic_uint_least64_t turned_ms;

    /* the thread's own */
    struct hub_in *taken; /* from the inbox, not yet received */
    uint64_t now_ms;
    uint64_t look_ms;
    bool stopped;
};

static size_t in_bytes(const struct hub_in *in)
{
    return sizeof(*in) + in->size;
}

static void uncount(struct hub_thread *thread, const struct hub_in *in)
{
    atomic_fetch_sub_explicit(&thread->inbox_count, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&thread->inbox_bytes, in_bytes(in), memory_order_relaxed);
}

/* ---- the hub's environment ---- */

static uint64_t env_monotonic_ms(void *context)
{
    const struct hub_thread *thread = context;
    return thread->now_ms;
}

static int64_t env_unix_ms(void *context)
{
    (void)context;
    return clock_unix_ms();
}

static void env_random(void *context, void *out, size_t size)
{
    uint8_t *bytes = out;
    (void)context;
    while (size > 0) {
        ssize_t drawn = getrandom(bytes, size, 0);
        if (drawn < 0)
            continue;
        bytes += drawn;
        size -= (size_t)drawn;
    }
}

static void env_send(void *context, unsigned gate, struct hub_out *out)
{
    struct hub_thread *thread = context;
    thread->options.send(thread->options.context, gate, out);
}

static void env_store(void *context, struct store_request *request)
{
    struct hub_thread *thread = context;
    store_thread_give(thread->options.store, request);
}

static void env_client_key(void *context, uint64_t client, const char *subject, uint8_t *key_out)
{
    const struct hub_thread *thread = context;
    client_key_derive(thread->options.secret, client, subject, key_out);
}

static void env_answered(void *context, uint64_t ticket, int result)
{
    const struct hub_thread *thread = context;
    thread->options.answered(thread->options.context, ticket, result);
}

static void env_keys_taken(void *context, uint64_t ticket, const struct token_keys *keys,
                           const struct token_keys *old)
{
    const struct hub_thread *thread = context;
    thread->options.keys_taken(thread->options.context, ticket, keys, old);
}

static void env_log(void *context, enum hub_log_level level, const char *event, const char *fields)
{
    const struct hub_thread *thread = context;
    log_event(thread->options.log, (enum log_level)level, event, fields);
}

/* ---- the loop ---- */

static bool take_answers(struct hub_thread *thread)
{
    struct store_request *request = mailbox_take(&thread->answers);
    bool any = request;
    while (request) {
        struct store_request *next = request->next;
        hub_stored(thread->hub, request);
        request = next;
    }
    return any;
}

/* Receives a slice of what was posted. */
static bool take_messages(struct hub_thread *thread)
{
    if (store_thread_full(thread->options.store))
        return false;
    if (!thread->taken)
        thread->taken = mailbox_take(&thread->inbox);
    bool any = thread->taken;
    for (int i = 0; thread->taken && i < SLICE_MESSAGES; i++) {
        struct hub_in *in = thread->taken;
        thread->taken = in->next;
        uncount(thread, in);
        if (in->kind == HUB_IN_MESSAGE)
            thread->options.taken(thread->options.context, in->connection);
        hub_receive(thread->hub, in);
    }
    return any;
}

static bool tick(struct hub_thread *thread)
{
    if (hub_next_ms(thread->hub) > thread->now_ms)
        return false;
    hub_tick(thread->hub);
    return true;
}

static void look(struct hub_thread *thread)
{
    if (thread->options.look && thread->now_ms >= thread->look_ms) {
        thread->look_ms = thread->now_ms + LOOK_MS;
        hub_press(thread->hub, thread->options.look(thread->options.context));
    }
}

static void rest(struct hub_thread *thread)
{
    uint64_t until_ms = hub_next_ms(thread->hub);
    uint64_t latest_ms = thread->now_ms + SLEEP_MAX_MS;
    if (until_ms > latest_ms)
        until_ms = latest_ms;
    waker_sleep(&thread->waker, until_ms * (uint64_t)CLOCK_NS_PER_MS);
}

static void *run(void *context)
{
    struct hub_thread *thread = context;
    pthread_setname_np(pthread_self(), "hub");
    while (!atomic_load(&thread->ending)) {
        thread->now_ms = clock_monotonic_ms();
        atomic_store_explicit(&thread->turned_ms, thread->now_ms, memory_order_relaxed);
        bool worked = take_answers(thread);
        worked |= take_messages(thread);
        worked |= tick(thread);
        look(thread);
        store_thread_wake(thread->options.store);
        if (!thread->stopped && hub_stopped(thread->hub)) {
            thread->stopped = true;
            thread->options.stopped(thread->options.context);
        }
        if (!worked)
            rest(thread);
    }
    return NULL;
}

/* ---- the face ---- */

struct hub_thread *hub_thread_new(const struct hub_thread_options *options)
{
    struct hub_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->options = *options;
    thread->now_ms = clock_monotonic_ms();
    atomic_store(&thread->turned_ms, thread->now_ms);
    struct hub_env env = {
        .context = thread,
        .tokens = options->tokens,
        .limits = options->limits,
        .schema = options->schema,
        .lets_guests = options->lets_guests,
        .monotonic_ms = env_monotonic_ms,
        .unix_ms = env_unix_ms,
        .random = env_random,
        .send = env_send,
        .store = env_store,
        .client_key = env_client_key,
        .answered = env_answered,
        .keys_taken = env_keys_taken,
        .log = env_log,
    };
    thread->hub = hub_new(&env, options->epoch, options->gates);
    if (!thread->hub) {
        free(thread);
        return NULL;
    }
    waker_init(&thread->waker);
    return thread;
}

void hub_thread_revoke(struct hub_thread *thread, const struct store_revocation *revocation)
{
    hub_revoke(thread->hub, revocation);
}

int hub_thread_run(struct hub_thread *thread)
{
    if (pthread_create(&thread->thread, NULL, run, thread) != 0)
        return -1;
    thread->running = true;
    return 0;
}

static void free_messages(struct hub_in *in)
{
    while (in) {
        struct hub_in *next = in->next;
        free(in);
        in = next;
    }
}

void hub_thread_end(struct hub_thread *thread)
{
    if (!thread || !thread->running)
        return;
    atomic_store(&thread->ending, true);
    waker_wake(&thread->waker);
    pthread_join(thread->thread, NULL);
    thread->running = false;
}

void hub_thread_free(struct hub_thread *thread)
{
    if (!thread)
        return;
    free_messages(thread->taken);
    free_messages(mailbox_take(&thread->inbox));
    request_chain_free(mailbox_take(&thread->answers));
    hub_free(thread->hub);
    waker_deinit(&thread->waker);
    free(thread);
}

bool hub_thread_post(struct hub_thread *thread, struct hub_in *in)
{
    size_t count = atomic_fetch_add_explicit(&thread->inbox_count, 1, memory_order_relaxed);
    size_t bytes =
        atomic_fetch_add_explicit(&thread->inbox_bytes, in_bytes(in), memory_order_relaxed);
    bool full = count >= LIMIT_INBOX || bytes >= LIMIT_INBOX_BYTES;
    if (full && in->kind == HUB_IN_MESSAGE) {
        uncount(thread, in);
        free(in);
        return false;
    }
    mailbox_push(&thread->inbox, in);
    return true;
}

void hub_thread_wake_posted(struct hub_thread *thread)
{
    waker_wake(&thread->waker);
}

void hub_thread_stop(struct hub_thread *thread)
{
    struct hub_in *in = calloc(1, sizeof(*in));
    if (!in)
        return;
    in->kind = HUB_IN_STOP;
    hub_thread_post(thread, in);
    hub_thread_wake_posted(thread);
}

void hub_thread_answer(struct hub_thread *thread, struct store_request *request)
{
    if (mailbox_push(&thread->answers, request))
        atomic_store(&thread->wanted, true);
}

void hub_thread_wake(struct hub_thread *thread)
{
    if (atomic_exchange(&thread->wanted, false))
        waker_wake(&thread->waker);
}

void hub_thread_metrics(const struct hub_thread *thread, struct metrics *sum)
{
    metrics_sum(sum, hub_metrics(thread->hub));
    metrics_add(sum, METRIC_INBOX,
                atomic_load_explicit(&thread->inbox_count, memory_order_relaxed));
    metrics_add(sum, METRIC_INBOX_BYTES,
                atomic_load_explicit(&thread->inbox_bytes, memory_order_relaxed));
}

uint64_t hub_thread_silent_ms(const struct hub_thread *thread)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t turned_ms = atomic_load_explicit(&thread->turned_ms, memory_order_relaxed);
    return now_ms > turned_ms ? now_ms - turned_ms : 0;
}

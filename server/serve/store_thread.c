#include "server/serve/store_thread.h"

#include "server/limits.h"
#include "server/serve/pace.h"
#include "server/serve/refusals.h"
#include "server/serve/replay_thread.h"
#include "server/serve/request_queue.h"
#include "server/thread/clock.h"
#include "server/thread/mailbox.h"
#include "server/thread/waker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* How many turns settling and the task give way to other requests. */
#define SETTLE_PATIENCE 16
/* Without requests, the database is tended to this often. */
#define IDLE_NS (250 * (uint64_t)CLOCK_NS_PER_MS)

struct store_thread {
    struct store_thread_options options;
    pthread_t thread;
    bool running;
    struct replay_thread *replay;

    /* shared with those who give */
    struct mailbox inbox;
    struct waker waker;
    atomic_bool wanted;  /* given something that is worth a wake */
    atomic_long missing; /* appends that the sleeping thread waits for before its time comes */
    atomic_bool ending;
    _Atomic(struct store_task *) task;
    atomic_size_t waiting_count, waiting_bytes;

    /* the thread's own */
    struct request_queue appends;
    uint64_t appends_taken, appends_done;
    struct request_queue reads; /* each waits for the appends that were taken before it */
    struct request_queue settles;
    struct refusals refusals;
    size_t append_bytes;
    struct pace pace;
    uint64_t now_ns; /* when requests were last taken */
    unsigned turns;  /* since a slice */
    bool failed;

    /* for the stats */
    atomic_uint_least64_t commits, committed;
    atomic_uint_least64_t busy_since_ms, full_at_ms; /* 0: not */
};

/* ---- answers ---- */

static bool is_append(const struct store_request *request)
{
    return request->kind == REQUEST_APPEND_EDIT || request->kind == REQUEST_APPEND_CHAT;
}

static bool is_write(const struct store_request *request)
{
    switch (request->kind) {
    case REQUEST_APPEND_EDIT:
    case REQUEST_APPEND_CHAT:
    case REQUEST_CREATE:
    case REQUEST_RENAME:
    case REQUEST_DELETE:
    case REQUEST_SETTLE:
    case REQUEST_PROBE:
    case REQUEST_MEMBER:
    case REQUEST_LINK:
    case REQUEST_UNLINK:
    case REQUEST_REVOKE:
        return true;
    default:
        return false;
    }
}

/* After which everything is as it was, and other documents are as good as before (store.h). */
static bool is_clean(int result)
{
    return result == STORE_OK || result == STORE_E_FULL || result == STORE_E_NOT_FOUND ||
           result == STORE_E_EXISTS || result == STORE_E_INVALID || result == STORE_E_CORRUPT ||
           result == STORE_E_LIMIT || result == REQUEST_FORBIDDEN;
}

static void answer(struct store_thread *thread, struct store_request *request)
{
    atomic_fetch_sub(&thread->waiting_count, 1);
    atomic_fetch_sub(&thread->waiting_bytes, request_bytes(request));
    thread->options.answer(thread->options.context, request);
}

static void fail(struct store_thread *thread, int result, const char *doing)
{
    if (thread->failed)
        return;
    thread->failed = true;
    char text[256];
    log_write(thread->options.log, LOG_ERROR, "storage_failed", "doing=%s reason=%s text=%s", doing,
              store_error_name(result), log_quote(store_error_text(result), text, sizeof(text)));
    thread->options.failed(thread->options.context);
}

static void begin_call(struct store_thread *thread)
{
    atomic_store(&thread->busy_since_ms, clock_monotonic_ms());
}

/* Notes what a call into the store came to. False: the store has failed. */
static bool end_call(struct store_thread *thread, int result, bool write, const char *doing)
{
    atomic_store(&thread->busy_since_ms, 0);
    if (result == STORE_E_FULL)
        atomic_store(&thread->full_at_ms, clock_monotonic_ms());
    else if (write && result == STORE_OK)
        atomic_store(&thread->full_at_ms, 0);
    /* A disk that cannot be read is not to be written to either. */
    if ((write || result == STORE_E_IO) && !is_clean(result))
        fail(thread, result, doing);
    return !thread->failed;
}

/* ---- appends ---- */

static void refuse(struct store_thread *thread, struct store_request *append, int result)
{
    refusals_add(&thread->refusals, append);
    append->result = result;
    answer(thread, append);
}

/* Takes as many appends as one commit may hold. */
static struct request_queue next_batch(struct store_thread *thread)
{
    struct request_queue batch = {0};
    size_t bytes = 0;
    while (thread->appends.first && batch.count < LIMIT_COMMIT_EDITS) {
        size_t size = request_bytes(thread->appends.first);
        if (batch.count > 0 && bytes + size > LIMIT_COMMIT_BYTES)
            break;
        struct store_request *append = request_queue_pop(&thread->appends);
        bytes += size;
        thread->append_bytes -= size;
        thread->appends_done++;
        if (refusals_hold(&thread->refusals, append))
            refuse(thread, append, STORE_E_FULL);
        else
            request_queue_push(&batch, append);
    }
    return batch;
}

/* What a batch came to: the gravest of its results. One that had no place is no fault of the store.
 */
static int outcome(const struct request_queue *batch)
{
    int result = STORE_OK;
    for (const struct store_request *request = batch->first; request; request = request->next) {
        if (!is_clean(request->result))
            return request->result;
        if (request->result == STORE_E_FULL)
            result = STORE_E_FULL;
    }
    return result;
}

/* One line for each run of versions of a document, before anybody is told of them. */
static void note_commit(const struct store_thread *thread, const struct request_queue *batch)
{
    const struct store_request *request = batch->first;
    while (request) {
        const struct store_request *first = request, *last = request;
        request = request->next;
        if (first->kind != REQUEST_APPEND_EDIT || first->result != STORE_OK)
            continue;
        while (request && request->kind == REQUEST_APPEND_EDIT && request->result == STORE_OK &&
               request->key == first->key && request->version == last->version + 1) {
            last = request;
            request = request->next;
        }
        log_write(thread->options.log, LOG_DEBUG, "committed",
                  "key=%" PRId64 " first=%" PRIu64 " last=%" PRIu64, first->key, first->version,
                  last->version);
    }
}

static void commit(struct store_thread *thread)
{
    pace_begin(&thread->pace, thread->now_ns);
    struct request_queue batch = next_batch(thread);
    if (batch.count == 0)
        return;
    begin_call(thread);
    request_append(thread->options.store, batch.first);
    if (!end_call(thread, outcome(&batch), true, "commit")) {
        request_queue_drop(&batch);
        return;
    }
    atomic_fetch_add(&thread->commits, 1);
    note_commit(thread, &batch);
    struct store_request *append;
    while ((append = request_queue_pop(&batch))) {
        if (append->result == STORE_OK) {
            atomic_fetch_add(&thread->committed, 1);
            answer(thread, append);
        } else {
            refuse(thread, append, append->result);
        }
    }
}

static uint64_t commit_due_ns(const struct store_thread *thread)
{
    if (thread->appends.count == 0)
        return WAKER_FOR_EVER;
    if (thread->appends.count >= LIMIT_COMMIT_EDITS || thread->append_bytes >= LIMIT_COMMIT_BYTES)
        return 0;
    return pace_due_ns(&thread->pace, thread->appends.count);
}

/* ---- everything else ---- */

static bool can_read(const struct store_thread *thread)
{
    return thread->reads.first && thread->reads.first->after <= thread->appends_done &&
           !thread->failed;
}

static void serve_read(struct store_thread *thread)
{
    struct store_request *request = request_queue_pop(&thread->reads);
    begin_call(thread);
    request_serve(thread->options.store, request);
    if (end_call(thread, request->result, is_write(request), "serve"))
        answer(thread, request);
    else
        request_free(request);
}

static void settle_slice(struct store_thread *thread)
{
    struct store_request *request = thread->settles.first;
    thread->turns = 0;
    begin_call(thread);
    request_serve(thread->options.store, request);
    bool going = end_call(thread, request->result, true, "settle");
    if (going && request->result == STORE_OK && !request->done && !request->replaying)
        return;
    request_queue_pop(&thread->settles);
    if (going && request->result == STORE_OK && request->replaying)
        replay_thread_give(thread->replay, request);
    else if (going)
        answer(thread, request);
    else
        request_free(request);
}

static void task_slice(struct store_thread *thread, const struct store_task *task)
{
    thread->turns = 0;
    begin_call(thread);
    bool ended = task->slice(task->context, thread->options.store);
    atomic_store(&thread->busy_since_ms, 0);
    if (!ended)
        return;
    atomic_store(&thread->task, NULL);
    task->ended(task->context);
}

static void tidy(struct store_thread *thread)
{
    begin_call(thread);
    int result = store_idle(thread->options.store);
    atomic_store(&thread->busy_since_ms, 0);
    if (!is_clean(result))
        fail(thread, result, "tidy");
}

/* ---- the loop ---- */

static uint64_t author_of(const struct store_request *append)
{
    return append->kind == REQUEST_APPEND_EDIT ? append->edit.client : append->chat.client;
}

static void sort_in(struct store_thread *thread, struct store_request *request)
{
    if (is_append(request)) {
        thread->append_bytes += request_bytes(request);
        thread->appends_taken++;
        pace_note(&thread->pace, author_of(request), thread->now_ns);
        request_queue_push(&thread->appends, request);
    } else if (request->kind == REQUEST_SETTLE) {
        request_queue_push(&thread->settles, request);
    } else {
        request->after = thread->appends_taken;
        request_queue_push(&thread->reads, request);
    }
}

static void take_requests(struct store_thread *thread)
{
    struct store_request *request = mailbox_take(&thread->inbox);
    thread->now_ns = clock_monotonic_ns();
    while (request) {
        struct store_request *next = request->next;
        sort_in(thread, request);
        request = next;
    }
}

/* Does one thing of each sort that is due. False: there was none. */
static bool turn(struct store_thread *thread)
{
    bool worked = false;
    thread->turns++;
    if (commit_due_ns(thread) <= thread->now_ns) {
        commit(thread);
        worked = true;
    }
    if (can_read(thread)) {
        serve_read(thread);
        worked = true;
    }
    bool overdue = thread->turns >= SETTLE_PATIENCE;
    if (thread->settles.count > 0 && (!worked || overdue) && !thread->failed) {
        settle_slice(thread);
        worked = true;
    }
    const struct store_task *task = atomic_load(&thread->task);
    if (task && (!worked || overdue) && !thread->failed) {
        task_slice(thread, task);
        worked = true;
    }
    if (worked)
        thread->options.answered(thread->options.context);
    return worked;
}

static void rest(struct store_thread *thread)
{
    uint64_t until_ns = commit_due_ns(thread);
    if (thread->appends.count == 0) {
        tidy(thread);
        until_ns = clock_monotonic_ns() + IDLE_NS;
    } else {
        atomic_store(&thread->missing, (long)pace_missing(&thread->pace, thread->appends.count));
    }
    waker_sleep(&thread->waker, until_ns);
    atomic_store(&thread->missing, 0);
}

static void *run(void *context)
{
    struct store_thread *thread = context;
    pthread_setname_np(pthread_self(), "store");
    while (!atomic_load(&thread->ending)) {
        take_requests(thread);
        if (thread->failed)
            waker_sleep(&thread->waker, WAKER_FOR_EVER);
        else if (!turn(thread))
            rest(thread);
    }
    return NULL;
}

/* A request comes back from the replay thread, to be settled on. */
static void replayed(void *context, struct store_request *request)
{
    struct store_thread *thread = context;
    mailbox_push(&thread->inbox, request);
    waker_wake(&thread->waker);
}

/* ---- the face ---- */

struct store_thread *store_thread_new(const struct store_thread_options *options)
{
    struct store_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->replay = replay_thread_new(replayed, thread);
    if (!thread->replay) {
        free(thread);
        return NULL;
    }
    thread->options = *options;
    pace_init(&thread->pace, options->commit_interval_ms * (uint64_t)CLOCK_NS_PER_MS);
    waker_init(&thread->waker);
    return thread;
}

int store_thread_run(struct store_thread *thread)
{
    if (replay_thread_run(thread->replay) != 0)
        return -1;
    if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
        replay_thread_end(thread->replay);
        return -1;
    }
    thread->running = true;
    return 0;
}

void store_thread_end(struct store_thread *thread)
{
    if (!thread || !thread->running)
        return;
    atomic_store(&thread->ending, true);
    waker_wake(&thread->waker);
    pthread_join(thread->thread, NULL);
    replay_thread_end(thread->replay);
    thread->running = false;
}

void store_thread_free(struct store_thread *thread)
{
    if (!thread)
        return;
    replay_thread_free(thread->replay);
    take_requests(thread);
    request_queue_drop(&thread->appends);
    request_queue_drop(&thread->reads);
    request_queue_drop(&thread->settles);
    refusals_deinit(&thread->refusals);
    waker_deinit(&thread->waker);
    free(thread);
}

void store_thread_give(struct store_thread *thread, struct store_request *request)
{
    atomic_fetch_add(&thread->waiting_count, 1);
    atomic_fetch_add(&thread->waiting_bytes, request_bytes(request));
    bool append = is_append(request);
    mailbox_push(&thread->inbox, request);
    if (!append || atomic_fetch_sub(&thread->missing, 1) <= 1)
        atomic_store_explicit(&thread->wanted, true, memory_order_relaxed);
}

void store_thread_wake(struct store_thread *thread)
{
    if (atomic_load_explicit(&thread->wanted, memory_order_relaxed) &&
        atomic_exchange(&thread->wanted, false))
        waker_wake(&thread->waker);
}

void store_thread_begin(struct store_thread *thread, struct store_task *task)
{
    atomic_store(&thread->task, task);
    waker_wake(&thread->waker);
}

bool store_thread_full(const struct store_thread *thread)
{
    return atomic_load(&thread->waiting_count) >= LIMIT_STORE_QUEUE ||
           atomic_load(&thread->waiting_bytes) >= LIMIT_STORE_BYTES;
}

static uint64_t since(uint64_t at_ms, uint64_t none)
{
    uint64_t now_ms = clock_monotonic_ms();
    return at_ms == 0 ? none : now_ms > at_ms ? now_ms - at_ms : 0;
}

struct store_thread_stats store_thread_stats(const struct store_thread *thread)
{
    return (struct store_thread_stats){
        .commits = atomic_load(&thread->commits),
        .committed = atomic_load(&thread->committed),
        .busy_ms = since(atomic_load(&thread->busy_since_ms), 0),
        .full_ms = since(atomic_load(&thread->full_at_ms), UINT64_MAX),
    };
}

/*
 * The store's thread with a real database: group commit, order, settling between other things, and
 * what a refused and a failed write lead to. Requests that are given before the thread runs wait
 * together, so what one commit holds is no matter of time.
 */
#include "lib/letters.h"
#include "server/limits.h"
#include "server/serve/pace.h"
#include "server/serve/store_thread.h"
#include "server/thread/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE  300000
#define NOW_MS INT64_C(1700000000000)

/* The link step leads the thread's appends here. */
int __real_store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                        const struct store_chat *chats, size_t chat_count);
int __wrap_store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                        const struct store_chat *chats, size_t chat_count);

int __real_store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                         store_edit_fn *row, void *context);
int __wrap_store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                         store_edit_fn *row, void *context);

static _Atomic int injected;    /* what the next appends fail with; STORE_OK: nothing */
static _Atomic int64_t damaged; /* what has an edit of this document fails as damaged; 0: none */
static _Atomic int unreadable;  /* what histories fail with */
static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER; /* that histories wait at */
static atomic_bool at_door;

int __wrap_store_append(struct store *store, const struct store_edit *edits, size_t edit_count,
                        const struct store_chat *chats, size_t chat_count)
{
    int result = atomic_load(&injected);
    for (size_t i = 0; i < edit_count; i++)
        if (edits[i].key == atomic_load(&damaged))
            result = STORE_E_CORRUPT;
    return result ? result : __real_store_append(store, edits, edit_count, chats, chat_count);
}

int __wrap_store_history(struct store *store, int64_t key, uint64_t first, uint64_t last,
                         store_edit_fn *row, void *context)
{
    atomic_store(&at_door, true);
    pthread_mutex_lock(&door);
    pthread_mutex_unlock(&door);
    int result = atomic_load(&unreadable);
    return result ? result : __real_store_history(store, key, first, last, row, context);
}

struct fixture {
    char dir[64];
    struct log *log;
    struct store *store;
    struct store_thread *thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct store_request *answers, **answers_end;
    size_t answer_count;
    unsigned failures;
};

/* ---- the fixture ---- */

static void keep_answer(void *context, struct store_request *request)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->lock);
    request->next = NULL;
    *fixture->answers_end = request;
    fixture->answers_end = &request->next;
    fixture->answer_count++;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static void note_answered(void *context)
{
    (void)context;
}

static void note_failure(void *context)
{
    struct fixture *fixture = context;
    pthread_mutex_lock(&fixture->lock);
    fixture->failures++;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static struct fixture *fixture_logging(uint64_t commit_interval_ms, int fd, enum log_level least)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char message[256] = "";
    atomic_store(&injected, STORE_OK);
    atomic_store(&damaged, 0);
    atomic_store(&unreadable, STORE_OK);
    fixture->answers_end = &fixture->answers;
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    strcpy(fixture->dir, "/tmp/quire-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    fixture->log = log_new(fd, LOG_TEXT, least);
    if (store_open(fixture->dir, &fixture->store, message, sizeof(message)) != STORE_OK)
        fail_msg("%s", message);
    fixture->thread = store_thread_new(&(struct store_thread_options){
        .store = fixture->store,
        .commit_interval_ms = commit_interval_ms,
        .log = fixture->log,
        .context = fixture,
        .answer = keep_answer,
        .answered = note_answered,
        .failed = note_failure,
    });
    assert_non_null(fixture->thread);
    return fixture;
}

static struct fixture *fixture_new(uint64_t commit_interval_ms)
{
    return fixture_logging(commit_interval_ms, STDERR_FILENO, LOG_ERROR);
}

static void drop_answers(struct fixture *fixture)
{
    while (fixture->answers) {
        struct store_request *next = fixture->answers->next;
        request_free(fixture->answers);
        fixture->answers = next;
    }
    fixture->answers_end = &fixture->answers;
    fixture->answer_count = 0;
}

static void fixture_free(struct fixture *fixture)
{
    char command[128];
    store_thread_end(fixture->thread);
    store_thread_free(fixture->thread);
    drop_answers(fixture);
    store_close(fixture->store);
    log_free(fixture->log);
    snprintf(command, sizeof(command), "rm -r '%s'", fixture->dir);
    assert_int_equal(system(command), 0);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
}

static void run(struct fixture *fixture)
{
    assert_int_equal(store_thread_run(fixture->thread), 0);
}

static void give(struct fixture *fixture, struct store_request *request)
{
    store_thread_give(fixture->thread, request);
}

/* Waits until so many answers are there, and gives the first. */
static struct store_request *await(struct fixture *fixture, size_t count)
{
    store_thread_wake(fixture->thread);
    pthread_mutex_lock(&fixture->lock);
    while (fixture->answer_count < count)
        pthread_cond_wait(&fixture->changed, &fixture->lock);
    pthread_mutex_unlock(&fixture->lock);
    return fixture->answers;
}

static void await_failure(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    while (fixture->failures == 0)
        pthread_cond_wait(&fixture->changed, &fixture->lock);
    pthread_mutex_unlock(&fixture->lock);
}

static int64_t document_new(struct fixture *fixture, const char *id)
{
    struct store_document document = {.type = STORE_TEXT};
    snprintf(document.id, sizeof(document.id), "%s", id);
    assert_int_equal(store_create(fixture->store, &document, NOW_MS), STORE_OK);
    return document.key;
}

static struct store_request *insert_new(int64_t key, uint64_t version, size_t count)
{
    struct store_request *request = request_new(REQUEST_APPEND_EDIT);
    request->key = key;
    request->blob = letters_insertion(count);
    request->edit = (struct store_edit){.key = key,
                                        .version = version,
                                        .client = 7,
                                        .seq = version,
                                        .at_ms = NOW_MS,
                                        .op = {request->blob->data, request->blob->size}};
    return request;
}

static struct store_request *edit_new(int64_t key, uint64_t version)
{
    return insert_new(key, version, 1);
}

static struct store_request *chat_new(int64_t key, uint64_t number)
{
    struct store_request *request = request_new(REQUEST_APPEND_CHAT);
    request->key = key;
    request->blob = blob_copy("Ann#123456hello", 15);
    request->chat = (struct store_chat){.key = key,
                                        .number = number,
                                        .client = 7,
                                        .nonce = number,
                                        .at_ms = NOW_MS,
                                        .name = {request->blob->data, 3},
                                        .color = {request->blob->data + 3, 7},
                                        .text = {request->blob->data + 10, 5}};
    return request;
}

static struct store_request *history_new(int64_t key, uint64_t last)
{
    struct store_request *request = request_new(REQUEST_HISTORY);
    request->key = key;
    request->first = 1;
    request->last = last;
    return request;
}

static struct store_request *load_new(const char *id)
{
    struct store_request *request = request_new(REQUEST_LOAD);
    request->limit = LIMIT_CHAT_OPEN;
    snprintf(request->document.id, sizeof(request->document.id), "%s", id);
    return request;
}

static struct store_request *settle_new(int64_t key, uint64_t version, size_t letters)
{
    struct store_request *request = request_new(REQUEST_SETTLE);
    request->key = key;
    request->document.type = STORE_TEXT;
    request->first = version;
    request->now_ms = NOW_MS;
    request->blob = letters_insertion(letters);
    return request;
}

/* ---- group commit ---- */

static void what_waits_together_is_committed_together(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(4);
    int64_t a = document_new(fixture, "a"), b = document_new(fixture, "b");
    for (uint64_t version = 1; version <= 100; version++) {
        give(fixture, edit_new(a, version));
        give(fixture, edit_new(b, version));
        give(fixture, chat_new(a, version));
    }
    run(fixture);
    struct store_request *answer = await(fixture, 300);
    for (uint64_t i = 0; i < 300; i++, answer = answer->next) {
        assert_int_equal(answer->result, STORE_OK);
        assert_int_equal(answer->key, i % 3 == 1 ? b : a);
        assert_int_equal(i % 3 == 2 ? answer->chat_number : answer->version, i / 3 + 1);
    }
    struct store_thread_stats stats = store_thread_stats(fixture->thread);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.committed, 300);
    fixture_free(fixture);
}

/* The second author's edit waits: the first, who was there just now, may send another. */
static void the_log_tells_what_is_committed(void **state)
{
    (void)state;
    int fd = memfd_create("log", 0);
    struct fixture *fixture = fixture_logging(4, fd, LOG_DEBUG);
    int64_t a = document_new(fixture, "a"), b = document_new(fixture, "b");
    for (uint64_t version = 1; version <= 3; version++)
        give(fixture, edit_new(a, version));
    give(fixture, edit_new(b, 1));
    give(fixture, chat_new(b, 1));
    give(fixture, edit_new(a, 4));
    run(fixture);
    await(fixture, 6);
    fixture_free(fixture);

    char log[1024] = "";
    assert_true(pread(fd, log, sizeof(log) - 1, 0) > 0);
    close(fd);
    const char *runs[] = {"committed key=1 first=1 last=3\n", "committed key=2 first=1 last=1\n",
                          "committed key=1 first=4 last=4\n"};
    const char *at = log;
    for (size_t i = 0; i < 3; i++) {
        at = strstr(at, runs[i]);
        if (!at)
            fail_msg("no line \"%s\" in\n%s", runs[i], log);
    }
}

static void while_another_writes_an_edit_waits_for_their_part_of_the_interval(void **state)
{
    (void)state;
    const uint64_t interval_ms = 200;
    struct fixture *fixture = fixture_new(interval_ms);
    int64_t key = document_new(fixture, "a");
    uint64_t began_ns = clock_monotonic_ns();
    run(fixture);
    give(fixture, edit_new(key, 1));
    await(fixture, 1);
    struct store_request *second = edit_new(key, 2);
    second->edit.client = 8;
    second->edit.seq = 1;
    give(fixture, second);
    await(fixture, 2);
    assert_true(clock_monotonic_ns() - began_ns >=
                interval_ms * 2 / PACE_CROWD * (uint64_t)CLOCK_NS_PER_MS);
    assert_int_equal(store_thread_stats(fixture->thread).commits, 2);
    fixture_free(fixture);
}

static void a_commit_holds_no_more_than_its_limit(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t key = document_new(fixture, "a");
    for (uint64_t version = 1; version <= LIMIT_COMMIT_EDITS + 1; version++)
        give(fixture, edit_new(key, version));
    run(fixture);
    await(fixture, LIMIT_COMMIT_EDITS + 1);
    assert_int_equal(store_thread_stats(fixture->thread).commits, 2);
    assert_int_equal(store_thread_stats(fixture->thread).committed, LIMIT_COMMIT_EDITS + 1);
    fixture_free(fixture);
}

/* ---- order ---- */

static void a_request_sees_the_appends_before_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(4);
    int64_t key = document_new(fixture, "a");
    for (uint64_t version = 1; version <= 10; version++)
        give(fixture, edit_new(key, version));
    give(fixture, history_new(key, 10));
    give(fixture, chat_new(key, 1));
    give(fixture, load_new("a"));
    run(fixture);
    struct store_request *answer = await(fixture, 13);
    while (answer->kind != REQUEST_HISTORY)
        answer = answer->next;
    assert_int_equal(answer->edits.count, 10);
    assert_int_equal(answer->edits.items[9].version, 10);
    assert_memory_equal(answer->edits.items[9].op.data, "\x02\x09\x61", 3);
    answer = answer->next;
    assert_int_equal(answer->kind, REQUEST_LOAD);
    assert_int_equal(answer->key, key);
    assert_int_equal(answer->version, 10);
    assert_int_equal(answer->edits.count, 10);
    assert_int_equal(answer->chats.count, 1);
    assert_int_equal(answer->chat_number, 1);
    assert_memory_equal(answer->chats.items[0].text.data, "hello", 5);
    fixture_free(fixture);
}

/* Settling a long log takes many slices; what comes meanwhile is served between them. */
static void settling_lets_others_in_between(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t a = document_new(fixture, "a"), b = document_new(fixture, "b");
    const uint64_t count = LIMIT_COMMIT_EDITS;
    for (uint64_t version = 1; version <= count; version++)
        give(fixture, edit_new(a, version));
    run(fixture);
    await(fixture, count);
    drop_answers(fixture);

    /* The thread is held until all of it waits, or it could settle before the rest has come. */
    atomic_store(&at_door, false);
    pthread_mutex_lock(&door);
    give(fixture, history_new(a, 1));
    store_thread_wake(fixture->thread);
    while (!atomic_load(&at_door))
        usleep(1000);
    give(fixture, settle_new(a, count, count));
    for (uint64_t version = 1; version <= 20; version++)
        give(fixture, edit_new(b, version));
    give(fixture, history_new(b, 20));
    pthread_mutex_unlock(&door);
    struct store_request *answer = await(fixture, 23);
    assert_int_equal(answer->kind, REQUEST_HISTORY);
    answer = answer->next;
    for (int i = 0; i < 20; i++, answer = answer->next)
        assert_int_equal(answer->kind, REQUEST_APPEND_EDIT);
    assert_int_equal(answer->kind, REQUEST_HISTORY);
    assert_int_equal(answer->next->kind, REQUEST_SETTLE);
    assert_int_equal(answer->next->result, STORE_OK);
    assert_true(answer->next->done);
    drop_answers(fixture);

    give(fixture, load_new("a"));
    answer = await(fixture, 1);
    assert_int_equal(answer->snapshot_version, count);
    assert_int_equal(answer->version, count);
    assert_int_equal(answer->edits.count, 0);
    fixture_free(fixture);
}

/* A large document is replayed on a thread of its own. */
static void a_large_snapshot_is_saved_if_it_is_what_the_edits_make(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t key = document_new(fixture, "a");
    run(fixture);
    give(fixture, insert_new(key, 1, LARGE));
    give(fixture, settle_new(key, 1, LARGE));
    assert_int_equal(await(fixture, 2)->next->result, STORE_OK);
    drop_answers(fixture);
    give(fixture, edit_new(key, 2));
    give(fixture, settle_new(key, 2, LARGE));
    assert_int_equal(await(fixture, 2)->next->result, STORE_E_CORRUPT);
    drop_answers(fixture);
    give(fixture, load_new("a"));
    assert_int_equal(await(fixture, 1)->snapshot_version, 1);
    fixture_free(fixture);
}

static void it_says_when_it_has_too_much(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    const size_t part = LIMIT_STORE_BYTES / 4;
    for (int i = 0; i < 4; i++) {
        assert_false(store_thread_full(fixture->thread));
        struct store_request *request = request_new(REQUEST_SETTLE);
        request->key = 99;
        request->blob = blob_new(part);
        give(fixture, request);
    }
    assert_true(store_thread_full(fixture->thread));
    fixture_free(fixture);
}

/* ---- writes that fail ---- */

static void a_full_disk_refuses_and_what_builds_on_it_too(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t a = document_new(fixture, "a"), b = document_new(fixture, "b");
    run(fixture);
    atomic_store(&injected, STORE_E_FULL);
    give(fixture, edit_new(a, 1));
    assert_int_equal(await(fixture, 1)->result, STORE_E_FULL);
    drop_answers(fixture);
    assert_in_range(store_thread_stats(fixture->thread).full_ms, 0, UINT64_MAX - 1);

    /* There is room again, but versions 2 and 3 were made before the hub knew. */
    atomic_store(&injected, STORE_OK);
    give(fixture, edit_new(a, 2));
    give(fixture, edit_new(b, 1));
    give(fixture, edit_new(a, 3));
    for (struct store_request *answer = await(fixture, 3); answer; answer = answer->next)
        assert_int_equal(answer->result, answer->key == a ? STORE_E_FULL : STORE_OK);
    drop_answers(fixture);
    give(fixture, edit_new(a, 1));
    give(fixture, edit_new(a, 2));
    for (struct store_request *answer = await(fixture, 2); answer; answer = answer->next)
        assert_int_equal(answer->result, STORE_OK);
    drop_answers(fixture);
    give(fixture, history_new(a, 9));
    assert_int_equal(await(fixture, 1)->edits.count, 2);
    assert_int_equal(store_thread_stats(fixture->thread).full_ms, UINT64_MAX);
    assert_int_equal(fixture->failures, 0);
    fixture_free(fixture);
}

static void a_damaged_document_takes_no_others_with_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(4);
    int64_t a = document_new(fixture, "a"), b = document_new(fixture, "b");
    atomic_store(&damaged, a);
    for (uint64_t version = 1; version <= 3; version++) {
        give(fixture, edit_new(a, version));
        give(fixture, edit_new(b, version));
    }
    run(fixture);
    for (struct store_request *answer = await(fixture, 6); answer; answer = answer->next) {
        bool refused = answer->result == STORE_E_CORRUPT || answer->result == STORE_E_FULL;
        assert_int_equal(refused, answer->key == a);
        assert_true(refused || answer->result == STORE_OK);
    }
    drop_answers(fixture);
    give(fixture, history_new(b, 9));
    assert_int_equal(await(fixture, 1)->edits.count, 3);
    assert_int_equal(fixture->failures, 0);
    fixture_free(fixture);
}

static void after_a_failed_write_nothing_is_answered(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t key = document_new(fixture, "a");
    atomic_store(&injected, STORE_E_IO);
    give(fixture, edit_new(key, 1));
    give(fixture, history_new(key, 1));
    run(fixture);
    await_failure(fixture);
    atomic_store(&injected, STORE_OK);
    give(fixture, edit_new(key, 1));
    store_thread_wake(fixture->thread);
    store_thread_end(fixture->thread);
    assert_int_equal(fixture->answer_count, 0);
    assert_int_equal(fixture->failures, 1);
    fixture_free(fixture);
}

static void a_disk_that_cannot_be_read_is_a_failure_too(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    int64_t key = document_new(fixture, "a");
    run(fixture);
    atomic_store(&unreadable, STORE_E_CORRUPT);
    give(fixture, history_new(key, 1));
    assert_int_equal(await(fixture, 1)->result, STORE_E_CORRUPT);
    assert_int_equal(fixture->failures, 0);
    atomic_store(&unreadable, STORE_E_IO);
    give(fixture, history_new(key, 1));
    store_thread_wake(fixture->thread);
    await_failure(fixture);
    assert_int_equal(fixture->answer_count, 1);
    fixture_free(fixture);
}

static void a_document_that_is_not_there_is_no_failure(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new(0);
    run(fixture);
    struct store_request *request = request_new(REQUEST_DELETE);
    strcpy(request->document.id, "nowhere");
    give(fixture, request);
    assert_int_equal(await(fixture, 1)->result, STORE_E_NOT_FOUND);
    assert_string_equal(fixture->answers->document.id, "nowhere");
    assert_int_equal(fixture->failures, 0);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_together_is_committed_together),
        cmocka_unit_test(the_log_tells_what_is_committed),
        cmocka_unit_test(while_another_writes_an_edit_waits_for_their_part_of_the_interval),
        cmocka_unit_test(a_commit_holds_no_more_than_its_limit),
        cmocka_unit_test(a_request_sees_the_appends_before_it),
        cmocka_unit_test(settling_lets_others_in_between),
        cmocka_unit_test(a_large_snapshot_is_saved_if_it_is_what_the_edits_make),
        cmocka_unit_test(it_says_when_it_has_too_much),
        cmocka_unit_test(a_full_disk_refuses_and_what_builds_on_it_too),
        cmocka_unit_test(after_a_failed_write_nothing_is_answered),
        cmocka_unit_test(a_damaged_document_takes_no_others_with_it),
        cmocka_unit_test(a_disk_that_cannot_be_read_is_a_failure_too),
        cmocka_unit_test(a_document_that_is_not_there_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

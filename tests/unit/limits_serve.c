/* What waits between the threads, what a commit holds, and what a server is started and stopped
 * with: at the limit, and one past it. */
#include "lib/temp_dir.h"
#include "server/gate/gate.h"
#include "server/serve/budget.h"
#include "server/serve/hub_thread.h"
#include "server/serve/refusals.h"
#include "server/serve/request_queue.h"
#include "server/serve/server.h"
#include "server/serve/store_thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB       1048576
#define EDITS     8 /* of one commit, as large as they may be together */
#define EDIT_SIZE (LIMIT_COMMIT_BYTES / EDITS - sizeof(struct store_request))

/* ---- what the link step leads here ---- */

static uint64_t budget_bytes, return_ms;

void __real_budget_init(struct budget *budget, uint64_t whole_bytes);
void __wrap_budget_init(struct budget *budget, uint64_t whole_bytes);
void __real_gates_drain(struct gates *gates, uint64_t retry_ms);
void __wrap_gates_drain(struct gates *gates, uint64_t retry_ms);

void __wrap_budget_init(struct budget *budget, uint64_t whole_bytes)
{
    budget_bytes = whole_bytes;
    __real_budget_init(budget, whole_bytes);
}

void __wrap_gates_drain(struct gates *gates, uint64_t retry_ms)
{
    return_ms = retry_ms;
    __real_gates_drain(gates, retry_ms);
}

/* ---- the store's thread ---- */

struct fixture {
    char dir[TEMP_DIR_MAX];
    struct log *log;
    struct store *store;
    struct store_thread *thread;
    struct hub_thread *hub;
    int64_t key;
    atomic_size_t answers;
};

static void count_answer(void *context, struct store_request *request)
{
    struct fixture *fixture = context;
    assert_int_equal(request->result, STORE_OK);
    request_free(request);
    atomic_fetch_add(&fixture->answers, 1);
}

static void nothing(void *context)
{
    (void)context;
}

static void drop_out(void *context, unsigned gate, struct hub_out *out)
{
    (void)context;
    (void)gate;
    hub_out_free(out);
}

static void ignore_number(void *context, uint64_t number)
{
    (void)context;
    (void)number;
}

static int setup(void **state)
{
    static const uint8_t secret[64];
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct store_document document = {.id = "a", .type = STORE_TEXT};
    char message[256];
    temp_dir_make(fixture->dir);
    fixture->log = log_new(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    assert_int_equal(store_open(fixture->dir, &fixture->store, message, sizeof(message)), STORE_OK);
    assert_int_equal(store_create(fixture->store, &document, 1), STORE_OK);
    fixture->key = document.key;
    fixture->thread = store_thread_new(&(struct store_thread_options){.store = fixture->store,
                                                                      .log = fixture->log,
                                                                      .context = fixture,
                                                                      .answer = count_answer,
                                                                      .answered = nothing,
                                                                      .failed = nothing});
    fixture->hub = hub_thread_new(&(struct hub_thread_options){.secret = secret,
                                                               .gates = 1,
                                                               .store = fixture->thread,
                                                               .log = fixture->log,
                                                               .context = fixture,
                                                               .send = drop_out,
                                                               .taken = ignore_number,
                                                               .stopped = nothing});
    assert_non_null(fixture->thread);
    assert_non_null(fixture->hub);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    store_thread_end(fixture->thread);
    hub_thread_free(fixture->hub);
    store_thread_free(fixture->thread);
    store_close(fixture->store);
    log_free(fixture->log);
    temp_dir_remove(fixture->dir);
    free(fixture);
    return 0;
}

/* A request that counts as so many bytes, of which none is ever looked at. */
static void give_bytes(struct fixture *fixture, size_t bytes)
{
    struct store_request *request = request_new(REQUEST_SETTLE);
    if (bytes > sizeof(*request))
        request->blob = blob_new(bytes - sizeof(*request));
    assert_int_equal(request_bytes(request), bytes);
    store_thread_give(fixture->thread, request);
}

static void so_many_requests_wait_for_the_store(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 1; i < LIMIT_STORE_QUEUE; i++)
        give_bytes(fixture, sizeof(struct store_request));
    assert_false(store_thread_full(fixture->thread));
    give_bytes(fixture, sizeof(struct store_request));
    assert_true(store_thread_full(fixture->thread));
}

static void so_many_bytes_wait_for_the_store(void **state)
{
    struct fixture *fixture = *state;
    give_bytes(fixture, LIMIT_STORE_BYTES - sizeof(struct store_request));
    assert_false(store_thread_full(fixture->thread));
    give_bytes(fixture, sizeof(struct store_request));
    assert_true(store_thread_full(fixture->thread));
}

static void one_byte_less_is_not_too_much_for_the_store(void **state)
{
    struct fixture *fixture = *state;
    give_bytes(fixture, LIMIT_STORE_BYTES - 1);
    assert_false(store_thread_full(fixture->thread));
}

static void give_edit(struct fixture *fixture, uint64_t version, size_t size)
{
    struct store_request *request = request_new(REQUEST_APPEND_EDIT);
    request->key = fixture->key;
    request->version = version;
    request->blob = blob_new(size);
    memset(request->blob->data, 'x', size);
    request->edit = (struct store_edit){.key = fixture->key,
                                        .version = version,
                                        .client = 7,
                                        .seq = version,
                                        .at_ms = 1,
                                        .op = {request->blob->data, size}};
    store_thread_give(fixture->thread, request);
}

/* How many commits edits make that come at once and of which the last is larger by `more`. */
static uint64_t commits_of(struct fixture *fixture, size_t more)
{
    for (uint64_t version = 1; version <= EDITS; version++)
        give_edit(fixture, version, EDIT_SIZE + (version == EDITS ? more : 0));
    assert_int_equal(store_thread_run(fixture->thread), 0);
    store_thread_wake(fixture->thread);
    while (atomic_load(&fixture->answers) < EDITS)
        usleep(1000);
    return store_thread_stats(fixture->thread).commits;
}

static void a_commit_holds_so_many_bytes(void **state)
{
    assert_int_equal(commits_of(*state, 0), 1);
}

static void one_byte_more_waits_for_the_next_commit(void **state)
{
    assert_int_equal(commits_of(*state, 1), 2);
}

/* ---- the hub's inbox ---- */

static bool post(struct fixture *fixture, enum hub_in_kind kind, size_t bytes)
{
    struct hub_in *in = malloc(sizeof(*in) + bytes);
    memset(in, 0, sizeof(*in));
    in->kind = kind;
    in->size = bytes;
    return hub_thread_post(fixture->hub, in);
}

static struct store_request append_of(uint64_t key, uint64_t version)
{
    return (struct store_request){.kind = REQUEST_APPEND_EDIT,
                                  .edit = {.key = (int64_t)key, .version = version}};
}

static void as_many_refused_documents_are_known_as_may_be_on_their_way(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    struct store_request append;
    for (uint64_t key = 1; key <= LIMIT_STORE_QUEUE; key++) {
        append = append_of(key, 5);
        refusals_add(&refusals, &append);
    }
    append = append_of(1, 6);
    assert_true(refusals_hold(&refusals, &append));
    append = append_of(LIMIT_STORE_QUEUE + 1, 5);
    refusals_add(&refusals, &append);
    append = append_of(1, 6);
    assert_false(refusals_hold(&refusals, &append));
    append = append_of(LIMIT_STORE_QUEUE + 1, 6);
    assert_true(refusals_hold(&refusals, &append));
    refusals_deinit(&refusals);
}

static void the_lowest_that_was_refused_holds_until_it_comes_again(void **state)
{
    (void)state;
    struct refusals refusals = {0};
    static const uint64_t refused[] = {6, 5, 7};
    struct store_request append;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        append = append_of(1, refused[i]);
        refusals_add(&refusals, &append);
    }
    append = append_of(1, 6);
    assert_true(refusals_hold(&refusals, &append));
    append = append_of(2, 6);
    assert_false(refusals_hold(&refusals, &append));
    append = append_of(1, 5);
    assert_false(refusals_hold(&refusals, &append));
    append = append_of(1, 6);
    assert_false(refusals_hold(&refusals, &append));
    refusals_deinit(&refusals);
}

static void so_many_messages_wait_for_the_hub(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < LIMIT_INBOX; i++)
        assert_true(post(fixture, HUB_IN_MESSAGE, 0));
    assert_false(post(fixture, HUB_IN_MESSAGE, 0));
    assert_true(post(fixture, HUB_IN_GONE, 0)); /* what must be known is taken all the same */
}

/* As long as there are fewer, the next one is taken whole. */
static void so_many_bytes_wait_for_the_hub(void **state)
{
    struct fixture *fixture = *state;
    assert_true(post(fixture, HUB_IN_MESSAGE, LIMIT_INBOX_BYTES - 1 - sizeof(struct hub_in)));
    assert_true(post(fixture, HUB_IN_MESSAGE, 1));
    assert_false(post(fixture, HUB_IN_MESSAGE, 1));
}

/* ---- the server ---- */

static int nothing_wrong(void *context, char *message_out)
{
    (void)context;
    (void)message_out;
    return 0;
}

static void ignore_event(void *context, enum server_event event)
{
    (void)context;
    (void)event;
}

static void the_memory_is_that_of_the_option_and_clients_come_back_in_time(void **state)
{
    (void)state;
    char dir[TEMP_DIR_MAX], message[SERVER_MESSAGE_MAX];
    struct limits limits = limits_preset();
    limits.values[SETTING_MEMORY] = 123;
    temp_dir_make(dir);
    struct log *log = log_new(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    struct server *server = server_start(
        &(struct server_options){
            .data = dir,
            .listen = {.host = "127.0.0.1"},
            .gates = 1,
            .tls_cert = "",
            .tls_key = "",
            .allow_hosts = "",
            .allow_origins = "",
            .trusted_proxies = "",
            .limits = limits,
            .log = log,
            .bound = nothing_wrong,
            .opened = nothing_wrong,
            .event = ignore_event,
        },
        message);
    assert_non_null(server);
    assert_int_equal(budget_bytes, UINT64_C(123) * MIB);
    server_drain(server);
    assert_int_equal(return_ms, LIMIT_RETURN_MS);
    server_stop(server);
    log_free(log);
    temp_dir_remove(dir);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(so_many_requests_wait_for_the_store),
        CASE(so_many_bytes_wait_for_the_store),
        CASE(one_byte_less_is_not_too_much_for_the_store),
        CASE(a_commit_holds_so_many_bytes),
        CASE(one_byte_more_waits_for_the_next_commit),
        cmocka_unit_test(as_many_refused_documents_are_known_as_may_be_on_their_way),
        cmocka_unit_test(the_lowest_that_was_refused_holds_until_it_comes_again),
        CASE(so_many_messages_wait_for_the_hub),
        CASE(so_many_bytes_wait_for_the_hub),
        cmocka_unit_test(the_memory_is_that_of_the_option_and_clients_come_back_in_time),
    };
    return cmocka_run_group_tests_name("limits_serve", tests, NULL, NULL);
}

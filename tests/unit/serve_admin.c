/*
 * The server's end of the operator's commands, with a copy that takes as long as the test wants:
 * edits go on meanwhile, hanging up ends it, and so does the server's stop.
 */
#include "lib/temp_dir.h"
#include "server/serve/admin.h"
#include "storage/upkeep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE (TEMP_DIR_MAX + 32)

/* The link step leads the slices of copies here. */
int __real_store_backup_step(struct store_backup *backup, bool *done_out);
int __wrap_store_backup_step(struct store_backup *backup, bool *done_out);

static atomic_bool endless; /* copies are never done */
static atomic_int failing;  /* what they fail with */
static atomic_ulong slices;

int __wrap_store_backup_step(struct store_backup *backup, bool *done_out)
{
    atomic_fetch_add(&slices, 1);
    if (atomic_load(&failing))
        return atomic_load(&failing);
    if (!atomic_load(&endless))
        return __real_store_backup_step(backup, done_out);
    *done_out = false;
    return STORE_OK;
}

struct fixture {
    char dir[TEMP_DIR_MAX], copy[PATH_SIZE];
    struct log *log;
    struct store *store;
    struct store_thread *thread;
    struct admin *admin;
    atomic_ulong answers;
};

/* ---- the fixture ---- */

static void count_answer(void *context, struct store_request *request)
{
    struct fixture *fixture = context;
    assert_int_equal(request->result, STORE_OK);
    request_free(request);
    atomic_fetch_add(&fixture->answers, 1);
}

static void ignore(void *context)
{
    (void)context;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct store_document document = {.id = "a", .type = STORE_TEXT};
    char message[256];
    assert_non_null(fixture);
    atomic_store(&endless, false);
    atomic_store(&failing, STORE_OK);
    atomic_store(&slices, 0);
    temp_dir_make(fixture->dir);
    snprintf(fixture->copy, sizeof(fixture->copy), "%s/copy.db", fixture->dir);
    fixture->log = log_new(STDERR_FILENO, LOG_TEXT, LOG_ERROR);
    assert_int_equal(store_open(fixture->dir, &fixture->store, message, sizeof(message)), STORE_OK);
    assert_int_equal(store_create(fixture->store, &document, 1), STORE_OK);
    fixture->thread = store_thread_new(&(struct store_thread_options){.store = fixture->store,
                                                                      .log = fixture->log,
                                                                      .context = fixture,
                                                                      .answer = count_answer,
                                                                      .answered = ignore,
                                                                      .failed = ignore});
    assert_non_null(fixture->thread);
    fixture->admin = admin_start(fixture->dir, fixture->thread);
    assert_non_null(fixture->admin);
    *state = fixture;
    return 0;
}

static void end(struct fixture *fixture)
{
    store_thread_end(fixture->thread);
    admin_stop(fixture->admin);
    fixture->admin = NULL;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    end(fixture);
    store_thread_free(fixture->thread);
    store_close(fixture->store);
    log_free(fixture->log);
    temp_dir_remove(fixture->dir);
    free(fixture);
    return 0;
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static int ask(const struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char request[PATH_SIZE + 16];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/" ADMIN_SOCKET, fixture->dir);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    int size = snprintf(request, sizeof(request), ADMIN_BACKUP "%s\n", fixture->copy);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    return fd;
}

/* Reads the answer until these words are in it. */
static void await(int fd, const char *words)
{
    char answer[65536] = "";
    size_t size = 0;
    while (!strstr(answer, words)) {
        ssize_t got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0);
        if (got <= 0)
            fail_msg("it answered %s", answer);
        size += (size_t)got;
        answer[size] = '\0';
    }
}

static void append(const struct fixture *fixture, uint64_t version)
{
    struct store_request *request = request_new(REQUEST_APPEND_EDIT);
    request->edit = (struct store_edit){.key = 1, .version = version, .client = 1, .seq = version};
    store_thread_give(fixture->thread, request);
    store_thread_wake(fixture->thread);
}

/* ---- the tests ---- */

static void edits_go_on_while_a_copy_is_made_and_it_while_they_do(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&endless, true);
    assert_int_equal(store_thread_run(fixture->thread), 0);
    int fd = ask(fixture);
    await(fd, ADMIN_COPIED);
    unsigned long before = atomic_load(&slices);
    for (uint64_t version = 1; version <= 200; version++) {
        append(fixture, version);
        while (atomic_load(&fixture->answers) < version)
            rest();
    }
    assert_true(atomic_load(&slices) > before);
    atomic_store(&endless, false);
    await(fd, ADMIN_DONE);
    close(fd);
    assert_int_equal(access(fixture->copy, F_OK), 0);
}

static void who_hangs_up_gets_no_copy(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&endless, true);
    assert_int_equal(store_thread_run(fixture->thread), 0);
    int fd = ask(fixture);
    await(fd, ADMIN_COPIED);
    assert_int_equal(access(fixture->copy, F_OK), 0);
    close(fd);
    while (access(fixture->copy, F_OK) == 0)
        rest();
    atomic_store(&endless, false);
    fd = ask(fixture);
    await(fd, ADMIN_DONE);
    close(fd);
}

static void a_copy_under_way_ends_with_the_server(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&endless, true);
    assert_int_equal(store_thread_run(fixture->thread), 0);
    int fd = ask(fixture);
    await(fd, ADMIN_COPIED);
    end(fixture);
    await(fd, ADMIN_FAILED "the server is stopping\n");
    close(fd);
    assert_int_not_equal(access(fixture->copy, F_OK), 0);
}

/* The store's thread has failed, or is not there yet. */
static void a_copy_that_never_begins_ends_with_the_server(void **state)
{
    struct fixture *fixture = *state;
    int fd = ask(fixture);
    await(fd, ADMIN_COPIED "0 0\n");
    end(fixture);
    await(fd, ADMIN_FAILED "the server is stopping\n");
    close(fd);
}

static void a_copy_that_fails_says_why_and_is_gone(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_thread_run(fixture->thread), 0);
    atomic_store(&failing, STORE_E_FULL);
    int fd = ask(fixture);
    await(fd, ADMIN_FAILED "the copy could not be written: the disk is full\n");
    close(fd);
    assert_int_not_equal(access(fixture->copy, F_OK), 0);
    atomic_store(&failing, STORE_OK);
    fd = ask(fixture);
    await(fd, ADMIN_DONE);
    close(fd);
}

static void where_there_is_no_directory_there_is_no_socket(void **state)
{
    const struct fixture *fixture = *state;
    assert_null(admin_start("/no/such/directory", fixture->thread));
    assert_int_equal(errno, ENOENT);
    admin_stop(NULL);
}

#define ADMIN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIN_TEST(edits_go_on_while_a_copy_is_made_and_it_while_they_do),
        ADMIN_TEST(who_hangs_up_gets_no_copy),
        ADMIN_TEST(a_copy_under_way_ends_with_the_server),
        ADMIN_TEST(a_copy_that_never_begins_ends_with_the_server),
        ADMIN_TEST(a_copy_that_fails_says_why_and_is_gone),
        ADMIN_TEST(where_there_is_no_directory_there_is_no_socket),
    };
    return cmocka_run_group_tests_name("serve_admin", tests, NULL, NULL);
}

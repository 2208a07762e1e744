/*
 * The server's end of the operator's commands, with a copy that takes as long as the test wants:
 * edits go on meanwhile, hanging up ends it, and so does the server's stop.
 */
#include "lib/temp_dir.h"
#include "server/limits.h"
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
#include <linux/sockios.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* And the clock, which a test may hold. */
uint64_t __real_clock_monotonic_ms(void);
uint64_t __wrap_clock_monotonic_ms(void);

static atomic_ulong held_ms; /* 0: it runs */

uint64_t __wrap_clock_monotonic_ms(void)
{
    unsigned long held = atomic_load(&held_ms);
    return held > 0 ? held : __real_clock_monotonic_ms();
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

/* Longer than one read of whoever asks. */
static size_t two_lines(void *context, char *out)
{
    (void)context;
    return (size_t)sprintf(out, "# HELP %02000d\nquire_rooms 7\n", 0);
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
    assert_int_equal(log_run(fixture->log), 0);
    assert_int_equal(store_open(fixture->dir, &fixture->store, message, sizeof(message)), STORE_OK);
    assert_int_equal(store_create(fixture->store, &document, 1), STORE_OK);
    fixture->thread = store_thread_new(&(struct store_thread_options){.store = fixture->store,
                                                                      .log = fixture->log,
                                                                      .context = fixture,
                                                                      .answer = count_answer,
                                                                      .answered = ignore,
                                                                      .failed = ignore});
    assert_non_null(fixture->thread);
    fixture->admin = admin_open(&(struct admin_options){
        .data = fixture->dir, .store_thread = fixture->thread, .metrics = two_lines});
    assert_non_null(fixture->admin);
    assert_int_equal(admin_run(fixture->admin), 0);
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

#define FILES_MAX 3

/* Sends a request with these files to copy into. */
static int request(const struct fixture *fixture, const char *line, const int *files, size_t count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char control[CMSG_SPACE(FILES_MAX * sizeof(int))] = {0};
    struct iovec vector = {.iov_base = (char *)(uintptr_t)line, .iov_len = strlen(line)};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/" ADMIN_SOCKET, fixture->dir);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                   .cmsg_type = SCM_RIGHTS,
                                   .cmsg_len = CMSG_LEN(count * sizeof(int))};
        memcpy(CMSG_DATA(header), files, count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), strlen(line));
    return fd;
}

static int open_copy(const struct fixture *fixture)
{
    unlink(fixture->copy);
    int file = open(fixture->copy, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    return file;
}

static int ask(const struct fixture *fixture)
{
    int file = open_copy(fixture);
    int fd = request(fixture, ADMIN_BACKUP "\n", &file, 1);
    close(file);
    return fd;
}

/* How many descriptors this process, and so the server in it, has open on the copy. By their paths:
 * the server may be closing them. */
static int count_copies(const struct fixture *fixture)
{
    struct stat copy, other;
    int count = 0;
    assert_int_equal(stat(fixture->copy, &copy), 0);
    for (int fd = 0; fd < 256; fd++) {
        char path[32];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        count +=
            stat(path, &other) == 0 && other.st_ino == copy.st_ino && other.st_dev == copy.st_dev;
    }
    return count;
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

/* The copy is a database with the document. */
static void assert_sound(const struct fixture *fixture)
{
    struct store *store;
    struct store_document document;
    char message[256];
    if (store_inspect(fixture->copy, &store, message, sizeof(message)) != STORE_OK)
        fail_msg("%s", message);
    assert_int_equal(store_find(store, "a", &document), STORE_OK);
    store_close(store);
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
    assert_sound(fixture);
}

static void who_hangs_up_gets_no_copy(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&endless, true);
    assert_int_equal(store_thread_run(fixture->thread), 0);
    int fd = ask(fixture);
    await(fd, ADMIN_COPIED);
    assert_int_equal(count_copies(fixture), 1);
    close(fd);
    while (count_copies(fixture) > 0)
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
    assert_int_equal(count_copies(fixture), 0);
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

static void a_copy_that_fails_says_why(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_thread_run(fixture->thread), 0);
    atomic_store(&failing, STORE_E_FULL);
    int fd = ask(fixture);
    await(fd, ADMIN_FAILED "the copy could not be written: the disk is full\n");
    close(fd);
    atomic_store(&failing, STORE_OK);
    fd = ask(fixture);
    await(fd, ADMIN_DONE);
    close(fd);
}

static void a_request_is_no_longer_than_the_limit(void **state)
{
    struct fixture *fixture = *state;
    static char line[LIMIT_ADMIN_BYTES + 2];
    memset(line, 'x', sizeof(line) - 1);
    line[LIMIT_ADMIN_BYTES - 1] = '\n';
    line[LIMIT_ADMIN_BYTES] = '\0';
    int fd = request(fixture, line, NULL, 0);
    await(fd, ADMIN_FAILED "this server does not know that request\n");
    close(fd);
    line[LIMIT_ADMIN_BYTES - 1] = 'x';
    line[LIMIT_ADMIN_BYTES] = '\n';
    fd = request(fixture, line, NULL, 0);
    await(fd, ADMIN_FAILED "there was no request\n");
    close(fd);
}

/* Begins a request, and goes on with it so much later. */
static int ask_slowly(const struct fixture *fixture, unsigned long later_ms)
{
    int fd = request(fixture, "metr", NULL, 0), unread;
    do {
        rest();
        assert_int_equal(ioctl(fd, SIOCOUTQ, &unread), 0);
    } while (unread > 0);
    atomic_fetch_add(&held_ms, later_ms);
    assert_int_equal(send(fd, "ics", 3, MSG_NOSIGNAL), 3);
    do {
        rest();
        assert_int_equal(ioctl(fd, SIOCOUTQ, &unread), 0);
    } while (unread > 0);
    (void)send(fd, "\n", 1, MSG_NOSIGNAL);
    return fd;
}

#define LEFT_MS 2000

static void a_request_comes_in_time(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&held_ms, 1000000);
    /* What is left it waits by the clock of the kernel. */
    int fd = ask_slowly(fixture, LIMIT_ADMIN_MS - LEFT_MS);
    await(fd, "quire_rooms 7\n");
    close(fd);
    fd = ask_slowly(fixture, LIMIT_ADMIN_MS);
    await(fd, ADMIN_FAILED "there was no request\n");
    close(fd);
    atomic_store(&held_ms, 0);
}

static void expect_refusal(const struct fixture *fixture, const char *line, const int *files,
                           size_t count, const char *words)
{
    int fd = request(fixture, line, files, count);
    await(fd, words);
    close(fd);
}

/* What is no file, no empty one, or none that can be written is not copied into, and of several
 * none stays open. */
static void a_copy_needs_one_empty_file(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_thread_run(fixture->thread), 0);
    int file = open_copy(fixture);
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    expect_refusal(fixture, "unheard of\n", &file, 1, ADMIN_FAILED "this server does not know");
    expect_refusal(fixture, ADMIN_BACKUP "\n", NULL, 0, ADMIN_FAILED "there came no empty file");
    expect_refusal(fixture, ADMIN_BACKUP "\n", &ends[1], 1, ADMIN_FAILED "there came no empty");
    int reader = open(fixture->copy, O_RDONLY | O_CLOEXEC);
    expect_refusal(fixture, ADMIN_BACKUP "\n", &reader, 1, ADMIN_FAILED "the copy ");
    close(reader);
    int all[FILES_MAX] = {ends[0], ends[1], file};
    int fd = request(fixture, ADMIN_BACKUP "\n", all, FILES_MAX);
    char answer[256];
    while (recv(fd, answer, sizeof(answer), 0) > 0)
        ;
    close(fd);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(write(file, "x", 1), 1);
    expect_refusal(fixture, ADMIN_BACKUP "\n", &file, 1, ADMIN_FAILED "there came no empty file");
    close(file);
    while (count_copies(fixture) > 0)
        rest();
}

static void where_there_is_no_directory_there_is_no_socket(void **state)
{
    const struct fixture *fixture = *state;
    assert_null(admin_open(
        &(struct admin_options){.data = "/no/such/directory", .store_thread = fixture->thread}));
    assert_int_equal(errno, ENOENT);
    admin_stop(NULL);
}

#define ADMIN_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIN_TEST(a_request_is_no_longer_than_the_limit),
        ADMIN_TEST(a_request_comes_in_time),
        ADMIN_TEST(edits_go_on_while_a_copy_is_made_and_it_while_they_do),
        ADMIN_TEST(who_hangs_up_gets_no_copy),
        ADMIN_TEST(a_copy_under_way_ends_with_the_server),
        ADMIN_TEST(a_copy_that_never_begins_ends_with_the_server),
        ADMIN_TEST(a_copy_that_fails_says_why),
        ADMIN_TEST(a_copy_needs_one_empty_file),
        ADMIN_TEST(where_there_is_no_directory_there_is_no_socket),
    };
    return cmocka_run_group_tests_name("serve_admin", tests, NULL, NULL);
}

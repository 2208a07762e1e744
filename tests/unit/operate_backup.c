/* quire backup and quire restore: with people writing, with a server that dies, on a full disk. */
#include "lib/operate_world.h"
#include "lib/writers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 4
/* Longer than any machine needs for a restore. */
#define RESTORE_S  600
#define EDIT_BYTES 4000

static void stop(struct process *server)
{
    process_signal(server, SIGTERM);
    assert_int_equal(process_end(server), 0);
}

static bool runs(const struct process *process)
{
    siginfo_t info = {0};
    assert_int_equal(waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid == 0;
}

static uint64_t epoch_of(const char *data)
{
    struct store *store = open_store(data);
    uint64_t epoch = store_epoch(store);
    store_close(store);
    return epoch;
}

static void make_two(const char *data)
{
    struct rng rng = rng_start("operate_backup");
    struct store *store = open_store(data);
    make_document(store, "one", STORE_RICH, 300, 200, &rng);
    make_document(store, "two", STORE_TEXT, 20, 0, &rng);
    store_close(store);
}

static void assert_same(const char *one, const char *other)
{
    struct store *first = open_store(one), *second = open_store(other);
    assert_same_document(first, second, "one");
    assert_same_document(first, second, "two");
    store_close(first);
    store_close(second);
}

/* ---- backup ---- */

static void a_backup_while_people_write_has_what_was_acknowledged_before_it(void **state)
{
    const struct place *place = *state;
    struct process server, backup;
    unsigned port = process_serve(&server, place->data, NULL);
    struct writers *writers = writers_start(port, WRITERS, EDIT_BYTES);
    uint64_t before = writers_run(writers, 600), now = before;
    process_start(&backup, (const char *const[]){QUIRE_PROGRAM, "backup", "--data", place->data,
                                                 place->backup, NULL});
    do
        now = writers_run(writers, now + 1);
    while (runs(&backup));
    assert_int_equal(process_end(&backup), 0);
    assert_holds(backup.output, " bytes");
    writers_run(writers, now + 20);
    assert_int_equal(count_files(place->dir, "partial"), 0);

    quire(0, "1 document restored", "restore", "--data", place->other, place->backup);
    struct store *restored = open_store(place->other);
    writers_check_first(writers, restored, before);
    store_close(restored);
    quire(0, "all is well", "verify", "--data", place->other);
    stop(&server);
    struct store *store = open_store(place->data);
    writers_check(writers, store);
    store_close(store);
    writers_free(writers);
}

static void a_backup_without_a_server_is_the_database(void **state)
{
    const struct place *place = *state;
    struct stat status;
    make_two(place->data);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    assert_int_equal(stat(place->backup, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    quire(0, "2 documents, 320 edits: all is well", "verify", place->backup);
    quire(0, "2 documents restored", "restore", "--data", place->other, place->backup);
    assert_same(place->data, place->other);
    assert_int_equal(count_files(place->data, ""), 3); /* ".", ".." and the database */
}

/* A server that was killed leaves its write-ahead log and its socket. */
static void a_backup_after_a_crash_has_what_is_in_the_write_ahead_log(void **state)
{
    const struct place *place = *state;
    struct process server;
    unsigned port = process_serve(&server, place->data, NULL);
    struct writers *writers = writers_start(port, WRITERS, 100);
    writers_run(writers, 50);
    process_signal(&server, SIGKILL);
    assert_int_equal(process_end(&server), -SIGKILL);
    writers_run_to_the_end(writers);
    assert_int_equal(count_files(place->data, "admin.sock"), 1);

    quire(0, "all is well", "verify", "--data", place->data);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    quire(0, "1 document restored", "restore", "--data", place->other, place->backup);
    struct store *restored = open_store(place->other);
    writers_check(writers, restored);
    store_close(restored);
    writers_free(writers);

    process_serve(&server, place->data, NULL);
    quire(0, "all is well", "verify", "--data", place->data);
    stop(&server);
    assert_int_equal(count_files(place->data, "admin.sock"), 0);
}

static void a_target_that_is_there_is_replaced_only_when_told_to(void **state)
{
    const struct place *place = *state;
    make_two(place->data);
    write_file(place->backup, "precious");
    quire(1, "is there already", "backup", "--data", place->data, place->backup);
    char *text = read_file(place->backup);
    assert_string_equal(text, "precious");
    free(text);
    quire(0, "backup.db: ", "backup", "--force", "--data", place->data, place->backup);
    quire(0, "all is well", "verify", place->backup);
}

static void what_cannot_be_backed_up_is_refused(void **state)
{
    const struct place *place = *state;
    quire(1, "there is no database", "backup", "--data", place->data, place->backup);
    make_two(place->data);
    quire(1, "is the database itself", "backup", "--force", "--data", place->data,
          place_path(place, "data/quire.db"));
    quire(1, "is a directory", "backup", "--force", "--data", place->data, place->dir);
    quire(1, "cannot be made", "backup", "--data", place->data,
          place_path(place, "no/such/backup.db"));
    quire(2, "TARGET.db is missing", "backup", "--data", place->data);
    quire(2, "Try: quire backup --help", "backup", "--all", place->backup);
    quire(0, "Usage: quire backup", "backup", "--help");
    assert_int_equal(count_files(place->dir, "backup"), 0);
}

static void a_damaged_database_makes_no_backup(void **state)
{
    const struct place *place = *state;
    make_two(place->data);
    run_sql(place->data, "UPDATE log SET seq = seq + 1 WHERE doc = 1 AND version = 250");
    assert_holds(quire(1, "row ", "backup", "--data", place->data, place->backup), "is damaged");
    assert_int_equal(count_files(place->dir, "backup"), 0);
}

static void a_disk_that_takes_no_more_leaves_no_half_file(void **state)
{
    const struct place *place = *state;
    char command[4 * PATH_SIZE];
    make_two(place->data);
    write_file(place->backup, "the one before");
    /* A file may have 32 KiB, which is less than the database has. */
    snprintf(command, sizeof(command), "ulimit -f 64; exec %s backup --force --data %s %s",
             QUIRE_PROGRAM, place->data, place->backup);
    process_run(1, "could not be written", (const char *const[]){"/bin/sh", "-c", command, NULL});
    char *text = read_file(place->backup);
    assert_string_equal(text, "the one before");
    free(text);
    assert_int_equal(count_files(place->dir, "backup"), 1);
    assert_int_equal(count_files(place->dir, "partial"), 0);
}

static void a_server_that_dies_leaves_no_half_file(void **state)
{
    const struct place *place = *state;
    struct process server, backup;
    make_two(place->data);
    process_serve(&server, place->data, NULL);
    process_signal(&server, SIGSTOP);
    process_start(&backup, (const char *const[]){QUIRE_PROGRAM, "backup", "--data", place->data,
                                                 place->backup, NULL});
    process_signal(&server, SIGKILL);
    assert_int_equal(process_end(&server), -SIGKILL);
    /* It may have come before or after the server's end. */
    int status = process_end(&backup);
    assert_true(status == 0 || status == 1);
    assert_int_equal(count_files(place->dir, "partial"), 0);
    assert_int_equal(count_files(place->dir, "backup.db"), status == 0 ? 1 : 0);
}

static void an_interrupted_backup_leaves_no_half_file(void **state)
{
    const struct place *place = *state;
    struct process server, backup;
    make_two(place->data);
    process_serve(&server, place->data, NULL);
    process_signal(&server, SIGSTOP);
    process_start(&backup, (const char *const[]){QUIRE_PROGRAM, "backup", "--data", place->data,
                                                 place->backup, NULL});
    process_signal(&backup, SIGINT);
    process_end(&backup);
    process_signal(&server, SIGCONT);
    stop(&server);
    assert_int_equal(count_files(place->dir, "backup"), 0);
}

/* ---- the socket ---- */

static int connect_to(const char *data)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int dir = open(data, O_PATH | O_CLOEXEC), fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/admin.sock", dir);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dir);
    return fd;
}

/* What the server answers to these bytes. */
static const char *ask(const char *data, const char *bytes, size_t size)
{
    static char answer[4096];
    size_t used = 0;
    int fd = connect_to(data);
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    for (ssize_t got; (got = recv(fd, answer + used, sizeof(answer) - 1 - used, 0)) > 0;)
        used += (size_t)got;
    answer[used] = '\0';
    close(fd);
    return answer;
}

static void the_socket_is_its_owners_and_takes_no_nonsense(void **state)
{
    const struct place *place = *state;
    char longest[8192];
    struct process server;
    struct stat status;
    make_two(place->data);
    process_serve(&server, place->data, NULL);
    assert_int_equal(stat(place_path(place, "data/admin.sock"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    memset(longest, 'x', sizeof(longest));
    assert_holds(ask(place->data, longest, sizeof(longest)), "failed there was no request");
    assert_holds(ask(place->data, "shutdown\n", 9), "failed this server does not know");
    assert_holds(ask(place->data, "backup here.db\n", 15), "failed this server does not know");
    assert_holds(ask(place->data, "backup\n", 7), "failed there came no empty file");
    /* Those who say nothing, or hang up, are nobody's trouble. */
    int silent = connect_to(place->data);
    close(connect_to(place->data));
    close(silent);
    quire(0, "all is well", "verify", "--data", place->data);
    stop(&server);
    assert_int_equal(count_files(place->data, "admin.sock"), 0);
}

static void a_server_stops_while_somebody_is_silent(void **state)
{
    const struct place *place = *state;
    struct process server;
    process_serve(&server, place->data, NULL);
    int silent = connect_to(place->data);
    stop(&server);
    close(silent);
}

/* ---- restore ---- */

static void a_restored_database_has_another_epoch_and_the_old_one_is_kept(void **state)
{
    const struct place *place = *state;
    make_two(place->data);
    uint64_t epoch = epoch_of(place->data);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    run_sql(place->data, "UPDATE chats SET text = 'hurt'");
    quire(1, "there is a database", "restore", "--data", place->data, place->backup);
    assert_int_equal(epoch_of(place->data), epoch);
    quire(0, "is kept as ", "restore", "--force", "--data", place->data, place->backup);
    assert_int_not_equal(epoch_of(place->data), epoch);
    quire(0, "all is well", "verify", "--data", place->data);
    assert_int_equal(count_files(place->data, "before-"), 1);
    assert_int_equal(count_files(place->data, "restore"), 0);
    quire(0, "2 documents restored", "restore", "--data", place->other, place->backup);
    assert_same(place->data, place->other);
    assert_int_not_equal(epoch_of(place->data), epoch_of(place->other));
}

/* A name in the data directory that a database kept at this time could get. */
static const char *kept_name(const struct place *place, time_t at, const char *ending)
{
    char stamp[64], name[96];
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(stamp, sizeof(stamp), "data/before-%Y%m%d-%H%M%S", &utc);
    snprintf(name, sizeof(name), "%s%s", stamp, ending);
    return place_path(place, name);
}

/* As after other restores, in each second until this one can be over. */
static void what_is_kept_gets_a_name_that_nothing_has(void **state)
{
    const struct place *place = *state;
    time_t now = time(NULL);
    make_two(place->data);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    for (time_t at = now; at < now + RESTORE_S; at++) {
        write_file(kept_name(place, at, ".db"), "an older one");
        write_file(kept_name(place, at, "-2.db-wal"), "that of another");
    }
    const char *output =
        quire(0, "is kept as ", "restore", "--force", "--data", place->data, place->backup);
    assert_holds(output, "-3.db\n");
    assert_int_equal(count_files(place->data, "before-"), 2 * RESTORE_S + 1);
    quire(0, "is kept as ", "restore", "--force", "--data", place->data, place->backup);
    assert_int_equal(count_files(place->data, "before-"), 2 * RESTORE_S + 2);
}

/* What is kept of a server that was killed is whole: with its write-ahead log. */
static void what_is_kept_has_its_write_ahead_log(void **state)
{
    const struct place *place = *state;
    struct process server;
    make_two(place->other);
    quire(0, "backup.db: ", "backup", "--data", place->other, place->backup);
    unsigned port = process_serve(&server, place->data, NULL);
    struct writers *writers = writers_start(port, WRITERS, 100);
    writers_run(writers, 50);
    process_signal(&server, SIGKILL);
    assert_int_equal(process_end(&server), -SIGKILL);
    writers_run_to_the_end(writers);
    quire(0, "is kept as ", "restore", "--force", "--data", place->data, place->backup);
    assert_int_equal(count_files(place->data, "before-"), 2);
    assert_int_equal(count_files(place->data, "quire.db-wal"), 0);
    assert_same(place->data, place->other);

    char command[4 * PATH_SIZE];
    snprintf(command, sizeof(command),
             "cd %s && mkdir kept && mv before-*.db kept/quire.db && "
             "mv before-*.db-wal kept/quire.db-wal",
             place->data);
    assert_int_equal(system(command), 0);
    struct store *kept = open_store(place_path(place, "data/kept"));
    writers_check(writers, kept);
    store_close(kept);
    writers_free(writers);
}

static void nothing_is_restored_under_a_server_or_from_damage(void **state)
{
    const struct place *place = *state;
    const char *file = place_path(place, "data/quire.db");
    struct process server;
    make_two(place->data);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    process_serve(&server, place->data, NULL);
    quire(1, "a server runs", "restore", "--force", "--data", place->data, place->backup);
    stop(&server);

    copy_file(file, place_path(place, "before.db"));
    quire(1, "cannot be read", "restore", "--force", "--data", place->data,
          place_path(place, "none.db"));
    write_file(place_path(place, "text.db"), "no database");
    quire(1, "not a Quire database", "restore", "--force", "--data", place->data,
          place_path(place, "text.db"));
    assert_int_equal(rename(place->backup, place_path(place, "quire.db")), 0);
    run_sql(place->dir, "UPDATE segments SET sum = sum + 1 WHERE doc = 1 AND first = 1");
    const char *output = quire(1, "the backup is damaged", "restore", "--force", "--data",
                               place->data, place_path(place, "quire.db"));
    assert_holds(output, "one                               1  the segment of edits 1 to 200");
    assert_same_file(place_path(place, "before.db"), place_path(place, "data/quire.db"));
    assert_int_equal(count_files(place->data, ""), 3);
    quire(1, "the backup is damaged", "restore", "--data", place->other,
          place_path(place, "quire.db"));
    assert_int_equal(count_files(place->other, "quire"), 0);
    quire(2, "BACKUP.db is missing", "restore");
    quire(0, "Usage: quire restore", "restore", "--help");
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_backup_while_people_write_has_what_was_acknowledged_before_it),
        PLACE_TEST(a_backup_without_a_server_is_the_database),
        PLACE_TEST(a_backup_after_a_crash_has_what_is_in_the_write_ahead_log),
        PLACE_TEST(a_target_that_is_there_is_replaced_only_when_told_to),
        PLACE_TEST(what_cannot_be_backed_up_is_refused),
        PLACE_TEST(a_damaged_database_makes_no_backup),
        PLACE_TEST(a_disk_that_takes_no_more_leaves_no_half_file),
        PLACE_TEST(a_server_that_dies_leaves_no_half_file),
        PLACE_TEST(an_interrupted_backup_leaves_no_half_file),
        PLACE_TEST(the_socket_is_its_owners_and_takes_no_nonsense),
        PLACE_TEST(a_server_stops_while_somebody_is_silent),
        PLACE_TEST(a_restored_database_has_another_epoch_and_the_old_one_is_kept),
        PLACE_TEST(what_is_kept_gets_a_name_that_nothing_has),
        PLACE_TEST(what_is_kept_has_its_write_ahead_log),
        PLACE_TEST(nothing_is_restored_under_a_server_or_from_damage),
    };
    return cmocka_run_group_tests_name("operate_backup", tests, NULL, NULL);
}

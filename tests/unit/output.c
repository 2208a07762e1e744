/* Every command that cannot write what it has to say ends with status 1 and says why. */
#include "lib/operate_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_MAX  512
#define PIPE_FD      7
#define EDITS        400
#define NOTES_EDITS  20000
#define LETTERS_EACH 8

/* As a shell takes them, in the place's directory. */
static const char *const commands[] = {
    "",
    "--help",
    "--version",
    "version",
    "version --help",
    "help",
    "help token",
    "serve --help",
    "serve --show-limits",
    "serve --check --data new --listen 127.0.0.1:0",
    "token --help",
    "token --new-key new/key",
    "token --key keys --sub ann",
    "token --key keys --check $TOKEN",
    "token revoke --help",
    "token reload --help",
    "backup --data data --force copy.db",
    "verify --data data",
    "verify --data hurt",
    "restore --data new backup.db",
    "export --data data one",
    "export --data data large --format text",
    "export --data data large --with-history",
    "import --data new one.jsonl",
    "compact --data data",
    "metrics --data served",
    "reopen --data served note",
    "replay --help",
    "replay --quiet history.jsonl",
    "ot --help",
    "ot < $QUESTIONS",
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* A document whose text is larger than any buffer. */
static void make_large(struct store *store)
{
    struct rng rng = rng_start("output");
    make_document(store, "one", STORE_TEXT, EDITS, EDITS / 2, &rng);
    make_document(store, "large", STORE_TEXT, NOTES_EDITS / LETTERS_EACH, 0, &rng);
}

static void shell(const char *dir, int status, const char *part, const char *command)
{
    char line[COMMAND_MAX];
    snprintf(line, sizeof(line), "cd %s && mkdir -p new && %s", dir, command);
    process_run(status, part, (const char *const[]){"/bin/sh", "-c", line, NULL});
    snprintf(line, sizeof(line), "rm -rf %s/new", dir);
    assert_int_equal(system(line), 0);
}

static void prepare(const struct place *place)
{
    struct store *store = open_store(place->data);
    make_large(store);
    store_close(store);
    setenv("QUIRE", QUIRE_PROGRAM, 1);
    setenv("QUESTIONS", QUIRE_QUESTIONS, 1);
    unsetenv("QUIRE_DATA");
    shell(place->dir, 0, "",
          "$QUIRE token --new-key keys && $QUIRE token --key keys --sub ann >token && "
          "$QUIRE backup --quiet --data data backup.db && cp -r data hurt && "
          "$QUIRE export --data data --format jsonl --to one.jsonl one && "
          "$QUIRE export --data data --with-history --to history.jsonl one");
    char *token = read_file(place_path(place, "token"));
    token[strcspn(token, "\n")] = '\0';
    setenv("TOKEN", token, 1);
    free(token);
    run_sql(place_path(place, "hurt"), "UPDATE segments SET sum = sum + 1");
}

/* With its standard output going there. */
static void expect_each(const struct place *place, const char *where, const char *why)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char line[COMMAND_MAX];
        const char *command = commands[i];
        bool is_usage = *command == '\0';                 /* it says all on the other one */
        bool is_damage = strstr(command, "hurt") != NULL; /* and why it has failed */
        bool is_large = strstr(command, "large") != NULL; /* the end of it may fit */
        snprintf(line, sizeof(line), "$QUIRE %s %s", command, where);
        shell(place->dir, is_usage ? 2 : 1,
              is_usage    ? "Usage: quire COMMAND"
              : is_damage ? "go on from a backup"
              : is_large  ? "quire"
                          : why,
              line);
    }
}

static void a_full_disk_is_told_of(void **state)
{
    expect_each(*state, ">/dev/full", "No space left on device");
}

static void a_pipe_that_nobody_reads_is_told_of(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], PIPE_FD), PIPE_FD);
    close(ends[0]);
    expect_each(*state, ">&7", "Broken pipe");
    close(ends[1]);
    close(PIPE_FD);
}

static void an_output_that_is_closed_is_told_of(void **state)
{
    expect_each(*state, ">&-", "Bad file descriptor");
}

static struct process server;

static int setup(void **state)
{
    if (place_setup(state) != 0)
        return -1;
    const struct place *place = *state;
    signal(SIGPIPE, SIG_DFL);
    prepare(place);
    struct store *store = open_store(place_path(place, "served"));
    struct store_document document = {.id = "note", .type = STORE_TEXT};
    assert_int_equal(store_create(store, &document, 1), STORE_OK);
    store_close(store);
    process_serve(&server, place_path(place, "served"), NULL);
    return 0;
}

static int teardown(void **state)
{
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
    return place_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_told_of),
        cmocka_unit_test(a_pipe_that_nobody_reads_is_told_of),
        cmocka_unit_test(an_output_that_is_closed_is_told_of),
    };
    return cmocka_run_group_tests_name("output", tests, setup, teardown);
}

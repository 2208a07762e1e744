/*
 * Wrong arguments of every command: the status is 2, nothing happens, and two lines say what is
 * wrong, by the word that is, and how to get help.
 */
#include "lib/server_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 8

struct wrong {
    const char *command; /* of the help that is offered; "" for that of the program */
    const char *words[WORDS_MAX];
    const char *line;
};

#define UNKNOWN_OPTIONS(command, ...)                                                              \
    {command, {__VA_ARGS__, "--no-such"}, "--no-such is not an option"},                           \
        {command, {__VA_ARGS__, "-z"}, "-z is not an option"},                                     \
    {                                                                                              \
        command, {__VA_ARGS__, "--help=much"}, "--help takes no value"                             \
    }

static const struct wrong wrongs[] = {
    {"", {"nope"}, "\"nope\" is not a command"},
    {"", {"bakup"}, "\"bakup\" is not a command; did you mean backup?"},
    {"", {"--nope"}, "\"--nope\" is not a command"},
    {"", {"--help", "nope"}, "\"nope\" is not a command"},
    {"", {"help", "nope"}, "\"nope\" is not a command"},
    {"", {"help", "bakup"}, "\"bakup\" is not a command; did you mean backup?"},

    {"serve", {"serve", "--no-such"}, "--no-such is not an option"},
    {"serve", {"serve", "--lisen", "x"}, "--lisen is not an option; did you mean --listen?"},
    {"serve", {"serve", "-z"}, "\"-z\" is not an option"},
    {"serve", {"serve", "--help=much"}, "--help takes no value"},
    {"serve", {"serve", "--data"}, "--data takes DIR"},
    {"serve", {"serve", "--check=yes"}, "--check takes no value"},
    {"serve", {"serve", "extra"}, "\"extra\" is not an option"},

    UNKNOWN_OPTIONS("token", "token"),
    {"token", {"token", "--keey", "k"}, "--keey is not an option; did you mean --key?"},
    {"token", {"token", "--key"}, "--key takes a value"},
    {"token", {"token", "--admin=yes"}, "--admin takes no value"},
    {"token", {"token", "--sub", "ann"}, "--key is missing: a file of keys, which --new-key makes"},
    {"token", {"token", "nope"}, "\"nope\" is not a command; there are revoke and reload"},
    {"token",
     {"token", "--check", "--key", "k", "a.b.c", "extra"},
     "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("token revoke", "token", "revoke"),
    {"token revoke", {"token", "revoke", "--sub"}, "--sub takes a value"},
    {"token revoke", {"token", "revoke", "extra"}, "too many arguments: \"extra\""},
    {"token revoke",
     {"token", "revoke"},
     "name one --sub or one --jti, of at most 128 bytes and without control characters"},

    UNKNOWN_OPTIONS("token reload", "token", "reload"),
    {"token reload", {"token", "reload", "--token-keys"}, "--token-keys takes a value"},
    {"token reload", {"token", "reload", "extra"}, "too many arguments: \"extra\""},
    {"token reload", {"token", "reload"}, "--token-keys is missing: the file of keys"},

    UNKNOWN_OPTIONS("backup", "backup"),
    {"backup", {"backup", "--data"}, "--data takes a value"},
    {"backup", {"backup", "--quite"}, "--quite is not an option; did you mean --quiet?"},
    {"backup", {"backup", "--quiet", "-zh"}, "-z is not an option"},
    {"backup", {"backup", "--force=yes", "a.db"}, "--force takes no value"},
    {"backup", {"backup", "a.db", "extra"}, "too many arguments: \"extra\""},
    {"backup", {"backup"}, "TARGET.db is missing"},

    UNKNOWN_OPTIONS("verify", "verify"),
    {"verify", {"verify", "--data"}, "--data takes a value"},
    {"verify", {"verify", "a.db", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("restore", "restore"),
    {"restore", {"restore", "a.db", "--data"}, "--data takes a value"},
    {"restore", {"restore", "a.db", "extra"}, "too many arguments: \"extra\""},
    {"restore", {"restore", "--force"}, "BACKUP.db is missing"},

    UNKNOWN_OPTIONS("export", "export"),
    {"export", {"export", "notes", "--format"}, "--format takes a value"},
    {"export", {"export", "--format", "pdf", "notes"}, "the format is delta, text or jsonl"},
    {"export", {"export", "notes", "extra"}, "too many arguments: \"extra\""},
    {"export", {"export"}, "name one document, or --all"},
    {"export", {"export", "--all"}, "--all needs --to DIR"},

    UNKNOWN_OPTIONS("reopen", "reopen"),
    {"reopen", {"reopen"}, "DOCUMENT is missing"},
    {"reopen", {"reopen", "a b"}, "\"a b\" is no id"},
    {"reopen", {"reopen", "a", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("import", "import"),
    {"import", {"import", "--id"}, "--id takes a value"},
    {"import", {"import", "--id", "a", "a.txt", "b.txt"}, "--id and --title are for a single file"},
    {"import", {"import"}, "FILE is missing"},

    UNKNOWN_OPTIONS("compact", "compact"),
    {"compact", {"compact", "--data"}, "--data takes a value"},
    {"compact", {"compact", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("metrics", "metrics"),
    {"metrics", {"metrics", "--data"}, "--data takes a value"},
    {"metrics", {"metrics", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("replay", "replay"),
    {"replay", {"replay", "--server"}, "--server takes a value"},
    {"replay", {"replay", "--format", "x", "a"}, "--format takes trace, delta or corpus"},
    {"replay", {"replay", "--jobs", "0", "a"}, "--jobs takes a number from 1 to 256"},
    {"replay", {"replay", "--minimise", "a"}, "--minimise is for what --check finds"},
    {"replay",
     {"replay", "--server", "ws://localhost:1", "--check", "a"},
     "--format, --check, --minimise and --jobs are for the engine, not for --server"},
    {"replay", {"replay"}, "FILE or FOLDER is missing"},

    UNKNOWN_OPTIONS("ot", "ot"),
    {"ot", {"ot", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("version", "version"),
    {"version", {"version", "extra"}, "too many arguments: \"extra\""},
    {"version", {"--version", "extra"}, "too many arguments: \"extra\""},

    UNKNOWN_OPTIONS("help", "help"),
    {"help", {"help", "serve", "extra"}, "too many arguments: \"extra\""},
    {"help", {"help", "token", "revoke", "extra"}, "too many arguments: \"extra\""},
};

#define WRONG_COUNT (sizeof(wrongs) / sizeof(wrongs[0]))

/* With no data directory of its own, as none may be made. */
static int run(struct process *process, const char *const *words)
{
    const char *arguments[WORDS_MAX + 2] = {QUIRE_PROGRAM};
    for (size_t i = 0; i < WORDS_MAX; i++)
        arguments[i + 1] = words[i];
    process_start(process, arguments);
    return process_end(process);
}

static void each_is_told_in_one_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        const struct wrong *wrong = &wrongs[i];
        const char *space = *wrong->command ? " " : "";
        struct process process;
        char expected[512];
        snprintf(expected, sizeof(expected), "quire%s%s: %s\nTry: quire%s%s --help\n", space,
                 wrong->command, wrong->line, space, wrong->command);
        int status = run(&process, wrong->words);
        assert_string_equal(process.output, expected);
        assert_int_equal(status, 2);
    }
}

static bool is_covered(const char *command)
{
    for (size_t i = 0; i < WRONG_COUNT; i++)
        if (strcmp(wrongs[i].command, command) == 0)
            return true;
    return false;
}

/* By the list in the help of the program. */
static void no_command_is_left_out(void **state)
{
    (void)state;
    struct process process;
    unsigned count = 0;
    assert_int_equal(run(&process, (const char *const[WORDS_MAX]){"--help"}), 0);
    for (const char *at = strstr(process.output, "\n  "); at; at = strstr(at + 1, "\n  ")) {
        char name[32];
        if (sscanf(at, " %31s", name) == 1 && !is_covered(name))
            fail_msg("there is no wrong argument of %s here", name);
        count++;
    }
    assert_true(count >= 13);
}

/* The help that is offered is there. */
static void each_help_can_be_had(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        char name[32];
        if (i > 0 && strcmp(wrongs[i].command, wrongs[i - 1].command) == 0)
            continue;
        snprintf(name, sizeof(name), "%s", wrongs[i].command);
        char *second = strchr(name, ' ');
        if (second)
            *second++ = '\0';
        struct process process;
        const char *words[WORDS_MAX] = {*name ? name : "--help", second ? second : "--help",
                                        second ? "--help" : NULL};
        if (!*name)
            words[1] = NULL;
        assert_int_equal(run(&process, words), 0);
        assert_non_null(strstr(process.output, "quire"));
        const char *asked[WORDS_MAX] = {"help", *name ? name : NULL, second};
        assert_int_equal(run(&process, asked), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_told_in_one_way),
        cmocka_unit_test(no_command_is_left_out),
        cmocka_unit_test(each_help_can_be_had),
    };
    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}

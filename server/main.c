/* quire: one program, several commands. */
#include "server/arguments/arguments.h"
#include "server/arguments/suggest.h"
#include "server/operate/commands.h"
#include "server/serve/serve_command.h"
#include "server/token/token_command.h"
#include "tools/ot_command.h"
#include "tools/replay/replay_command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS_FAILED 1

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static int help_command(int argc, char **argv);
static int version_command(int argc, char **argv);
static int any_token_command(int argc, char **argv);

static const struct command commands[] = {
    {"serve", serve_command, "serve documents, and the editor, to browsers"},
    {"token", any_token_command, "make keys and tokens, which let people in, and explain tokens"},
    {"backup", backup_command, "copy the database into a file, also while a server runs"},
    {"verify", verify_command, "look a database or backup over for damage"},
    {"restore", restore_command, "make a backup the database"},
    {"reopen", reopen_command, "have a server go on with a document that it has closed"},
    {"export", export_command, "write documents to files, with or without their history"},
    {"import", import_command, "make documents of files"},
    {"compact", compact_command, "make a database as small as it goes"},
    {"metrics", metrics_command, "show what a running server has counted, for Prometheus"},
    {"replay", replay_command, "play recorded sessions through a server or the engine"},
    {"ot", ot_command, "answer questions to the OT engine, one JSON line each"},
    {"version", version_command, "print the version"},
    {"help", help_command, "show this, or the help of a command"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("Quire: realtime collaborative documents\n"
          "\n"
          "Usage: quire COMMAND [options]\n"
          "\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs(
        "\n"
        "quire COMMAND --help says more. To begin: quire serve, then open http://localhost:8080\n",
        out);
}

static int refuse_command(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *near = suggest(name, names, COMMAND_COUNT);
    return arguments_refuse("", "\"%.60s\" is not a command%s%s%s", name,
                            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Tokens need no server; what is done about them in one that runs does. */
static int any_token_command(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "revoke") == 0)
        return token_revoke_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "reload") == 0)
        return token_reload_command(argc - 1, argv + 1);
    return token_command(argc, argv);
}

/* Of a command that takes at most `operands_max` words. -1: go on; else the exit status. */
static int read_words(const struct command *command, int argc, char **argv, int operands_max)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    optind = 0;
    switch (arguments_next(command->name, argc, argv, options)) {
    case 'h':
        printf("quire %s: %s\n", command->name, command->help);
        return 0;
    case ARGUMENTS_WRONG:
        return ARGUMENTS_USAGE;
    default:
        if (argc - optind > operands_max)
            return arguments_refuse_surplus(command->name, argv[optind + operands_max]);
        return -1;
    }
}

static int version_command(int argc, char **argv)
{
    int status = read_words(command_find("version"), argc, argv, 0);
    if (status >= 0)
        return status;
    puts("quire " QUIRE_VERSION);
    return 0;
}

static int help_command(int argc, char **argv)
{
    char help[] = "--help";
    int status = read_words(command_find("help"), argc, argv, 2);
    if (status >= 0)
        return status;
    if (optind == argc) {
        print_help(stdout);
        return 0;
    }
    const struct command *command = command_find(argv[optind]);
    if (!command)
        return refuse_command(argv[optind]);
    /* A token's commands have a help of their own; nobody else's words behind the first are any. */
    bool has_more = argc - optind > 1;
    if (has_more && command->run != any_token_command)
        return arguments_refuse_surplus("help", argv[optind + 1]);
    char *arguments[] = {argv[optind], has_more ? argv[optind + 1] : help, help, NULL};
    return command->run(has_more ? 3 : 2, arguments);
}

/* Makes sure that descriptors 0 to 2 are taken: a database that got one of them would receive what
 * is meant for a terminal. What is written to an output that is closed fails all the same. */
static int hold_standard_descriptors(void)
{
    static const int access[] = {O_RDWR, O_RDONLY, O_RDWR};
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", access[fd]) != fd)
            return -1;
    return 0;
}

/* A pipe that nobody reads, and a file that may not grow, are told of like a disk that is full. */
static void have_writes_fail(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* The exit status after all: a command has not done what nobody could read of. */
static int end_output(int status)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    failed = fclose(stdout) != 0 || failed;
    if (!failed || status != 0)
        return status;
    fprintf(stderr, "quire: cannot write the output%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return STATUS_FAILED;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return ARGUMENTS_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_command(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0)
        return version_command(argc - 1, argv + 1);
    const struct command *command = command_find(argv[1]);
    return command ? command->run(argc - 1, argv + 1) : refuse_command(argv[1]);
}

int main(int argc, char **argv)
{
    if (hold_standard_descriptors() != 0)
        return STATUS_FAILED;
    have_writes_fail();
    return end_output(run(argc, argv));
}

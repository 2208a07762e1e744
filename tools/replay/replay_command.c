#include "tools/replay/replay_command.h"

#include "tools/replay/play.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: quire replay [options] TRACE...\n"
    "\n"
    "Plays recorded editing sessions, each edit on exactly what its author had seen, one\n"
    "connection for each author, and compares all copies of the document, a newcomer's and\n"
    "the recorded text.\n"
    "\n"
    "  --server URL   through the server at URL (ws://localhost:8080), in a new document;\n"
    "                 without it, through the engine alone\n"
    "  --token TOKEN  to be let in by the server\n"
    "  --fold         send what was typed while an edit is in flight as one, as a live client\n"
    "                 does (traces of one author only)\n"
    "  --quiet        no progress\n"
    "  --help         this text\n"
    "\n"
    "A trace is JSON, {startContent, endContent, txns: [{patches}]} or {kind: \"concurrent\",\n"
    "endContent, numAgents, txns: [{parents, agent, patches}]}, or flat (NAME.edits with\n"
    "NAME.final beside it), plain or gzipped. A trace in which the authors saw each other's\n"
    "edits in different orders, such as a git history, is no session of any server, and refused.\n"
    "\n"
    "Exit status: 0 all agree; 1 a divergence, or the server could not be played to the end;\n"
    "2 wrong arguments, or a trace that cannot be played.\n";

enum { STATUS_OK = 0, STATUS_DIVERGED = 1, STATUS_USAGE = 2 };

struct choices {
    const char *server, *token;
    bool fold, quiet, help;
};

static int parse_options(int argc, char **argv, struct choices *choices)
{
    static const struct option options[] = {
        {"server", required_argument, NULL, 's'}, {"token", required_argument, NULL, 't'},
        {"fold", no_argument, NULL, 'f'},         {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 's':
            choices->server = optarg;
            break;
        case 't':
            choices->token = optarg;
            break;
        case 'f':
            choices->fold = true;
            break;
        case 'q':
            choices->quiet = true;
            break;
        case 'h':
            choices->help = true;
            break;
        default:
            return -1;
        }
    }
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void tell_divergence(const char *name, const struct play_result *result)
{
    if (result->diverged != 0 && result->diverged_txn != UINT32_MAX)
        printf("%s: DIVERGED, first at edit %" PRIu32 " (version %" PRIu64 ")\n", name,
               result->diverged_txn, result->diverged);
    else if (result->diverged != 0)
        printf("%s: DIVERGED, first at version %" PRIu64 "\n", name, result->diverged);
    else if (result->differs_at != SIZE_MAX)
        printf("%s: DIVERGED: all copies agree, but differ from the recorded text at byte %zu\n",
               name, result->differs_at);
    if (result->error[0] != '\0')
        printf("%s: %s\n", name, result->error);
}

static void tell(const char *name, const struct cast *cast, const struct play_result *result)
{
    printf("%s: %zu edits by %" PRIu32 " author%s became %" PRIu64
           " versions in %.2f s (%.0f edits/s)\n",
           name, result->edits, cast->trace->agents, cast->trace->agents == 1 ? "" : "s",
           result->versions, result->seconds, (double)result->edits / result->seconds);
    if (result->document[0] != '\0')
        printf("%s: document %s\n", name, result->document);
}

static void tell_agreement(const char *name, const struct play_result *result)
{
    printf("%s: all copies agree with the recorded text (%zu bytes)", name, result->text_bytes);
    if (result->tied)
        printf(", but for two authors typing at one place at once (byte %zu): a tie fell the other "
               "way, and both ways are right",
               result->differs_at);
    printf("\n");
}

static int play_one(const char *path, const struct choices *choices, const struct ws_url *url)
{
    const char *name = base_name(path);
    struct play_options options = {url, choices->token, name, choices->fold};
    struct play_result result;
    struct progress progress;
    struct trace trace;
    struct cast cast;
    char error[512];

    if (trace_load(path, &trace, error, sizeof error)) {
        fprintf(stderr, "quire replay: %s %s\n", path, error);
        return STATUS_USAGE;
    }
    cast_init(&cast, &trace);
    if (plan_make(&trace, &cast.plan, error, sizeof error)) {
        fprintf(stderr, "quire replay: %s cannot be played: %s\n", path, error);
        trace_free(&trace);
        return STATUS_USAGE;
    }
    progress_init(&progress, name, choices->quiet);
    options.fold = choices->fold && trace.agents == 1;
    bool agreed = play(&cast, &options, &progress, &result);
    tell(name, &cast, &result);
    if (agreed)
        tell_agreement(name, &result);
    else
        tell_divergence(name, &result);
    cast_deinit(&cast);
    trace_free(&trace);
    return agreed ? STATUS_OK : STATUS_DIVERGED;
}

int replay_command(int argc, char **argv)
{
    struct choices choices = {0};
    struct ws_url url;
    const char *error;
    int status = STATUS_OK;

    if (parse_options(argc, argv, &choices) || (optind == argc && !choices.help)) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    if (choices.help) {
        fputs(usage, stdout);
        return STATUS_OK;
    }
    if (choices.server != NULL && ws_url_parse(choices.server, &url, &error)) {
        fprintf(stderr, "quire replay: %s: %s\n", choices.server, error);
        return STATUS_USAGE;
    }
    for (int i = optind; i < argc; i++) {
        int one = play_one(argv[i], &choices, choices.server != NULL ? &url : NULL);
        status = one > status ? one : status;
    }
    return status;
}

#include "tools/replay/replay_command.h"

#include "server/arguments/arguments.h"
#include "tools/peer/bytes.h"
#include "tools/peer/link.h"
#include "tools/replay/play.h"
#include "tools/replay/run.h"
#include "tools/replay/table.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: quire replay [options] FILE|FOLDER...\n"
    "\n"
    "Plays recorded editing, and shows what does not hold on the way. Through the engine alone,\n"
    "on all processors, ending with a table; or through a server, one connection for each\n"
    "author, each edit made on exactly what its author had seen.\n"
    "\n"
    "  --format trace   the files are editing traces, as below\n"
    "  --format delta   each line is a Quill Delta: [...] or {\"ops\": [...], \"base\": VERSION}\n"
    "  --format corpus  any bytes, of a fuzzer: they stand for operations\n"
    "                   (without it: *.jsonl and *.ndjson are delta, *.json and *.edits traces)\n"
    "  --check          looks at the laws of operational transform at each operation\n"
    "  --minimise       with --check: writes the smallest history that shows what was found to\n"
    "                   FILE" CASE_SUFFIX ", which is of the format delta\n"
    "  --jobs N         in N processes; as many as there are processors otherwise\n"
    "  --server URL     plays traces through the server at URL (ws://localhost:8080), each in\n"
    "                   a new document\n"
    "  --token TOKEN    to be let in by the server\n"
    "  --fold           through a server: sends what was typed while an edit is in flight as one,\n"
    "                   as a live client does (traces of one author only)\n"
    "  --quiet          no progress\n"
    "  --help           this text\n"
    "\n"
    "A trace is JSON, {startContent, endContent, txns: [{patches}]} or {kind: \"concurrent\",\n"
    "endContent, numAgents, txns: [{parents, agent, patches}]}, or flat (NAME.edits with\n"
    "NAME.final beside it). All copies of its document and the recorded text must agree. A trace\n"
    "in which the authors saw each other's edits in different orders, such as a git script, is\n"
    "no session of any server, and refused. Any file may be gzipped.\n"
    "\n"
    "Exit status: 0 nothing was found; 1 there are findings, or the server could not be played to\n"
    "the end; 2 wrong arguments, or a file that cannot be played.\n";

enum { STATUS_OK = 0, STATUS_FOUND = 1, STATUS_USAGE = ARGUMENTS_USAGE };

struct choices {
    const char *server, *token;
    enum replay_format format;
    struct job_options job;
    unsigned jobs;
    bool is_local, fold, quiet, help; /* is_local: something that a server has no part in */
};

/* What is wrong, or NULL; so too below. */
static const char *parse_format(const char *name, enum replay_format *format_out)
{
    static const char *const names[] = {"", "trace", "delta", "corpus"};

    for (int i = FORMAT_TRACE; i <= FORMAT_CORPUS; i++)
        if (strcmp(name, names[i]) == 0)
            *format_out = (enum replay_format)i;
    return *format_out == FORMAT_BY_NAME ? "--format takes trace, delta or corpus" : NULL;
}

static const char *parse_jobs(const char *text, unsigned *jobs_out)
{
    char *end;
    unsigned long jobs = strtoul(text, &end, 10);

    static_assert(RUN_JOBS_MAX == 256, "the text below says it");
    *jobs_out = (unsigned)jobs;
    return *end == '\0' && jobs >= 1 && jobs <= RUN_JOBS_MAX
               ? NULL
               : "--jobs takes a number from 1 to 256";
}

static const char *parse_option(int option, struct choices *choices)
{
    switch (option) {
    case 'F':
        choices->is_local = true;
        return parse_format(optarg, &choices->format);
    case 'c':
        choices->is_local = choices->job.checks = true;
        break;
    case 'm':
        choices->is_local = choices->job.minimises = true;
        break;
    case 'j':
        choices->is_local = true;
        return parse_jobs(optarg, &choices->jobs);
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
    default:
        choices->help = true;
    }
    return NULL;
}

static const char *judge(const struct choices *choices, int operands)
{
    if (operands == 0)
        return "FILE or FOLDER is missing";
    if (choices->job.minimises && !choices->job.checks)
        return "--minimise is for what --check finds";
    if (choices->server != NULL && choices->is_local)
        return "--format, --check, --minimise and --jobs are for the engine, not for --server";
    return NULL;
}

/* 0, or the exit status. */
static int parse_options(int argc, char **argv, struct choices *choices)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'F'}, {"check", no_argument, NULL, 'c'},
        {"minimise", no_argument, NULL, 'm'},     {"jobs", required_argument, NULL, 'j'},
        {"server", required_argument, NULL, 's'}, {"token", required_argument, NULL, 't'},
        {"fold", no_argument, NULL, 'f'},         {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {0}};
    const char *wrong = NULL;
    int option;

    optind = 0;
    while (wrong == NULL && !choices->help &&
           (option = arguments_next("replay", argc, argv, options)) != ARGUMENTS_END) {
        if (option == ARGUMENTS_WRONG)
            return STATUS_USAGE;
        wrong = parse_option(option, choices);
    }
    if (wrong == NULL && !choices->help)
        wrong = judge(choices, argc - optind);
    return wrong != NULL ? arguments_refuse("replay", "%s", wrong) : 0;
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
    return agreed ? STATUS_OK : STATUS_FOUND;
}

static int play_server_files(int argc, char **argv, const struct choices *choices)
{
    struct ws_url url;
    const char *error;
    int status = STATUS_OK;

    if (ws_url_parse(choices->server, &url, &error)) {
        fprintf(stderr, "quire replay: %s: %s\n", choices->server, error);
        return STATUS_USAGE;
    }
    for (int i = 0; i < argc; i++) {
        int one = play_one(argv[i], choices, &url);
        status = one > status ? one : status;
    }
    return status;
}

static int find_files(int argc, char **argv, enum replay_format format, struct files *files)
{
    char error[256];

    for (int i = 0; i < argc; i++) {
        if (files_add(files, argv[i], format, error, sizeof error)) {
            fprintf(stderr, "quire replay: %s %s\n", argv[i], error);
            return -1;
        }
    }
    if (files->count == 0)
        fprintf(stderr, "quire replay: there is no file to be played\n");
    return files->count == 0 ? -1 : 0;
}

static int status_of(const struct files *files, const struct job_result *results)
{
    int status = STATUS_OK;

    for (size_t i = 0; i < files->count; i++) {
        if (results[i].outcome == JOB_FOUND)
            return STATUS_FOUND;
        status = results[i].outcome == JOB_AGREED ? status : STATUS_USAGE;
    }
    return status;
}

static int play_files(int argc, char **argv, const struct choices *choices)
{
    struct files files = {0};
    uint64_t start_us = link_now_us();
    int status = STATUS_USAGE;

    if (find_files(argc, argv, choices->format, &files) == 0) {
        struct job_result *results =
            run_files(&files, &choices->job, choices->jobs, choices->quiet);
        bytes_must(results == NULL ? OT_E_MEMORY : OT_OK);
        table_print(stdout, &files, results, (double)(link_now_us() - start_us) / 1e6);
        status = status_of(&files, results);
        free(results);
    }
    files_deinit(&files);
    return status;
}

int replay_command(int argc, char **argv)
{
    struct choices choices = {0};

    int status = parse_options(argc, argv, &choices);

    if (status != 0)
        return status;
    if (choices.help) {
        fputs(usage, stdout);
        return STATUS_OK;
    }
    if (choices.server != NULL)
        return play_server_files(argc - optind, argv + optind, &choices);
    return play_files(argc - optind, argv + optind, &choices);
}

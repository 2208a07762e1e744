#include "bench/load/workload.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

const struct workload workloads[] = {
    {"rooms", "--docs 100 --editors 5 --rate 4 --secs 8: rooms of editors", workload_edits, false,
     false},
    {"hot", "--editors 100 --rate 2 --secs 8: one document", workload_hot, false, false},
    {"readers", "--readers 5000 --rate 20 --secs 6: one writer, many readers", workload_readers,
     false, false},
    {"idle", "--connections 5000 --per-doc 5 --secs 6: nothing happens", workload_idle, false,
     false},
    {"limit", "--docs 100 --editors 5 --p99 250 --secs 3 --start 10000: the highest rate",
     workload_limit, false, false},
    {"presence", "--clients 100 --rate 20 --secs 5: cursors", workload_presence, false, false},
    {"offline", "--edits 2000 --bytes 100000: one comes back and merges", workload_offline, false,
     false},
    {"cold", "--edits 250000 --writers 64 --repeat 5 [--kill]: opening after a start",
     workload_cold, false, false},
    {"attack", "--editors 10 --readers 10 --rate 2 --connections 10 --secs 10: others attack",
     workload_attack, true, true},
    {"openings", "--editors 2 --readers 1 --rate 6.7 --bytes 16000000 --secs 10: a large document",
     workload_openings, true, false},
    {0}};

struct command {
    struct server_options server;
    struct workload_options workload;
    const char *json;
    int cpu, priority;
    bool help;
};

static void print_usage(FILE *file)
{
    fprintf(
        file,
        "usage: quire-load (--quire PROGRAM | --server URL [--pid N]) [options] WORKLOAD...\n"
        "\n"
        "Puts a Quire server under load, measures it, and checks that all copies of the\n"
        "documents agree and that nothing saved is lost.\n"
        "\n"
        "  --quire PROGRAM   start this server, on a free port, with new data\n"
        "  --args WORDS      further words for its command line\n"
        "  --data DIR        keep its data there\n"
        "  --server URL      use this one (ws://localhost:8080)\n"
        "  --pid N           its process, to read what it costs\n"
        "  --cpu-server N    pin the server to this core (0; -1: none)\n"
        "  --cpu-load N      pin this program to this core (1; -1: none)\n"
        "  --nice N          priority of both (0)\n"
        "  --json FILE       append the results as lines of JSON (-: print them)\n"
        "  --seed N          of the random places (1)\n"
        "  --unfolded        every edit is a message of its own; by default those that come due\n"
        "                    while one is in flight leave together, as from a live client\n"
        "\n"
        "Workloads, with their options and what these are by default:\n");
    for (const struct workload *workload = workloads; workload->name != NULL; workload++)
        fprintf(file, "  %-10s %s\n", workload->name, workload->help);
    fprintf(file, "\nExit status: 0 measured and sound; 1 not; 2 wrong arguments.\n");
}

/* ---- options ------------------------------------------------------------------------------------
 */

enum option_id {
    OPT_HELP = 256,
    OPT_QUIRE,
    OPT_ARGS,
    OPT_DATA,
    OPT_SERVER,
    OPT_PID,
    OPT_CPU_SERVER,
    OPT_CPU_LOAD,
    OPT_NICE,
    OPT_JSON,
    OPT_SEED,
    OPT_DOCS,
    OPT_EDITORS,
    OPT_READERS,
    OPT_CONNECTIONS,
    OPT_PER_DOC,
    OPT_CLIENTS,
    OPT_EDITS,
    OPT_WRITERS,
    OPT_REPEAT,
    OPT_BYTES,
    OPT_RATE,
    OPT_SECS,
    OPT_START,
    OPT_P99,
    OPT_KILL,
    OPT_UNFOLDED
};

static const struct option options[] = {
    {"help", no_argument, NULL, OPT_HELP},
    {"quire", required_argument, NULL, OPT_QUIRE},
    {"args", required_argument, NULL, OPT_ARGS},
    {"data", required_argument, NULL, OPT_DATA},
    {"server", required_argument, NULL, OPT_SERVER},
    {"pid", required_argument, NULL, OPT_PID},
    {"cpu-server", required_argument, NULL, OPT_CPU_SERVER},
    {"cpu-load", required_argument, NULL, OPT_CPU_LOAD},
    {"nice", required_argument, NULL, OPT_NICE},
    {"json", required_argument, NULL, OPT_JSON},
    {"seed", required_argument, NULL, OPT_SEED},
    {"docs", required_argument, NULL, OPT_DOCS},
    {"editors", required_argument, NULL, OPT_EDITORS},
    {"readers", required_argument, NULL, OPT_READERS},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"per-doc", required_argument, NULL, OPT_PER_DOC},
    {"clients", required_argument, NULL, OPT_CLIENTS},
    {"edits", required_argument, NULL, OPT_EDITS},
    {"writers", required_argument, NULL, OPT_WRITERS},
    {"repeat", required_argument, NULL, OPT_REPEAT},
    {"bytes", required_argument, NULL, OPT_BYTES},
    {"rate", required_argument, NULL, OPT_RATE},
    {"secs", required_argument, NULL, OPT_SECS},
    {"start", required_argument, NULL, OPT_START},
    {"p99", required_argument, NULL, OPT_P99},
    {"kill", no_argument, NULL, OPT_KILL},
    {"unfolded", no_argument, NULL, OPT_UNFOLDED},
    {0},
};

/* Where the value of a whole number goes, or NULL. */
static uint32_t *count_option(struct workload_options *workload, int id)
{
    switch (id) {
    case OPT_DOCS:
        return &workload->docs;
    case OPT_EDITORS:
        return &workload->editors;
    case OPT_READERS:
        return &workload->readers;
    case OPT_CONNECTIONS:
        return &workload->connections;
    case OPT_PER_DOC:
        return &workload->per_doc;
    case OPT_CLIENTS:
        return &workload->clients;
    case OPT_EDITS:
        return &workload->edits;
    case OPT_WRITERS:
        return &workload->writers;
    case OPT_REPEAT:
        return &workload->repeat;
    default:
        return NULL;
    }
}

static double *real_option(struct workload_options *workload, int id)
{
    switch (id) {
    case OPT_RATE:
        return &workload->rate;
    case OPT_SECS:
        return &workload->secs;
    case OPT_START:
        return &workload->start;
    case OPT_P99:
        return &workload->p99_ms;
    default:
        return NULL;
    }
}

static int take_number(struct command *command, int id, const char *text)
{
    uint32_t *count = count_option(&command->workload, id);
    double *real = real_option(&command->workload, id);
    char *end;
    double value = strtod(text, &end);

    if (*text == '\0' || *end != '\0')
        return -1;
    if ((count != NULL || real != NULL) && (value <= 0 || value > UINT32_MAX))
        return -1;
    if (count != NULL)
        *count = (uint32_t)value;
    else if (real != NULL)
        *real = value;
    else if (id == OPT_PID)
        command->server.pid = (pid_t)value;
    else if (id == OPT_CPU_SERVER)
        command->server.cpu = (int)value;
    else if (id == OPT_CPU_LOAD)
        command->cpu = (int)value;
    else if (id == OPT_NICE)
        command->priority = (int)value;
    else if (id == OPT_SEED)
        command->workload.seed = (uint64_t)value;
    else
        command->workload.bytes = (uint64_t)value;
    return 0;
}

static int take_option(struct command *command, int id, const char *text)
{
    switch (id) {
    case OPT_HELP:
        command->help = true;
        return 0;
    case OPT_KILL:
        command->workload.kill = true;
        return 0;
    case OPT_UNFOLDED:
        command->workload.unfolded = true;
        return 0;
    case OPT_QUIRE:
        command->server.quire = text;
        return 0;
    case OPT_ARGS:
        command->server.extra = text;
        return 0;
    case OPT_DATA:
        command->server.data = text;
        return 0;
    case OPT_SERVER:
        command->server.url = text;
        return 0;
    case OPT_JSON:
        command->json = text;
        return 0;
    case '?':
        return -1;
    default:
        return take_number(command, id, text);
    }
}

static const struct workload *find_workload(const char *name)
{
    const struct workload *workload = workloads;
    while (workload->name != NULL && strcmp(workload->name, name) != 0)
        workload++;
    return workload->name != NULL ? workload : NULL;
}

static int parse(int argc, char **argv, struct command *command)
{
    int id;

    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (take_option(command, id, optarg)) {
            if (id != '?')
                fprintf(stderr, "quire-load: a value is wrong: %s\n", optarg);
            return -1;
        }
    }
    for (int i = optind; i < argc; i++)
        if (find_workload(argv[i]) == NULL) {
            fprintf(stderr, "quire-load: no such workload: %s\n", argv[i]);
            return -1;
        }
    bool one_server = (command->server.quire != NULL) != (command->server.url != NULL);
    return command->help || (optind < argc && one_server) ? 0 : -1;
}

/* ---- running ------------------------------------------------------------------------------------
 */

uint32_t choose(uint32_t chosen, uint32_t standard)
{
    return chosen > 0 ? chosen : standard;
}

double choose_real(double chosen, double standard)
{
    return chosen > 0 ? chosen : standard;
}

void report_noise(struct report *report, const struct server_cost *before,
                  const struct server_cost *after)
{
    double wall_s = (double)(after->at_us - before->at_us) / 1e6;
    double own_s = after->own_cpu_s - before->own_cpu_s;
    double other_s = after->machine_cpu_s - before->machine_cpu_s - own_s -
                     (after->cpu_s - before->cpu_s) + (after->steal_s - before->steal_s);

    report_add(report, "generator_cores", own_s / wall_s, 3);
    report_add(report, "noise_cores", other_s > 0 ? other_s / wall_s : 0, 3);
}

/* Linux weighs sessions against each other before processes, so the session's own niceness counts
 * too. */
static void set_priority(int priority)
{
    FILE *file = fopen("/proc/self/autogroup", "w");

    if (file != NULL) {
        fprintf(file, "%d", priority);
        fclose(file);
    }
    if (setpriority(PRIO_PROCESS, 0, priority) != 0)
        perror("quire-load: the priority stays as it is");
}

static int run(const struct workload *workload, const struct command *command)
{
    struct report report = {.workload = workload->name};
    struct server_options chosen = command->server;
    struct server server;

    chosen.limited = workload->limited;
    chosen.closed = workload->closed;
    if (server_open(&server, &chosen)) {
        server_close(&server);
        return STATUS_FAILED;
    }
    workload->run(&server, &command->workload, &report);
    server_close(&server);
    report_print(&report);
    if (command->json != NULL && report_write_json(&report, command->json) != 0)
        return STATUS_FAILED;
    return report_ok(&report) ? STATUS_OK : STATUS_FAILED;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct command command = {.cpu = 1, .workload = {.seed = 1}};
    int status = STATUS_OK;

    if (parse(argc, argv, &command)) {
        print_usage(stderr);
        return STATUS_USAGE;
    }
    if (command.help) {
        print_usage(stdout);
        return STATUS_OK;
    }
    raise_file_limit();
    if (command.priority != 0)
        set_priority(command.priority);
    pin_to_cpu(command.cpu);
    for (int i = optind; i < argc; i++)
        if (run(find_workload(argv[i]), &command) != STATUS_OK)
            status = STATUS_FAILED;
    return status;
}

#include "bench/load/server.h"

#include "tools/peer/link.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS  60000
#define STOP_MS   60000
#define WORDS_MAX 32

/* ---- starting and stopping --------------------------------------------------------------------
 */

void pin_to_cpu(int cpu)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int i = 0; i < count && i < CPU_SETSIZE; i++)
        if (cpu < 0 || cpu >= count || cpu == i)
            CPU_SET(i, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* The server listens at a port that is kept for it: before it starts, and while it is started anew,
 * nobody who asks for any free port gets this one. */
static int keep_port(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1;

    server->kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server->kept, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int code = bind(server->kept, (struct sockaddr *)&address, sizeof address);
    if (code == 0)
        code = getsockname(server->kept, (struct sockaddr *)&address, &size);
    snprintf(server->port, sizeof server->port, "%d", ntohs(address.sin_port));
    return code;
}

/* The child's part: becomes the server. */
static void run_server(struct server *server)
{
    char serve[] = "serve", listen[] = "--listen", data[] = "--data", keys[] = "--token-keys";
    char program[512], address[32], log[96], extra[1024];
    char *words[WORDS_MAX] = {program, serve, listen, address, data, server->directory};
    size_t count = 6;
    /* One address and few connections say what a whole town would. */
    static char unlimited[][48] = {
        "--rate-edits=1000000000",          "--rate-edit-bytes=1000000000",
        "--rate-user-edits=1000000000",     "--rate-messages=1000000000",
        "--rate-opens=1000000000",          "--rate-creates=1000000000",
        "--rate-connects=1000000000",       "--rate-sockets=1000000000",
        "--connections-per-address=1000000"};
    for (size_t i = 0; i < sizeof unlimited / sizeof *unlimited && !server->options.limited; i++)
        words[count++] = unlimited[i];
    if (server->keys[0] != '\0') {
        words[count++] = keys;
        words[count++] = server->keys;
    }

    snprintf(program, sizeof program, "%s", server->options.quire);
    snprintf(address, sizeof address, "127.0.0.1:%s", server->port);
    snprintf(log, sizeof log, "%s.log", server->directory);
    snprintf(extra, sizeof extra, "%s", server->options.extra != NULL ? server->options.extra : "");
    for (char *word = strtok(extra, " "); word != NULL && count + 1 < WORDS_MAX;
         word = strtok(NULL, " "))
        words[count++] = word;
    int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0) {
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
    }
    pin_to_cpu(server->options.cpu);
    execv(program, words);
    _exit(127);
}

static bool accepts(const struct server *server)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool accepted =
        connect(fd, (const struct sockaddr *)&server->url.address, server->url.address_size) == 0;
    close(fd);
    return accepted;
}

bool server_alive(const struct server *server)
{
    if (!server->started)
        return true;
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)server->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int start(struct server *server)
{
    server->pid = fork();
    if (server->pid < 0) {
        perror("quire-load: fork");
        return -1;
    }
    if (server->pid == 0)
        run_server(server);
    server->started = true;
    for (int waited = 0; waited < START_MS && server_alive(server); waited++) {
        if (accepts(server))
            return 0;
        pause_ms(1);
    }
    fprintf(stderr, "quire-load: the server does not start; see %s.log\n", server->directory);
    return -1;
}

static void stop(struct server *server, int signal_number)
{
    if (!server->started)
        return;
    kill(server->pid, signal_number);
    for (int waited = 0; waited < STOP_MS && server_alive(server); waited++)
        pause_ms(1);
    if (server_alive(server))
        kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->started = false;
}

/* ---- tokens -------------------------------------------------------------------------------------
 */

static int read_command(const char *command, char *out, size_t size)
{
    FILE *pipe = popen(command, "r");

    if (pipe == NULL)
        return -1;
    size_t got = fread(out, 1, size - 1, pipe);
    while (got > 0 && out[got - 1] == '\n')
        got--;
    out[got] = '\0';
    return pclose(pipe) == 0 ? 0 : -1;
}

static int make_key(struct server *server)
{
    char command[768], scratch[TOKEN_CHARS];

    snprintf(server->keys, sizeof server->keys, "%s.keys", server->directory);
    snprintf(command, sizeof command, "'%s' token --new-key '%s'", server->options.quire,
             server->keys);
    return read_command(command, scratch, sizeof scratch);
}

int server_token(const struct server *server, const char *who, char token_out[TOKEN_CHARS])
{
    char command[768];

    token_out[0] = '\0';
    if (server->keys[0] == '\0')
        return 0;
    snprintf(command, sizeof command, "'%s' token --key '%s' --sub '%s' --admin",
             server->options.quire, server->keys, who);
    return read_command(command, token_out, TOKEN_CHARS);
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

int server_open(struct server *server, const struct server_options *options)
{
    char url[64];
    const char *error;

    *server = (struct server){.options = *options, .pid = options->pid, .kept = -1};
    if (options->quire == NULL) {
        if (ws_url_parse(options->url, &server->url, &error) == 0)
            return 0;
        fprintf(stderr, "quire-load: %s: %s\n", options->url, error);
        return -1;
    }
    snprintf(server->directory, sizeof server->directory, "%s",
             options->data != NULL ? options->data : "/tmp/quire-load-XXXXXX");
    if (options->data == NULL && mkdtemp(server->directory) == NULL) {
        perror("quire-load: mkdtemp");
        return -1;
    }
    if (options->closed && make_key(server))
        return -1;
    if (keep_port(server)) {
        perror("quire-load: no free port");
        return -1;
    }
    snprintf(url, sizeof url, "ws://127.0.0.1:%s", server->port);
    if (ws_url_parse(url, &server->url, &error)) {
        fprintf(stderr, "quire-load: %s: %s\n", url, error);
        return -1;
    }
    return start(server);
}

int server_restart(struct server *server, int signal_number)
{
    stop(server, signal_number);
    return start(server);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void server_close(struct server *server)
{
    char log[96];

    stop(server, SIGTERM);
    if (server->kept >= 0)
        close(server->kept);
    if (server->keys[0] != '\0')
        remove(server->keys);
    if (server->directory[0] == '\0' || server->options.data != NULL)
        return;
    nftw(server->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    snprintf(log, sizeof log, "%s.log", server->directory);
    remove(log);
}

/* ---- costs --------------------------------------------------------------------------------------
 */

static size_t read_proc(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t got = 0;

    if (file != NULL) {
        got = fread(out, 1, size - 1, file);
        fclose(file);
    }
    out[got] = '\0';
    return got;
}

static double process_cpu_s(pid_t pid)
{
    char path[64], text[1024];
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_proc(path, text, sizeof text);
    /* The name, in brackets, may hold blanks. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static uint64_t status_bytes(const char *status, const char *key)
{
    const char *line = strstr(status, key);
    unsigned long kib = 0;

    if (line == NULL || sscanf(line + strlen(key), ": %lu kB", &kib) != 1)
        return 0;
    return (uint64_t)kib * 1024;
}

static void read_memory(pid_t pid, struct server_cost *cost)
{
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    read_proc(path, text, sizeof text);
    cost->memory_bytes = status_bytes(text, "VmRSS");
    cost->peak_bytes = status_bytes(text, "VmHWM");
}

static void read_machine(struct server_cost *cost)
{
    char text[512];
    unsigned long long user = 0, nice_time = 0, system = 0, steal = 0;
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);

    read_proc("/proc/stat", text, sizeof text);
    if (sscanf(text, "cpu %llu %llu %llu %*u %*u %*u %*u %llu", &user, &nice_time, &system,
               &steal) != 4)
        return;
    cost->machine_cpu_s = (double)(user + nice_time + system) * tick;
    cost->steal_s = (double)steal * tick;
}

struct server_cost server_cost(const struct server *server)
{
    struct server_cost cost = {.at_us = link_now_us()};

    if (server->pid > 0) {
        cost.cpu_s = process_cpu_s(server->pid);
        read_memory(server->pid, &cost);
    }
    read_machine(&cost);
    cost.own_cpu_s = process_cpu_s(getpid());
    return cost;
}

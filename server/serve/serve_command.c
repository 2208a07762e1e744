#include "server/serve/serve_command.h"

#include "server/arguments/arguments.h"
#include "server/config/config.h"
#include "server/config/help.h"
#include "server/gate/gate.h"
#include "server/limits.h"
#include "server/log/log.h"
#include "server/sandbox/probe.h"
#include "server/sandbox/sandbox.h"
#include "server/sandbox/user.h"
#include "server/schema/schema.h"
#include "server/serve/announce.h"
#include "server/serve/lifecycle.h"
#include "server/serve/notify.h"
#include "server/serve/server.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STATUS_FAILED 1

/* Of the option, in the order of its words. */
enum { SANDBOX_ON, SANDBOX_OFF };

struct serve {
    struct config config;
    struct log *log;
    bool friendly; /* somebody is looking on */
    struct lifecycle lifecycle;
    struct notify notify;
    struct token_keys *keys; /* NULL: nobody needs a token */
    struct token_rules tokens;
    struct schema *schema; /* what rich documents may hold */
    struct server *server;
};

static bool is_check(const struct serve *serve)
{
    return serve->config.action == ACTION_CHECK || serve->config.action == ACTION_CHECK_SANDBOX;
}

static int fail(struct serve *serve, const char *message)
{
    char quoted[SERVER_MESSAGE_MAX + 64];
    if (serve->friendly || is_check(serve))
        fprintf(stderr, "quire: %s\n", message);
    else
        log_write(serve->log, LOG_ERROR, "not_started", "text=%s",
                  log_quote(message, quoted, sizeof(quoted)));
    return STATUS_FAILED;
}

/* Sees that the connections fit into what the process may have open. A default that does not is
 * lowered; what somebody asked for is not. */
static int fit_connections(struct serve *serve, char *message_out)
{
    struct config_value *connections = &serve->config.values[OPTION_CONNECTIONS];
    unsigned workers = (unsigned)config_number(&serve->config, OPTION_WORKERS);
    uint64_t files;
    unsigned room = gates_room(workers, &files);
    unsigned long long beside = gates_files(workers, 0), wanted = connections->number;
    if (wanted <= room)
        return 0;
    if (room == 0) {
        snprintf(message_out, SERVER_MESSAGE_MAX,
                 "this process may only have %llu files open, and needs %llu, and one more for "
                 "each connection: raise the limit (ulimit -n, LimitNOFILE=)",
                 (unsigned long long)files, beside);
        return -1;
    }
    if (connections->source != CONFIG_DEFAULT) {
        snprintf(message_out, SERVER_MESSAGE_MAX,
                 "this process may only have %llu files open, and %llu connections need %llu: "
                 "raise the limit (ulimit -n, LimitNOFILE=), or ask for at most %u (--connections)",
                 (unsigned long long)files, wanted, beside + wanted, room);
        return -1;
    }
    log_write(serve->log, LOG_WARN, "fewer_connections",
              "wanted=%llu connections=%u files=%llu text=\"raise the limit of open files to %llu "
              "(ulimit -n, LimitNOFILE=)\"",
              wanted, room, (unsigned long long)files, beside + wanted);
    connections->number = room;
    return 0;
}

/* Without keys everybody who reaches the server is let in. */
static int read_keys(struct serve *serve, char *message_out)
{
    const struct config *config = &serve->config;
    const char *path = config_text(config, OPTION_TOKEN_KEYS);
    if (*path == '\0')
        return 0;
    serve->keys = token_keys_read(path, message_out, SERVER_MESSAGE_MAX);
    serve->tokens = (struct token_rules){
        .keys = serve->keys,
        .issuer = config_text(config, OPTION_TOKEN_ISSUER),
        .audience = config_text(config, OPTION_TOKEN_AUDIENCE),
        .leeway_s = (int64_t)config_number(config, OPTION_TOKEN_LEEWAY_S),
    };
    return serve->keys ? 0 : -1;
}

static int read_formats(struct serve *serve, char *message_out)
{
    char reason[SCHEMA_MESSAGE_MAX];
    serve->schema = schema_new(config_text(&serve->config, OPTION_FORMATS), reason);
    if (!serve->schema)
        snprintf(message_out, SERVER_MESSAGE_MAX, "formats %s", reason);
    return serve->schema ? 0 : -1;
}

static void report(void *context, enum server_event event)
{
    struct serve *serve = context;
    lifecycle_report(&serve->lifecycle, event);
}

/* ---- what is given up ----
 */

static int become_user(void *context, char *message_out)
{
    const struct serve *serve = context;
    const char *name = config_text(&serve->config, OPTION_USER);
    if (*name != '\0')
        return user_become(name, message_out);
    if (geteuid() == 0)
        log_write(serve->log, LOG_WARN, "running_as_root",
                  "text=\"an ordinary user is enough: start it as one, or with --user NAME\"");
    return 0;
}

static void report_sandbox(const struct serve *serve, int landlock)
{
    if (landlock == 0)
        log_write(
            serve->log, LOG_WARN, "sandbox_partial",
            "text=\"there is no Landlock, or a container does not allow it: files outside the "
            "data directory are guarded by their permissions alone\"");
    log_write(serve->log, LOG_INFO, "sandbox", "landlock=%d seccomp=yes uid=%u", landlock,
              (unsigned)geteuid());
}

/* The threads, the log's too, begin after this and inherit it. */
static int confine(void *context, char *message_out)
{
    const struct serve *serve = context;
    const struct config *config = &serve->config;
    /* What SIGHUP reads anew. */
    const char *const files[] = {config_text(config, OPTION_TLS_CERT),
                                 config_text(config, OPTION_TLS_KEY),
                                 config_text(config, OPTION_TOKEN_KEYS), NULL};
    int landlock;
    if (config_number(config, OPTION_SANDBOX) != SANDBOX_ON)
        log_event(serve->log, LOG_WARN, "sandbox_off", NULL);
    else if (sandbox_enter(config_text(config, OPTION_DATA), files, &landlock, message_out) == 0)
        report_sandbox(serve, landlock);
    else
        return -1;
    if (log_run(serve->log) == 0)
        return 0;
    snprintf(message_out, SERVER_MESSAGE_MAX, "the log's thread could not be started");
    return -1;
}

/* ---- from start to end ----
 */

static int start(struct serve *serve, char *message_out)
{
    const struct config *config = &serve->config;
    if (fit_connections(serve, message_out) != 0 || read_keys(serve, message_out) != 0 ||
        read_formats(serve, message_out) != 0)
        return -1;
    serve->server = server_start(
        &(struct server_options){
            .data = config_text(config, OPTION_DATA),
            .listen = config->listen,
            .gates = (unsigned)config_number(config, OPTION_WORKERS),
            .tls_cert = config_text(config, OPTION_TLS_CERT),
            .tls_key = config_text(config, OPTION_TLS_KEY),
            .allow_hosts = config_text(config, OPTION_ALLOW_HOST),
            .allow_origins = config_text(config, OPTION_ALLOW_ORIGIN),
            .trusted_proxies = config_text(config, OPTION_TRUSTED_PROXY),
            .limits = config_limits(config),
            .commit_interval_ms = config_number(config, OPTION_COMMIT_INTERVAL_MS),
            .tokens = serve->keys ? &serve->tokens : NULL,
            .token_keys = config_text(config, OPTION_TOKEN_KEYS),
            .metrics_page = config_number(config, OPTION_METRICS) != 0,
            .schema = serve->schema,
            .lets_guests = config_number(config, OPTION_GUESTS) != 0,
            .log = serve->log,
            .context = serve,
            .bound = become_user,
            .opened = confine,
            .event = report,
        },
        message_out);
    return serve->server ? 0 : -1;
}

/* Lets what was accepted come to its end. False: the storage has failed. */
static bool drain(struct serve *serve)
{
    const char *signal = "";
    server_drain(serve->server);
    enum lifecycle_wake wake = lifecycle_wait(&serve->lifecycle, LIMIT_DRAIN_MS, &signal);
    if (wake == LIFECYCLE_TIMEOUT)
        log_write(serve->log, LOG_WARN, "drain_timeout", "ms=%d", LIMIT_DRAIN_MS);
    return wake != LIFECYCLE_FAILED;
}

/* Until something happens; a sign of life is given when all threads show one. */
static enum lifecycle_wake wait_for_end(struct serve *serve, const char **signal_out)
{
    for (;;) {
        enum lifecycle_wake wake =
            lifecycle_wait(&serve->lifecycle, serve->notify.period_ms, signal_out);
        if (wake == LIFECYCLE_RELOAD)
            server_reload(serve->server);
        else if (wake != LIFECYCLE_TIMEOUT)
            return wake;
        if (server_is_alive(serve->server))
            notify_say(&serve->notify, NOTIFY_ALIVE);
    }
}

/* Until a signal or a failure, and then to the end. */
static int run(struct serve *serve)
{
    const char *signal = "";
    announce_serving(serve->log, &serve->config, server_port(serve->server), serve->friendly);
    notify_say(&serve->notify, NOTIFY_READY);
    enum lifecycle_wake wake = wait_for_end(serve, &signal);
    notify_say(&serve->notify, NOTIFY_STOPPING);
    lifecycle_hurry(3 * LIMIT_DRAIN_MS / 1000);
    bool good = wake != LIFECYCLE_FAILED;
    if (good) {
        log_write(serve->log, LOG_INFO, "stopping", "signal=%s", signal);
        good = drain(serve);
    }
    server_stop(serve->server);
    log_write(serve->log, good ? LOG_INFO : LOG_ERROR, "stopped", "status=%d",
              good ? 0 : STATUS_FAILED);
    return good ? 0 : STATUS_FAILED;
}

static int check(struct serve *serve)
{
    announce_check(&serve->config, server_port(serve->server));
    server_stop(serve->server);
    return 0;
}

static int check_sandbox(struct serve *serve)
{
    int allowed = probe_sandbox(stdout);
    server_stop(serve->server);
    printf("%s\n", allowed ? "The sandbox does not hold." : "The sandbox holds.");
    return allowed ? STATUS_FAILED : 0;
}

static int serve_with(struct serve *serve)
{
    char message[SERVER_MESSAGE_MAX];
    if (!is_check(serve))
        announce_start(serve->log, &serve->config, serve->friendly);
    if (start(serve, message) != 0)
        return fail(serve, message);
    switch (serve->config.action) {
    case ACTION_CHECK:
        return check(serve);
    case ACTION_CHECK_SANDBOX:
        return check_sandbox(serve);
    default:
        return run(serve);
    }
}

static int serve_configured(struct serve *serve)
{
    const struct config *config = &serve->config;
    enum log_format format = (enum log_format)config_number(config, OPTION_LOG_FORMAT);
    enum log_level level = (enum log_level)config_number(config, OPTION_LOG_LEVEL);
    if (is_check(serve))
        level = LOG_ERROR;
    serve->friendly = format == LOG_TEXT && isatty(STDERR_FILENO);
    int status = STATUS_FAILED;
    /* The log has a thread: signals must be held back before. */
    /* A terminal that is closed takes its server along; elsewhere that signal has another meaning.
     */
    if (lifecycle_init(&serve->lifecycle, !isatty(STDERR_FILENO)) != 0) {
        perror("quire: signals cannot be received");
        return status;
    }
    notify_open(&serve->notify);
    serve->log = log_new(STDERR_FILENO, format, level);
    if (serve->log)
        status = serve_with(serve);
    else
        perror("quire: there is no memory for the log");
    token_keys_free(serve->keys);
    schema_free(serve->schema);
    log_free(serve->log);
    notify_close(&serve->notify);
    lifecycle_deinit(&serve->lifecycle);
    return status;
}

static int dispatch(struct serve *serve)
{
    switch (serve->config.action) {
    case ACTION_HELP:
        help_serve(stdout);
        return 0;
    case ACTION_SHOW_LIMITS:
        help_limits(stdout, &serve->config);
        return 0;
    default:
        return serve_configured(serve);
    }
}

int serve_command(int argc, char **argv)
{
    struct serve serve = {0};
    char message[CONFIG_MESSAGE_MAX];
    int status = ARGUMENTS_USAGE;
    if (config_init(&serve.config, argc, argv, environ, message) == 0)
        status = dispatch(&serve);
    else
        arguments_refuse("serve", "%s", message);
    config_deinit(&serve.config);
    return status;
}

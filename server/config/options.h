/*
 * The options of `quire serve`: one table, from which come the enum, the flags, the environment
 * variables (QUIRE_ and the name in capitals), the keys of the configuration file, the help, and
 * the table of docs/operations.md.
 */
#ifndef QUIRE_CONFIG_OPTIONS_H
#define QUIRE_CONFIG_OPTIONS_H

#include "server/limits.h"

#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_TEXT,
    OPTION_NUMBER, /* from `least` to `most` */
    OPTION_CHOICE, /* one of the words of `form`, with | between */
    OPTION_LIST    /* words with commas between; a flag that comes again adds to it */
};

#define OPTION_WORKERS_MAX 64

/* symbol, name, form, kind, default, least, most, unit, help */
#define QUIRE_OPTIONS(X)                                                                           \
    X(OPTION_LISTEN, "listen", "HOST:PORT", OPTION_TEXT, "127.0.0.1:8080", 0, 0, "",               \
      "address to serve on; without token-keys only this machine's own (127.0.0.1, ::1, "          \
      "localhost)")                                                                                \
    X(OPTION_DATA, "data", "DIR", OPTION_TEXT, "./data", 0, 0, "",                                 \
      "directory of the database; made when missing")                                              \
    X(OPTION_WORKERS, "workers", "N", OPTION_NUMBER, "1", 1, OPTION_WORKERS_MAX, "",               \
      "threads that serve connections")                                                            \
    X(OPTION_COMMIT_INTERVAL_MS, "commit-interval-ms", "N", OPTION_NUMBER, "4", 0, 1000, "ms",     \
      "time between two syncs of the disk while many write; edits that come meanwhile share one")  \
    X(OPTION_FORMATS, "formats", "NAMES", OPTION_TEXT, "", 0, 0, "",                               \
      "formats that rich documents may have besides the usual ones: names with commas between, "   \
      "or any")                                                                                    \
    X(OPTION_TLS_CERT, "tls-cert", "FILE", OPTION_TEXT, "", 0, 0, "",                              \
      "certificate and its chain in PEM: the server speaks TLS")                                   \
    X(OPTION_TLS_KEY, "tls-key", "FILE", OPTION_TEXT, "", 0, 0, "",                                \
      "key of the certificate in PEM; nobody else may read it")                                    \
    X(OPTION_ALLOW_HOST, "allow-host", "HOST", OPTION_LIST, "", 0, 0, "",                          \
      "name by which the server is asked for, or *.example.org; may be given again")               \
    X(OPTION_ALLOW_ORIGIN, "allow-origin", "ORIGIN", OPTION_LIST, "", 0, 0, "",                    \
      "site whose pages may connect, as https://example.org or *.example.org; may be given again") \
    X(OPTION_TRUSTED_PROXY, "trusted-proxy", "ADDRESS[/BITS]", OPTION_LIST, "", 0, 0, "",          \
      "proxies whose X-Forwarded-For and X-Forwarded-Proto count; may be given again")             \
    X(OPTION_TOKEN_KEYS, "token-keys", "FILE", OPTION_TEXT, "", 0, 0, "",                          \
      "keys that prove tokens; with it, only those are let in who show one")                       \
    X(OPTION_GUESTS, "guests", "none|links", OPTION_CHOICE, "none", 0, 0, "",                      \
      "with token-keys: whether those without a token are let in to what links give them")         \
    X(OPTION_TOKEN_ISSUER, "token-issuer", "TEXT", OPTION_TEXT, "", 0, 0, "",                      \
      "who must have made a token (its iss)")                                                      \
    X(OPTION_TOKEN_AUDIENCE, "token-audience", "TEXT", OPTION_TEXT, "", 0, 0, "",                  \
      "for whom a token must be (its aud)")                                                        \
    X(OPTION_TOKEN_LEEWAY_S, "token-leeway-s", "N", OPTION_NUMBER, "30", 0, 300, "s",              \
      "by so much clocks may differ from that of who makes tokens")                                \
    X(OPTION_USER, "user", "NAME", OPTION_TEXT, "", 0, 0, "",                                      \
      "whom to become, when started as root, once the port is bound")                              \
    X(OPTION_SANDBOX, "sandbox", "on|off", OPTION_CHOICE, "on", 0, 0, "",                          \
      "give up all rights that serving does not need")                                             \
    X(OPTION_METRICS, "metrics", "off|on", OPTION_CHOICE, "off", 0, 0, "",                         \
      "whether /metrics tells everybody who asks what the server has counted")                     \
    X(OPTION_LOG_LEVEL, "log-level", "debug|info|warn|error", OPTION_CHOICE, "info", 0, 0, "",     \
      "least important events that are logged")                                                    \
    X(OPTION_LOG_FORMAT, "log-format", "text|json", OPTION_CHOICE, "text", 0, 0, "",               \
      "form of the log's lines")                                                                   \
    X(OPTION_CONFIG, "config", "FILE", OPTION_TEXT, "", 0, 0, "",                                  \
      "JSON file with these options by their names")

/* The limits that an operator may change are options too, behind the others. */
enum option_id {
#define OPTION_ENUM(symbol, ...) symbol,
    QUIRE_OPTIONS(OPTION_ENUM)
#undef OPTION_ENUM
        OPTION_SETTINGS,
    OPTION_BEFORE_SETTINGS = OPTION_SETTINGS - 1,
#define OPTION_ENUM(symbol, ...) OPTION_##symbol,
    QUIRE_SETTINGS(OPTION_ENUM)
#undef OPTION_ENUM
        OPTION_COUNT
};

struct option {
    const char *name;
    const char *form;
    enum option_kind kind;
    const char *preset; /* its default, "" for none */
    uint64_t least, most;
    const char *unit;
    const char *help;
};

extern const struct option quire_options[OPTION_COUNT];

/* What `quire serve` can be asked to do instead of serving. */
#define QUIRE_ACTIONS(X)                                                                           \
    X(ACTION_CHECK, "check",                                                                       \
      "open the database and the port, say what would be used and why, and end")                   \
    X(ACTION_CHECK_SANDBOX, "check-sandbox",                                                       \
      "start, try what the sandbox forbids, say what was refused, and end")                        \
    X(ACTION_SHOW_LIMITS, "show-limits", "list every limit of the server, and end")                \
    X(ACTION_HELP, "help", "show this help, and end")

enum option_action {
    ACTION_SERVE,
#define ACTION_ENUM(symbol, ...) symbol,
    QUIRE_ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
        ACTION_COUNT
};

struct action {
    const char *name;
    const char *help;
};

/* By enum option_action; the name of ACTION_SERVE is "". */
extern const struct action quire_actions[ACTION_COUNT];

#define OPTION_ENVIRONMENT_MAX 40

/* The option of this name (`size` bytes), or -1. */
int option_find(const char *name, size_t size);
/* The name of its environment variable, in `buffer` of OPTION_ENVIRONMENT_MAX bytes. */
const char *option_environment(enum option_id id, char *buffer);

#define OPTION_MESSAGE_MAX 512

/* Reads `text` as a value of the option. `number_out`: the number, or the index of the choice. -1:
 * not one, and `message_out` (OPTION_MESSAGE_MAX) says what is expected. */
int option_parse(enum option_id id, const char *text, uint64_t *number_out, char *message_out);

#endif

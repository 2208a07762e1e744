#include "server/serve/announce.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL_MAX    (ADDRESS_HOST_MAX + 32)
#define NUMBER_MAX 24

/* The directory's whole path, or `dir` when that cannot be told. */
static const char *whole_path(const char *dir, char *buffer)
{
    return realpath(dir, buffer) ? buffer : dir;
}

static const char *scheme_of(const struct config *config)
{
    return *config_text(config, OPTION_TLS_CERT) == '\0' ? "http" : "https";
}

/* The address as people type it. */
static void friendly_url(const struct config *config, unsigned port, char *url_out)
{
    const char *host = config->listen.host;
    address_url(scheme_of(config), strcmp(host, "127.0.0.1") == 0 ? "localhost" : host, port,
                url_out, URL_MAX);
}

void announce_start(struct log *log, const struct config *config, bool friendly)
{
    const char *data = config_text(config, OPTION_DATA);
    char quoted[PATH_MAX], words[PATH_MAX + 64];
    if (friendly) {
        snprintf(words, sizeof(words), "Quire " QUIRE_VERSION ": opening the documents in %s\n",
                 data);
        log_say(log, words);
    } else {
        log_write(log, LOG_INFO, "starting", "version=%s pid=%d data=%s", QUIRE_VERSION,
                  (int)getpid(), log_quote(data, quoted, sizeof(quoted)));
    }
    if (*config->warning != '\0')
        log_write(log, LOG_WARN, "configuration", "text=%s",
                  log_quote(config->warning, quoted, sizeof(quoted)));
}

static void say_serving(struct log *log, const struct config *config, unsigned port,
                        const char *path)
{
    char url[URL_MAX], words[URL_MAX + PATH_MAX + 128];
    friendly_url(config, port, url);
    snprintf(words, sizeof(words),
             "\n"
             "  Open       %s\n"
             "  Documents  %s\n"
             "  Stop       Ctrl-C\n"
             "\n",
             url, path);
    log_say(log, words);
}

void announce_serving(struct log *log, const struct config *config, unsigned port, bool friendly)
{
    char buffer[PATH_MAX], url[URL_MAX], quoted[PATH_MAX];
    const char *path = whole_path(config_text(config, OPTION_DATA), buffer);
    if (friendly) {
        say_serving(log, config, port, path);
        return;
    }
    address_url(scheme_of(config), config->listen.host, port, url, sizeof(url));
    log_write(log, LOG_INFO, "serving", "url=%s workers=%llu connections=%llu data=%s", url,
              (unsigned long long)config_number(config, OPTION_WORKERS),
              (unsigned long long)config_number(config, OPTION_CONNECTIONS),
              log_quote(path, quoted, sizeof(quoted)));
}

/* A number may be another by now than was asked for. */
static const char *value_of(const struct config *config, enum option_id id, char *buffer)
{
    const char *text = config_text(config, id);
    if (quire_options[id].kind != OPTION_NUMBER)
        return *text ? text : "none";
    snprintf(buffer, NUMBER_MAX, "%llu", (unsigned long long)config_number(config, id));
    return buffer;
}

void announce_check(const struct config *config, unsigned port)
{
    char url[URL_MAX], path[PATH_MAX], origin[PATH_MAX], number[NUMBER_MAX];
    friendly_url(config, port, url);
    printf("All is well. Quire would serve the documents in\n"
           "  %s\nat\n  %s\n\n",
           whole_path(config_text(config, OPTION_DATA), path), url);
    printf("%-24s %-32s %s\n", "option", "value", "from");
    for (int id = 0; id < OPTION_COUNT; id++)
        printf("%-24s %-32s %s\n", quire_options[id].name,
               value_of(config, (enum option_id)id, number),
               config_origin(config, (enum option_id)id, origin, sizeof(origin)));
}

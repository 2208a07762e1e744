#include "server/config/config.h"

#include "server/arguments/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVIRONMENT_PREFIX "QUIRE_"

const char *config_text(const struct config *config, enum option_id id)
{
    return config->values[id].text;
}

uint64_t config_number(const struct config *config, enum option_id id)
{
    return config->values[id].number;
}

struct limits config_limits(const struct config *config)
{
    struct limits limits;
    for (int setting = 0; setting < SETTING_COUNT; setting++)
        limits.values[setting] = config->values[OPTION_SETTINGS + setting].number;
    return limits;
}

const char *config_origin(const struct config *config, enum option_id id, char *buffer,
                          size_t buffer_size)
{
    char variable[OPTION_ENVIRONMENT_MAX];
    switch (config->values[id].source) {
    case CONFIG_FLAG:
        snprintf(buffer, buffer_size, "flag");
        break;
    case CONFIG_ENVIRONMENT:
        snprintf(buffer, buffer_size, "%s", option_environment(id, variable));
        break;
    case CONFIG_FILE:
        snprintf(buffer, buffer_size, "%s", config_text(config, OPTION_CONFIG));
        break;
    case CONFIG_DEFAULT:
        snprintf(buffer, buffer_size, "default");
        break;
    }
    return buffer;
}

/* A list and one more of it. NULL: out of memory. */
static char *join(const char *list, const char *more)
{
    size_t size = strlen(list) + 1 + strlen(more) + 1;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s,%s", list, more);
    return joined;
}

int config_set(struct config *config, enum option_id id, const char *text,
               enum config_source source, char *reason_out)
{
    uint64_t number;
    if (option_parse(id, text, &number, reason_out) != 0)
        return -1;
    struct config_value *value = &config->values[id];
    if (source < value->source)
        return 0;
    char *copy = quire_options[id].kind == OPTION_LIST && source == value->source
                     ? join(value->text, text)
                     : strdup(text);
    if (!copy) {
        snprintf(reason_out, OPTION_MESSAGE_MAX, "cannot be kept: out of memory");
        return -1;
    }
    free(value->text);
    *value = (struct config_value){.text = copy, .number = number, .source = source};
    return 0;
}

/* ---- flags -------------------------------------------------------------------------------------
 */

static int refuse_flag(const char *name, size_t size, char *message_out)
{
    const char *names[OPTION_COUNT + ACTION_COUNT];
    for (int id = 0; id < OPTION_COUNT; id++)
        names[id] = quire_options[id].name;
    for (int action = 0; action < ACTION_COUNT; action++)
        names[OPTION_COUNT + action] = quire_actions[action].name;
    char word[64];
    snprintf(word, sizeof(word), "%.*s", (int)(size < 63 ? size : 63), name);
    const char *near = suggest(word, names, OPTION_COUNT + ACTION_COUNT);
    snprintf(message_out, CONFIG_MESSAGE_MAX, "--%s is not an option%s%s%s", word,
             near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
    return -1;
}

static bool action_find(const char *name, size_t size, enum option_action *action_out)
{
    for (int action = ACTION_SERVE + 1; action < ACTION_COUNT; action++) {
        const char *own = quire_actions[action].name;
        if (strlen(own) == size && memcmp(own, name, size) == 0) {
            *action_out = (enum option_action)action;
            return true;
        }
    }
    return false;
}

/* Reads the flag at argv[*at], and moves *at past it and its value. */
static int read_flag(struct config *config, int argc, char **argv, int *at, char *message_out)
{
    const char *flag = argv[(*at)++];
    if (strcmp(flag, "-h") == 0)
        flag = "--help";
    if (strncmp(flag, "--", 2) != 0 || flag[2] == '\0') {
        snprintf(message_out, CONFIG_MESSAGE_MAX, "\"%.60s\" is not an option", flag);
        return -1;
    }
    const char *name = flag + 2;
    size_t size = strcspn(name, "=");
    if (action_find(name, size, &config->action)) {
        snprintf(message_out, CONFIG_MESSAGE_MAX, "--%.*s takes no value", (int)size, name);
        return name[size] == '\0' ? 0 : -1;
    }
    int id = option_find(name, size);
    if (id < 0)
        return refuse_flag(name, size, message_out);
    const char *text = name[size] == '=' ? name + size + 1 : *at < argc ? argv[(*at)++] : NULL;
    if (!text) {
        snprintf(message_out, CONFIG_MESSAGE_MAX, "--%s takes %s", quire_options[id].name,
                 quire_options[id].form);
        return -1;
    }
    char reason[OPTION_MESSAGE_MAX];
    if (config_set(config, (enum option_id)id, text, CONFIG_FLAG, reason) == 0)
        return 0;
    snprintf(message_out, CONFIG_MESSAGE_MAX, "--%s %s", quire_options[id].name, reason);
    return -1;
}

/* ---- the environment ---------------------------------------------------------------------------
 */

/* A variable that looks like a slip of the pen is worth a warning, and no more: others may use the
 * same prefix. */
static void warn_of_variable(struct config *config, const char *variable, size_t size)
{
    char names[OPTION_COUNT][OPTION_ENVIRONMENT_MAX];
    const char *candidates[OPTION_COUNT];
    for (int id = 0; id < OPTION_COUNT; id++)
        candidates[id] =
            option_environment((enum option_id)id, names[id]) + strlen(ENVIRONMENT_PREFIX);
    char word[64];
    size_t prefix = strlen(ENVIRONMENT_PREFIX);
    snprintf(word, sizeof(word), "%.*s", (int)(size - prefix), variable + prefix);
    const char *near = suggest(word, candidates, OPTION_COUNT);
    if (near)
        snprintf(config->warning, sizeof(config->warning),
                 ENVIRONMENT_PREFIX "%s is set but not used; did you mean " ENVIRONMENT_PREFIX
                                    "%s?",
                 word, near);
}

static int read_variable(struct config *config, const char *variable, char *message_out)
{
    size_t size = strcspn(variable, "=");
    if (strncmp(variable, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0 ||
        variable[size] != '=')
        return 0;
    for (int id = 0; id < OPTION_COUNT; id++) {
        char name[OPTION_ENVIRONMENT_MAX], reason[OPTION_MESSAGE_MAX];
        option_environment((enum option_id)id, name);
        if (strlen(name) != size || memcmp(name, variable, size) != 0)
            continue;
        if (config_set(config, (enum option_id)id, variable + size + 1, CONFIG_ENVIRONMENT,
                       reason) == 0)
            return 0;
        snprintf(message_out, CONFIG_MESSAGE_MAX, "%s %s", name, reason);
        return -1;
    }
    if (size < 64)
        warn_of_variable(config, variable, size);
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

static int read_listen(struct config *config, char *message_out)
{
    const char *text = config_text(config, OPTION_LISTEN);
    char origin[CONFIG_MESSAGE_MAX / 2];
    config_origin(config, OPTION_LISTEN, origin, sizeof(origin));
    if (address_parse(text, &config->listen) != 0) {
        snprintf(message_out, CONFIG_MESSAGE_MAX,
                 "listen is \"%.60s\" (%s); it takes HOST:PORT, as 127.0.0.1:8080 or [::1]:8080",
                 text, origin);
        return -1;
    }
    if (!address_is_loopback(&config->listen) && *config_text(config, OPTION_TOKEN_KEYS) == '\0') {
        snprintf(
            message_out, CONFIG_MESSAGE_MAX,
            "listen is \"%.60s\" (%s): without keys for tokens everybody who reaches Quire may "
            "read and change every document, so it serves this machine only: use 127.0.0.1, "
            "::1 or localhost, or give keys (--token-keys FILE; quire token makes them)",
            text, origin);
        return -1;
    }
    return 0;
}

static int set_defaults(struct config *config, char *message_out)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        struct config_value *value = &config->values[id];
        char reason[OPTION_MESSAGE_MAX];
        value->text = strdup(quire_options[id].preset);
        if (!value->text) {
            snprintf(message_out, CONFIG_MESSAGE_MAX, "out of memory");
            return -1;
        }
        if (*value->text != '\0')
            option_parse((enum option_id)id, value->text, &value->number, reason);
    }
    return 0;
}

int config_init(struct config *config, int argc, char **argv, char *const *environment,
                char *message_out)
{
    *config = (struct config){0};
    if (set_defaults(config, message_out) != 0)
        return -1;
    for (int at = 1; at < argc;)
        if (read_flag(config, argc, argv, &at, message_out) != 0)
            return -1;
    if (config->action == ACTION_HELP)
        return 0;
    for (; *environment; environment++)
        if (read_variable(config, *environment, message_out) != 0)
            return -1;
    const char *file = config_text(config, OPTION_CONFIG);
    if (*file != '\0' && config_file_read(config, file, message_out) != 0)
        return -1;
    return read_listen(config, message_out);
}

void config_deinit(struct config *config)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        free(config->values[id].text);
    *config = (struct config){0};
}

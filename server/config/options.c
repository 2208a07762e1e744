#include "server/config/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct option quire_options[OPTION_COUNT] = {
#define OPTION_ROW(symbol, ...) [symbol] = {__VA_ARGS__},
    QUIRE_OPTIONS(OPTION_ROW)
#undef OPTION_ROW
#define OPTION_ROW(symbol, option, preset, least, most, window_ms, unit, text)                     \
    [OPTION_##symbol] = {option, "N", OPTION_NUMBER, #preset, least, most, unit, text},
        QUIRE_SETTINGS(OPTION_ROW)
#undef OPTION_ROW
};

const struct action quire_actions[ACTION_COUNT] = {[ACTION_SERVE] = {"", ""},
#define ACTION_ROW(symbol, ...) [symbol] = {__VA_ARGS__},
                                                   QUIRE_ACTIONS(ACTION_ROW)
#undef ACTION_ROW
};

int option_find(const char *name, size_t size)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        if (strlen(quire_options[id].name) == size && !memcmp(quire_options[id].name, name, size))
            return id;
    return -1;
}

const char *option_environment(enum option_id id, char *buffer)
{
    snprintf(buffer, OPTION_ENVIRONMENT_MAX, "QUIRE_%s", quire_options[id].name);
    for (char *at = buffer; *at != '\0'; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    return buffer;
}

static int parse_number(const struct option *option, const char *text, uint64_t *number_out)
{
    uint64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return -1;
    for (; *text != '\0'; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    if (number < option->least || number > option->most)
        return -1;
    *number_out = number;
    return 0;
}

static int parse_choice(const struct option *option, const char *text, uint64_t *number_out)
{
    uint64_t index = 0;
    for (const char *word = option->form;; word++, index++) {
        size_t size = strcspn(word, "|");
        if (strlen(text) == size && !memcmp(word, text, size)) {
            *number_out = index;
            return 0;
        }
        word += size;
        if (*word == '\0')
            return -1;
    }
}

int option_parse(enum option_id id, const char *text, uint64_t *number_out, char *message_out)
{
    const struct option *option = &quire_options[id];
    *number_out = 0;
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_LIST:
        if (*text != '\0')
            return 0;
        snprintf(message_out, OPTION_MESSAGE_MAX, "is empty; it takes %s", option->form);
        return -1;
    case OPTION_NUMBER:
        if (parse_number(option, text, number_out) == 0)
            return 0;
        snprintf(message_out, OPTION_MESSAGE_MAX,
                 "is \"%.60s\"; it takes a number from %" PRIu64 " to %" PRIu64, text,
                 option->least, option->most);
        return -1;
    case OPTION_CHOICE:
        if (parse_choice(option, text, number_out) == 0)
            return 0;
        snprintf(message_out, OPTION_MESSAGE_MAX, "is \"%.60s\"; it takes one of %s", text,
                 option->form);
        return -1;
    }
    return -1;
}

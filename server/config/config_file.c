#include "server/arguments/suggest.h"
#include "server/config/config.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The value as the text that a flag would have; NULL when it is of the wrong type. */
static const char *value_text(const json_t *value, enum option_kind kind, char *buffer, size_t size)
{
    if (kind != OPTION_NUMBER)
        return json_string_value(value);
    if (!json_is_integer(value))
        return NULL;
    snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return buffer;
}

static int refuse_key(const char *path, const char *key, char *message_out)
{
    const char *names[OPTION_COUNT];
    size_t count = 0;
    for (int id = 0; id < OPTION_COUNT; id++)
        if (id != OPTION_CONFIG)
            names[count++] = quire_options[id].name;
    const char *near = suggest(key, names, count);
    snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: \"%.60s\" is not an option%s%s%s", path, key,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return -1;
}

/* An array is as the flag given again for each of its strings. -1: it has something else in it. */
static int read_array(struct config *config, enum option_id id, const json_t *array,
                      char *reason_out)
{
    size_t index;
    const json_t *value;
    json_array_foreach(array, index, value)
    {
        if (!json_is_string(value)) {
            snprintf(reason_out, OPTION_MESSAGE_MAX, "takes strings");
            return -1;
        }
        if (config_set(config, id, json_string_value(value), CONFIG_FILE, reason_out) != 0)
            return -1;
    }
    return 0;
}

static int set_value(struct config *config, enum option_id id, const json_t *value,
                     char *reason_out)
{
    char buffer[32];
    const struct option *option = &quire_options[id];
    if (option->kind == OPTION_LIST && json_is_array(value))
        return read_array(config, id, value, reason_out);
    const char *text = value_text(value, option->kind, buffer, sizeof(buffer));
    if (text)
        return config_set(config, id, text, CONFIG_FILE, reason_out);
    snprintf(reason_out, OPTION_MESSAGE_MAX, "takes %s",
             option->kind == OPTION_NUMBER ? "a whole number"
             : option->kind == OPTION_LIST ? "a string or an array of strings"
                                           : "a string");
    return -1;
}

static int read_pair(struct config *config, const char *path, const char *key, const json_t *value,
                     char *message_out)
{
    int id = option_find(key, strlen(key));
    if (id < 0 || id == OPTION_CONFIG)
        return refuse_key(path, key, message_out);
    char reason[OPTION_MESSAGE_MAX];
    if (set_value(config, (enum option_id)id, value, reason) == 0)
        return 0;
    snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: \"%s\" %s", path, key, reason);
    return -1;
}

static int read_object(struct config *config, const char *path, json_t *root, char *message_out)
{
    if (!json_is_object(root)) {
        snprintf(message_out, CONFIG_MESSAGE_MAX,
                 "%s: the file must be one JSON object, as {\"listen\": \"127.0.0.1:8080\"}", path);
        return -1;
    }
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (read_pair(config, path, key, value, message_out) != 0)
            return -1;
    }
    return 0;
}

static int read_bytes(const char *path, char *bytes, size_t *size_out, char *message_out)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: cannot be read: %s", path, strerror(errno));
        return -1;
    }
    errno = 0;
    *size_out = fread(bytes, 1, LIMIT_CONFIG_BYTES + 1, file);
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed)
        snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: cannot be read: %s", path, strerror(failed));
    else if (*size_out > LIMIT_CONFIG_BYTES)
        snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: is longer than %d bytes", path,
                 LIMIT_CONFIG_BYTES);
    return failed || *size_out > LIMIT_CONFIG_BYTES ? -1 : 0;
}

int config_file_read(struct config *config, const char *path, char *message_out)
{
    char bytes[LIMIT_CONFIG_BYTES + 1];
    size_t size;
    if (read_bytes(path, bytes, &size, message_out) != 0)
        return -1;
    json_error_t error;
    json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(message_out, CONFIG_MESSAGE_MAX, "%s: line %d, column %d: %s", path, error.line,
                 error.column, error.text);
        return -1;
    }
    int result = read_object(config, path, root, message_out);
    json_decref(root);
    return result;
}

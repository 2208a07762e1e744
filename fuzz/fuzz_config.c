/* Bytes as a configuration file. What is taken is within the bounds of its option, and the same
 * again when flags say it; what is refused is refused in a sentence. */
#include "fuzz.h"

#include "server/config/config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_same(const struct config *config)
{
    char flags[OPTION_COUNT][OPTION_ENVIRONMENT_MAX], message[CONFIG_MESSAGE_MAX];
    char *none = NULL, *argv[2 * OPTION_COUNT + 1] = {(char *)"serve"};
    struct config other;
    int argc = 1;
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &quire_options[id];
        const struct config_value *value = &config->values[id];
        assert(value->text != NULL &&
               (option->kind != OPTION_NUMBER ||
                (value->number >= option->least && value->number <= option->most)));
        if (value->source == CONFIG_FILE) {
            snprintf(flags[id], sizeof flags[id], "--%s", option->name);
            argv[argc++] = flags[id];
            argv[argc++] = value->text;
        }
    }
    assert(config_init(&other, argc, argv, &none, message) == 0);
    for (int id = 0; id < OPTION_COUNT; id++) {
        assert(id == OPTION_CONFIG ||
               (strcmp(config->values[id].text, other.values[id].text) == 0 &&
                config->values[id].number == other.values[id].number));
    }
    config_deinit(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], message[CONFIG_MESSAGE_MAX] = "";
    int file = memfd_create("config", MFD_CLOEXEC);
    assert(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    char *none = NULL, *argv[] = {(char *)"serve", (char *)"--config", path};
    struct config config;
    if (config_init(&config, 3, argv, &none, message) == 0) {
        check_same(&config);
    } else {
        assert(message[0] != '\0' && memchr(message, '\0', sizeof message) != NULL);
    }
    config_deinit(&config);
    close(file);
    return 0;
}

/*
 * What `quire serve` was told, put together from four places. The first of them that names an
 * option decides: a flag, its environment variable, the configuration file, its default.
 */
#ifndef QUIRE_CONFIG_CONFIG_H
#define QUIRE_CONFIG_CONFIG_H

#include "server/config/address.h"
#include "server/config/options.h"
#include "server/limits.h"

#include <stdint.h>

#define CONFIG_MESSAGE_MAX 1024

/* From weakest to strongest. */
enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG };

struct config_value {
    char *text;      /* owned */
    uint64_t number; /* of a number, or the index of a choice */
    enum config_source source;
};

struct config {
    enum option_action action;
    struct config_value values[OPTION_COUNT];
    struct address listen;
    char warning[CONFIG_MESSAGE_MAX]; /* a sentence for the log, or "" */
};

/*
 * Puts the configuration together from the arguments (argv[0] is the command's name) and the
 * environment (as `environ`), reading the file if one is named. Returns 0, or -1 with a sentence in
 * `message_out` (CONFIG_MESSAGE_MAX) that names the place and the option. In either case
 * config_deinit frees it.
 */
int config_init(struct config *config, int argc, char **argv, char *const *environment,
                char *message_out);
void config_deinit(struct config *config);

const char *config_text(const struct config *config, enum option_id id);
uint64_t config_number(const struct config *config, enum option_id id);

/* The limits among them. */
struct limits config_limits(const struct config *config);

/* Where the value comes from, for people: "flag", "QUIRE_DATA", the file's name, "default". */
const char *config_origin(const struct config *config, enum option_id id, char *buffer,
                          size_t buffer_size);

/* Gives the option a value if no stronger place has. 0, or -1 with the reason (without the
 * option's name) in `reason_out` (OPTION_MESSAGE_MAX). For config_file_read. */
int config_set(struct config *config, enum option_id id, const char *text,
               enum config_source source, char *reason_out);

/* Reads the JSON file that is one object of options. 0, or -1 with a sentence. */
int config_file_read(struct config *config, const char *path, char *message_out);

#endif

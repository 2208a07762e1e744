#include "server/arguments/arguments.h"

#include "server/arguments/suggest.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 32 /* looked at for a suggestion */
#define WORD_MAX    60 /* bytes of what was typed that are repeated */

int arguments_refuse(const char *command, const char *format, ...)
{
    const char *space = *command ? " " : "";
    va_list arguments;
    fprintf(stderr, "quire%s%s: ", space, command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nTry: quire%s%s --help\n", space, command);
    return ARGUMENTS_USAGE;
}

int arguments_refuse_surplus(const char *command, const char *operand)
{
    return arguments_refuse(command, "too many arguments: \"%.*s\"", WORD_MAX, operand);
}

static const struct option *option_of(const struct option *options, int value)
{
    while (options->name && options->val != value)
        options++;
    return options->name ? options : NULL;
}

static int help_of(const struct option *options)
{
    while (options->name && strcmp(options->name, "help") != 0)
        options++;
    return options->name ? options->val : ARGUMENTS_WRONG;
}

static void refuse_long(const char *command, const char *word, const struct option *options)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    for (; count < OPTIONS_MAX && options[count].name; count++)
        names[count] = options[count].name;
    char name[WORD_MAX];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    const char *near = suggest(name, names, count);
    arguments_refuse(command, "--%s is not an option%s%s%s", name, near ? "; did you mean --" : "",
                     near ? near : "", near ? "?" : "");
}

/* It was given as --NAME=VALUE, or --NA=VALUE. */
static bool has_value(const char *word, const struct option *option)
{
    size_t size = strcspn(word, "=");
    return strncmp(word, "--", 2) == 0 && word[size] == '=' &&
           strncmp(word + 2, option->name, size - 2) == 0;
}

/* `optopt`: the letter, or the `val` of an option without a value that got one, or 0. */
static void refuse_unknown(const char *command, const char *word, const struct option *options)
{
    const struct option *option = optopt != 0 ? option_of(options, optopt) : NULL;
    if (optopt == 0)
        refuse_long(command, word + 2, options);
    else if (option && has_value(word, option))
        arguments_refuse(command, "--%s takes no value", option->name);
    else
        arguments_refuse(command, "-%c is not an option", optopt);
}

int arguments_next(const char *command, int argc, char **argv, const struct option *options)
{
    opterr = 0;
    int value = getopt_long(argc, argv, ":h", options, NULL);
    switch (value) {
    case 'h':
        return help_of(options);
    case ':':
        arguments_refuse(command, "--%s takes a value", option_of(options, optopt)->name);
        return ARGUMENTS_WRONG;
    case '?':
        refuse_unknown(command, argv[optind - 1], options);
        return ARGUMENTS_WRONG;
    default:
        return value;
    }
}

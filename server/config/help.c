#include "server/config/help.h"

#include "server/config/options.h"
#include "server/limits.h"

#include <inttypes.h>
#include <string.h>

#define INDENT 6
#define WIDTH  90

static const char intro[] =
    "Usage: quire serve [options]\n"
    "\n"
    "Serves the documents in a data directory, with the editor, to browsers: on this machine, and\n"
    "with --token-keys on any.\n"
    "SIGTERM or SIGINT stops it; what was acknowledged is on disk at any time.\n"
    "\n"
    "An option can be given in four places. The first of these that names it decides:\n"
    "  1. a flag:                     --workers 2\n"
    "  2. an environment variable:    QUIRE_WORKERS=2\n"
    "  3. the configuration file:     { \"workers\": 2 }\n"
    "  4. its default\n"
    "\n"
    "Options:\n";

static const char outro[] =
    "\n"
    "Exit status: 0 after a stop that was asked for, 1 when something failed, 2 for a wrong\n"
    "option. More in docs/operations.md.\n";

/* Prints words, indented, with a line break where the next would pass WIDTH. */
static void print_wrapped(FILE *out, const char *words)
{
    size_t column = 0;
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        if (column == 0 || column + 1 + size > WIDTH) {
            fprintf(out, "%s%*s", column ? "\n" : "", INDENT, "");
            column = INDENT;
        } else {
            fputc(' ', out);
            column++;
        }
        fwrite(words, 1, size, out);
        column += size;
        words += size + (words[size] == ' ');
    }
    fputc('\n', out);
}

static void print_option(FILE *out, enum option_id id)
{
    const struct option *option = &quire_options[id];
    char variable[OPTION_ENVIRONMENT_MAX];
    fprintf(out, "  --%s %s\n", option->name, option->form);
    print_wrapped(out, option->help);
    fprintf(out, "%*s%s, ", INDENT, "", option_environment(id, variable));
    if (*option->preset == '\0')
        fprintf(out, "no default\n");
    else
        fprintf(out, "default %s%s%s\n", option->preset, *option->unit ? " " : "", option->unit);
}

void help_serve(FILE *out)
{
    fputs(intro, out);
    for (int id = 0; id < OPTION_COUNT; id++)
        print_option(out, (enum option_id)id);
    for (int action = ACTION_SERVE + 1; action < ACTION_COUNT; action++) {
        fprintf(out, "  --%s\n", quire_actions[action].name);
        print_wrapped(out, quire_actions[action].help);
    }
    fputs(outro, out);
}

/* In Markdown, as docs/limits.md has it. */
void help_limits(FILE *out, const struct config *config)
{
    fputs("| limit | value | may be | what it bounds; what passing it leads to |\n"
          "|---|---|---|---|\n",
          out);
    for (int id = OPTION_SETTINGS; id < OPTION_COUNT; id++) {
        const struct option *option = &quire_options[id];
        fprintf(out, "| `--%s` | %" PRIu64 " %s | %" PRIu64 " to %" PRIu64 " | %s |\n",
                option->name, config_number(config, (enum option_id)id), option->unit,
                option->least, option->most, option->help);
    }
#define LIMIT_ROW(symbol, value, unit, text)                                                       \
    fprintf(out, "| `%s` | %ld %s | | %s |\n", #symbol, (long)(value), unit, text);
    QUIRE_LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
}

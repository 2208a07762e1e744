#include "server/operate/choices.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define DATA_DEFAULT "./data"

/* `val`: the choice, so that a command has those of its form. */
static const struct option options[] = {
    {"data", required_argument, NULL, CHOICE_DATA},
    {"force", no_argument, NULL, CHOICE_FORCE},
    {"quiet", no_argument, NULL, CHOICE_QUIET},
    {"all", no_argument, NULL, CHOICE_ALL},
    {"with-history", no_argument, NULL, CHOICE_WITH_HISTORY},
    {"with-members", no_argument, NULL, CHOICE_WITH_MEMBERS},
    {"format", required_argument, NULL, CHOICE_FORMAT},
    {"to", required_argument, NULL, CHOICE_TO},
    {"id", required_argument, NULL, CHOICE_ID},
    {"title", required_argument, NULL, CHOICE_TITLE},
    {"sub", required_argument, NULL, CHOICE_SUB},
    {"jti", required_argument, NULL, CHOICE_JTI},
    {"token-keys", required_argument, NULL, CHOICE_TOKEN_KEYS},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))
#define HELP         0x10000

static void form_options(const struct command_form *form, struct option *out)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (form->choices & (unsigned)options[i].val)
            *out++ = options[i];
    *out++ = (struct option){"help", no_argument, NULL, HELP};
    *out = (struct option){0};
}

static void take(struct choices *choices, int choice, const char *value)
{
    choices->given |= (unsigned)choice;
    switch (choice) {
    case CHOICE_DATA:
        choices->data = value;
        break;
    case CHOICE_FORMAT:
        choices->format = value;
        break;
    case CHOICE_TO:
        choices->to = value;
        break;
    case CHOICE_ID:
        choices->id = value;
        break;
    case CHOICE_TITLE:
        choices->title = value;
        break;
    case CHOICE_SUB:
        choices->sub = value;
        break;
    case CHOICE_TOKEN_KEYS:
        choices->keys = value;
        break;
    case CHOICE_JTI:
        choices->jti = value;
        break;
    default:
        break;
    }
}

int choices_read(struct choices *choices, const struct command_form *form, int argc, char **argv)
{
    struct option own[OPTION_COUNT + 2];
    const char *data = getenv("QUIRE_DATA"), *keys = getenv("QUIRE_TOKEN_KEYS");
    int choice;
    form_options(form, own);
    *choices = (struct choices){.data = data && *data ? data : DATA_DEFAULT,
                                .keys = keys && *keys ? keys : NULL};
    optind = 0;
    while ((choice = arguments_next(form->name, argc, argv, own)) != ARGUMENTS_END) {
        if (choice == HELP) {
            fputs(form->usage, stdout);
            return STATUS_OK;
        }
        if (choice == ARGUMENTS_WRONG)
            return STATUS_USAGE;
        take(choices, choice, optarg);
    }
    choices->operands = argv + optind;
    choices->operand_count = argc - optind;
    if (form->operand && choices->operand_count == 0)
        return arguments_refuse(form->name, "%s is missing", form->operand);
    if (choices->operand_count > form->operands_max)
        return arguments_refuse_surplus(form->name, choices->operands[form->operands_max]);
    return -1;
}

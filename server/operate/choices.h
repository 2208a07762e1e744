/* The arguments of the operator's commands. */
#ifndef QUIRE_OPERATE_CHOICES_H
#define QUIRE_OPERATE_CHOICES_H

#include "server/arguments/arguments.h"

#include <stdbool.h>
#include <stdint.h>

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = ARGUMENTS_USAGE };

enum choice {
    CHOICE_DATA = 1 << 0,
    CHOICE_FORCE = 1 << 1,
    CHOICE_QUIET = 1 << 2,
    CHOICE_ALL = 1 << 3,
    CHOICE_WITH_HISTORY = 1 << 4,
    CHOICE_FORMAT = 1 << 5,
    CHOICE_TO = 1 << 6,
    CHOICE_ID = 1 << 7,
    CHOICE_TITLE = 1 << 8,
    CHOICE_SUB = 1 << 9,
    CHOICE_JTI = 1 << 10,
    CHOICE_TOKEN_KEYS = 1 << 11,
    CHOICE_WITH_MEMBERS = 1 << 12
};

struct choices {
    unsigned given; /* of enum choice */
    const char *data;
    const char *format, *to, *id, *title, *sub, *jti, *keys; /* NULL: not given */
    char **operands;
    int operand_count;
};

static inline bool choice_given(const struct choices *choices, enum choice choice)
{
    return (choices->given & choice) != 0;
}

struct command_form {
    const char *name, *usage;
    unsigned choices;    /* of enum choice */
    const char *operand; /* that there must be, by its name in `usage`; NULL: none */
    int operands_max;
};

/* Reads the arguments. -1: go on; else the exit status, after what there was to say has been said.
 */
int choices_read(struct choices *choices, const struct command_form *form, int argc, char **argv);

#endif

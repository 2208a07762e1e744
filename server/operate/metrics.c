/* quire metrics: what the server that runs on a data directory has counted. */
#include "server/operate/ask.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"

#include <stdio.h>

static const struct command_form form = {
    .name = "metrics",
    .usage = "Usage: quire metrics [options]\n"
             "\n"
             "Asks the server that runs on a data directory what it has counted, and prints it as\n"
             "Prometheus reads it. docs/operations.md says what each number is.\n"
             "\n"
             "Options:\n"
             "  --data DIR   data directory of the server (QUIRE_DATA, default ./data)\n"
             "  --help       this text\n"
             "\n"
             "Exit status: 0 done; 1 not; 2 wrong arguments.\n",
    .choices = CHOICE_DATA,
};

int metrics_command(int argc, char **argv)
{
    struct choices choices;
    char message[MESSAGE_MAX];
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    switch (ask_metrics(choices.data, stdout, message)) {
    case ASK_DONE:
        return STATUS_OK;
    case ASK_NOBODY:
        fprintf(stderr, "quire metrics: no server runs on %s\n", choices.data);
        return STATUS_FAILED;
    case ASK_FAILED:
        break;
    }
    fprintf(stderr, "quire metrics: %s\n", message);
    return STATUS_FAILED;
}

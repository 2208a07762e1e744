/* quire reopen: a document that a running server has closed is tried again. */
#include "server/operate/ask.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/content.h"
#include "server/serve/admin.h"

#include <stdio.h>

static const struct command_form form = {
    .name = "reopen",
    .usage =
        "Usage: quire reopen [options] DOCUMENT\n"
        "\n"
        "Has the server that runs on a data directory go on with a document, named by its id,\n"
        "which it has closed because what it had in memory and what is stored of it do not agree\n"
        "(not_settled in its log). It lets go of the first and takes the second, as it would "
        "after\n"
        "a restart; nothing that is stored is changed. So see first with quire verify that what "
        "is\n"
        "stored is well. A document whose rows in the log are damaged stays closed.\n"
        "\n"
        "Options:\n"
        "  --data DIR   data directory of the server (QUIRE_DATA, default ./data)\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 people can open it; 1 they cannot; 2 wrong arguments.\n",
    .choices = CHOICE_DATA,
    .operand = "DOCUMENT",
    .operands_max = 1,
};

static enum asked ask_for(const char *data, const char *id, char *message_out)
{
    char words[STORE_ID_MAX + sizeof(ADMIN_REOPEN)];
    struct watch watch;
    snprintf(words, sizeof(words), ADMIN_REOPEN "%s", id);
    watch_init(&watch, true);
    enum asked asked = ask_server(data, words, -1, &watch, message_out);
    watch_deinit(&watch);
    return asked;
}

int reopen_command(int argc, char **argv)
{
    struct choices choices;
    char message[MESSAGE_MAX];
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    const char *id = choices.operands[0];
    if (!content_is_id(id))
        return arguments_refuse(form.name, "\"%.60s\" is no id", id);
    switch (ask_for(choices.data, id, message)) {
    case ASK_DONE:
        printf("%s: people can open it\n", id);
        return STATUS_OK;
    case ASK_NOBODY:
        message_fail(message, "no server runs on %.200s", choices.data);
        break;
    case ASK_FAILED:
        break;
    }
    fprintf(stderr, "quire reopen: %s: %s\n", id, message);
    return STATUS_FAILED;
}

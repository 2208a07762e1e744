/* quire verify: is everything in a database as it should be? */
#include "server/operate/check.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/copy.h"

#include <inttypes.h>
#include <stdio.h>

static const struct command_form form = {
    .name = "verify",
    .usage =
        "Usage: quire verify [options] [FILE.db]\n"
        "\n"
        "Looks a database over: its pages, the checksum of every row, and for every document that\n"
        "its edits, replayed from the first, make its snapshot and what comes after it. Prints a\n"
        "table of what is wrong; a damaged document does not keep the others from being checked.\n"
        "Nothing is changed. FILE.db is a backup; without it, it is the database in the data\n"
        "directory, and if a server runs on that, a copy of it which is taken for this (beside\n"
        "it, so there must be room).\n"
        "\n"
        "Options:\n"
        "  --data DIR   data directory of the database (QUIRE_DATA, default ./data)\n"
        "  --quiet      no progress\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 all is well; 1 something was found, or it could not be looked over; 2\n"
        "wrong arguments.\n",
    .choices = CHOICE_DATA | CHOICE_QUIET,
    .operands_max = 1,
};

static int open_one(const struct choices *choices, struct watch *watch, struct store **store_out,
                    char *message_out)
{
    if (choices->operand_count == 0)
        return copy_open(choices->data, watch, store_out, message_out);
    return store_inspect(choices->operands[0], store_out, message_out, MESSAGE_MAX) == STORE_OK
               ? 0
               : -1;
}

static int verify(const struct choices *choices, struct watch *watch)
{
    char message[MESSAGE_MAX];
    struct store *store;
    struct checked checked;
    if (open_one(choices, watch, &store, message) != 0) {
        fprintf(stderr, "quire verify: %s\n", message);
        return STATUS_FAILED;
    }
    int result = check_store(store, CHECK_EDITS, watch, &checked, message);
    store_close(store);
    if (result != 0) {
        fprintf(stderr, "quire verify: %s\n", message);
        return STATUS_FAILED;
    }
    if (checked.findings > 0) {
        fprintf(stderr,
                "quire verify: %" PRIu64 " found; go on from a backup (quire restore), or export "
                "what is well (quire export)\n",
                checked.findings);
        return STATUS_FAILED;
    }
    printf("%" PRIu64 " document%s, %" PRIu64 " edit%s: all is well\n", checked.documents,
           message_plural(checked.documents), checked.edits, message_plural(checked.edits));
    return STATUS_OK;
}

int verify_command(int argc, char **argv)
{
    struct choices choices;
    struct watch watch;
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    watch_init(&watch, choice_given(&choices, CHOICE_QUIET));
    status = verify(&choices, &watch);
    watch_deinit(&watch);
    return status;
}

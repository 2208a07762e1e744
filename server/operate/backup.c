/* quire backup: the database as one file, while it is in use. */
#include "server/operate/check.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/copy.h"
#include "server/operate/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct command_form form = {
    .name = "backup",
    .usage =
        "Usage: quire backup [options] TARGET.db\n"
        "\n"
        "Writes the whole database to the new file TARGET.db, while a server runs on it or not;\n"
        "people go on writing meanwhile. It is the database as it is when the copy is done: every\n"
        "edit that was acknowledged before this command began is in it. The copy is looked over\n"
        "(every checksum), synced to disk, and only then gets its name. quire restore puts it\n"
        "back.\n"
        "\n"
        "Options:\n"
        "  --data DIR   data directory of the database (QUIRE_DATA, default ./data)\n"
        "  --force      replace TARGET.db if it is there\n"
        "  --quiet      no progress\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 TARGET.db is there; 1 it is not, or is what it was before; 2 wrong\n"
        "arguments.\n",
    .choices = CHOICE_DATA | CHOICE_FORCE | CHOICE_QUIET,
    .operand = "TARGET.db",
    .operands_max = 1,
};

struct backup {
    const struct choices *choices;
    struct watch watch;
    char target[FILES_PATH_MAX], partial[FILES_PATH_MAX];
    char message[MESSAGE_MAX];
};

static int name_target(struct backup *backup)
{
    const char *given = backup->choices->operands[0];
    char database[FILES_PATH_MAX];
    struct stat status;
    if (!files_absolute(given, backup->target) || !files_partial(backup->target, backup->partial))
        return message_fail(backup->message, "\"%.200s\" cannot be made: %s", given,
                            strerror(errno));
    if (stat(backup->target, &status) == 0 && S_ISDIR(status.st_mode))
        return message_fail(backup->message, "\"%.200s\" is a directory; name a file in it", given);
    if (files_join(backup->choices->data, STORE_FILE, database) &&
        files_same(database, backup->target))
        return message_fail(backup->message, "\"%.200s\" is the database itself; name another file",
                            given);
    if (files_exist(backup->target) && !choice_given(backup->choices, CHOICE_FORCE))
        return message_fail(backup->message,
                            "\"%.200s\" is there already; choose another name, or --force", given);
    const char *beside = files_find_beside(backup->target);
    if (beside)
        return message_fail(backup->message,
                            "\"%.200s%s\" is there, and would be taken for a part of the backup; "
                            "choose another name",
                            given, beside);
    return 0;
}

static int check_copy(struct backup *backup)
{
    struct store *store;
    struct checked checked;
    if (store_inspect(backup->partial, &store, backup->message, sizeof(backup->message)) !=
        STORE_OK)
        return -1;
    int result = check_store(store, CHECK_ROWS, &backup->watch, &checked, backup->message);
    store_close(store);
    if (result != 0 || checked.findings == 0)
        return result;
    return message_fail(backup->message,
                        "the database is damaged, and the copy with it, so it is not kept; "
                        "quire verify says more");
}

static int make(struct backup *backup)
{
    bool force = choice_given(backup->choices, CHOICE_FORCE);
    if (name_target(backup) != 0)
        return -1;
    int result =
        copy_database(backup->choices->data, backup->partial, &backup->watch, backup->message);
    if (result == 0)
        result = check_copy(backup);
    if (result == 0 && files_place(backup->partial, backup->target, force) != 0)
        result = message_fail(backup->message, "the copy cannot be given the name \"%.200s\": %s",
                              backup->target, strerror(errno));
    if (result != 0)
        unlink(backup->partial);
    return result;
}

int backup_command(int argc, char **argv)
{
    struct choices choices;
    struct backup backup = {.choices = &choices};
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    watch_init(&backup.watch, choice_given(&choices, CHOICE_QUIET));
    int result = make(&backup);
    watch_deinit(&backup.watch);
    if (result != 0) {
        fprintf(stderr, "quire backup: %s\n", backup.message);
        return STATUS_FAILED;
    }
    printf("%s: %" PRIu64 " bytes\n", choices.operands[0], files_bytes(backup.target));
    return STATUS_OK;
}

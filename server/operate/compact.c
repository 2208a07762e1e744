/* quire compact: a database without gaps, and nothing left to be put in order. */
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/content.h"
#include "server/operate/files.h"
#include "server/operate/message.h"
#include "server/operate/watch.h"
#include "storage/upkeep.h"

#include <inttypes.h>
#include <stdio.h>

static const struct command_form form = {
    .name = "compact",
    .usage =
        "Usage: quire compact [options]\n"
        "\n"
        "Makes the database of a data directory on which no server runs as small as it goes: "
        "saves\n"
        "the snapshots of documents that have edits since the last, clears away what is left of\n"
        "deleted documents, and writes the file anew without gaps. The history stays. It needs\n"
        "free space of about twice the database until it is done; stopping it in between loses\n"
        "nothing.\n"
        "\n"
        "Options:\n"
        "  --data DIR   data directory of the database (QUIRE_DATA, default ./data)\n"
        "  --quiet      no progress\n"
        "  --help       this text\n"
        "\n"
        "Exit status: 0 done; 1 not; 2 wrong arguments.\n",
    .choices = CHOICE_DATA | CHOICE_QUIET,
};

static int settle(struct store *store, int64_t key)
{
    struct store_document document;
    struct ot_doc *doc;
    uint64_t version;
    if (store_unsettled(store, key) == 0)
        return STORE_OK;
    int code = store_find_key(store, key, &document);
    if (code == STORE_OK)
        code = content_load(store, &document, &doc, &version);
    if (code != STORE_OK)
        return code;
    code = content_settle(store, key, doc, version);
    ot_doc_free(doc);
    return code;
}

/* What a damaged document has stays in the log. */
static int settle_all(struct store *store, struct watch *watch, char *message_out)
{
    int64_t last = store_last_key(store);
    watch_begin(watch, "settling", "documents", (uint64_t)last);
    int code = STORE_OK;
    for (int64_t key = 1; code == STORE_OK && key <= last && watch_goes_on(watch, (uint64_t)key);
         key++) {
        code = settle(store, key);
        if (content_is_damage(code))
            code = STORE_OK;
    }
    watch_end(watch);
    if (code != STORE_OK)
        return message_fail(message_out, "%s", content_error(code));
    return watch->interrupted ? message_fail(message_out, "interrupted; what was done so far stays")
                              : 0;
}

static int compact(const struct choices *choices, struct watch *watch, char *message_out)
{
    struct store *store;
    if (store_open_existing(choices->data, &store, message_out, MESSAGE_MAX) != STORE_OK)
        return -1;
    int result = settle_all(store, watch, message_out);
    int code = result == 0 ? store_compact(store) : STORE_OK;
    store_close(store);
    if (code == STORE_OK)
        return result;
    return message_fail(message_out, "%s%s", store_error_text(code),
                        code == STORE_E_FULL ? "; there must be room for twice the database" : "");
}

int compact_command(int argc, char **argv)
{
    struct choices choices;
    char path[FILES_PATH_MAX], wal[FILES_PATH_MAX], message[MESSAGE_MAX];
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    if (!files_join(choices.data, STORE_FILE, path) ||
        !files_join(choices.data, STORE_FILE "-wal", wal)) {
        fprintf(stderr, "quire compact: the directory's name is too long\n");
        return STATUS_FAILED;
    }
    uint64_t before = files_bytes(path) + files_bytes(wal);
    struct watch watch;
    watch_init(&watch, choice_given(&choices, CHOICE_QUIET));
    int result = compact(&choices, &watch, message);
    watch_deinit(&watch);
    if (result != 0) {
        fprintf(stderr, "quire compact: %s\n", message);
        return STATUS_FAILED;
    }
    printf("%" PRIu64 " bytes before, %" PRIu64 " now\n", before,
           files_bytes(path) + files_bytes(wal));
    return STATUS_OK;
}

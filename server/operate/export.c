/* quire export: documents as files that other programs read. */
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/content.h"
#include "server/operate/copy.h"
#include "server/operate/files.h"
#include "server/operate/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct command_form form = {
    .name = "export",
    .usage =
        "Usage: quire export [options] DOCUMENT\n"
        "       quire export [options] --all --to DIR\n"
        "\n"
        "Writes a document, named by its id, to standard output or a file, or all of them to a\n"
        "directory, as they are now; also while a server runs.\n"
        "\n"
        "Formats:\n"
        "  delta   (default) its content as Quill Delta JSON: {\"ops\": [...]}\n"
        "  text    its text as UTF-8, without formatting and embeds\n"
        "  jsonl   JSON lines: a header with id, type and title, then the content as edits; with\n"
        "          --with-history every edit with its author's number and time\n"
        "          (docs/export-format.md)\n"
        "\n"
        "Options:\n"
        "  --data DIR       data directory of the database (QUIRE_DATA, default ./data)\n"
        "  --format FORMAT  delta, text or jsonl\n"
        "  --with-history   every edit since the first; implies jsonl\n"
        "  --to FILE|DIR    where to write; with --all a directory, which is made when missing, "
        "for\n"
        "                   a file ID.json, ID.txt or ID.jsonl of each document\n"
        "  --force          replace files that are there\n"
        "  --all            all documents\n"
        "  --quiet          no progress\n"
        "  --help           this text\n"
        "\n"
        "Exit status: 0 done; 1 not all of it could be; 2 wrong arguments.\n",
    .choices = CHOICE_DATA | CHOICE_FORMAT | CHOICE_WITH_HISTORY | CHOICE_TO | CHOICE_FORCE |
               CHOICE_ALL | CHOICE_QUIET,
    .operands_max = 1,
};

enum format { FORMAT_DELTA, FORMAT_TEXT, FORMAT_JSONL, FORMAT_COUNT };

static const struct {
    const char *name, *suffix;
} formats[FORMAT_COUNT] = {{"delta", "json"}, {"text", "txt"}, {"jsonl", "jsonl"}};

struct exporting {
    const struct choices *choices;
    enum format format;
    struct watch watch;
    struct store *store;
    char message[MESSAGE_MAX];
};

/* ---- one document to one stream: 0, or an error of store.h or ot.h ---- */

static int write_edit(void *context, const struct store_edit *edit)
{
    return lines_write_edit(edit, context);
}

static int write_history(struct store *store, const struct store_document *document, FILE *out)
{
    struct store_head head;
    int code = store_load(store, document->key, &head);
    if (code == STORE_OK)
        code = lines_write_header(document, head.version, store, out);
    if (code == STORE_OK)
        code = store_history(store, document->key, 1, head.version, write_edit, out);
    return code;
}

static int write_lines(const struct store_document *document, struct ot_slice snapshot, FILE *out)
{
    struct lines lines = {.document = *document};
    int code = lines_add_content(&lines, snapshot);
    if (code == OT_OK)
        code = lines_write_header(document, lines.count, NULL, out);
    for (size_t i = 0; code == OT_OK && i < lines.count; i++) {
        struct store_edit edit = {.version = i + 1};
        edit.op.data = lines.bytes.data + lines.edits[i].at;
        edit.op.size = lines.edits[i].size;
        code = lines_write_edit(&edit, out);
    }
    lines_deinit(&lines);
    return code;
}

static int write_content(enum format format, const struct store_document *document,
                         const struct ot_doc *doc, FILE *out)
{
    struct ot_buf bytes = {0};
    int code = format == FORMAT_TEXT ? ot_doc_text(doc, &bytes) : ot_doc_snapshot(doc, &bytes);
    if (code == OT_OK && format == FORMAT_TEXT)
        fwrite(bytes.data, 1, bytes.size, out);
    else if (code == OT_OK && format == FORMAT_DELTA)
        code = lines_write_delta(ot_buf_slice(&bytes), out);
    else if (code == OT_OK)
        code = write_lines(document, ot_buf_slice(&bytes), out);
    ot_buf_deinit(&bytes);
    return code;
}

static int write_document(const struct exporting *exporting, const struct store_document *document,
                          FILE *out)
{
    struct ot_doc *doc;
    uint64_t version;
    if (choice_given(exporting->choices, CHOICE_WITH_HISTORY))
        return write_history(exporting->store, document, out);
    int code = content_load(exporting->store, document, &doc, &version);
    if (code != STORE_OK)
        return code;
    code = write_content(exporting->format, document, doc, out);
    ot_doc_free(doc);
    return code;
}

/* ---- files ---- */

/* `code`: of the document; `written`: it is in the file. */
static int finish(struct exporting *exporting, const struct store_document *document, int code,
                  const char *path, bool written)
{
    if (code != OT_OK)
        return message_fail(exporting->message, "document \"%s\": %s", document->id,
                            content_error(code));
    return written ? 0 : message_fail(exporting->message, "%s: %s", path, strerror(errno));
}

static int export_to_file(struct exporting *exporting, const struct store_document *document,
                          const char *path)
{
    char partial[FILES_PATH_MAX];
    bool force = choice_given(exporting->choices, CHOICE_FORCE);
    if (!files_partial(path, partial))
        return message_fail(exporting->message, "%s: %s", path, strerror(errno));
    int fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out)
        return message_fail(exporting->message, "%s: %s", path, strerror(errno));
    int code = write_document(exporting, document, out);
    bool written = fflush(out) == 0 && !ferror(out) && fsync(fd) == 0;
    int result = finish(exporting, document, code, path, fclose(out) == 0 && written);
    if (result == 0 && files_place(partial, path, force) != 0)
        result = message_fail(exporting->message, "%s: %s%s", path, strerror(errno),
                              errno == EEXIST ? "; choose another name, or --force" : "");
    if (result != 0)
        unlink(partial);
    return result;
}

static int export_one(struct exporting *exporting)
{
    const char *id = exporting->choices->operands[0];
    const char *to = exporting->choices->to;
    struct store_document document;
    int code = store_find(exporting->store, id, &document);
    if (code != STORE_OK)
        return message_fail(exporting->message, "document \"%.64s\": %s", id,
                            store_error_text(code));
    if (to)
        return export_to_file(exporting, &document, to);
    code = write_document(exporting, &document, stdout);
    return finish(exporting, &document, code, "standard output",
                  fflush(stdout) == 0 && !ferror(stdout));
}

static int export_key(struct exporting *exporting, int64_t key)
{
    struct store_document document;
    char path[FILES_PATH_MAX], name[STORE_ID_MAX + 16];
    int code = store_find_key(exporting->store, key, &document);
    if (code == STORE_E_NOT_FOUND)
        return 0;
    if (code != STORE_OK)
        return message_fail(exporting->message, "document number %" PRId64 ": %s", key,
                            store_error_text(code));
    if (!content_is_id(document.id))
        return message_fail(exporting->message,
                            "document number %" PRId64 ": its id is not one (A-Z a-z 0-9 _ -)",
                            key);
    snprintf(name, sizeof(name), "%s.%s", document.id, formats[exporting->format].suffix);
    if (!files_join(exporting->choices->to, name, path))
        return message_fail(exporting->message, "the directory's name is too long");
    return export_to_file(exporting, &document, path);
}

/* What cannot be exported does not keep the others from it. */
static int export_all(struct exporting *exporting)
{
    int64_t last = store_last_key(exporting->store);
    uint64_t failures = 0;
    if (mkdir(exporting->choices->to, 0700) != 0 && errno != EEXIST)
        return message_fail(exporting->message, "%s: %s", exporting->choices->to, strerror(errno));
    watch_begin(&exporting->watch, "exporting", "documents", (uint64_t)last);
    for (int64_t key = 1; key <= last && watch_goes_on(&exporting->watch, (uint64_t)key); key++) {
        if (export_key(exporting, key) == 0)
            continue;
        watch_end(&exporting->watch);
        fprintf(stderr, "quire export: %s\n", exporting->message);
        failures++;
    }
    watch_end(&exporting->watch);
    if (exporting->watch.interrupted)
        return message_fail(exporting->message, "interrupted");
    if (failures == 0)
        return 0;
    return message_fail(exporting->message, "%" PRIu64 " document%s could not be exported",
                        failures, message_plural(failures));
}

/* ---- arguments ---- */

static const char *read_format(struct exporting *exporting)
{
    const struct choices *choices = exporting->choices;
    bool with_history = choice_given(choices, CHOICE_WITH_HISTORY);
    exporting->format = with_history ? FORMAT_JSONL : FORMAT_DELTA;
    if (!choices->format)
        return NULL;
    int format = 0;
    while (format < FORMAT_COUNT && strcmp(formats[format].name, choices->format) != 0)
        format++;
    if (format == FORMAT_COUNT)
        return "the format is delta, text or jsonl";
    if (with_history && format != FORMAT_JSONL)
        return "only jsonl has the history";
    exporting->format = (enum format)format;
    return NULL;
}

static const char *read_choices(struct exporting *exporting)
{
    const struct choices *choices = exporting->choices;
    bool all = choice_given(choices, CHOICE_ALL);
    if (all == (choices->operand_count == 1))
        return "name one document, or --all";
    if (all && !choices->to)
        return "--all needs --to DIR";
    return read_format(exporting);
}

int export_command(int argc, char **argv)
{
    struct choices choices;
    struct exporting exporting = {.choices = &choices};
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    const char *wrong = read_choices(&exporting);
    if (wrong)
        return arguments_refuse(form.name, "%s", wrong);
    watch_init(&exporting.watch, choice_given(&choices, CHOICE_QUIET));
    int result = copy_open(choices.data, &exporting.watch, &exporting.store, exporting.message);
    if (result == 0) {
        result =
            choice_given(&choices, CHOICE_ALL) ? export_all(&exporting) : export_one(&exporting);
        store_close(exporting.store);
    }
    watch_deinit(&exporting.watch);
    if (result == 0)
        return STATUS_OK;
    fprintf(stderr, "quire export: %s\n", exporting.message);
    return STATUS_FAILED;
}

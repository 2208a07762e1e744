/* quire import: documents out of files. */
#include "server/limits.h"
#include "server/operate/choices.h"
#include "server/operate/commands.h"
#include "server/operate/content.h"
#include "server/operate/lines.h"
#include "server/operate/watch.h"
#include "server/thread/clock.h"
#include "storage/upkeep.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const struct command_form form = {
    .name = "import",
    .usage =
        "Usage: quire import [options] FILE...\n"
        "\n"
        "Makes a document of each file, in the database of a data directory on which no server\n"
        "runs; it is made when missing. The name of the file says what is in it:\n"
        "  NAME.jsonl   what quire export --format jsonl wrote, with or without history\n"
        "  NAME.json    Quill Delta JSON, {\"ops\": [...]} or [...]\n"
        "  NAME.txt     UTF-8, for a document of plain text\n"
        "\n"
        "A file is read and tried out whole before anything is written.\n"
        "\n"
        "Options:\n"
        "  --data DIR     data directory of the database (QUIRE_DATA, default ./data)\n"
        "  --id ID        id of the document: 1 to 64 of A-Z a-z 0-9 _ - (default: that of the\n"
        "                 header, or NAME)\n"
        "  --title TITLE  its title (default: that of the header, or NAME)\n"
        "  --with-members also the members and share links that a header names, who then may do "
        "in\n"
        "                 the document what it says: of files that you trust\n"
        "  --quiet        no progress\n"
        "  --help         this text\n"
        "\n"
        "Exit status: 0 done; 1 a file could not be imported, and none after it was; 2 wrong\n"
        "arguments.\n",
    .choices = CHOICE_DATA | CHOICE_ID | CHOICE_TITLE | CHOICE_WITH_MEMBERS | CHOICE_QUIET,
    .operand = "FILE",
    .operands_max = INT32_MAX,
};

#define FILE_BYTES_MAX UINT64_C(1073741824)
#define BATCH_EDITS    512
#define BATCH_BYTES    8388608
#define CLIENT_BITS    53

struct importing {
    const struct choices *choices;
    struct watch watch;
    struct store *store;
    uint64_t stranger; /* the client of edits that are nobody's */
    char message[MESSAGE_MAX];
};

/* ---- the file ---- */

static int read_whole(struct importing *importing, const char *path, struct ot_buf *out)
{
    uint8_t piece[65536];
    size_t got;
    int code = OT_OK;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return message_fail(importing->message, "%s", strerror(errno));
    while (code == OT_OK && out->size <= FILE_BYTES_MAX &&
           (got = fread(piece, 1, sizeof(piece), file)) > 0)
        code = ot_buf_append(out, piece, got);
    bool failed = ferror(file) != 0;
    int error = errno;
    fclose(file);
    if (failed)
        return message_fail(importing->message, "%s", strerror(error));
    if (code != OT_OK || out->size > FILE_BYTES_MAX)
        return message_fail(importing->message,
                            "it is larger than %" PRIu64 " bytes, or than there is memory for",
                            FILE_BYTES_MAX);
    return 0;
}

static int parse(struct importing *importing, const char *path, struct ot_slice text,
                 struct lines *lines)
{
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".jsonl") == 0)
        return lines_read(lines, text, importing->message);
    if (dot && strcmp(dot, ".json") == 0)
        return lines_read_delta(lines, text, importing->message);
    if (dot && strcmp(dot, ".txt") == 0)
        return lines_read_text(lines, text, importing->message);
    return message_fail(importing->message, "the name ends in none of .jsonl, .json and .txt");
}

/* ---- what it is called ---- */

static bool is_title(const char *title)
{
    size_t chars = 0;
    json_t *text = json_string(title);
    bool is_utf8 = text != NULL;
    json_decref(text);
    for (const char *at = title; *at != '\0'; at++)
        chars += ((unsigned char)*at & 0xc0) != 0x80;
    return is_utf8 && chars <= LIMIT_TITLE_CHARS && strlen(title) <= STORE_TITLE_MAX;
}

static int name_document(struct importing *importing, const char *path,
                         struct store_document *document)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    char name[512];
    snprintf(name, sizeof(name), "%.*s", (int)(strrchr(file, '.') - file), file);
    const char *id = importing->choices->id    ? importing->choices->id
                     : document->id[0] != '\0' ? document->id
                                               : name;
    const char *title = importing->choices->title ? importing->choices->title
                        : document->id[0] != '\0' ? document->title
                                                  : name;
    if (!content_is_id(id))
        return message_fail(importing->message,
                            "\"%.80s\" is no id: 1 to 64 of A-Z a-z 0-9 _ -; choose one with --id",
                            id);
    if (!is_title(title))
        return message_fail(importing->message,
                            "the title is too long or not UTF-8; choose one with --title");
    memmove(document->title, title, strlen(title) + 1);
    memmove(document->id, id, strlen(id) + 1);
    return 0;
}

/* ---- into the database ---- */

static struct store_edit edit_of(const struct importing *importing, const struct lines *lines,
                                 int64_t key, size_t i)
{
    const struct lines_edit *edit = &lines->edits[i];
    bool known = edit->client != 0;
    return (struct store_edit){.key = key,
                               .version = i + 1,
                               .client = known ? edit->client : importing->stranger,
                               .seq = known ? edit->seq : i + 1,
                               .at_ms = edit->at_ms ? edit->at_ms : clock_unix_ms(),
                               .op = {lines->bytes.data + edit->at, edit->size}};
}

/* The next edits from `first` on; gives how many. */
static int append_batch(struct importing *importing, const struct lines *lines, int64_t key,
                        size_t first, size_t *count_out)
{
    struct store_edit edits[BATCH_EDITS];
    size_t count = 0, bytes = 0;
    while (count < BATCH_EDITS && first + count < lines->count && bytes < BATCH_BYTES) {
        edits[count] = edit_of(importing, lines, key, first + count);
        bytes += edits[count++].op.size;
    }
    *count_out = count;
    return store_append(importing->store, edits, count, NULL, 0);
}

static int append_all(struct importing *importing, const struct lines *lines, int64_t key)
{
    size_t count;
    int code = STORE_OK;
    watch_begin(&importing->watch, "importing", "edits", lines->count);
    for (size_t done = 0; code == STORE_OK && done < lines->count; done += count) {
        code = append_batch(importing, lines, key, done, &count);
        if (!watch_goes_on(&importing->watch, done))
            code = STORE_E_INVALID;
    }
    watch_end(&importing->watch);
    return code == STORE_OK && lines->count > 0
               ? content_settle(importing->store, key, lines->doc, lines->count)
               : code;
}

static int write_document(struct importing *importing, struct lines *lines)
{
    struct store_document *document = &lines->document;
    int64_t made_ms = document->created_ms ? document->created_ms : clock_unix_ms();
    int code = store_create(importing->store, document, made_ms);
    if (code == STORE_E_EXISTS)
        return message_fail(importing->message,
                            "a document \"%s\" is there, or was once; choose another --id",
                            document->id);
    if (code == STORE_OK) {
        code = append_all(importing, lines, document->key);
        if (code == STORE_OK && choice_given(importing->choices, CHOICE_WITH_MEMBERS))
            code = lines_sharing_store(importing->store, document->key, &lines->sharing);
        if (code != STORE_OK && store_delete(importing->store, document->key) != STORE_OK)
            return message_fail(importing->message,
                                "%s; a part of it is there as \"%s\", which could not be deleted",
                                content_error(code), document->id);
    }
    if (importing->watch.interrupted)
        return message_fail(importing->message, "interrupted; the id \"%s\" is used up",
                            document->id);
    return code == STORE_OK ? 0 : message_fail(importing->message, "%s", content_error(code));
}

static int check_size(struct importing *importing, const struct lines *lines)
{
    struct ot_buf snapshot = {0};
    int code = ot_doc_snapshot(lines->doc, &snapshot);
    size_t size = snapshot.size;
    ot_buf_deinit(&snapshot);
    if (code == OT_OK && size <= LIMIT_IMPORT_BYTES)
        return 0;
    return message_fail(importing->message, "the document is larger than %d bytes",
                        LIMIT_IMPORT_BYTES);
}

static void report(const struct importing *importing, const char *path, const struct lines *lines)
{
    size_t members = lines->sharing.member_count, links = lines->sharing.link_count;
    printf("%s: document %s with %zu edit%s\n", path, lines->document.id, lines->count,
           message_plural(lines->count));
    if (members + links > 0 && !choice_given(importing->choices, CHOICE_WITH_MEMBERS))
        printf("%s: left out: %zu member%s and %zu share link%s (--with-members)\n", path, members,
               message_plural(members), links, message_plural(links));
}

static int import_file(struct importing *importing, const char *path)
{
    struct lines lines = {0};
    struct ot_buf text = {0};
    int result = read_whole(importing, path, &text);
    if (result == 0)
        result = parse(importing, path, ot_buf_slice(&text), &lines);
    ot_buf_deinit(&text);
    if (result == 0)
        result = name_document(importing, path, &lines.document);
    if (result == 0)
        result = check_size(importing, &lines);
    if (result == 0)
        result = write_document(importing, &lines);
    if (result == 0)
        report(importing, path, &lines);
    lines_deinit(&lines);
    return result;
}

static int import_all(struct importing *importing)
{
    const struct choices *choices = importing->choices;
    for (int i = 0; i < choices->operand_count; i++) {
        if (import_file(importing, choices->operands[i]) == 0)
            continue;
        fprintf(stderr, "quire import: %s: %s\n", choices->operands[i], importing->message);
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

static int draw_stranger(struct importing *importing)
{
    if (getrandom(&importing->stranger, sizeof(importing->stranger), 0) !=
        sizeof(importing->stranger))
        return -1;
    importing->stranger = importing->stranger >> (64 - CLIENT_BITS) | 1;
    return 0;
}

int import_command(int argc, char **argv)
{
    struct choices choices;
    struct importing importing = {.choices = &choices};
    int status = choices_read(&choices, &form, argc, argv);
    if (status >= 0)
        return status;
    if (choices.operand_count > 1 && (choices.id || choices.title))
        return arguments_refuse(form.name, "--id and --title are for a single file");
    watch_init(&importing.watch, choice_given(&choices, CHOICE_QUIET));
    status = STATUS_FAILED;
    if (draw_stranger(&importing) == 0 &&
        store_open(choices.data, &importing.store, importing.message, sizeof(importing.message)) ==
            STORE_OK) {
        status = import_all(&importing);
        store_close(importing.store);
    } else {
        fprintf(stderr, "quire import: %s\n", importing.message);
    }
    watch_deinit(&importing.watch);
    return status;
}

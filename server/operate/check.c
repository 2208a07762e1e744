#include "server/operate/check.h"

#include "server/operate/content.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FINDINGS_SHOWN 1000 /* more are only counted */

struct checking {
    struct store *store;
    enum check_how how;
    struct watch *watch;
    struct checked *checked;
};

/* ---- the table ---- */

static const char *name_of(struct store *store, int64_t key, char *buffer, size_t size)
{
    struct store_document document = {0};
    int code = key > 0 ? store_find_key(store, key, &document) : STORE_E_NOT_FOUND;
    if (key == 0)
        return "(database)";
    if ((code == STORE_OK || code == STORE_E_CORRUPT) && content_is_id(document.id))
        snprintf(buffer, size, "%s", document.id);
    else
        snprintf(buffer, size, "(number %" PRId64 ")", key);
    return buffer;
}

static void found(void *context, const struct store_finding *finding)
{
    const struct checking *checking = context;
    char name[STORE_ID_MAX + 1], version[24] = "";
    watch_end(checking->watch);
    if (checking->checked->findings == 0)
        printf("%-24s %10s  %s\n", "document", "version", "what is wrong");
    if (finding->version > 0)
        snprintf(version, sizeof(version), "%" PRIu64, finding->version);
    if (checking->checked->findings++ < FINDINGS_SHOWN)
        printf("%-24s %10s  %s\n", name_of(checking->store, finding->key, name, sizeof(name)),
               version, finding->text);
}

/* ---- what the edits make ---- */

struct replay {
    struct checking *checking;
    const struct store_document *document;
    struct ot_doc *doc;
    uint64_t version; /* reached */
};

static void tell(const struct replay *replay, uint64_t version, const char *what, int code)
{
    struct store_finding finding = {.key = replay->document->key, .version = version};
    snprintf(finding.text, sizeof(finding.text), "%s%s%s", what, code != OT_OK ? ": " : "",
             code != OT_OK ? content_error(code) : "");
    found(replay->checking, &finding);
}

static int replay_edit(void *context, const struct store_edit *edit)
{
    struct replay *replay = context;
    int code = content_apply(replay->doc, edit->op);
    if (code == OT_E_MEMORY)
        return code;
    replay->version = edit->version;
    if (code == OT_OK) {
        replay->checking->checked->edits++;
        return 0;
    }
    tell(replay, edit->version, "this edit does not fit what the edits before it make", code);
    return code;
}

/* Up to `last`. STORE_E_CORRUPT or another damage: it did not get there, and why has been told. */
static int replay_to(struct replay *replay, uint64_t last)
{
    if (replay->doc == NULL)
        return STORE_E_CORRUPT;
    return store_history(replay->checking->store, replay->document->key, replay->version + 1, last,
                         replay_edit, replay);
}

static int unless_damage(int code)
{
    return content_is_damage(code) ? STORE_OK : code;
}

static int compare(const struct replay *replay, struct ot_slice snapshot)
{
    struct ot_buf made = {0};
    int code = ot_doc_snapshot(replay->doc, &made);
    if (code == OT_OK && (made.size != snapshot.size ||
                          (made.size > 0 && memcmp(made.data, snapshot.data, made.size) != 0)))
        tell(replay, replay->version, "its snapshot is not what its edits make", OT_OK);
    ot_buf_deinit(&made);
    return code;
}

/* From the document's beginning to its snapshot, which then takes the place of what was replayed.
 */
static int replay_to_snapshot(struct replay *replay, struct ot_slice snapshot, uint64_t version)
{
    struct ot_doc *stored = NULL;
    int replayed = replay_to(replay, version);
    int code = content_read(snapshot, &stored);
    replay->version = version;
    if (content_is_damage(code))
        tell(replay, version, "its snapshot is no document", code);
    else if (code == OT_OK && replayed == STORE_OK)
        replayed = compare(replay, snapshot);
    ot_doc_free(replay->doc);
    replay->doc = stored;
    return unless_damage(code) != OT_OK ? code : unless_damage(replayed);
}

static int replay_document(struct replay *replay)
{
    struct store_head head;
    struct ot_buf snapshot = {0};
    int code = store_load(replay->checking->store, replay->document->key, &head);
    if (code == STORE_E_CORRUPT)
        return STORE_OK; /* told */
    if (code == STORE_OK)
        code = ot_buf_append(&snapshot, head.snapshot.data, head.snapshot.size);
    if (code == OT_OK)
        code = content_read(content_first(replay->document->type), &replay->doc);
    if (code == OT_OK && head.snapshot_version > 0)
        code = replay_to_snapshot(replay, ot_buf_slice(&snapshot), head.snapshot_version);
    if (code == OT_OK)
        code = unless_damage(replay_to(replay, head.version));
    ot_buf_deinit(&snapshot);
    return code;
}

/* ---- all of it ---- */

static int check_document(struct checking *checking, int64_t key)
{
    struct store_document document;
    int code = store_verify_document(checking->store, key, found, checking);
    if (code != STORE_OK)
        return code;
    code = store_find_key(checking->store, key, &document);
    if (code != STORE_OK)
        return code == STORE_E_NOT_FOUND || code == STORE_E_CORRUPT ? STORE_OK : code;
    checking->checked->documents++;
    if (checking->how == CHECK_ROWS)
        return STORE_OK;
    struct replay replay = {.checking = checking, .document = &document};
    code = replay_document(&replay);
    ot_doc_free(replay.doc);
    return code;
}

int check_store(struct store *store, enum check_how how, struct watch *watch,
                struct checked *checked_out, char *message_out)
{
    struct checking checking = {store, how, watch, checked_out};
    *checked_out = (struct checked){0};
    int64_t last = store_last_key(store);
    watch_begin(watch, "verifying", "documents", (uint64_t)last);
    int code = store_verify_file(store, found, &checking);
    for (int64_t key = 1; code == STORE_OK && key <= last; key++) {
        code = check_document(&checking, key);
        if (!watch_goes_on(watch, (uint64_t)key))
            break;
    }
    watch_end(watch);
    if (checked_out->findings > FINDINGS_SHOWN)
        printf("... and %" PRIu64 " more\n", checked_out->findings - FINDINGS_SHOWN);
    fflush(stdout);
    if (code == STORE_OK && !watch->interrupted)
        return 0;
    return message_fail(message_out, "%s",
                        watch->interrupted ? "interrupted" : content_error(code));
}

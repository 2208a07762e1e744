#include "server/operate/content.h"

#include "server/thread/clock.h"

#include <string.h>

struct ot_slice content_first(enum store_type type)
{
    static const uint8_t newline[] = {0x02, 0x09, '\n'};
    static const uint8_t nothing[] = {0x00};
    return type == STORE_RICH ? (struct ot_slice){newline, sizeof(newline)}
                              : (struct ot_slice){nothing, sizeof(nothing)};
}

bool content_is_id(const char *id)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t size = strlen(id);
    return size > 0 && size <= STORE_ID_MAX && strspn(id, letters) == size;
}

int content_read(struct ot_slice snapshot, struct ot_doc **doc_out)
{
    int code = ot_op_check(snapshot, NULL, NULL);
    return code == OT_OK ? ot_doc_load(snapshot, doc_out) : code;
}

int content_apply(struct ot_doc *doc, struct store_slice op)
{
    struct ot_slice bytes = {op.data, op.size};
    int code = ot_op_check(bytes, NULL, NULL);
    return code == OT_OK ? ot_doc_apply(doc, bytes, NULL) : code;
}

static int apply_edit(void *context, const struct store_edit *edit)
{
    return content_apply(context, edit->op);
}

int content_load(struct store *store, const struct store_document *document,
                 struct ot_doc **doc_out, uint64_t *version_out)
{
    struct store_head head;
    int code = store_load(store, document->key, &head);
    if (code != STORE_OK)
        return code;
    struct ot_slice snapshot = {head.snapshot.data, head.snapshot.size};
    code =
        content_read(head.snapshot_version > 0 ? snapshot : content_first(document->type), doc_out);
    if (code != OT_OK)
        return code;
    code = store_history(store, document->key, head.snapshot_version + 1, head.version, apply_edit,
                         *doc_out);
    if (code != STORE_OK)
        ot_doc_free(*doc_out);
    *version_out = head.version;
    return code;
}

int content_settle(struct store *store, int64_t key, const struct ot_doc *doc, uint64_t version)
{
    struct ot_buf snapshot = {0};
    bool done = false;
    int code = ot_doc_snapshot(doc, &snapshot);
    while (code == OT_OK && !done)
        code = store_settle(store, key, version, (struct store_slice){snapshot.data, snapshot.size},
                            clock_unix_ms(), &done);
    ot_buf_deinit(&snapshot);
    return code;
}

bool content_is_damage(int code)
{
    bool is_of_engine = code < OT_OK && code > STORE_E_MEMORY;
    return code == STORE_E_CORRUPT || (is_of_engine && code != OT_E_MEMORY);
}

const char *content_error(int code)
{
    return code <= STORE_E_MEMORY ? store_error_text(code) : ot_error_text(code);
}

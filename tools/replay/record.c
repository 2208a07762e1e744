#include "tools/replay/record.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>
#include <string.h>

void record_deinit(struct record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        ot_buf_deinit(&record->entries[i].op);
        ot_buf_deinit(&record->entries[i].own);
    }
    free(record->entries);
    *record = (struct record){0};
}

static struct record_entry *entry_of(struct record *record, uint64_t version)
{
    size_t needed = (size_t)version;

    record->entries =
        bytes_grow(record->entries, &record->capacity, needed, sizeof *record->entries);
    for (; record->count < needed; record->count++)
        record->entries[record->count] = (struct record_entry){.txn = UINT32_MAX};
    return &record->entries[version - 1];
}

void record_mark(struct record *record, uint64_t version)
{
    if (record->diverged == 0 || version < record->diverged)
        record->diverged = version;
}

uint32_t record_txn(const struct record *record, uint64_t version)
{
    return version >= 1 && version <= record->count ? record->entries[version - 1].txn : UINT32_MAX;
}

/* The document at `version`, or NULL if that cannot be made. */
static struct ot_doc *document_at(const struct record *record, uint64_t version)
{
    struct ot_doc *doc = ot_doc_new();

    bytes_must(doc == NULL ? OT_E_MEMORY : OT_OK);
    for (uint64_t v = 1; v <= version; v++) {
        struct record_entry none = {0};
        const struct record_entry *entry = v <= record->count ? &record->entries[v - 1] : &none;
        struct ot_slice op = ot_buf_slice(entry->op.size > 0 ? &entry->op : &entry->own);
        int code = op.size == 0 ? OT_E_RANGE : ot_doc_apply(doc, op, NULL);
        if (code == OT_E_MEMORY)
            bytes_must(code);
        if (code != OT_OK) {
            ot_doc_free(doc);
            return NULL;
        }
    }
    return doc;
}

/* Do both forms lead from the version before to the same document? */
static bool lead_to_same(const struct record *record, uint64_t version, struct ot_slice a,
                         struct ot_slice b)
{
    struct ot_doc *one = document_at(record, version - 1);
    struct ot_doc *other = document_at(record, version - 1);
    uint32_t one_hash = 0, other_hash = 1;

    bool same = one != NULL && other != NULL && ot_doc_apply(one, a, NULL) == OT_OK &&
                ot_doc_apply(other, b, NULL) == OT_OK && ot_doc_hash(one, &one_hash) == OT_OK &&
                ot_doc_hash(other, &other_hash) == OT_OK && one_hash == other_hash;
    ot_doc_free(one);
    ot_doc_free(other);
    return same;
}

static void compare(struct record *record, uint64_t version, struct ot_slice a, struct ot_slice b)
{
    if (!bytes_equal(a, b) && !lead_to_same(record, version, a, b))
        record_mark(record, version);
}

void record_received(struct record *record, uint64_t version, struct ot_slice op)
{
    struct record_entry *entry = entry_of(record, version);

    if (entry->op.size > 0) {
        compare(record, version, ot_buf_slice(&entry->op), op);
        return;
    }
    bytes_set(&entry->op, op);
    if (entry->own.size > 0) {
        compare(record, version, ot_buf_slice(&entry->own), op);
        ot_buf_deinit(&entry->own);
        entry->own = (struct ot_buf){0};
    }
}

void record_saved(struct record *record, uint64_t version, struct ot_slice op)
{
    struct record_entry *entry = entry_of(record, version);

    if (entry->op.size > 0)
        compare(record, version, ot_buf_slice(&entry->op), op);
    else
        bytes_set(&entry->own, op);
}

void record_set_txn(struct record *record, uint64_t version, uint32_t txn)
{
    entry_of(record, version)->txn = txn;
}

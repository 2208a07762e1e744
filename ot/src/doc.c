#include "doc.h"

#include "apply.h"
#include "checked.h"

struct ot_doc *ot_doc_new_in(const struct ot_allocator *allocator)
{
    struct memory memory = ot_memory(allocator);
    struct ot_doc *doc = ot_memory_take(&memory, sizeof *doc);
    if (doc != NULL && ot_tree_init(&doc->tree, memory) != OT_OK) {
        ot_memory_give(&memory, doc, sizeof *doc);
        doc = NULL;
    }
    return doc;
}

struct ot_doc *ot_doc_new(void)
{
    return ot_doc_new_in(NULL);
}

void ot_doc_free(struct ot_doc *doc)
{
    if (doc != NULL) {
        ot_tree_deinit(&doc->tree);
        struct memory memory = doc->tree.pool.memory;
        ot_memory_give(&memory, doc, sizeof *doc);
    }
}

uint64_t ot_doc_length(const struct ot_doc *doc)
{
    return doc->tree.units;
}

uint64_t ot_doc_text_bytes(const struct ot_doc *doc)
{
    return doc->tree.text_bytes;
}

size_t ot_doc_memory(const struct ot_doc *doc)
{
    return doc->tree.pool.memory.used;
}

uint64_t ot_doc_formats(const struct ot_doc *doc)
{
    return doc->tree.pool.uses;
}

/* A formatted run or an embed takes at most 10 bytes besides its values, and 5 are those of plain
 * text before it. An operation has fewer components than bytes; each may cut one run in two, and
 * what it adds to formats it adds to the runs there are, formatted ones and those between them. */
uint64_t ot_doc_snapshot_most(const struct ot_doc *doc, size_t op_size)
{
    enum { USE_EXTRA = 15, COMPONENT_EXTRA = 48 };
    const struct pool *pool = &doc->tree.pool;
    uint64_t growth = COMPONENT_EXTRA + pool->largest + 2 * pool->uses;
    return doc->tree.text_bytes + pool->spelled + USE_EXTRA * pool->uses + op_size * growth;
}

int ot_doc_load_in(const struct ot_allocator *allocator, struct ot_slice snapshot,
                   struct ot_doc **doc_out)
{
    struct areas areas = areas_of(snapshot);
    unsigned tags = 0;
    assert_checked(snapshot);
    *doc_out = NULL;
    for (const uint8_t *at = areas.comps; at < areas.comps_end;) {
        struct part part;
        tags |= apply_tag(*at);
        at = part_read(at, &part);
    }
    if ((tags & ~APPLY_ADDS) != 0) {
        return OT_E_DOCUMENT;
    }
    struct ot_doc *doc = ot_doc_new_in(allocator);
    if (doc == NULL) {
        return OT_E_MEMORY;
    }
    int error = ot_apply(&doc->tree, &areas, tags);
    if (error != OT_OK) {
        ot_doc_free(doc);
        return error;
    }
    *doc_out = doc;
    return OT_OK;
}

int ot_doc_load(struct ot_slice snapshot, struct ot_doc **doc_out)
{
    return ot_doc_load_in(NULL, snapshot, doc_out);
}

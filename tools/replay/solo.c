#include "tools/replay/solo.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>

void solo_init(struct solo *solo)
{
    *solo = (struct solo){.doc = ot_doc_new()};
    bytes_must(solo->doc == NULL ? OT_E_MEMORY : OT_OK);
}

void solo_deinit(struct solo *solo)
{
    for (size_t i = 0; i < solo->count; i++)
        ot_buf_deinit(&solo->entries[i].op);
    free(solo->entries);
    ot_doc_free(solo->doc);
    ot_buf_deinit(&solo->moved);
    ot_buf_deinit(&solo->spare);
}

/* What was committed wins ties. */
static struct ot_slice transform_since(struct solo *solo, uint64_t base, struct ot_slice op)
{
    for (uint64_t i = base; i < solo->count; i++) {
        ot_buf_clear(&solo->spare);
        bytes_must(ot_transform(op, ot_buf_slice(&solo->entries[i].op), OT_RIGHT, OT_STABLE,
                                &solo->spare));
        bytes_swap(&solo->moved, &solo->spare);
        op = ot_buf_slice(&solo->moved);
    }
    return op;
}

int solo_commit(struct solo *solo, uint32_t client, uint64_t seq, uint64_t base, struct ot_slice op,
                uint64_t *version_out)
{
    int code = ot_op_check(op, NULL, NULL);

    if (code != OT_OK)
        return code;
    if (base > solo->count)
        return OT_E_RANGE;
    if (solo->made != NULL)
        script_add(solo->made, base, op);
    op = transform_since(solo, base, op);
    code = ot_doc_apply(solo->doc, op, NULL);
    if (code == OT_E_MEMORY)
        bytes_must(code);
    if (code != OT_OK)
        return code;
    solo->entries =
        bytes_grow(solo->entries, &solo->capacity, solo->count + 1, sizeof *solo->entries);
    struct solo_entry *entry = &solo->entries[solo->count++];
    *entry = (struct solo_entry){.client = client, .seq = seq};
    bytes_put(&entry->op, op.data, op.size);
    *version_out = solo->count;
    return OT_OK;
}

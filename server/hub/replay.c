#include "server/hub/replay.h"

static int result_of(int code)
{
    return code == OT_OK ? STORE_OK : code == OT_E_MEMORY ? STORE_E_MEMORY : STORE_E_CORRUPT;
}

/* What a document is before its first edit. A rich one ends with a newline, always: editors rely on
 * it, and if each brought its own, there would be as many as editors. */
static struct ot_slice version_0(enum store_type type)
{
    static const uint8_t empty[] = {0x00};
    static const uint8_t newline[] = {0x02, 0x09, '\n'};
    return type == STORE_RICH ? (struct ot_slice){newline, sizeof newline}
                              : (struct ot_slice){empty, sizeof empty};
}

int replay_snapshot(enum store_type type, struct ot_slice snapshot, struct ot_doc **doc_out)
{
    struct ot_error error;
    if (snapshot.size == 0) {
        snapshot = version_0(type);
    }
    int code = ot_op_check(snapshot, NULL, &error);
    return result_of(code == OT_OK ? ot_doc_load(snapshot, doc_out) : code);
}

int replay_edit(struct ot_doc *doc, struct ot_slice op)
{
    struct ot_error error;
    int code = ot_op_check(op, NULL, &error);
    return result_of(code == OT_OK ? ot_doc_apply(doc, op, &error) : code);
}

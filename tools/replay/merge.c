#include "tools/replay/merge.h"

#include "tools/peer/bytes.h"
#include "tools/replay/parts.h"
#include "tools/replay/screen.h"

#include <stdlib.h>

struct merge {
    const struct trace *trace;
    const struct plan *plan;
    struct screen *screens;
    struct ot_doc *doc;
};

/* The order has the others' edits as they were seen. */
static void show_view(struct merge *merge, uint32_t txn)
{
    uint32_t agent = merge->trace->txns[txn].agent;
    const uint32_t *view = merge->plan->seen + (size_t)txn * merge->plan->agents;
    struct screen *screen = &merge->screens[agent];

    for (uint32_t k = 0; k < merge->plan->agents; k++)
        while (k != agent && screen->seen[k] < view[k] && screen_see(screen))
            ;
}

static int play_txn(struct merge *merge, uint32_t txn, enum ot_side side, struct ot_buf *op)
{
    uint32_t agent = merge->trace->txns[txn].agent;

    show_view(merge, txn);
    ot_buf_clear(op);
    int code = screen_make(&merge->screens[agent], agent, &merge->trace->txns[txn], side, op);
    if (code == OT_OK)
        code = ot_doc_apply(merge->doc, ot_buf_slice(op), NULL);
    for (uint32_t k = 0; k < merge->plan->agents && code == OT_OK; k++)
        if (k != agent)
            screen_push(&merge->screens[k], agent, ot_buf_slice(op));
    return code;
}

static int put_start(struct merge *merge)
{
    struct ot_buf op = {0};
    int code = parts_write(ot_buf_slice(&merge->trace->start), &op);

    if (code == OT_OK)
        code = ot_doc_apply(merge->doc, ot_buf_slice(&op), NULL);
    for (uint32_t k = 0; k < merge->plan->agents && code == OT_OK; k++)
        screen_start(&merge->screens[k], ot_buf_slice(&op));
    ot_buf_deinit(&op);
    return code;
}

int merge_text(const struct trace *trace, const struct plan *plan, const uint32_t *order,
               enum ot_side side, struct ot_buf *out)
{
    struct merge merge = {trace, plan, bytes_alloc(plan->agents, sizeof *merge.screens),
                          ot_doc_new()};
    struct ot_buf op = {0};

    bytes_must(merge.doc == NULL ? OT_E_MEMORY : OT_OK);
    for (uint32_t k = 0; k < plan->agents; k++)
        screen_init(&merge.screens[k], trace);
    int code = put_start(&merge);
    for (size_t i = 0; i < plan->txn_count && code == OT_OK; i++)
        code = play_txn(&merge, order[i], side, &op);
    if (code == OT_OK)
        code = ot_doc_text(merge.doc, out);
    for (uint32_t k = 0; k < plan->agents; k++)
        screen_deinit(&merge.screens[k]);
    free(merge.screens);
    ot_doc_free(merge.doc);
    ot_buf_deinit(&op);
    return code;
}

#include "tools/replay/screen.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>

struct screen_unseen {
    struct ot_buf op;
    uint32_t agent;
};

static bool has_wide_text(const struct trace *trace)
{
    const struct ot_buf *texts[] = {&trace->texts, &trace->start};

    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
        for (size_t i = 0; i < texts[k]->size; i++)
            if (texts[k]->data[i] >= 0xf0)
                return true;
    return false;
}

void screen_init(struct screen *screen, const struct trace *trace)
{
    *screen = (struct screen){.trace = trace,
                              .has_wide = trace->in_code_points && has_wide_text(trace),
                              .builder = ot_builder_new(OT_STABLE),
                              .seen = bytes_alloc(trace->agents, sizeof *screen->seen)};
    bytes_must(screen->builder == NULL ? OT_E_MEMORY : OT_OK);
}

void screen_deinit(struct screen *screen)
{
    for (size_t i = screen->head; i < screen->count; i++)
        ot_buf_deinit(&screen->unseen[i].op);
    free(screen->unseen);
    free(screen->seen);
    wide_deinit(&screen->wide);
    ot_builder_free(screen->builder);
    for (size_t i = 0; i < sizeof screen->spare / sizeof *screen->spare; i++)
        ot_buf_deinit(&screen->spare[i]);
}

void screen_start(struct screen *screen, struct ot_slice op)
{
    if (screen->has_wide)
        wide_apply(&screen->wide, op);
}

void screen_push(struct screen *screen, uint32_t agent, struct ot_slice op)
{
    if (screen->head > 0 && screen->head == screen->count)
        screen->head = screen->count = 0;
    screen->unseen =
        bytes_grow(screen->unseen, &screen->capacity, screen->count + 1, sizeof *screen->unseen);
    struct screen_unseen *unseen = &screen->unseen[screen->count++];
    *unseen = (struct screen_unseen){.agent = agent};
    bytes_put(&unseen->op, op.data, op.size);
}

bool screen_lags(const struct screen *screen)
{
    return screen->head < screen->count;
}

bool screen_see(struct screen *screen)
{
    if (!screen_lags(screen))
        return false;
    struct screen_unseen *unseen = &screen->unseen[screen->head++];
    screen_start(screen, ot_buf_slice(&unseen->op));
    screen->seen[unseen->agent]++;
    ot_buf_deinit(&unseen->op);
    return true;
}

static int patch_operation(struct screen *screen, const struct trace_patch *patch,
                           struct ot_buf *out)
{
    uint64_t from = patch->position, to = from + patch->deleted;
    struct ot_slice text = {screen->trace->texts.data + patch->text, patch->text_size};

    if (screen->has_wide) {
        from = wide_units(&screen->wide, from);
        to = wide_units(&screen->wide, to);
    }
    ot_builder_retain(screen->builder, from, (struct ot_slice){0});
    if (text.size > 0)
        ot_builder_insert(screen->builder, text, (struct ot_slice){0});
    ot_builder_delete(screen->builder, to - from);
    ot_buf_clear(out);
    return ot_builder_finish(screen->builder, out);
}

/* The transaction's patches as one operation; the screen shows it then. */
static int fold_patches(struct screen *screen, const struct trace_txn *txn, struct ot_buf *out)
{
    struct ot_buf *patch = &screen->spare[0], *folded = &screen->spare[1];
    int code = OT_OK;

    bytes_set(out, (struct ot_slice){(const uint8_t *)"", 1});
    for (uint32_t i = 0; i < txn->patch_count && code == OT_OK; i++) {
        code = patch_operation(screen, &screen->trace->patches[txn->patch + i], patch);
        if (code != OT_OK)
            break;
        screen_start(screen, ot_buf_slice(patch));
        ot_buf_clear(folded);
        code = ot_compose(ot_buf_slice(out), ot_buf_slice(patch), OT_STABLE, folded);
        bytes_swap(out, folded);
    }
    return code;
}

static void carry_over_unseen(struct screen *screen, enum ot_side side, struct ot_buf *mine)
{
    struct ot_buf *theirs = &screen->spare[0], *moved = &screen->spare[1];
    enum ot_side other = side == OT_RIGHT ? OT_LEFT : OT_RIGHT;

    for (size_t i = screen->head; i < screen->count; i++) {
        struct ot_buf *unseen = &screen->unseen[i].op;
        ot_buf_clear(theirs);
        ot_buf_clear(moved);
        bytes_must(
            ot_transform(ot_buf_slice(unseen), ot_buf_slice(mine), other, OT_STABLE, theirs));
        bytes_must(ot_transform(ot_buf_slice(mine), ot_buf_slice(unseen), side, OT_STABLE, moved));
        bytes_swap(unseen, theirs);
        bytes_swap(mine, moved);
    }
}

int screen_make(struct screen *screen, uint32_t agent, const struct trace_txn *txn,
                enum ot_side side, struct ot_buf *out)
{
    int code = fold_patches(screen, txn, out);

    if (code != OT_OK)
        return code;
    carry_over_unseen(screen, side, out);
    screen->seen[agent]++;
    return OT_OK;
}

#include "tools/replay/play.h"

#include "tools/peer/bytes.h"
#include "tools/peer/link.h"
#include "tools/replay/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void play_compare(struct cast *cast, const struct ot_doc *doc, uint64_t version, uint32_t expected)
{
    uint32_t own;

    bytes_must(ot_doc_hash(doc, &own));
    if (own != expected)
        record_mark(&cast->record, version);
}

static size_t first_difference(struct ot_slice a, struct ot_slice b)
{
    size_t at = 0;
    while (at < a.size && at < b.size && a.data[at] == b.data[at])
        at++;
    return at == a.size && at == b.size ? SIZE_MAX : at;
}

static bool merges_to(const struct cast *cast, const uint32_t *order, enum ot_side side,
                      struct ot_slice text)
{
    struct ot_buf merged = {0};
    bool same = merge_text(cast->trace, &cast->plan, order, side, &merged) == OT_OK &&
                bytes_equal(ot_buf_slice(&merged), text);
    ot_buf_deinit(&merged);
    return same;
}

/* The transactions as they stand in the log, and those that were not sent in between. False if not
 * all are known. */
static bool log_order(const struct cast *cast, uint32_t *order)
{
    size_t count = 0, silent = 0;

    for (uint64_t version = 0; version <= cast->record.count; version++) {
        uint32_t txn = record_txn(&cast->record, version);
        if (txn != UINT32_MAX && count < cast->plan.txn_count)
            order[count++] = txn;
        while (silent < cast->silent_count && cast->silent[silent].after == version &&
               count < cast->plan.txn_count)
            order[count++] = cast->silent[silent++].txn;
    }
    return count == cast->plan.txn_count;
}

/* A text other than the recorded one is right if it is what the edits lead to in the order in which
 * the server put them, and the recorded one is what they lead to in the order of the file, ties
 * falling one way or the other. */
static bool differs_by_ties(const struct cast *cast, struct ot_slice text)
{
    struct ot_slice recorded = ot_buf_slice(&cast->trace->end);
    uint32_t *order = bytes_alloc(cast->plan.txn_count, sizeof *order);

    bool right = log_order(cast, order) && merges_to(cast, order, OT_RIGHT, text) &&
                 (merges_to(cast, cast->plan.order, OT_LEFT, recorded) ||
                  merges_to(cast, cast->plan.order, OT_RIGHT, recorded));
    free(order);
    return right;
}

static void compare_text(struct cast *cast, struct ot_slice text, struct play_result *result)
{
    result->text_bytes = text.size;
    result->differs_at = first_difference(text, ot_buf_slice(&cast->trace->end));
    result->tied = result->differs_at != SIZE_MAX && differs_by_ties(cast, text);
}

bool play(struct cast *cast, const struct play_options *options, struct progress *progress,
          struct play_result *result_out)
{
    struct ot_buf text = {0};
    uint64_t start_us = link_now_us();

    *result_out = (struct play_result){.differs_at = SIZE_MAX, .diverged_txn = UINT32_MAX};
    cast->fold = options->fold;
    cast_begin(cast);
    progress_begin(progress, cast->trace->txn_count);
    if (options->url != NULL)
        play_server(cast, options, progress, result_out, &text);
    else
        play_engine(cast, progress, result_out, &text);
    progress_end(progress);

    result_out->seconds = (double)(link_now_us() - start_us) / 1e6;
    result_out->edits = cast->made;
    result_out->diverged = cast->record.diverged;
    result_out->diverged_txn = record_txn(&cast->record, cast->record.diverged);
    snprintf(result_out->error, sizeof result_out->error, "%s", cast->error);
    if (cast->error[0] == '\0')
        compare_text(cast, ot_buf_slice(&text), result_out);
    ot_buf_deinit(&text);
    return cast->error[0] == '\0' && result_out->diverged == 0 &&
           (result_out->differs_at == SIZE_MAX || result_out->tied);
}

/*
 * The text that a trace leads to, worked out directly: no versions, no server, no clients, only
 * each author's screen and one document. What the plays are measured against.
 */
#ifndef QUIRE_REPLAY_MERGE_H
#define QUIRE_REPLAY_MERGE_H

#include "tools/replay/plan.h"
#include "tools/replay/trace.h"

/*
 * Appends the text that the transactions lead to when committed in this order, which has to keep
 * the plan's conditions. `side`: where two authors insert at one place at once, OT_RIGHT puts the
 * later edit to the right, as a server does, and OT_LEFT to the left. Both are right outcomes;
 * which one a recording holds depends on the program that made it. OT_OK, or why an edit does not
 * fit.
 */
int merge_text(const struct trace *trace, const struct plan *plan, const uint32_t *order,
               enum ot_side side, struct ot_buf *out);

#endif

/*
 * What an author of a trace looks at: the document with some of the others' edits not yet in it.
 * Edits are made on the screen and carried over those, so that they come out fit for the whole
 * document.
 *
 *     document on the screen, then `unseen` = whole document
 */
#ifndef QUIRE_REPLAY_SCREEN_H
#define QUIRE_REPLAY_SCREEN_H

#include "tools/replay/trace.h"
#include "tools/replay/wide.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen_unseen;

struct screen {
    const struct trace *trace;
    bool has_wide; /* positions have to be turned into UTF-16 units, with the help of: */
    struct wide wide;
    struct ot_builder *builder;
    struct screen_unseen *unseen; /* unseen[head .. count) */
    size_t head, count, capacity;
    uint32_t *seen; /* [agent]: how many of the agent's edits are on the screen */
    struct ot_buf spare[2];
};

void screen_init(struct screen *screen, const struct trace *trace);
void screen_deinit(struct screen *screen);

/* `op` is on the screen at once: what the document was at the start. */
void screen_start(struct screen *screen, struct ot_slice op);
/* The document has changed by an edit of `agent`, which the screen does not show yet. */
void screen_push(struct screen *screen, uint32_t agent, struct ot_slice op);
/* Shows the first of those. False if there is none. */
bool screen_see(struct screen *screen);
/* True while there is one. */
bool screen_lags(const struct screen *screen);

/*
 * Makes a transaction of `agent` on the screen and appends it to `out`, fit for the whole document.
 * `side`: which side of the unseen inserts at the same place it goes to. OT_OK, or why it does not
 * fit.
 */
int screen_make(struct screen *screen, uint32_t agent, const struct trace_txn *txn,
                enum ot_side side, struct ot_buf *out);

#endif

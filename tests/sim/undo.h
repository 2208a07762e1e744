/*
 * What somebody has done in a document and can take back, and has taken back and can do again: the
 * inverses of their edits, each made against what was shown, carried over what others do, as
 * editors keep them.
 */
#ifndef QUIRE_TESTS_SIM_UNDO_H
#define QUIRE_TESTS_SIM_UNDO_H

#include "quire/ot.h"

#include <stdbool.h>

#define UNDO_MAX 8

struct undo_stack {
    struct ot_buf items[UNDO_MAX]; /* the last one is against what is shown, each before it against
                                      what that leads to */
    size_t count;
};

struct undo {
    struct undo_stack done, undone;
};

void undo_deinit(struct undo *undo);
/* `op` is about to be done to what is shown: typed, or (`taken`) made of what undo_take gave. */
void undo_note(struct undo *undo, const struct ot_doc *shown, struct ot_slice op, bool taken,
               bool redo);
/* Others have done `op`. */
void undo_carry(struct undo *undo, struct ot_slice op);
/* The last thing to be taken back, or to be done again. False: there is none. */
bool undo_take(struct undo *undo, bool redo, struct ot_buf *op_out);

#endif

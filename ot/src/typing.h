/*
 * Typing: edits that follow one another at one place, gathered without composing them. What they
 * come to is
 *
 *     retain `pos` | delete `before` | insert the text | delete `after`
 */
#ifndef OT_TYPING_H
#define OT_TYPING_H

#include "quire/ot.h"

struct typing {
    uint64_t pos;
    uint64_t before; /* 0 while there is no text */
    uint64_t after;
    uint64_t units; /* of the text */
    struct ot_buf text;
    struct ot_slice attributes; /* of the text, in the operation that brought them */
    bool is_open;
};

void ot_typing_deinit(struct typing *typing);
/* Takes in the next operation if it goes on where the last one was; the first one in any case, if
 * it is of that kind. OT_OK, with whether it did, or OT_E_MEMORY. */
int ot_typing_add(struct typing *typing, struct ot_slice op, bool *added_out);
/* Appends what has been gathered as one operation, and starts anew. */
int ot_typing_end(struct typing *typing, enum ot_order order, struct ot_buf *out);

#endif

/*
 * An operation that leads from one document to another: what a client takes a snapshot for, so that
 * what was typed and not yet saved can be carried over it.
 */
#ifndef QUIRE_PEER_DIFFERENCE_H
#define QUIRE_PEER_DIFFERENCE_H

#include "quire/ot.h"

/*
 * Appends an operation which, applied to the document `from`, gives `to` (both snapshots, checked).
 * It leaves the longest common beginning and, of the rest, the longest common end untouched. Linear
 * in the sizes. OT_OK, OT_E_MEMORY or OT_E_LENGTH.
 */
int difference(struct ot_slice from, struct ot_slice to, struct ot_buf *out);
/* The same from a document as it is now. */
int difference_to(const struct ot_doc *from, struct ot_slice to, struct ot_buf *out);

#endif

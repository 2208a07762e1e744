/*
 * The algebra of attributes: canonical maps, or empty slices for none.
 *
 * A result is one of the inputs or lies in `room`, for which ATTRIBUTES_ROOM bytes always suffice.
 */
#ifndef OT_ATTRIBUTES_H
#define OT_ATTRIBUTES_H

#include "quire/ot.h"

#define ATTRIBUTES_ROOM(a, b) ((a).size + (b).size + 5)

/* Is the nil of a patch kept, or has it done its work? */
enum attributes_nil { NIL_KEEP, NIL_DROP };

/* Patch `b` after `a`. */
struct ot_slice ot_attributes_compose(struct ot_slice a, struct ot_slice b, enum attributes_nil nil,
                                      uint8_t *room);
/* Patch `op` where that of `over` came first: OT_RIGHT loses the keys of `over`. */
struct ot_slice ot_attributes_transform(struct ot_slice op, struct ot_slice over, enum ot_side side,
                                        uint8_t *room);
/* What takes `patch` back where `base` was. */
struct ot_slice ot_attributes_invert(struct ot_slice patch, struct ot_slice base, uint8_t *room);
/* Without its nil entries. */
struct ot_slice ot_attributes_strip(struct ot_slice attributes, uint8_t *room);

#endif

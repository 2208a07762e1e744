/* Operations taken apart and put together again. */
#ifndef QUIRE_REPLAY_PARTS_H
#define QUIRE_REPLAY_PARTS_H

#include "quire/ot.h"

struct ot_builder *parts_builder(enum ot_order order);
/* Appends the operation that writes `text` into an empty document. OT_OK, or what is wrong with it.
 */
int parts_write(struct ot_slice text, struct ot_buf *out);
/* Appends what the component is, whatever its kind. */
void parts_put(struct ot_builder *builder, const struct ot_component *component);
/* Passes over one value, with all that is in it. */
void parts_skip_value(struct ot_slice *rest);
/* Pairs of a map of attributes, or 0 for none; moves `rest` to the first. */
uint32_t parts_enter(struct ot_slice *rest);

#endif

/* What most operations are: one insert of text, or one delete, somewhere. */
#ifndef OT_STROKE_H
#define OT_STROKE_H

#include "component.h"

struct stroke {
    uint64_t pos;
    struct part part;
    struct ot_slice text;
};

/* Is the operation one such edit? */
static inline bool stroke_read(struct areas areas, struct stroke *stroke_out)
{
    const uint8_t *at = areas.comps;
    if (at == areas.comps_end) {
        return false;
    }
    at = part_read(at, &stroke_out->part);
    stroke_out->pos = 0;
    if (stroke_out->part.kind == OT_RETAIN && stroke_out->part.attributes.size == 0) {
        /* A plain retain is never the last component. */
        stroke_out->pos = stroke_out->part.length;
        at = part_read(at, &stroke_out->part);
    }
    stroke_out->text = (struct ot_slice){areas.text, areas_text_size(&areas)};
    return at == areas.comps_end &&
           (stroke_out->part.kind == OT_INSERT || stroke_out->part.kind == OT_DELETE);
}

#endif

#include <assert.h>

#include "component.h"
#include "utf8.h"

void ot_iter_init(struct ot_iter *iter, struct ot_slice op)
{
    struct areas areas = areas_of(op);
    *iter =
        (struct ot_iter){areas.comps, areas.comps_end, areas.text, areas.text_end, areas.is_wide};
}

bool ot_iter_next(struct ot_iter *iter, struct ot_component *component_out)
{
    if (iter->comps == iter->comps_end) {
        return false;
    }
    struct part part;
    iter->comps = part_read(iter->comps, &part);
    *component_out = (struct ot_component){part.kind, part.length, part.attributes, {0}};
    if (part.attributes.size == 0) {
        component_out->attributes.data = NULL;
    }
    if (part.kind == OT_EMBED) {
        component_out->content = part.value;
    } else if (part.kind == OT_INSERT) {
        const uint8_t *end = iter->wide ? ot_utf8_skip(iter->text, iter->text_end, part.length)
                                        : iter->text + part.length;
        assert(end != NULL && end <= iter->text_end);
        component_out->content = (struct ot_slice){iter->text, (size_t)(end - iter->text)};
        iter->text = end;
    }
    return true;
}

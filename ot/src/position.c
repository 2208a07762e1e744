#include "checked.h"
#include "component.h"

uint64_t ot_transform_position(struct ot_slice op, uint64_t pos_u16, enum ot_side side)
{
    struct areas areas = areas_of(op);
    const uint8_t *at = areas.comps;
    uint64_t offset = 0; /* where the component stands in the result */
    assert_checked(op);
    while (at < areas.comps_end && offset <= pos_u16) {
        struct part part;
        at = part_read(at, &part);
        switch (part.kind) {
        case OT_RETAIN:
            offset += part.length;
            break;
        case OT_INSERT:
        case OT_EMBED:
            if (offset < pos_u16 || side == OT_RIGHT) {
                pos_u16 += part.length;
            }
            offset += part.length;
            break;
        case OT_DELETE:
            pos_u16 -= part.length < pos_u16 - offset ? part.length : pos_u16 - offset;
            break;
        }
    }
    return pos_u16;
}

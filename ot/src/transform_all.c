#include "checked.h"
#include "component.h"

/*
 * An operation on its way through a history. Most of what others did lies wholly before it or
 * wholly behind it, and then only the plain retain at its beginning changes: so that is kept apart,
 * as a number, and the rest is not touched.
 */
struct moving {
    uint64_t lead; /* plainly retained at the beginning */
    struct areas areas;
    const uint8_t *body;  /* the components from there on */
    uint64_t extent;      /* units that the body retains or deletes */
    bool begins_with_add; /* the body, with text or an embed */
    bool ends_with_add;
    bool has_patch; /* it sets attributes of what it retains */
};

static struct moving moving_begin(struct ot_slice op)
{
    struct moving moving = {.areas = areas_of(op)};
    const uint8_t *at = moving.body = moving.areas.comps;
    while (at < moving.areas.comps_end) {
        struct part part;
        bool is_first = at == moving.body;
        at = part_read(at, &part);
        if (is_first && part.kind == OT_RETAIN && part.attributes.size == 0) {
            moving.lead = part.length;
            moving.body = at;
            continue;
        }
        moving.ends_with_add = kind_adds(part.kind);
        moving.begins_with_add |= is_first && kind_adds(part.kind);
        moving.has_patch |= part.kind == OT_RETAIN && part.attributes.size > 0;
        moving.extent += kind_adds(part.kind) ? 0 : part.length;
    }
    return moving;
}

static int moving_end(const struct moving *moving, struct ot_buf *out)
{
    uint8_t head[2 * HEAD_SIZE_MAX], lead[HEAD_SIZE_MAX];
    size_t body_size = (size_t)(moving->areas.comps_end - moving->body);
    size_t lead_size =
        moving->lead == 0 ? 0 : (size_t)(head_put(lead, OT_RETAIN, false, moving->lead) - lead);
    size_t text_size = areas_text_size(&moving->areas);
    uint32_t header = (uint32_t)((lead_size + body_size) << 1) | moving->areas.is_wide;
    size_t head_size = (size_t)(varint_put(head, header) - head);
    int error = ot_buf_reserve(out, head_size + lead_size + body_size + text_size);
    if (error != OT_OK) {
        return error;
    }
    ot_buf_append(out, head, head_size);
    ot_buf_append(out, lead, lead_size);
    ot_buf_append(out, moving->body, body_size);
    return ot_buf_append(out, moving->areas.text, text_size);
}

enum place { BEFORE, WITHIN, BEHIND };

/* Where text that `over` puts in at `pos` comes to lie. */
static enum place place_of_add(const struct moving *moving, uint64_t pos, enum ot_side side)
{
    uint64_t end = moving->lead + moving->extent;
    if (pos < moving->lead ||
        (pos == moving->lead && (side == OT_RIGHT || !moving->begins_with_add))) {
        return BEFORE;
    }
    bool is_behind = pos > end || (pos == end && (side == OT_LEFT || !moving->ends_with_add));
    return is_behind ? BEHIND : WITHIN;
}

static enum place place_of_units(const struct moving *moving, uint64_t pos, uint64_t length)
{
    return pos + length <= moving->lead           ? BEFORE
           : pos >= moving->lead + moving->extent ? BEHIND
                                                  : WITHIN;
}

/* Moves past `over` if that touches nothing but the beginning; false, and nothing has changed, if
 * it does not. */
static bool moving_pass(struct moving *moving, struct ot_slice over, enum ot_side side)
{
    struct areas areas = areas_of(over);
    bool is_patched = moving->has_patch && side == OT_RIGHT;
    uint64_t pos = 0, lead = moving->lead;
    if (moving->body == moving->areas.comps_end) {
        return true; /* nothing stays nothing */
    }
    for (const uint8_t *at = areas.comps; at < areas.comps_end;) {
        struct part part;
        at = part_read(at, &part);
        bool adds = kind_adds(part.kind);
        enum place place =
            adds ? place_of_add(moving, pos, side) : place_of_units(moving, pos, part.length);
        if (place == BEHIND) {
            break;
        }
        if (part.kind == OT_RETAIN) {
            if (place == WITHIN && part.attributes.size > 0 && is_patched) {
                return false;
            }
        } else if (place == WITHIN) {
            return false;
        } else {
            lead = adds ? lead + part.length : lead - part.length;
        }
        pos += adds ? 0 : part.length;
    }
    if (lead + moving->extent > OT_LENGTH_MAX) {
        return false;
    }
    moving->lead = lead;
    return true;
}

/* One step of the general kind: the operation is written down anew, into the one of two buffers
 * that does not hold it. */
static int moving_step(struct moving *moving, struct ot_slice over, enum ot_side side,
                       enum ot_order order, struct ot_buf bufs[2])
{
    ot_buf_clear(&bufs[0]);
    int error = moving_end(moving, &bufs[0]);
    if (error == OT_OK) {
        ot_buf_clear(&bufs[1]);
        error = ot_transform(ot_buf_slice(&bufs[0]), over, side, order, &bufs[1]);
    }
    if (error == OT_OK) {
        *moving = moving_begin(ot_buf_slice(&bufs[1]));
    }
    return error;
}

int ot_transform_all(struct ot_slice op, const struct ot_slice *overs, size_t count,
                     enum ot_side side, enum ot_order order, struct ot_buf *out)
{
    static const uint8_t empty[] = {0};
    const struct ot_buf none = {.allocator = out->allocator};
    struct ot_buf bufs[3] = {none, none, none};
    struct moving moving = moving_begin(op);
    int error = OT_OK;
    assert_checked(op);
    if (order == OT_CANONICAL) {
        /* It may be given in the other order. */
        error = moving_step(&moving, (struct ot_slice){empty, sizeof empty}, side, order, bufs);
    }
    for (size_t i = 0; error == OT_OK && i < count; i++) {
        assert_checked(overs[i]);
        if (!moving_pass(&moving, overs[i], side)) {
            /* What is held now is read, the other one of the last two is written. */
            struct ot_buf held = bufs[1];
            bufs[1] = bufs[2];
            bufs[2] = held;
            error = moving_step(&moving, overs[i], side, order, bufs);
        }
    }
    if (error == OT_OK) {
        error = moving_end(&moving, out);
    }
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) {
        ot_buf_deinit(&bufs[i]);
    }
    return error;
}

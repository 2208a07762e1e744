#include "tools/replay/parts.h"

#include "tools/peer/bytes.h"

struct ot_builder *parts_builder(enum ot_order order)
{
    struct ot_builder *builder = ot_builder_new(order);
    bytes_must(builder == NULL ? OT_E_MEMORY : OT_OK);
    return builder;
}

int parts_write(struct ot_slice text, struct ot_buf *out)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);

    ot_builder_insert(builder, text, (struct ot_slice){0});
    int code = ot_builder_finish(builder, out);
    ot_builder_free(builder);
    return code;
}

void parts_put(struct ot_builder *builder, const struct ot_component *component)
{
    switch (component->kind) {
    case OT_RETAIN:
        ot_builder_retain(builder, component->length, component->attributes);
        break;
    case OT_INSERT:
        ot_builder_insert(builder, component->content, component->attributes);
        break;
    case OT_DELETE:
        ot_builder_delete(builder, component->length);
        break;
    case OT_EMBED:
        ot_builder_embed(builder, component->content, component->attributes);
        break;
    }
}

void parts_skip_value(struct ot_slice *rest)
{
    for (uint64_t left = 1; left > 0; left--) {
        struct ot_value value = ot_value_next(rest);
        if (value.kind == OT_VALUE_ARRAY)
            left += value.count;
        else if (value.kind == OT_VALUE_MAP)
            left += 2 * (uint64_t)value.count;
    }
}

uint32_t parts_enter(struct ot_slice *rest)
{
    return rest->size > 0 ? ot_value_next(rest).count : 0;
}

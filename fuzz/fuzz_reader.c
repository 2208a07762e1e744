/* Bytes as an operation, and as values. What the reader takes has one form: its components written
 * anew give the same bytes, and add up to what the reader says. */
#include "fuzz.h"

#include "tools/replay/parts.h"

#include <assert.h>
#include <string.h>

static void write_anew(struct ot_slice op, const struct ot_op_info *info)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct ot_op_info seen = {0};
    struct ot_component c;
    struct ot_buf out = {0};
    struct ot_iter iter;
    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &c); seen.components++) {
        bool inserts = c.kind == OT_INSERT || c.kind == OT_EMBED;
        *(inserts ? &seen.inserted_length : &seen.base_length) += c.length;
        seen.attributes_size += c.attributes.size;
        parts_put(builder, &c);
    }
    assert(ot_builder_finish(builder, &out) == OT_OK);
    assert(out.size == op.size && memcmp(out.data, op.data, op.size) == 0);
    assert(seen.components == info->components && seen.base_length == info->base_length);
    assert(seen.inserted_length == info->inserted_length);
    assert(seen.attributes_size == info->attributes_size);
    ot_builder_free(builder);
    ot_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ot_slice bytes = {data, size};
    struct ot_op_info info;
    struct ot_error error = {0};
    if (ot_op_check(bytes, &info, &error) == OT_OK) {
        write_anew(bytes, &info);
    }
    assert(error.at <= size);
    if (ot_value_check(bytes, NULL) == OT_OK) {
        parts_skip_value(&bytes);
        assert(bytes.size == 0);
    } else {
        assert(ot_attributes_check(bytes, NULL) != OT_OK && ot_embed_check(bytes, NULL) != OT_OK);
    }
    return 0;
}

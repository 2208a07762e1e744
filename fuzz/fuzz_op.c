/*
 * Bytes as an operation. If the reader takes them: writing its components anew gives the same
 * bytes; it can be applied to a document exactly if the document says so; the document stays sound;
 * and what invert gives takes it back.
 */
#include "fuzz.h"

#include "quire/ot.h"

#include <assert.h>
#include <string.h>

static const char base[] = "The quick brown fox, \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and more.";

static bool same(struct ot_slice a, struct ot_slice b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void write_anew(struct ot_slice op)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf out = {0};
    struct ot_iter iter;
    struct ot_component component;
    ot_iter_init(&iter, op);
    while (ot_iter_next(&iter, &component)) {
        switch (component.kind) {
        case OT_RETAIN:
            ot_builder_retain(builder, component.length, component.attributes);
            break;
        case OT_INSERT:
            ot_builder_insert(builder, component.content, component.attributes);
            break;
        case OT_DELETE:
            ot_builder_delete(builder, component.length);
            break;
        case OT_EMBED:
            ot_builder_embed(builder, component.content, component.attributes);
            break;
        }
    }
    assert(ot_builder_finish(builder, &out) == OT_OK && same(ot_buf_slice(&out), op));
    ot_builder_free(builder);
    ot_buf_deinit(&out);
}

static void apply_and_take_back(struct ot_slice op)
{
    struct ot_builder *builder = ot_builder_new(OT_CANONICAL);
    struct ot_buf before = {0}, inverse = {0}, after = {0};
    struct ot_doc *doc;
    ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)base, sizeof base - 1},
                      (struct ot_slice){0});
    assert(ot_builder_finish(builder, &before) == OT_OK);
    assert(ot_doc_load(ot_buf_slice(&before), &doc) == OT_OK);
    bool fits = ot_doc_check(doc, op, NULL) == OT_OK;
    if (fits) {
        assert(ot_doc_invert(doc, op, OT_STABLE, &inverse) == OT_OK);
    }
    assert((ot_doc_apply(doc, op, NULL) == OT_OK) == fits && ot_doc_sound(doc));
    if (fits) {
        assert(ot_doc_apply(doc, ot_buf_slice(&inverse), NULL) == OT_OK);
    }
    assert(ot_doc_snapshot(doc, &after) == OT_OK);
    assert(same(ot_buf_slice(&before), ot_buf_slice(&after)));
    ot_doc_free(doc);
    ot_builder_free(builder);
    ot_buf_deinit(&before);
    ot_buf_deinit(&inverse);
    ot_buf_deinit(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ot_slice op = {data, size};
    struct ot_op_info info;
    if (ot_op_check(op, &info, NULL) == OT_OK) {
        write_anew(op);
        if (info.inserted_length < 100000) {
            apply_and_take_back(op);
        }
    }
    return 0;
}

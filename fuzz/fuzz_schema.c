/* Bytes as an operation of a rich document. What is refused is refused at one of its components;
 * what the table allows, a server that allows more allows too, and so is each of its components
 * alone. */
#include "fuzz.h"

#include "server/schema/schema.h"
#include "tools/replay/parts.h"

#include <assert.h>
#include <string.h>

static bool allows(const char *formats, struct ot_slice op, struct schema_error *error)
{
    char message[SCHEMA_MESSAGE_MAX];
    struct ot_op_info info;
    struct schema *schema = schema_new(formats, message);
    assert(schema != NULL && ot_op_check(op, &info, NULL) == OT_OK);
    bool allowed = schema_allows(schema, op, &info, error);
    assert(allowed || (error->at < op.size && strncmp(error->code, "bad_", 4) == 0));
    schema_free(schema);
    return allowed;
}

static void check_alone(struct ot_slice op)
{
    struct ot_builder *builder = parts_builder(OT_STABLE);
    struct ot_component component;
    struct schema_error error;
    struct ot_iter iter;
    for (ot_iter_init(&iter, op); ot_iter_next(&iter, &component);) {
        struct ot_buf alone = {0};
        parts_put(builder, &component);
        assert(ot_builder_finish(builder, &alone) == OT_OK);
        assert(allows("", ot_buf_slice(&alone), &error));
        ot_buf_deinit(&alone);
    }
    ot_builder_free(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ot_slice op = {data, size};
    struct schema_error error;
    if (ot_op_check(op, NULL, NULL) != OT_OK) {
        return 0;
    }
    if (allows("", op, &error)) {
        assert(allows("mention,comment", op, &error) && allows("any", op, &error));
        check_alone(op);
    }
    allows("x,y,bold", op, &error);
    return 0;
}

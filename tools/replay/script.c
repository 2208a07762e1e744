#include "tools/replay/script.h"

#include "tools/peer/bytes.h"

#include <stdlib.h>

void script_deinit(struct script *script)
{
    free(script->steps);
    ot_buf_deinit(&script->bytes);
    *script = (struct script){0};
}

void script_add(struct script *script, uint64_t base, struct ot_slice op)
{
    script->steps =
        bytes_grow(script->steps, &script->capacity, script->count + 1, sizeof *script->steps);
    struct script_step *step = &script->steps[script->count];
    *step = (struct script_step){
        .base = base < script->count ? base : script->count,
        .at = script->bytes.size,
        .size = op.size,
    };
    bytes_put(&script->bytes, op.data, op.size);
    script->count++;
}

struct ot_slice script_op(const struct script *script, size_t step)
{
    const struct script_step *found = &script->steps[step];
    return (struct ot_slice){script->bytes.data + found->at, found->size};
}

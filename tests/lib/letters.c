#include "lib/letters.h"

#include "quire/ot.h"

#include <stdlib.h>
#include <string.h>

struct blob *letters_insertion(size_t count)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};
    uint8_t *letters = malloc(count);
    if (builder == NULL || letters == NULL) {
        abort();
    }
    memset(letters, 'a', count);
    ot_builder_insert(builder, (struct ot_slice){letters, count}, (struct ot_slice){0});
    if (ot_builder_finish(builder, &op) != OT_OK) {
        abort();
    }
    struct blob *blob = blob_copy(op.data, op.size);
    ot_builder_free(builder);
    ot_buf_deinit(&op);
    free(letters);
    return blob;
}

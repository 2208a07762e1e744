/* A program of somebody who has nothing but the installed library. */
#include <stdio.h>
#include <string.h>

#include <quire/ot.h>

int main(void)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_slice text = {(const uint8_t *)"installed\n", 10};
    struct ot_buf op = {0};
    struct ot_buf out = {0};
    struct ot_doc *doc = ot_doc_new();
    if (builder == NULL || doc == NULL) {
        return 1;
    }
    ot_builder_insert(builder, text, (struct ot_slice){0});
    int error = ot_builder_finish(builder, &op);
    if (error == OT_OK) {
        error = ot_doc_apply(doc, ot_buf_slice(&op), NULL);
    }
    if (error == OT_OK) {
        error = ot_doc_text(doc, &out);
    }
    if (error != OT_OK || out.size != text.size || memcmp(out.data, text.data, out.size) != 0) {
        fprintf(stderr, "%s\n", ot_error_text(error));
        return 1;
    }
    printf("%.*s", (int)out.size, (const char *)out.data);
    ot_buf_deinit(&op);
    ot_buf_deinit(&out);
    ot_builder_free(builder);
    ot_doc_free(doc);
    return 0;
}

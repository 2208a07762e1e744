#include "server/operate/content.h"
#include "server/operate/lines.h"

#include "delta_json.h"

#include <jansson.h>

static int write_line(json_t *line, FILE *out)
{
    if (!line)
        return OT_E_MEMORY;
    bool is_whole = json_dumpf(line, out, JSON_COMPACT) == 0;
    putc('\n', out);
    json_decref(line);
    return is_whole || ferror(out) ? OT_OK : OT_E_MEMORY;
}

/* Version 0 is the header's own operation, so that the lines by themselves lead to the document. */
int lines_write_header(const struct store_document *document, uint64_t version, struct store *store,
                       FILE *out)
{
    json_t *header =
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:o}", "quire", LINES_FORM, "id", document->id,
                  "type", document->type == STORE_RICH ? "rich" : "text", "title", document->title,
                  "created_ms", (json_int_t)document->created_ms, "versions", (json_int_t)version,
                  "ops", delta_to_json(content_first(document->type)));
    int code = header && store ? lines_sharing_write(store, document->key, header) : STORE_OK;
    if (code == STORE_OK)
        return write_line(header, out);
    json_decref(header);
    return code;
}

int lines_write_edit(const struct store_edit *edit, FILE *out)
{
    json_t *ops = delta_to_json((struct ot_slice){edit->op.data, edit->op.size});
    if (!ops)
        return OT_E_MEMORY;
    if (edit->client == 0)
        return write_line(json_pack("{s:I, s:o}", "version", (json_int_t)edit->version, "ops", ops),
                          out);
    return write_line(json_pack("{s:I, s:I, s:I, s:I, s:o}", "version", (json_int_t)edit->version,
                                "client", (json_int_t)edit->client, "seq", (json_int_t)edit->seq,
                                "at_ms", (json_int_t)edit->at_ms, "ops", ops),
                      out);
}

int lines_write_delta(struct ot_slice snapshot, FILE *out)
{
    return write_line(json_pack("{s:o}", "ops", delta_to_json(snapshot)), out);
}

/*
 * A document with its history as lines of JSON (docs/export-format.md): a header, then one line for
 * each edit. And the other forms that documents come and go in.
 */
#ifndef QUIRE_OPERATE_LINES_H
#define QUIRE_OPERATE_LINES_H

#include "server/operate/lines_sharing.h"
#include "server/operate/message.h"

#include <quire/ot.h>
#include <stdbool.h>
#include <stdio.h>

#define LINES_FORM 1 /* the number in the header */

/* ---- writing: 0, or an error of store.h or ot.h; what the file refuses shows in ferror ---- */

/* `store`: it has members and links, which go along; NULL: without. */
int lines_write_header(const struct store_document *document, uint64_t version, struct store *store,
                       FILE *out);
/* An edit; `client` 0: of nobody, with nothing but its version and operation. */
int lines_write_edit(const struct store_edit *edit, FILE *out);
/* A document's content as {"ops": [...]}. */
int lines_write_delta(struct ot_slice snapshot, FILE *out);

/* ---- reading ---- */

struct lines_edit {
    uint64_t client, seq; /* client 0: of nobody */
    int64_t at_ms;
    size_t at, size; /* its operation in `bytes` */
};

/* A document with its history, all of it in memory. Zero-initialise. */
struct lines {
    struct store_document document; /* empty: what the lines do not say */
    struct lines_edit *edits;       /* of version 1, 2, ... */
    size_t count, capacity;
    struct ot_buf bytes;
    struct ot_doc *doc; /* what they make */
    struct lines_sharing sharing;
};

void lines_deinit(struct lines *lines);

/* Each 0, or -1 with a sentence in `message_out` (MESSAGE_MAX). Every edit has been applied
 * to `doc` when it is 0. */
int lines_read(struct lines *lines, struct ot_slice text, char *message_out);
/* A document without history, rich. */
int lines_read_delta(struct lines *lines, struct ot_slice text, char *message_out);
/* The same, plain. */
int lines_read_text(struct lines *lines, struct ot_slice text, char *message_out);

/* Makes edits that lead to this content, each of a size that any client can take, of a document
 * that has none. 0 or an error of ot.h. */
int lines_add_content(struct lines *lines, struct ot_slice snapshot);

#endif

/* What a stored document says, by the engine. */
#ifndef QUIRE_OPERATE_CONTENT_H
#define QUIRE_OPERATE_CONTENT_H

#include "storage/store.h"

#include <quire/ot.h>
#include <stdbool.h>

/* What a document of this type is before its first edit. */
struct ot_slice content_first(enum store_type type);

/* Whether a document can have this id. What a file says is one need not be. */
bool content_is_id(const char *id);

/* The document of these snapshot bytes. OT_OK or an error of ot.h. */
int content_read(struct ot_slice snapshot, struct ot_doc **doc_out);
/* Applies bytes that are to be an operation. OT_OK or an error of ot.h. */
int content_apply(struct ot_doc *doc, struct store_slice op);

/* The document as it is now: its snapshot, with the later edits. 0 or an error of store.h or ot.h.
 */
int content_load(struct store *store, const struct store_document *document,
                 struct ot_doc **doc_out, uint64_t *version_out);

/* Saves the document as the snapshot of this version, at which nothing is left of it in the log. 0
 * or an error of store.h or ot.h. */
int content_settle(struct store *store, int64_t key, const struct ot_doc *doc, uint64_t version);

/* Whether an error of store.h or ot.h is the document's own: what is stored of it is damaged, or is
 * no document. The others say nothing of it. */
bool content_is_damage(int code);
/* A sentence for an error of store.h or ot.h. */
const char *content_error(int code);

#endif

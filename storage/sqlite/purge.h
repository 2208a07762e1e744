/* Clearing away what a deleted document leaves. */
#ifndef QUIRE_PURGE_H
#define QUIRE_PURGE_H

#include "storage/sqlite/document.h"

/* Removes a slice's worth of the document's rows, and notes in its own row, which is written, when
 * nothing is left. Within a transaction. */
int purge_slice(struct store *store, struct document *document);
/* The same for one of the documents that need it, if there is one. */
int purge_next(struct store *store, bool *found_out);

#endif

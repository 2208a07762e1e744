/*
 * A document made of what the store has of it: a snapshot, and the edits after it. Whatever the
 * bytes are; STORE_E_CORRUPT when they make no document, STORE_E_MEMORY.
 */
#ifndef QUIRE_HUB_REPLAY_H
#define QUIRE_HUB_REPLAY_H

#include "quire/ot.h"
#include "storage/store.h"

/* Without bytes: the document before its first edit. */
int replay_snapshot(enum store_type type, struct ot_slice snapshot, struct ot_doc **doc_out);
int replay_edit(struct ot_doc *doc, struct ot_slice op);

#endif

/* Who is in a document and where, as somebody there sees it (docs/protocol.md, PRESENCE). */
#ifndef QUIRE_TESTS_SIM_VIEW_H
#define QUIRE_TESTS_SIM_VIEW_H

#include "person.h"

/* The document has come to `version` by an edit of `member` (0: not known). */
void view_step(struct seat *seat, uint64_t version, uint64_t member, struct ot_slice op);
void view_forget_steps(struct seat *seat);
void view_presence(struct seat *seat, const struct peer_message *message);
/* It shows exactly those whose connections read the document, each where the server should have
 * moved it. */
void view_check(const struct seat *seat);

#endif

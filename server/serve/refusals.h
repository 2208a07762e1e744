/*
 * Which appends must be refused because one that they build on was.
 *
 * The hub numbers the edits and chat messages of a document before they are on disk. When a commit
 * is refused (the disk is full), later numbers may be on their way already; they must not become
 * durable without what comes before them. So: after number n of a document was refused, every
 * number above n is, until n comes again, which shows that the hub knows.
 */
#ifndef QUIRE_SERVE_REFUSALS_H
#define QUIRE_SERVE_REFUSALS_H

#include "server/hub/request.h"
#include "server/hub/table.h"

#include <stdbool.h>

/* Zero-initialise. */
struct refusals {
    struct table edits, chats; /* document's key -> lowest refused number */
};

void refusals_deinit(struct refusals *refusals);

/* A commit with this append was refused. */
void refusals_add(struct refusals *refusals, const struct store_request *append);
/* Whether this append must be refused; if not, what was refused before it is forgotten. */
bool refusals_hold(struct refusals *refusals, const struct store_request *append);

#endif

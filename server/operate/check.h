/* Whether a database is what it should be. */
#ifndef QUIRE_OPERATE_CHECK_H
#define QUIRE_OPERATE_CHECK_H

#include "server/operate/message.h"
#include "server/operate/watch.h"
#include "storage/upkeep.h"

enum check_how {
    CHECK_ROWS, /* pages and checksums */
    CHECK_EDITS /* and that each document's edits make its snapshot and what comes after it */
};

struct checked {
    uint64_t findings;
    uint64_t documents, edits; /* that could be looked over; edits only of CHECK_EDITS */
};

/* Looks the database over, and prints what it finds as a table on standard output. 0, or -1 when it
 * could not be done: `message_out` (MESSAGE_MAX) says why. */
int check_store(struct store *store, enum check_how how, struct watch *watch,
                struct checked *checked_out, char *message_out);

#endif

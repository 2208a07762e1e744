/* The members of documents. */
#ifndef QUIRE_STORE_MEMBERS_H
#define QUIRE_STORE_MEMBERS_H

#include "storage/sharing.h"
#include "storage/sqlite/database.h"

/* Within a transaction. STORE_E_INVALID: the subject or the role is none. */
int member_write(struct store *store, int64_t key, const char *subject, unsigned role,
                 int64_t at_ms);
/* The row that the statement stands on. STORE_E_CORRUPT when it does not match its checksum; what
 * can be had of it is given all the same. */
int member_take(sqlite3_stmt *statement, int64_t key, struct store_member *member_out);

#endif

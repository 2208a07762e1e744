/* The links that share documents. */
#ifndef QUIRE_STORE_LINKS_H
#define QUIRE_STORE_LINKS_H

#include "storage/sharing.h"
#include "storage/sqlite/database.h"

/* The row that the statement stands on. STORE_E_CORRUPT when it does not match its checksum; what
 * can be had of it is given all the same. */
int link_take(sqlite3_stmt *statement, int64_t key, struct store_link *link_out);

#endif

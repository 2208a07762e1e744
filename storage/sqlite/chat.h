/* Chat messages. */
#ifndef QUIRE_STORE_CHAT_H
#define QUIRE_STORE_CHAT_H

#include "storage/sqlite/database.h"

/* Within a transaction: adds the document's next message. */
int chat_append(struct store *store, const struct store_chat *chat);
/* The row that a CHAT_READ stands on, which lives as long. STORE_E_CORRUPT when it does not match
 * its checksum; it is given all the same. */
int chat_take(sqlite3_stmt *statement, int64_t key, struct store_chat *chat_out);
/* The number of the document's last message, 0 if none. */
int chat_last(struct store *store, int64_t key, uint64_t *number_out);

#endif

/* Chat messages. */
#ifndef QUIRE_STORE_CHAT_H
#define QUIRE_STORE_CHAT_H

#include "storage/sqlite/database.h"

/* Within a transaction: adds the document's next message. */
int chat_append(struct store *store, const struct store_chat *chat);
/* The number of the document's last message, 0 if none. */
int chat_last(struct store *store, int64_t key, uint64_t *number_out);

#endif

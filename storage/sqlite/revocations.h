/* Tokens that were taken back. */
#ifndef QUIRE_STORE_REVOCATIONS_H
#define QUIRE_STORE_REVOCATIONS_H

#include "storage/sharing.h"
#include "storage/sqlite/database.h"

/* The row that the statement stands on. STORE_E_CORRUPT when it does not match its checksum. */
int revocation_take(sqlite3_stmt *statement, struct store_revocation *revocation_out);

#endif

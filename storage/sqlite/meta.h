/* The one row that says which database this is. */
#ifndef QUIRE_META_H
#define QUIRE_META_H

#include "storage/sqlite/database.h"

/* Reads the epoch and the secret into the store, or draws them for a database that has nothing in
 * it yet. */
int meta_load(struct store *store);
/* STORE_E_CORRUPT when the row is not there or does not match its checksum. */
int meta_check(struct store *store);

#endif

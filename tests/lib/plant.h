/* Damage in a database that is open. */
#ifndef QUIRE_TESTS_PLANT_H
#define QUIRE_TESTS_PLANT_H

#include "storage/store.h"

/* Runs a statement that changes one row. */
void plant(struct store *store, const char *sql);

#endif

/* The tables, and how a database of an older version comes to have them. */
#ifndef QUIRE_SCHEMA_H
#define QUIRE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

#define SCHEMA_APPLICATION  0x51756972 /* "Quir", as SQLite's application_id */
#define SCHEMA_VERSION      3
#define SCHEMA_VERSION_TEXT "3"

/* What leads from the version that is its place in the list (0: an empty database) to the next. */
extern const char *const schema_migrations[SCHEMA_VERSION];

/* Runs what is missing after `version`, each step in a transaction of its own. SQLite's code. */
int schema_migrate(sqlite3 *db, const char *const *migrations, int count, int version);

/* Calls `differs` for each table and index of a new database that is not declared in this one word
 * for word as it is there. What else it has is passed over. SQLite's code. */
typedef void schema_differs_fn(void *context, const char *type, const char *name);
int schema_compare(sqlite3 *db, schema_differs_fn *differs, void *context);

#endif

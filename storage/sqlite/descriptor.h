/* SQLite on a file that somebody else has opened, and to which there may be no path. */
#ifndef QUIRE_SQLITE_DESCRIPTOR_H
#define QUIRE_SQLITE_DESCRIPTOR_H

#include <sqlite3.h>

struct descriptor;

/* Opens the database in the file behind `file`, which stays the caller's. It has no journal and no
 * locks, and syncs do nothing. Returns a result code of SQLite; in any case descriptor_close the
 * descriptor after the connection has been closed. */
int descriptor_open(int file, struct descriptor **descriptor_out, sqlite3 **db_out);
void descriptor_close(struct descriptor *descriptor);

#endif

/* Memory that SQLite asks for and does not get. One of all that is open in this process. */
#ifndef QUIRE_TESTS_SHORTAGE_H
#define QUIRE_TESTS_SHORTAGE_H

#include <stdbool.h>

/* Before anything else of SQLite is used. False: it cannot be done. */
bool shortage_install(void);
/* The allocation of this number from now fails, counted from 1, and if it `stays` all after it. */
void shortage_begin(long at, bool stays);
/* There is memory again. */
void shortage_end(void);

#endif

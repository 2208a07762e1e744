/* A directory of its own for a test. */
#ifndef QUIRE_TEST_TEMP_DIR_H
#define QUIRE_TEST_TEMP_DIR_H

#include <stddef.h>

#define TEMP_DIR_MAX 256

/* Makes a new empty directory below $TMPDIR or /tmp and gives its path (TEMP_DIR_MAX bytes). Ends
 * the program when that fails. */
void temp_dir_make(char *path_out);
/* Removes it with all that is in it. */
void temp_dir_remove(const char *path);

#endif

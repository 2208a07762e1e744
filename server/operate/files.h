/* Files that appear whole or not at all. */
#ifndef QUIRE_OPERATE_FILES_H
#define QUIRE_OPERATE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILES_PATH_MAX 4096

/* The path from the root, by the directory's real name; false and errno when there is no such
 * directory or the path is too long. */
bool files_absolute(const char *path, char *path_out);
/* "DIR/NAME", or false and errno. */
bool files_join(const char *dir, const char *name, char *path_out);
/* A name that nobody has, for what is to become `path`: "PATH.ab12cd34.partial". */
bool files_partial(const char *path, char *path_out);

bool files_exist(const char *path);
/* Whether both names are one file. */
bool files_same(const char *one, const char *other);
/* "-wal" or "-journal": there is a file with that behind its name, which SQLite would take for what
 * was not written into this one yet. NULL: neither. */
const char *files_find_beside(const char *path);
uint64_t files_bytes(const char *path);

/* All return 0, or -1 and errno. */
int files_sync(const char *path);
int files_sync_dir_of(const char *path);
/* Gives the synced file `from` its name, so that it is there after a crash too; replaces what has
 * that name only if told to. */
int files_place(const char *from, const char *to, bool replace);

#endif

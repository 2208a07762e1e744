/* Where the database is: its directory and its file, before SQLite is asked to open it. */
#ifndef QUIRE_PLACE_H
#define QUIRE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_PATH_MAX 4096
#define PLACE_URI_MAX  (3 * PLACE_PATH_MAX + 64)

/* The sentence that store_open gives to people. */
struct complaint {
    char *text;
    size_t size;
};

/* Writes the sentence and returns `code`. */
__attribute__((format(printf, 3, 4))) int complain(const struct complaint *complaint, int code,
                                                   const char *format, ...);

/* A path as it is shown: the end of a long one, so that there is room for what is wrong with it. */
struct shown {
    char text[72];
};
struct shown place_show(const char *path);

/* Makes the directory and an empty file, readable to nobody else, when they are missing, and gives
 * the file's path (PLACE_PATH_MAX bytes). */
int place_prepare(const char *dir, char *path_out, const struct complaint *complaint);
/* Syncs the directory of a file that was opened, so that the names in it outlast a power cut:
 * SQLite tries, and does without. */
int place_sync(const char *path, const struct complaint *complaint);
/* The same of a database that must be there; nothing is made. */
int place_find(const char *dir, char *path_out, const struct complaint *complaint);
/* The same of a file of any name. */
int place_name(const char *file, char *path_out, const struct complaint *complaint);

/* Whether the file has a write-ahead log with something in it. */
bool place_has_wal(const char *path);
/* Keeps every process from changing the file while `fd_out` is open. STORE_E_BUSY when one has it
 * open, STORE_E_ACCESS and errno when it cannot be read. */
int place_hold(const char *path, int *fd_out);
/* The path as what SQLite opens to read a file that nobody changes (PLACE_URI_MAX bytes). */
void place_uri(const char *path, char *uri_out);

#endif

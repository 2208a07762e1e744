/* Where the database is: its directory and its file, before SQLite is asked to open it. */
#ifndef QUIRE_PLACE_H
#define QUIRE_PLACE_H

#include <stddef.h>

#define PLACE_FILE     "quire.db"
#define PLACE_PATH_MAX 4096

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

#endif

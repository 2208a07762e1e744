/* What the tests of the operator's commands share: a directory, the program, documents. */
#ifndef QUIRE_TEST_OPERATE_WORLD_H
#define QUIRE_TEST_OPERATE_WORLD_H

#include "lib/rng.h"
#include "lib/server_process.h"
#include "lib/temp_dir.h"
#include "storage/upkeep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATH_SIZE (TEMP_DIR_MAX + 64)

struct place {
    char dir[TEMP_DIR_MAX];
    char data[PATH_SIZE], other[PATH_SIZE]; /* data directories, not there yet */
    char backup[PATH_SIZE];                 /* a file, not there yet */
};

/* As a test's setup and teardown, its state a place. */
int place_setup(void **state);
int place_teardown(void **state);
/* A path in the place's directory; lives until the sixteenth call after. */
const char *place_path(const struct place *place, const char *name);
/* How many files of a directory have this in their names. */
size_t count_files(const char *dir, const char *part);
void copy_file(const char *from, const char *to);
void assert_same_file(const char *one, const char *other);
void write_file(const char *path, const char *text);
/* To be freed. */
char *read_file(const char *path);

struct store *open_store(const char *data);

/* Makes a document of this many random edits by three clients, and three chat messages; saves its
 * snapshot after `settled` of the edits, 0 for never. */
void make_document(struct store *store, const char *id, enum store_type type, unsigned edits,
                   unsigned settled, struct rng *rng);
/* Both stores have this document with the same edits, snapshot left aside. */
void assert_same_document(struct store *one, struct store *other, const char *id);
/* The document's content as its snapshot; to be freed. */
uint8_t *content_of(struct store *store, const char *id, size_t *size_out);

/* Runs SQL on the database of a directory that nobody has open. */
void run_sql(const char *data, const char *sql);

#endif

/*
 * Some people who write into one document as fast as they are acknowledged, over real sockets. What
 * each of them was told is saved is remembered, to be compared with what is on disk.
 */
#ifndef QUIRE_TEST_WRITERS_H
#define QUIRE_TEST_WRITERS_H

#include "storage/store.h"

#include <stddef.h>
#include <stdint.h>

#define WRITERS_MAX      16
#define WRITERS_DOCUMENT "load"

struct writers;

/* Connects to the server on 127.0.0.1; each edit inserts `edit_bytes` letters. */
struct writers *writers_start(unsigned port, size_t count, size_t edit_bytes);
/* Lets them write until `acknowledged` edits of all together were acknowledged, or every connection
 * is closed. Returns how many were. */
uint64_t writers_run(struct writers *writers, uint64_t acknowledged);
/* Lets them write until every connection is closed. */
uint64_t writers_run_to_the_end(struct writers *writers);
/* Fails the test unless every acknowledged edit is in the store with the version it was given, and
 * the versions have no gap. */
void writers_check(const struct writers *writers, struct store *store);
/* The same of those that were acknowledged first. */
void writers_check_first(const struct writers *writers, struct store *store, uint64_t acknowledged);
void writers_free(struct writers *writers);

#endif

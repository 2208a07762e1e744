/* Where a session of fuzz_session keeps its documents: in memory (memory_store.c), or in a database
 * of its own that the session makes (disk_place.c). Which one is decided by what is linked. */
#ifndef QUIRE_FUZZ_PLACE_H
#define QUIRE_FUZZ_PLACE_H

struct store;

/* A new store, or NULL: the session makes one. */
struct store *place_open(void);
/* Ends it; NULL does nothing. */
void place_close(struct store *store);

#endif

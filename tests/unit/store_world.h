/* What the store's tests share: a store in a directory of its own, and short ways to use it. */
#ifndef QUIRE_TEST_STORE_WORLD_H
#define QUIRE_TEST_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/temp_dir.h"
#include "storage/store.h"

/* What is done to the store after each step of a test; the test must not notice. */
enum world_mode {
    WORLD_PLAIN,
    WORLD_REOPEN, /* closed and opened */
    WORLD_TIDY,   /* store_idle */
};

struct world {
    char dir[TEMP_DIR_MAX];
    char message[256];
    enum world_mode mode;
    struct store *store;
};

void world_init(struct world *world, enum world_mode mode);
void world_deinit(struct world *world);
void world_open(struct world *world);
void world_close(struct world *world);
void world_reopen(struct world *world);
void world_step(struct world *world);
/* The database's file (TEMP_DIR_MAX bytes or more). */
void world_path(const struct world *world, char *path_out, size_t size);

/* Keeps a copy of the file of a closed store, and puts it in place again. */
void world_keep_copy(const struct world *world);
void world_put_back(const struct world *world);

/* A test in each of the modes, its state a world. */
int world_setup_plain(void **state);
int world_setup_reopen(void **state);
int world_setup_tidy(void **state);
int world_teardown(void **state);
#define WORLD_TEST(test)                                                                           \
    {#test, test, world_setup_plain, world_teardown, NULL},                                        \
        {#test ", reopening after every step", test, world_setup_reopen, world_teardown, NULL},    \
    {                                                                                              \
#test ", tidying after every step", test, world_setup_tidy, world_teardown, NULL           \
    }

struct store_slice slice_of(const char *text);

int64_t world_create(struct world *world, const char *id);
/* Appends one edit; the operation is text. */
int world_append(struct world *world, int64_t key, uint64_t version, uint64_t client, uint64_t seq,
                 const char *op);
/* Appends edits first..last, of client 1, with their versions as text and sequence number. */
void world_fill(struct world *world, int64_t key, uint64_t first, uint64_t last);
/* Settles in as many slices as it takes, and gives their number. */
int world_settle(struct world *world, int64_t key, uint64_t version, const char *snapshot);
int world_chat(struct world *world, int64_t key, uint64_t number, uint64_t client, uint64_t nonce,
               const char *text);

/* The document has exactly the edits first..last of world_fill, in that range. */
void assert_filled(struct world *world, int64_t key, uint64_t first, uint64_t last);
/* `snapshot` NULL: any. */
void assert_head(struct world *world, int64_t key, uint64_t snapshot_version, const char *snapshot,
                 uint64_t version, uint64_t chat_number);
void assert_client(struct world *world, int64_t key, uint64_t client, uint64_t seq,
                   uint64_t version);

/* Runs SQL on the database of a store that is closed, by a connection of its own. */
void world_sql(struct world *world, const char *sql);
/* The number that the SQL selects. */
int64_t world_sql_number(struct world *world, const char *sql);

/* SQLite finds nothing wrong with the database of a store that is closed. */
void assert_integrity(struct world *world);

/* The seed of a random test: QUIRE_SEED, or a new one; printed either way. */
uint64_t world_seed(const char *test);
uint64_t random_next(uint64_t *state);
uint64_t random_below(uint64_t *state, uint64_t below);

#endif

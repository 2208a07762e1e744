#include "unit/store_world.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void world_init(struct world *world, enum world_mode mode)
{
    *world = (struct world){.mode = mode};
    temp_dir_make(world->dir);
    world_open(world);
}

void world_deinit(struct world *world)
{
    world_close(world);
    temp_dir_remove(world->dir);
}

void world_open(struct world *world)
{
    int rc = store_open(world->dir, &world->store, world->message, sizeof world->message);

    if (rc != STORE_OK)
        fail_msg("store_open: %s: %s", store_error_name(rc), world->message);
}

void world_close(struct world *world)
{
    store_close(world->store);
    world->store = NULL;
}

void world_reopen(struct world *world)
{
    world_close(world);
    world_open(world);
}

void world_step(struct world *world)
{
    if (world->mode == WORLD_REOPEN)
        world_reopen(world);
    if (world->mode == WORLD_TIDY)
        assert_int_equal(store_idle(world->store), STORE_OK);
}

void world_path(const struct world *world, char *path_out, size_t size)
{
    snprintf(path_out, size, "%s/quire.db", world->dir);
}

static void copy_file(const struct world *world, const char *from, const char *to)
{
    char command[2 * TEMP_DIR_MAX + 32];

    snprintf(command, sizeof command, "cd %s && cp %s %s", world->dir, from, to);
    assert_int_equal(system(command), 0);
}

void world_keep_copy(const struct world *world)
{
    copy_file(world, "quire.db", "quire.db.good");
}

void world_put_back(const struct world *world)
{
    copy_file(world, "quire.db.good", "quire.db");
}

static int setup(void **state, enum world_mode mode)
{
    struct world *world = malloc(sizeof *world);

    if (world == NULL)
        return -1;
    world_init(world, mode);
    *state = world;
    return 0;
}

int world_setup_plain(void **state)
{
    return setup(state, WORLD_PLAIN);
}

int world_setup_reopen(void **state)
{
    return setup(state, WORLD_REOPEN);
}

int world_setup_tidy(void **state)
{
    return setup(state, WORLD_TIDY);
}

int world_teardown(void **state)
{
    world_deinit(*state);
    free(*state);
    return 0;
}

struct store_slice slice_of(const char *text)
{
    return (struct store_slice){.data = (const uint8_t *)text, .size = strlen(text)};
}

/* ---- steps ---- */

int64_t world_create(struct world *world, const char *id)
{
    struct store_document document = {.type = STORE_RICH};

    snprintf(document.id, sizeof document.id, "%s", id);
    snprintf(document.title, sizeof document.title, "title of %s", id);
    assert_int_equal(store_create(world->store, &document, 1000), STORE_OK);
    world_step(world);
    return document.key;
}

int world_append(struct world *world, int64_t key, uint64_t version, uint64_t client, uint64_t seq,
                 const char *op)
{
    struct store_edit edit = {.key = key,
                              .version = version,
                              .client = client,
                              .seq = seq,
                              .at_ms = 2000 + (int64_t)version,
                              .op = slice_of(op)};
    int rc = store_append(world->store, &edit, 1, NULL, 0);

    world_step(world);
    return rc;
}

void world_fill(struct world *world, int64_t key, uint64_t first, uint64_t last)
{
    size_t count = (size_t)(last - first + 1);
    struct store_edit *edits = calloc(count, sizeof *edits);
    char(*ops)[24] = calloc(count, sizeof *ops);

    assert_true(edits != NULL && ops != NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t version = first + i;

        snprintf(ops[i], sizeof ops[i], "%" PRIu64, version);
        edits[i] = (struct store_edit){.key = key,
                                       .version = version,
                                       .client = 1,
                                       .seq = version,
                                       .at_ms = 2000 + (int64_t)version,
                                       .op = slice_of(ops[i])};
    }
    assert_int_equal(store_append(world->store, edits, count, NULL, 0), STORE_OK);
    free(edits);
    free(ops);
    world_step(world);
}

int world_settle(struct world *world, int64_t key, uint64_t version, const char *snapshot)
{
    bool done = false;
    int slices = 0;

    while (!done) {
        assert_int_equal(store_settle(world->store, key, version, slice_of(snapshot), 3000, &done),
                         STORE_OK);
        slices++;
        world_step(world);
    }
    return slices;
}

int world_chat(struct world *world, int64_t key, uint64_t number, uint64_t client, uint64_t nonce,
               const char *text)
{
    struct store_chat chat = {.key = key,
                              .number = number,
                              .client = client,
                              .nonce = nonce,
                              .at_ms = 4000,
                              .name = slice_of("Ada"),
                              .color = slice_of("#aa00ff"),
                              .text = slice_of(text)};
    int rc = store_append(world->store, NULL, 0, &chat, 1);

    world_step(world);
    return rc;
}

/* ---- looking ---- */

struct filled {
    int64_t key;
    uint64_t next;
};

static int check_filled(void *context, const struct store_edit *edit)
{
    struct filled *filled = context;
    char op[24];
    int size = snprintf(op, sizeof op, "%" PRIu64, filled->next);

    assert_int_equal(edit->key, filled->key);
    assert_int_equal(edit->version, filled->next);
    assert_int_equal(edit->client, 1);
    assert_int_equal(edit->seq, filled->next);
    assert_int_equal(edit->at_ms, 2000 + (int64_t)filled->next);
    assert_int_equal(edit->op.size, size);
    assert_memory_equal(edit->op.data, op, (size_t)size);
    filled->next++;
    return 0;
}

void assert_filled(struct world *world, int64_t key, uint64_t first, uint64_t last)
{
    struct filled filled = {.key = key, .next = first};

    assert_int_equal(store_history(world->store, key, first, last, check_filled, &filled),
                     STORE_OK);
    assert_int_equal(filled.next, last + 1);
}

void assert_head(struct world *world, int64_t key, uint64_t snapshot_version, const char *snapshot,
                 uint64_t version, uint64_t chat_number)
{
    struct store_head head;

    assert_int_equal(store_load(world->store, key, &head), STORE_OK);
    assert_int_equal(head.snapshot_version, snapshot_version);
    assert_int_equal(head.snapshot.size, snapshot != NULL ? strlen(snapshot) : head.snapshot.size);
    if (head.snapshot.size > 0 && snapshot != NULL)
        assert_memory_equal(head.snapshot.data, snapshot, head.snapshot.size);
    assert_int_equal(head.version, version);
    assert_int_equal(head.chat_number, chat_number);
}

void assert_client(struct world *world, int64_t key, uint64_t client, uint64_t seq,
                   uint64_t version)
{
    uint64_t found_seq = 77;
    uint64_t found_version = 77;

    assert_int_equal(store_client(world->store, key, client, &found_seq, &found_version), STORE_OK);
    assert_int_equal(found_seq, seq);
    assert_int_equal(found_version, version);
}

/* ---- behind the store's back ---- */

static int take_number(void *context, int columns, char **values, char **names)
{
    (void)names;
    if (columns > 0 && values[0] != NULL)
        *(int64_t *)context = strtoll(values[0], NULL, 10);
    return 0;
}

static void run_sql(struct world *world, const char *sql, int64_t *number_out)
{
    char path[TEMP_DIR_MAX + 16];
    char *message = NULL;
    sqlite3 *db;

    world_path(world, path, sizeof path);
    /* by the real file system, whichever the store is on */
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix"),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, take_number, number_out, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void world_sql(struct world *world, const char *sql)
{
    int64_t number;

    run_sql(world, sql, &number);
}

int64_t world_sql_number(struct world *world, const char *sql)
{
    int64_t number = -1;

    run_sql(world, sql, &number);
    return number;
}

void assert_integrity(struct world *world)
{
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM pragma_integrity_check"
                                             " WHERE integrity_check <> 'ok'"),
                     0);
}

/* ---- chance ---- */

uint64_t world_seed(const char *test)
{
    const char *given = getenv("QUIRE_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = given != NULL ? strtoull(given, NULL, 10)
                         : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    printf("%s: QUIRE_SEED=%" PRIu64 "\n", test, seed);
    fflush(stdout);
    return seed;
}

uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t below)
{
    return random_next(state) % below;
}

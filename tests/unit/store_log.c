/* The log stays short, what is known of it is true, and edits come from its rows when they are not
 * kept in memory. */
#include "unit/store_world.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/sqlite/database.h"
#include "unit/store_model.h"

#define DOCUMENTS 40

static int64_t number_in(struct world *world, const char *sql)
{
    sqlite3_stmt *statement;
    int64_t number;

    assert_int_equal(sqlite3_prepare_v2(world->store->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* What the store remembers of its log is what the table holds. */
static void assert_log_known(struct world *world)
{
    const struct store *store = world->store;
    int64_t rows = number_in(world, "SELECT count(*) FROM log");

    assert_int_equal(rows, store->log_next - store->log_first);
    if (rows > 0) {
        assert_int_equal(number_in(world, "SELECT min(row) FROM log"), store->log_first);
        assert_int_equal(number_in(world, "SELECT max(row) FROM log"), store->log_next - 1);
    }
    assert_int_equal(number_in(world, "SELECT coalesce(sum(length(op)), 0) FROM log"),
                     store->log_bytes);
}

/* ---- bounds ---- */

struct crowd {
    int64_t keys[DOCUMENTS];
    uint64_t versions[DOCUMENTS];
};

static void create_crowd(struct world *world, struct crowd *crowd)
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        char id[16];

        snprintf(id, sizeof id, "d%zu", i);
        crowd->keys[i] = world_create(world, id);
        crowd->versions[i] = 0;
    }
}

/* One more edit of a document; never of the first one, so that it stays the log's oldest. */
static void append_to_crowd(struct world *world, struct crowd *crowd, uint64_t *random)
{
    size_t i = 1 + random_below(random, DOCUMENTS - 1);

    crowd->versions[i]++;
    world_fill(world, crowd->keys[i], crowd->versions[i], crowd->versions[i]);
}

static void assert_crowd(struct world *world, const struct crowd *crowd)
{
    for (size_t i = 0; i < DOCUMENTS; i++) {
        assert_head(world, crowd->keys[i], 0, "", crowd->versions[i], 0);
        assert_filled(world, crowd->keys[i], 1, crowd->versions[i]);
        assert_client(world, crowd->keys[i], 1, crowd->versions[i], crowd->versions[i]);
    }
}

static void a_log_of_too_many_rows_is_shortened(void **state)
{
    struct world *world = *state;
    uint64_t random = world_seed("store_log");
    struct crowd crowd;

    create_crowd(world, &crowd);
    crowd.versions[0] = 2;
    world_fill(world, crowd.keys[0], 1, 2);
    world->store->log_rows_max = 200;
    for (int i = 0; i < 3000; i++) {
        append_to_crowd(world, &crowd, &random);
        assert_true(world->store->log_next - world->store->log_first <= 200);
    }
    assert_log_known(world);
    assert_true(store_unsettled(world->store, 0) <= 200);
    assert_int_equal(store_unsettled(world->store, crowd.keys[0]), 0);
    assert_crowd(world, &crowd);
    world_reopen(world);
    assert_crowd(world, &crowd);
    assert_log_known(world);
}

static void a_batch_longer_than_the_log_may_be_is_moved_on_at_once(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    world->store->log_rows_max = 100;
    world_fill(world, key, 1, 5000);
    assert_true(world->store->log_next - world->store->log_first <= 100);
    assert_filled(world, key, 1, 5000);
    assert_log_known(world);
}

static void a_log_of_too_many_bytes_is_shortened(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    int64_t b = world_create(world, "b");
    static char op[10001];

    memset(op, 'x', sizeof op - 1);
    world->store->log_bytes_max = 100000;
    assert_int_equal(world_append(world, a, 1, 1, 1, op), STORE_OK);
    for (uint64_t version = 1; version <= 50; version++) {
        assert_int_equal(world_append(world, b, version, 1, version, op), STORE_OK);
        assert_true(world->store->log_bytes <= 100000);
        assert_log_known(world);
    }
    assert_int_equal(store_unsettled(world->store, a), 0);
    assert_head(world, a, 0, "", 1, 0);
    assert_head(world, b, 0, "", 50, 0);
}

/* The oldest edits are those of a document whose row turns out to be damaged. */
static void a_damaged_document_does_not_hold_up_the_log(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    int64_t b = world_create(world, "b");

    world_fill(world, a, 1, 5);
    world_fill(world, b, 1, 50);
    assert_int_equal(sqlite3_exec(world->store->db,
                                  "UPDATE documents SET title = 'x' WHERE key = 1", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    world->store->log_rows_max = 20;
    world_fill(world, b, 51, 100);
    assert_true(store_unsettled(world->store, b) <= 20);
    assert_filled(world, b, 1, 100);
    assert_log_known(world);
    /* which of its rows stay is known when the log is read anew */
    world_reopen(world);
    for (int i = 0; i < 4; i++)
        assert_int_equal(store_idle(world->store), STORE_OK);
    assert_true(world->store->log_next - world->store->log_first <= 20);
    assert_int_equal(number_in(world, "SELECT count(*) FROM log WHERE doc = 1"), 5);
    assert_int_equal(number_in(world, "SELECT count(*) FROM log WHERE doc = 2 AND row <= 85"), 0);
    assert_filled(world, b, 1, 100);
}

static void a_log_that_nobody_needs_goes(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    world_fill(world, key, 1, 3000);
    world_settle(world, key, 3000, "s");
    for (int i = 0; i < 4; i++)
        assert_int_equal(store_idle(world->store), STORE_OK);
    assert_log_known(world);
    assert_int_equal(number_in(world, "SELECT count(*) FROM log"), 0);
    world_fill(world, key, 3001, 3010);
    assert_log_known(world);
    world_reopen(world);
    assert_log_known(world);
    assert_filled(world, key, 1, 3010);
}

/* Neither an edit nor a client stays in memory once it is settled. */
static void what_is_settled_leaves_the_index(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    const struct tail_document *tail;
    size_t kept;

    for (uint64_t version = 1; version <= 100; version++)
        assert_int_equal(world_append(world, key, version, version, 1, "some operation"), STORE_OK);
    tail = tail_find(&world->store->tail, key);
    kept = world->store->tail.kept_bytes;
    assert_int_equal(tail->clients.count, 100);
    world_settle(world, key, 75, "s");
    assert_int_equal(tail->count, 25);
    assert_int_equal(tail->clients.count, 25);
    assert_int_equal(world->store->tail.kept_bytes, kept / 4);
    world_settle(world, key, 100, "s");
    assert_null(tail_find(&world->store->tail, key));
    assert_int_equal(world->store->tail.kept_bytes, 0);
}

static void only_the_parts_of_the_last_snapshot_stay(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    char *large = calloc(1, 2000001);

    assert_non_null(large);
    memset(large, 's', 2000000);
    world_fill(world, key, 1, 1);
    world_settle(world, key, 1, large);
    assert_int_equal(number_in(world, "SELECT count(*) FROM snapshots"), 31);
    world_fill(world, key, 2, 2);
    large[1900000] = '\0';
    world_settle(world, key, 2, large);
    assert_int_equal(number_in(world, "SELECT count(*) FROM snapshots"), 29);
    world_fill(world, key, 3, 3);
    world_settle(world, key, 3, "small");
    assert_int_equal(number_in(world, "SELECT count(*) FROM snapshots"), 1);
    free(large);
}

/* ---- clearing away ---- */

static int64_t rows_of(struct world *world, int64_t key)
{
    static const char *const tables[] = {"segments", "snapshots", "clients", "chats"};
    int64_t rows = 0;

    for (size_t i = 0; i < 4; i++) {
        char sql[100];

        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE doc = %" PRId64, tables[i], key);
        rows += number_in(world, sql);
    }
    return rows;
}

static void make_large(struct world *world, int64_t key)
{
    char *snapshot = calloc(1, 1000001);

    assert_non_null(snapshot);
    memset(snapshot, 's', 1000000);
    world_fill(world, key, 1, 2000);
    for (uint64_t version = 2001; version <= 2300; version++)
        assert_int_equal(world_append(world, key, version, version, 1, "x"), STORE_OK);
    world_settle(world, key, 2300, snapshot);
    for (uint64_t number = 1; number <= 800; number++)
        assert_int_equal(world_chat(world, key, number, 1, number, "x"), STORE_OK);
    free(snapshot);
}

static void a_small_document_is_cleared_away_at_once(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    world_fill(world, key, 1, 100);
    world_settle(world, key, 100, "s");
    assert_int_equal(world_chat(world, key, 1, 1, 1, "x"), STORE_OK);
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    assert_int_equal(rows_of(world, key), 0);
    assert_int_equal(number_in(world, "SELECT state FROM documents"), 2);
}

static void a_large_document_is_cleared_away_slice_by_slice(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    int64_t other = world_create(world, "b");
    int64_t before;
    int slices = 0;

    make_large(world, key);
    make_large(world, other);
    before = rows_of(world, key);
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    while (number_in(world, "SELECT count(*) FROM documents WHERE state = 1") > 0) {
        int64_t left = rows_of(world, key);

        assert_true(before - left <= SLICE_WORK_MAX);
        before = left;
        if (slices++ == 2)
            world_reopen(world);
        assert_int_equal(store_idle(world->store), STORE_OK);
    }
    assert_true(slices >= 4);
    assert_int_equal(rows_of(world, key), 0);
    assert_int_equal(number_in(world, "SELECT count(*) FROM documents WHERE state = 2"), 1);
    assert_head(world, other, 2300, NULL, 2300, 800);
}

/* ---- at random ---- */

static void narrow(struct world *world, uint64_t *random)
{
    static const size_t kept[] = {0, 500, 20000};

    world->store->tail.kept_max = kept[random_below(random, 3)];
    world->store->log_rows_max = 20 + (int64_t)random_below(random, 300);
    world->store->log_bytes_max = 50000 + random_below(random, 300000);
}

static void a_store_with_little_room_does_what_its_model_does(void **state)
{
    uint64_t seed = world_seed("store_log");
    uint64_t random = seed;
    char text[MODEL_TEXT_MAX];

    (void)state;
    for (int round = 0; round < 4; round++) {
        struct world world;
        struct model model;

        model_init(&model);
        world_init(&world, WORLD_PLAIN);
        narrow(&world, &random);
        for (int i = 0; i < 250; i++) {
            struct step step;

            step_draw(&step, &model, &random);
            assert_int_equal(step_run(&step, &model, world.store), STORE_OK);
            assert_log_known(&world);
            if (random_below(&random, 25) != 0)
                continue;
            if (!model_matches(&model, world.store, text))
                fail_msg("QUIRE_SEED=%" PRIu64 ": %s", seed, text);
            world_reopen(&world);
            narrow(&world, &random);
        }
        if (!model_matches(&model, world.store, text))
            fail_msg("QUIRE_SEED=%" PRIu64 ": %s", seed, text);
        world_deinit(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_log_of_too_many_rows_is_shortened, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_batch_longer_than_the_log_may_be_is_moved_on_at_once,
                                        world_setup_plain, world_teardown),
        cmocka_unit_test_setup_teardown(a_log_of_too_many_bytes_is_shortened, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_damaged_document_does_not_hold_up_the_log,
                                        world_setup_plain, world_teardown),
        cmocka_unit_test_setup_teardown(a_log_that_nobody_needs_goes, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_leaves_the_index, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(only_the_parts_of_the_last_snapshot_stay, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_small_document_is_cleared_away_at_once, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_large_document_is_cleared_away_slice_by_slice,
                                        world_setup_plain, world_teardown),
        cmocka_unit_test(a_store_with_little_room_does_what_its_model_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Settling: the log's edits move to segments, with the snapshot that is made of them. */
#include "unit/store_world.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that differ from those of another seed at every place. */
static struct store_slice bytes_new(size_t size, uint8_t seed)
{
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256 + seed);
    return (struct store_slice){.data = bytes, .size = size};
}

static void bytes_free(struct store_slice bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static bool settle_once(struct world *world, int64_t key, uint64_t version,
                        struct store_slice snapshot)
{
    bool done;

    assert_int_equal(store_settle(world->store, key, version, snapshot, 3000, &done), STORE_OK);
    world_step(world);
    return done;
}

static int settle(struct world *world, int64_t key, uint64_t version, struct store_slice snapshot)
{
    int slices = 1;

    while (!settle_once(world, key, version, snapshot))
        slices++;
    return slices;
}

static void assert_snapshot(struct world *world, int64_t key, uint64_t version,
                            struct store_slice snapshot)
{
    struct store_head head;

    assert_int_equal(store_load(world->store, key, &head), STORE_OK);
    assert_int_equal(head.snapshot_version, version);
    assert_int_equal(head.snapshot.size, snapshot.size);
    if (snapshot.size > 0)
        assert_memory_equal(head.snapshot.data, snapshot.data, snapshot.size);
}

static void settling_saves_the_snapshot_and_keeps_the_history(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    world_fill(world, key, 1, 10);
    assert_head(world, key, 0, "", 10, 0);
    world_settle(world, key, 7, "made of 7");
    assert_head(world, key, 7, "made of 7", 10, 0);
    assert_int_equal(store_unsettled(world->store, key), 3);
    assert_filled(world, key, 1, 10);
    world_settle(world, key, 10, "made of 10");
    assert_head(world, key, 10, "made of 10", 10, 0);
    assert_int_equal(store_unsettled(world->store, key), 0);
    assert_filled(world, key, 1, 10);
    world_fill(world, key, 11, 12);
    assert_head(world, key, 10, "made of 10", 12, 0);
    assert_filled(world, key, 1, 12);
}

static void a_small_document_settles_in_one_slice(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    world_fill(world, key, 1, 30);
    assert_int_equal(world_settle(world, key, 30, "s"), 1);
    world_fill(world, key, 31, 40);
    assert_int_equal(world_settle(world, key, 40, "t"), 1);
}

static void a_version_not_reached_is_refused(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    bool done = true;

    assert_int_equal(store_settle(world->store, key, 1, slice_of("s"), 1, &done), STORE_E_INVALID);
    assert_false(done);
    world_fill(world, key, 1, 3);
    assert_int_equal(store_settle(world->store, key, 4, slice_of("s"), 1, &done), STORE_E_INVALID);
    world_settle(world, key, 3, "s");
    assert_int_equal(store_settle(world->store, key, 4, slice_of("s"), 1, &done), STORE_E_INVALID);
    assert_int_equal(store_settle(world->store, key, UINT64_MAX, slice_of("s"), 1, &done),
                     STORE_E_INVALID);
    assert_head(world, key, 3, "s", 3, 0);
}

static void a_version_that_is_settled_is_done(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    assert_int_equal(world_settle(world, key, 0, ""), 1);
    world_fill(world, key, 1, 5);
    assert_int_equal(world_settle(world, key, 0, ""), 1);
    assert_head(world, key, 0, "", 5, 0);
    world_settle(world, key, 4, "at 4");
    assert_int_equal(world_settle(world, key, 4, "again"), 1);
    assert_int_equal(world_settle(world, key, 3, "older"), 1);
    assert_int_equal(world_settle(world, key, 0, ""), 1);
    assert_head(world, key, 4, "at 4", 5, 0);
}

static void snapshots_of_any_size_come_back(void **state)
{
    struct world *world = *state;
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 3000000, 70, 0, 5};
    int64_t key = world_create(world, "a");

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct store_slice snapshot = bytes_new(sizes[i], (uint8_t)(i + 1));

        world_fill(world, key, i + 1, i + 1);
        settle(world, key, i + 1, snapshot);
        assert_snapshot(world, key, i + 1, snapshot);
        bytes_free(snapshot);
    }
}

static void a_snapshot_beyond_the_limit_is_refused(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice snapshot = bytes_new(STORE_SNAPSHOT_MAX + 1, 1);
    bool done = false;

    world_fill(world, key, 1, 1);
    assert_int_equal(store_settle(world->store, key, 1, snapshot, 1, &done), STORE_E_INVALID);
    assert_int_equal(store_unsettled(world->store, key), 1);
    snapshot.size--;
    while (!done)
        assert_int_equal(store_settle(world->store, key, 1, snapshot, 1, &done), STORE_OK);
    assert_snapshot(world, key, 1, snapshot);
    bytes_free(snapshot);
}

/* Slices go on where the last one ended unless the store was closed in between. */
static void large_documents_settle_in_slices_and_stay_whole(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice old = bytes_new(1500000, 1);
    struct store_slice new = bytes_new(1400000, 2);
    bool done = false;
    int slices = 0;

    world->mode = WORLD_PLAIN;
    world_fill(world, key, 1, 10);
    settle(world, key, 10, old);
    world_fill(world, key, 11, 3000);
    while (!done) {
        done = settle_once(world, key, 3000, new);
        slices++;
        assert_filled(world, key, 1, 3000);
        if (done)
            assert_snapshot(world, key, 3000, new);
    }
    assert_true(slices > 5);
    bytes_free(old);
    bytes_free(new);
}

static void edits_arrive_between_slices(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice snapshot = bytes_new(700000, 1);
    uint64_t version = 1500;

    world->mode = WORLD_PLAIN;
    world_fill(world, key, 1, version);
    while (!settle_once(world, key, 1500, snapshot)) {
        world_fill(world, key, version + 1, version + 10);
        version += 10;
        assert_filled(world, key, 1, version);
    }
    assert_true(version > 1520);
    assert_snapshot(world, key, 1500, snapshot);
    assert_int_equal(store_unsettled(world->store, key), version - 1500);
    assert_client(world, key, 1, version, version);
    bytes_free(snapshot);
}

static void documents_settle_side_by_side(void **state)
{
    struct world *world = *state;
    int64_t keys[3];
    struct store_slice snapshots[3];
    bool done[3] = {false};

    world->mode = WORLD_PLAIN;
    for (size_t i = 0; i < 3; i++) {
        char id[2] = {(char)('a' + i), '\0'};

        keys[i] = world_create(world, id);
        world_fill(world, keys[i], 1, 1200);
        snapshots[i] = bytes_new(900000, (uint8_t)(i + 1));
    }
    while (!done[0] || !done[1] || !done[2])
        for (size_t i = 0; i < 3; i++)
            done[i] = settle_once(world, keys[i], 1200, snapshots[i]);
    for (size_t i = 0; i < 3; i++) {
        assert_snapshot(world, keys[i], 1200, snapshots[i]);
        assert_filled(world, keys[i], 1, 1200);
        bytes_free(snapshots[i]);
    }
}

static void a_newer_snapshot_overtakes_one_that_is_half_written(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice half = bytes_new(2000000, 1);
    struct store_slice whole = bytes_new(900000, 2);

    world_fill(world, key, 1, 20);
    assert_false(settle_once(world, key, 10, half));
    assert_false(settle_once(world, key, 10, half));
    world->mode = WORLD_PLAIN;
    settle(world, key, 20, whole);
    assert_snapshot(world, key, 20, whole);
    settle(world, key, 10, half);
    assert_snapshot(world, key, 20, whole);
    world_reopen(world);
    assert_snapshot(world, key, 20, whole);
    bytes_free(half);
    bytes_free(whole);
}

static void settling_an_older_version_leaves_a_half_written_snapshot_alone(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice first = bytes_new(100000, 1);
    struct store_slice second = bytes_new(2000000, 2);
    int whole;

    world->mode = WORLD_PLAIN;
    world_fill(world, key, 1, 30);
    settle(world, key, 5, first);
    whole = settle(world, key, 9, second);
    settle(world, key, 10, first);
    assert_false(settle_once(world, key, 20, second));
    assert_false(settle_once(world, key, 20, second));
    settle(world, key, 10, first);
    assert_snapshot(world, key, 10, first);
    /* it goes on where it was */
    assert_true(settle(world, key, 20, second) < whole);
    assert_snapshot(world, key, 20, second);
    bytes_free(first);
    bytes_free(second);
}

static void a_snapshot_half_written_before_closing_is_begun_again(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_slice longer = bytes_new(2000000, 1);
    struct store_slice shorter = bytes_new(150000, 2);

    world_fill(world, key, 1, 20);
    assert_false(settle_once(world, key, 20, longer));
    assert_false(settle_once(world, key, 20, longer));
    world_reopen(world);
    assert_head(world, key, 0, "", 20, 0);
    world->mode = WORLD_PLAIN;
    settle(world, key, 20, shorter);
    assert_snapshot(world, key, 20, shorter);
    world_reopen(world);
    assert_snapshot(world, key, 20, shorter);
    bytes_free(longer);
    bytes_free(shorter);
}

static void many_small_settlings_fill_segments_up(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    for (uint64_t version = 1; version <= 300; version++) {
        world_fill(world, key, version, version);
        world_settle(world, key, version, "s");
    }
    assert_filled(world, key, 1, 300);
    world_close(world);
    assert_true(world_sql_number(world, "SELECT count(*) FROM segments") <= 3);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM snapshots"), 1);
    assert_int_equal(world_sql_number(world, "SELECT count(*) FROM clients"), 1);
    world_open(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(settling_saves_the_snapshot_and_keeps_the_history),
        WORLD_TEST(a_small_document_settles_in_one_slice),
        WORLD_TEST(a_version_not_reached_is_refused),
        WORLD_TEST(a_version_that_is_settled_is_done),
        cmocka_unit_test_setup_teardown(snapshots_of_any_size_come_back, world_setup_plain,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_beyond_the_limit_is_refused, world_setup_plain,
                                        world_teardown),
        WORLD_TEST(large_documents_settle_in_slices_and_stay_whole),
        WORLD_TEST(edits_arrive_between_slices),
        WORLD_TEST(documents_settle_side_by_side),
        WORLD_TEST(a_newer_snapshot_overtakes_one_that_is_half_written),
        WORLD_TEST(settling_an_older_version_leaves_a_half_written_snapshot_alone),
        WORLD_TEST(a_snapshot_half_written_before_closing_is_begun_again),
        WORLD_TEST(many_small_settlings_fill_segments_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

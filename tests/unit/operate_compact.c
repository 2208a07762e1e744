/* quire compact: smaller, and the same. */
#include "lib/operate_world.h"
#include "server/operate/files.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void make(const struct place *place)
{
    struct rng rng = rng_start("operate_compact");
    struct store *store = open_store(place->data);
    make_document(store, "settled", STORE_RICH, 600, 600, &rng);
    make_document(store, "young", STORE_TEXT, 300, 0, &rng);
    make_document(store, "gone", STORE_TEXT, 900, 600, &rng);
    make_document(store, "half", STORE_RICH, 300, 100, &rng);
    assert_int_equal(store_delete(store, 3), STORE_OK);
    store_close(store);
}

static void a_compacted_database_is_smaller_and_holds_the_same(void **state)
{
    const struct place *place = *state;
    static const char *const ids[] = {"settled", "young", "half"};
    make(place);
    quire(0, "backup.db: ", "backup", "--data", place->data, place->backup);
    quire(0, "3 documents restored", "restore", "--data", place->other, place->backup);
    const char *file = place_path(place, "data/quire.db");
    uint64_t before = files_bytes(file);
    struct store *store = open_store(place->data);
    uint64_t epoch = store_epoch(store);
    assert_true(store_unsettled(store, 0) > 0);
    store_close(store);

    quire(0, " bytes before, ", "compact", "--data", place->data);
    assert_true(files_bytes(file) < before);
    assert_int_equal(count_files(place->data, ""), 3);
    quire(0, "3 documents, 1200 edits: all is well", "verify", "--data", place->data);
    store = open_store(place->data);
    struct store *other = open_store(place->other);
    assert_int_equal(store_epoch(store), epoch);
    assert_int_equal(store_unsettled(store, 0), 0);
    for (size_t i = 0; i < 3; i++) {
        struct store_document document;
        struct store_head head;
        assert_same_document(store, other, ids[i]);
        assert_int_equal(store_find(store, ids[i], &document), STORE_OK);
        assert_int_equal(store_load(store, document.key, &head), STORE_OK);
        assert_int_equal(head.snapshot_version, head.version);
    }
    store_close(store);
    store_close(other);
    before = files_bytes(file);
    quire(0, " bytes before, ", "compact", "--data", place->data);
    assert_int_equal(files_bytes(file), before);
}

/* What is damaged stays what it is. */
static void a_damaged_document_does_not_keep_the_rest_from_it(void **state)
{
    const struct place *place = *state;
    make(place);
    run_sql(place->data, "UPDATE snapshots SET sum = sum + 1 WHERE doc = 4");
    quire(0, " bytes before, ", "compact", "--data", place->data);
    const char *output = quire(1, "1 found", "verify", "--data", place->data);
    assert_holds(output, "half                            100  its snapshot is not whole");
    struct store *store = open_store(place->data);
    assert_int_equal(store_unsettled(store, 2), 0);
    assert_int_equal(store_unsettled(store, 4), 200);
    store_close(store);
}

static void a_database_in_use_or_none_is_refused(void **state)
{
    const struct place *place = *state;
    struct process server;
    quire(1, "there is no database", "compact", "--data", place->data);
    assert_int_equal(count_files(place->dir, "data"), 0);
    make(place);
    process_serve(&server, place->data, NULL);
    quire(1, "another process has the database", "compact", "--data", place->data);
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
    quire(2, "too many arguments", "compact", place->data);
    quire(0, "Usage: quire compact", "compact", "--help");
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_compacted_database_is_smaller_and_holds_the_same),
        PLACE_TEST(a_damaged_document_does_not_keep_the_rest_from_it),
        PLACE_TEST(a_database_in_use_or_none_is_refused),
    };
    return cmocka_run_group_tests_name("operate_compact", tests, NULL, NULL);
}

/* quire reopen: what the server says of documents that are well, damaged and not there. */
#include "lib/operate_world.h"

#include <signal.h>

static void a_document_is_tried_again(void **state)
{
    const struct place *place = *state;
    struct rng rng = rng_start("operate_reopen");
    struct process server;
    struct store *store = open_store(place->data);
    make_document(store, "well", STORE_TEXT, 5, 0, &rng);
    make_document(store, "hurt", STORE_TEXT, 5, 0, &rng);
    store_close(store);
    run_sql(place->data, "UPDATE log SET sum = sum + 1 WHERE doc = 2 AND version = 4");
    quire(1, "well: no server runs on ", "reopen", "--data", place->data, "well");

    process_serve(&server, place->data, NULL);
    quire(0, "well: people can open it\n", "reopen", "--data", place->data, "well");
    quire(1, "hurt: the server says: stored data does not match its checksum\n", "reopen", "--data",
          place->data, "hurt");
    quire(1, "none: the server says: there is no such document\n", "reopen", "--data", place->data,
          "none");
    process_signal(&server, SIGTERM);
    assert_int_equal(process_end(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_document_is_tried_again, place_setup, place_teardown),
    };
    return cmocka_run_group_tests_name("operate_reopen", tests, NULL, NULL);
}

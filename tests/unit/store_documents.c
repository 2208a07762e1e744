/* Documents: creating, finding, listing, renaming, deleting. */
#include "unit/store_world.h"

#include <stdio.h>
#include <string.h>

static struct store_document document_of(const char *id, const char *title, enum store_type type)
{
    struct store_document document = {.type = type};

    snprintf(document.id, sizeof document.id, "%s", id);
    snprintf(document.title, sizeof document.title, "%s", title);
    return document;
}

static int create(struct world *world, const char *id)
{
    struct store_document document = document_of(id, "", STORE_TEXT);
    int rc = store_create(world->store, &document, 1);

    world_step(world);
    return rc;
}

static void assert_found(struct world *world, const char *id, int64_t key, const char *title,
                         int64_t updated_ms)
{
    struct store_document found;

    assert_int_equal(store_find(world->store, id, &found), STORE_OK);
    assert_int_equal(found.key, key);
    assert_string_equal(found.id, id);
    assert_string_equal(found.title, title);
    assert_int_equal(found.updated_ms, updated_ms);
}

static void a_new_document_has_a_key_and_times_and_no_edits(void **state)
{
    struct world *world = *state;
    struct store_document document = document_of("note_1-A", "Grüße", STORE_TEXT);
    struct store_document found;

    assert_int_equal(store_create(world->store, &document, 1234), STORE_OK);
    world_step(world);
    assert_true(document.key > 0);
    assert_int_equal(document.created_ms, 1234);
    assert_int_equal(document.updated_ms, 1234);

    assert_int_equal(store_find(world->store, "note_1-A", &found), STORE_OK);
    assert_int_equal(found.key, document.key);
    assert_string_equal(found.id, "note_1-A");
    assert_string_equal(found.title, "Grüße");
    assert_int_equal(found.type, STORE_TEXT);
    assert_int_equal(found.created_ms, 1234);
    assert_int_equal(found.updated_ms, 1234);
    assert_head(world, document.key, 0, "", 0, 0);
    assert_client(world, document.key, 1, 0, 0);
    assert_int_equal(store_unsettled(world->store, document.key), 0);
}

static void an_id_is_taken_once(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    assert_int_equal(create(world, "a"), STORE_E_EXISTS);
    assert_int_equal(create(world, "A"), STORE_OK);
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    world_step(world);
    assert_int_equal(create(world, "a"), STORE_E_EXISTS);
}

static void keys_are_never_used_again(void **state)
{
    struct world *world = *state;
    int64_t first = world_create(world, "first");
    int64_t last = world_create(world, "last");

    assert_int_equal(store_delete(world->store, last), STORE_OK);
    world_step(world);
    assert_true(world_create(world, "next") > last);
    assert_true(last > first);
}

static void ids_and_types_outside_the_rules_are_refused(void **state)
{
    struct world *world = *state;
    struct store_document document = document_of("x", "", STORE_TEXT);
    static const char *const bad[] = {"", "a b", "a/b", "a.b", "é", "a\n", "*", "[", "a\x7f"};
    char longest[STORE_ID_MAX + 1];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(create(world, bad[i]), STORE_E_INVALID);
    memset(longest, 'x', STORE_ID_MAX);
    longest[STORE_ID_MAX] = '\0';
    assert_int_equal(create(world, longest), STORE_OK);
    assert_int_equal(create(world, "azAZ09_-"), STORE_OK);

    document.type = (enum store_type)3;
    assert_int_equal(store_create(world->store, &document, 1), STORE_E_INVALID);
    assert_int_equal(store_find(world->store, "x", &document), STORE_E_NOT_FOUND);
}

static void titles_go_up_to_their_limit(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    char title[STORE_TITLE_MAX + 2];

    memset(title, 't', sizeof title);
    title[STORE_TITLE_MAX + 1] = '\0';
    assert_int_equal(store_rename(world->store, key, title, 5000), STORE_E_INVALID);
    assert_found(world, "a", key, "title of a", 1000);
    title[STORE_TITLE_MAX] = '\0';
    assert_int_equal(store_rename(world->store, key, title, 5000), STORE_OK);
    world_step(world);
    assert_found(world, "a", key, title, 5000);
}

static void renaming_changes_title_and_time(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    assert_int_equal(store_rename(world->store, key, "it's \"new\"; --", 2000), STORE_OK);
    world_step(world);
    assert_found(world, "a", key, "it's \"new\"; --", 2000);
    assert_int_equal(store_rename(world->store, key, "", 1500), STORE_OK);
    world_step(world);
    assert_found(world, "a", key, "", 2000);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct world *world = *state;
    static const int64_t keys[] = {INT64_MIN, -1, 0, 2, INT64_MAX};
    struct store_document document;
    uint64_t number;
    uint64_t seq;
    uint64_t version;
    struct store_head head;
    bool done;

    world_create(world, "a");
    assert_int_equal(store_find(world->store, "b", &document), STORE_E_NOT_FOUND);
    assert_int_equal(store_find(world->store, "", &document), STORE_E_NOT_FOUND);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int64_t key = keys[i];

        assert_int_equal(store_rename(world->store, key, "t", 1), STORE_E_NOT_FOUND);
        assert_int_equal(store_delete(world->store, key), STORE_E_NOT_FOUND);
        assert_int_equal(world_append(world, key, 1, 1, 1, "x"), STORE_E_NOT_FOUND);
        assert_int_equal(world_chat(world, key, 1, 1, 1, "x"), STORE_E_NOT_FOUND);
        assert_int_equal(store_load(world->store, key, &head), STORE_E_NOT_FOUND);
        assert_int_equal(store_history(world->store, key, 1, 9, NULL, NULL), STORE_E_NOT_FOUND);
        assert_int_equal(store_client(world->store, key, 1, &seq, &version), STORE_E_NOT_FOUND);
        assert_int_equal(store_chat_find(world->store, key, 1, 1, &number), STORE_E_NOT_FOUND);
        assert_int_equal(store_chats(world->store, key, 9, 9, NULL, NULL), STORE_E_NOT_FOUND);
        assert_int_equal(store_settle(world->store, key, 0, slice_of(""), 1, &done),
                         STORE_E_NOT_FOUND);
    }
}

/* ---- listing ---- */

struct listed {
    char ids[256];
    int64_t last_ms;
    int64_t last_key;
};

static void note_listed(void *context, const struct store_document *document)
{
    struct listed *listed = context;
    size_t size = strlen(listed->ids);

    snprintf(listed->ids + size, sizeof listed->ids - size, "%s%s", size > 0 ? " " : "",
             document->id);
    listed->last_ms = document->updated_ms;
    listed->last_key = document->key;
}

static void assert_listed(struct world *world, int64_t before_ms, int64_t before_key, size_t limit,
                          const char *ids)
{
    struct listed listed = {0};

    assert_int_equal(store_list(world->store, before_ms, before_key, limit, note_listed, &listed),
                     STORE_OK);
    assert_string_equal(listed.ids, ids);
}

static void documents_are_listed_last_updated_first(void **state)
{
    struct world *world = *state;
    int64_t a;
    int64_t c;

    assert_listed(world, INT64_MAX, INT64_MAX, 10, "");
    a = world_create(world, "a");
    world_create(world, "b");
    c = world_create(world, "c");
    assert_listed(world, INT64_MAX, INT64_MAX, 10, "c b a");
    assert_int_equal(store_rename(world->store, a, "new", 2000), STORE_OK);
    world_step(world);
    assert_listed(world, INT64_MAX, INT64_MAX, 10, "a c b");
    assert_int_equal(store_delete(world->store, c), STORE_OK);
    world_step(world);
    assert_listed(world, INT64_MAX, INT64_MAX, 10, "a b");
    assert_listed(world, INT64_MAX, INT64_MAX, 1, "a");
    assert_listed(world, INT64_MAX, INT64_MAX, 0, "");
}

static void an_edit_counts_in_the_list_once_it_is_settled(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");

    world_create(world, "b");
    world_fill(world, a, 1, 3);
    assert_listed(world, INT64_MAX, INT64_MAX, 10, "b a");
    world_settle(world, a, 3, "s");
    assert_listed(world, INT64_MAX, INT64_MAX, 10, "a b");
    assert_found(world, "a", a, "title of a", 2003);
}

static void a_list_goes_on_after_the_last_one_seen(void **state)
{
    struct world *world = *state;
    struct listed page = {.last_ms = INT64_MAX, .last_key = INT64_MAX};
    char all[256] = "";

    for (int i = 0; i < 7; i++) {
        char id[8];

        snprintf(id, sizeof id, "d%d", i);
        world_create(world, id);
    }
    do {
        size_t size = strlen(all);

        page.ids[0] = '\0';
        assert_int_equal(
            store_list(world->store, page.last_ms, page.last_key, 2, note_listed, &page), STORE_OK);
        snprintf(all + size, sizeof all - size, "[%s]", page.ids);
    } while (page.ids[0] != '\0');
    assert_string_equal(all, "[d6 d5][d4 d3][d2 d1][d0][]");
}

/* ---- deleting ---- */

static void assert_gone(struct world *world, const char *id, int64_t key)
{
    struct store_document document;
    struct store_head head;
    uint64_t a;
    uint64_t b;
    bool done;

    assert_int_equal(store_find(world->store, id, &document), STORE_E_NOT_FOUND);
    assert_int_equal(store_load(world->store, key, &head), STORE_E_NOT_FOUND);
    assert_int_equal(store_history(world->store, key, 1, 9, NULL, NULL), STORE_E_NOT_FOUND);
    assert_int_equal(store_client(world->store, key, 1, &a, &b), STORE_E_NOT_FOUND);
    assert_int_equal(store_chat_find(world->store, key, 1, 1, &a), STORE_E_NOT_FOUND);
    assert_int_equal(store_chats(world->store, key, 9, 9, NULL, NULL), STORE_E_NOT_FOUND);
    assert_int_equal(store_settle(world->store, key, 1, slice_of("s"), 1, &done),
                     STORE_E_NOT_FOUND);
    assert_int_equal(store_rename(world->store, key, "t", 1), STORE_E_NOT_FOUND);
    assert_int_equal(store_delete(world->store, key), STORE_E_NOT_FOUND);
    assert_int_equal(world_append(world, key, 1, 1, 1, "x"), STORE_E_NOT_FOUND);
    assert_int_equal(world_append(world, key, 7, 1, 7, "x"), STORE_E_NOT_FOUND);
    assert_int_equal(world_chat(world, key, 1, 1, 1, "x"), STORE_E_NOT_FOUND);
    assert_int_equal(store_unsettled(world->store, key), 0);
}

static void a_deleted_document_is_gone_with_edits_in_the_log(void **state)
{
    struct world *world = *state;
    int64_t before = world_create(world, "before");
    int64_t key = world_create(world, "a");
    int64_t after = world_create(world, "after");

    for (uint64_t version = 1; version <= 6; version++) {
        world_fill(world, before, version, version);
        world_fill(world, key, version, version);
        world_fill(world, after, version, version);
    }
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    assert_int_equal(store_unsettled(world->store, 0), 12);
    world_step(world);
    assert_gone(world, "a", key);
    assert_int_equal(store_unsettled(world->store, 0), 12);
    assert_filled(world, before, 1, 6);
    assert_filled(world, after, 1, 6);
    world_fill(world, after, 7, 8);
    world_settle(world, before, 6, "b");
    world_settle(world, after, 8, "a");
    assert_filled(world, before, 1, 6);
    assert_filled(world, after, 1, 8);
}

static void a_deleted_document_is_gone_with_all_it_has(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    int64_t other = world_create(world, "b");

    world_fill(world, key, 1, 5);
    world_fill(world, other, 1, 5);
    world_settle(world, key, 4, "snapshot of a");
    world_settle(world, other, 4, "snapshot of b");
    assert_int_equal(world_chat(world, key, 1, 1, 1, "hello"), STORE_OK);
    assert_int_equal(world_chat(world, other, 1, 1, 1, "hello"), STORE_OK);
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    world_step(world);
    assert_gone(world, "a", key);
    assert_head(world, other, 4, "snapshot of b", 5, 1);
    assert_filled(world, other, 1, 5);
    assert_client(world, other, 1, 5, 5);
}

static void a_document_deleted_while_it_is_settled_is_gone(void **state)
{
    struct world *world = *state;
    static char large[1 << 20];
    int64_t key = world_create(world, "a");
    bool done;

    memset(large, 's', sizeof large);
    world_fill(world, key, 1, 2000);
    for (int i = 0; i < 5; i++) {
        struct store_slice snapshot = {.data = (uint8_t *)large, .size = sizeof large};

        assert_int_equal(store_settle(world->store, key, 2000, snapshot, 1, &done), STORE_OK);
        assert_false(done);
        world_step(world);
    }
    assert_int_equal(store_delete(world->store, key), STORE_OK);
    world_step(world);
    assert_gone(world, "a", key);
    assert_int_equal(store_unsettled(world->store, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_new_document_has_a_key_and_times_and_no_edits),
        WORLD_TEST(an_id_is_taken_once),
        WORLD_TEST(keys_are_never_used_again),
        WORLD_TEST(ids_and_types_outside_the_rules_are_refused),
        WORLD_TEST(titles_go_up_to_their_limit),
        WORLD_TEST(renaming_changes_title_and_time),
        WORLD_TEST(what_is_not_there_is_not_found),
        WORLD_TEST(documents_are_listed_last_updated_first),
        WORLD_TEST(an_edit_counts_in_the_list_once_it_is_settled),
        WORLD_TEST(a_list_goes_on_after_the_last_one_seen),
        WORLD_TEST(a_deleted_document_is_gone_with_edits_in_the_log),
        WORLD_TEST(a_deleted_document_is_gone_with_all_it_has),
        WORLD_TEST(a_document_deleted_while_it_is_settled_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

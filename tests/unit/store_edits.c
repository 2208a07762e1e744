/* The log of edits: appending, reading back, and what each client did last. */
#include "unit/store_world.h"

#include <stdlib.h>
#include <string.h>

#define EDITS_MAX 16

struct read {
    struct store_edit edits[EDITS_MAX];
    char ops[EDITS_MAX][64];
    size_t count;
    int stop_with; /* returned on the last edit that is wanted */
    size_t stop_after;
};

static int note_edit(void *context, const struct store_edit *edit)
{
    struct read *read = context;

    assert_true(read->count < EDITS_MAX && edit->op.size < sizeof read->ops[0]);
    read->edits[read->count] = *edit;
    if (edit->op.size > 0)
        memcpy(read->ops[read->count], edit->op.data, edit->op.size);
    read->ops[read->count][edit->op.size] = '\0';
    read->count++;
    return read->count == read->stop_after ? read->stop_with : 0;
}

static void assert_edit(const struct store_edit *edit, const struct store_edit *expected)
{
    assert_int_equal(edit->key, expected->key);
    assert_int_equal(edit->version, expected->version);
    assert_int_equal(edit->client, expected->client);
    assert_int_equal(edit->seq, expected->seq);
    assert_int_equal(edit->at_ms, expected->at_ms);
    assert_int_equal(edit->op.size, expected->op.size);
}

static void edits_come_back_as_they_went(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    struct store_edit edits[] = {
        {key, 1, 1, 1, 0, {(const uint8_t *)"one", 3}},
        {key, 2, UINT64_MAX, UINT64_MAX, INT64_MAX, {(const uint8_t *)"\0\xff\0", 3}},
        {key, 3, 0, 0, INT64_MIN, {NULL, 0}},
        {key, 4, UINT64_C(1) << 63, 5, -1, {(const uint8_t *)"four", 4}},
    };

    assert_int_equal(store_append(world->store, edits, 4, NULL, 0), STORE_OK);
    world_step(world);
    /* from the log, and then from a segment */
    for (int settled = 0; settled < 2; settled++) {
        struct read read = {0};

        assert_int_equal(store_history(world->store, key, 1, 4, note_edit, &read), STORE_OK);
        assert_int_equal(read.count, 4);
        for (size_t i = 0; i < 4; i++)
            assert_edit(&read.edits[i], &edits[i]);
        assert_memory_equal(read.ops[1], "\0\xff\0", 3);
        assert_string_equal(read.ops[3], "four");
        assert_client(world, key, UINT64_MAX, UINT64_MAX, 2);
        assert_client(world, key, 0, 0, 3);
        assert_client(world, key, UINT64_C(1) << 63, 5, 4);
        world_settle(world, key, 4, "s");
    }
}

static void a_batch_is_of_many_documents(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    int64_t b = world_create(world, "b");
    struct store_edit edits[] = {
        {a, 1, 1, 1, 2001, slice_of("1")}, {b, 1, 1, 1, 2001, slice_of("1")},
        {a, 2, 1, 2, 2002, slice_of("2")}, {b, 2, 1, 2, 2002, slice_of("2")},
        {a, 3, 1, 3, 2003, slice_of("3")},
    };
    struct store_chat chat = {.key = b, .number = 1, .client = 1, .nonce = 9};

    chat.text = slice_of("hello");
    assert_int_equal(store_append(world->store, edits, 5, &chat, 1), STORE_OK);
    world_step(world);
    assert_filled(world, a, 1, 3);
    assert_filled(world, b, 1, 2);
    assert_head(world, a, 0, "", 3, 0);
    assert_head(world, b, 0, "", 2, 1);
    assert_int_equal(store_unsettled(world->store, a), 3);
    assert_int_equal(store_unsettled(world->store, b), 2);
    assert_int_equal(store_unsettled(world->store, 0), 5);
}

static void nothing_is_appended_by_an_empty_batch(void **state)
{
    struct world *world = *state;

    assert_int_equal(store_append(world->store, NULL, 0, NULL, 0), STORE_OK);
    world_step(world);
    assert_int_equal(store_unsettled(world->store, 0), 0);
}

static void a_batch_with_a_wrong_version_leaves_nothing(void **state)
{
    struct world *world = *state;
    static const uint64_t wrong[] = {0, 1, 2, 4, UINT64_MAX};
    int64_t a = world_create(world, "a");
    int64_t b = world_create(world, "b");

    world_fill(world, a, 1, 2);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct store_edit edits[] = {
            {b, 1, 1, 1, 2001, slice_of("1")},
            {a, wrong[i], 5, 9, 2003, slice_of("x")},
            {b, 2, 1, 2, 2002, slice_of("2")},
        };

        assert_int_equal(store_append(world->store, edits, 3, NULL, 0), STORE_E_INVALID);
        world_step(world);
        assert_head(world, a, 0, "", 2, 0);
        assert_head(world, b, 0, "", 0, 0);
        assert_client(world, a, 5, 0, 0);
        assert_client(world, b, 1, 0, 0);
        assert_int_equal(store_unsettled(world->store, 0), 2);
    }
    /* the second edit of a document in the batch can be the wrong one */
    struct store_edit edits[] = {
        {a, 3, 1, 3, 2003, slice_of("3")},
        {a, 5, 1, 5, 2005, slice_of("5")},
    };

    assert_int_equal(store_append(world->store, edits, 2, NULL, 0), STORE_E_INVALID);
    world_step(world);
    assert_head(world, a, 0, "", 2, 0);
    world_fill(world, a, 3, 3);
    world_fill(world, b, 1, 1);
    assert_filled(world, a, 1, 3);
    assert_filled(world, b, 1, 1);
}

static void a_batch_with_an_unknown_document_leaves_nothing(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    struct store_edit edits[] = {
        {a, 1, 1, 1, 2001, slice_of("1")},
        {a + 1, 1, 1, 1, 2001, slice_of("1")},
    };

    assert_int_equal(store_append(world->store, edits, 2, NULL, 0), STORE_E_NOT_FOUND);
    world_step(world);
    assert_head(world, a, 0, "", 0, 0);
    world_fill(world, a, 1, 1);
    assert_filled(world, a, 1, 1);
}

static void a_wrong_message_takes_the_edits_with_it(void **state)
{
    struct world *world = *state;
    int64_t a = world_create(world, "a");
    struct store_edit edit = {a, 1, 1, 1, 2001, slice_of("1")};
    struct store_chat chat = {.key = a, .number = 2};

    assert_int_equal(store_append(world->store, &edit, 1, &chat, 1), STORE_E_INVALID);
    world_step(world);
    assert_head(world, a, 0, "", 0, 0);
    assert_client(world, a, 1, 0, 0);
}

static int note_size(void *context, const struct store_edit *edit)
{
    *(size_t *)context = edit->op.size;
    for (size_t i = 0; i < edit->op.size; i++)
        assert_int_equal(edit->op.data[i], i % 251);
    return 0;
}

static void operations_go_up_to_their_limit(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    uint8_t *op = malloc(STORE_OP_MAX + 1);
    struct store_edit edit = {key, 1, 1, 1, 1, {op, STORE_OP_MAX + 1}};
    size_t size = 0;

    assert_non_null(op);
    for (size_t i = 0; i <= STORE_OP_MAX; i++)
        op[i] = (uint8_t)(i % 251);
    assert_int_equal(store_append(world->store, &edit, 1, NULL, 0), STORE_E_INVALID);
    edit.op.size = STORE_OP_MAX;
    assert_int_equal(store_append(world->store, &edit, 1, NULL, 0), STORE_OK);
    world_step(world);
    assert_int_equal(store_history(world->store, key, 1, 1, note_size, &size), STORE_OK);
    assert_int_equal(size, STORE_OP_MAX);
    world_settle(world, key, 1, "s");
    assert_int_equal(store_history(world->store, key, 1, 1, note_size, &size), STORE_OK);
    assert_int_equal(size, STORE_OP_MAX);
    free(op);
}

/* ---- history ---- */

/* Edits 1..900 in segments, 901..1000 in the log. */
static int64_t create_long(struct world *world)
{
    int64_t key = world_create(world, "long");

    world_fill(world, key, 1, 700);
    world_settle(world, key, 500, "at 500");
    world_fill(world, key, 701, 1000);
    world_settle(world, key, 900, "at 900");
    return key;
}

static void history_gives_any_range(void **state)
{
    struct world *world = *state;
    int64_t key = create_long(world);
    static const uint64_t ends[] = {1,   2,   255, 256, 257, 500, 501,
                                    512, 513, 899, 900, 901, 999, 1000};
    size_t count = sizeof ends / sizeof *ends;

    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++)
            assert_filled(world, key, ends[i], ends[j]);
    assert_head(world, key, 900, "at 900", 1000, 0);
    assert_int_equal(store_unsettled(world->store, key), 100);
}

static int note_range(void *context, const struct store_edit *edit)
{
    uint64_t *range = context;

    range[0] = range[0] == 0 ? edit->version : range[0];
    range[1] = edit->version;
    return 0;
}

static void history_gives_what_there_is_of_a_range(void **state)
{
    struct world *world = *state;
    int64_t key = create_long(world);
    static const uint64_t cases[][4] = {
        /* asked for, and given */
        {0, 1, 1, 1},
        {0, UINT64_MAX, 1, 1000},
        {1000, UINT64_MAX, 1000, 1000},
        {850, 950, 850, 950},
        {1001, UINT64_MAX, 0, 0},
        {UINT64_MAX, UINT64_MAX, 0, 0},
        {7, 6, 0, 0},
        {0, 0, 0, 0},
        {950, 940, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t range[2] = {0};

        assert_int_equal(
            store_history(world->store, key, cases[i][0], cases[i][1], note_range, range),
            STORE_OK);
        assert_int_equal(range[0], cases[i][2]);
        assert_int_equal(range[1], cases[i][3]);
    }
}

static void history_of_a_document_without_edits_is_empty(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");

    assert_int_equal(store_history(world->store, key, 1, 10, NULL, NULL), STORE_OK);
}

static void history_stops_when_the_callback_says_so(void **state)
{
    struct world *world = *state;
    int64_t key = create_long(world);
    static const uint64_t firsts[] = {10, 895, 950};

    for (size_t i = 0; i < 3; i++) {
        struct read read = {.stop_with = 42, .stop_after = 8};

        assert_int_equal(store_history(world->store, key, firsts[i], 1000, note_edit, &read), 42);
        assert_int_equal(read.count, 8);
        assert_int_equal(read.edits[7].version, firsts[i] + 7);
    }
    world_fill(world, key, 1001, 1001);
    assert_filled(world, key, 1, 1001);
}

/* ---- clients ---- */

static void a_clients_last_edit_is_known_wherever_it_is(void **state)
{
    struct world *world = *state;
    int64_t key = world_create(world, "a");
    int64_t other = world_create(world, "b");

    assert_int_equal(world_append(world, key, 1, 100, 1, "x"), STORE_OK);
    assert_int_equal(world_append(world, key, 2, 200, 1, "x"), STORE_OK);
    assert_int_equal(world_append(world, key, 3, 100, 2, "x"), STORE_OK);
    assert_int_equal(world_append(world, key, 4, 300, 7, "x"), STORE_OK);
    assert_int_equal(world_append(world, other, 1, 100, 55, "x"), STORE_OK);
    for (uint64_t settled = 0; settled <= 4; settled++) {
        if (settled > 0)
            world_settle(world, key, settled, "s");
        assert_client(world, key, 100, 2, 3);
        assert_client(world, key, 200, 1, 2);
        assert_client(world, key, 300, 7, 4);
        assert_client(world, key, 400, 0, 0);
        assert_client(world, other, 100, 55, 1);
        assert_int_equal(store_unsettled(world->store, key), 4 - settled);
    }
    assert_int_equal(world_append(world, key, 5, 100, 3, "x"), STORE_OK);
    assert_client(world, key, 100, 3, 5);
    assert_client(world, key, 200, 1, 2);
}

static void many_clients_of_one_document_are_told_apart(void **state)
{
    struct world *world = *state;
    enum { CLIENTS = 1500 };
    static struct store_edit edits[CLIENTS];
    int64_t key = world_create(world, "a");

    for (uint64_t i = 0; i < CLIENTS; i++)
        edits[i] = (struct store_edit){key, i + 1, i << 40, i + 1000, 1, slice_of("x")};
    assert_int_equal(store_append(world->store, edits, CLIENTS, NULL, 0), STORE_OK);
    world_step(world);
    for (uint64_t settled = 0; settled <= CLIENTS; settled += 500) {
        if (settled > 0)
            world_settle(world, key, settled, "s");
        for (uint64_t i = 0; i < CLIENTS; i++)
            assert_client(world, key, i << 40, i + 1000, i + 1);
        assert_client(world, key, 1, 0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(edits_come_back_as_they_went),
        WORLD_TEST(a_batch_is_of_many_documents),
        WORLD_TEST(nothing_is_appended_by_an_empty_batch),
        WORLD_TEST(a_batch_with_a_wrong_version_leaves_nothing),
        WORLD_TEST(a_batch_with_an_unknown_document_leaves_nothing),
        WORLD_TEST(a_wrong_message_takes_the_edits_with_it),
        WORLD_TEST(operations_go_up_to_their_limit),
        WORLD_TEST(history_gives_any_range),
        WORLD_TEST(history_gives_what_there_is_of_a_range),
        WORLD_TEST(history_of_a_document_without_edits_is_empty),
        WORLD_TEST(history_stops_when_the_callback_says_so),
        WORLD_TEST(a_clients_last_edit_is_known_wherever_it_is),
        WORLD_TEST(many_clients_of_one_document_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

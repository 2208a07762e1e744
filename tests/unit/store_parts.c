/* The parts that the SQLite store is made of, each by itself. */
#include "unit/store_world.h"

#include <stdlib.h>
#include <string.h>

#include "storage/checksum.h"
#include "storage/sqlite/client_map.h"
#include "storage/sqlite/segment.h"
#include "storage/sqlite/tail.h"

/* ---- checksum ---- */

static void checksums_are_what_they_have_always_been(void **state)
{
    struct checksum sum;

    (void)state;
    checksum_init(&sum, 3);
    checksum_u64(&sum, 1);
    checksum_i64(&sum, -1);
    checksum_bytes(&sum, "abc", 3);
    checksum_bytes(&sum, NULL, 0);
    assert_int_equal(checksum_value(&sum), UINT64_C(0x5e093e6ee588038f));
}

static void checksums_tell_fields_and_tables_apart(void **state)
{
    struct checksum sums[5];

    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        checksum_init(&sums[i], i == 4 ? 2 : 1);
    checksum_bytes(&sums[0], "ab", 2);
    checksum_bytes(&sums[0], "c", 1);
    checksum_bytes(&sums[1], "a", 1);
    checksum_bytes(&sums[1], "bc", 2);
    checksum_bytes(&sums[2], "abc", 3);
    checksum_bytes(&sums[2], "", 0);
    checksum_bytes(&sums[3], "abc", 3);
    checksum_bytes(&sums[4], "ab", 2);
    checksum_bytes(&sums[4], "c", 1);
    for (size_t i = 0; i < 5; i++)
        for (size_t j = i + 1; j < 5; j++)
            assert_int_not_equal(checksum_value(&sums[i]), checksum_value(&sums[j]));
}

/* ---- segments ---- */

static const struct store_edit example[] = {
    {7, 10, UINT64_C(0x1122334455667788), 1, 1000, {(const uint8_t *)"abc", 3}},
    {7, 11, 2, 300, 999, {(const uint8_t *)"", 0}},
    {7, 12, UINT64_C(0x1122334455667788), 2, 1001, {(const uint8_t *)"\0", 1}},
};

static const uint8_t example_bytes[] = {
    1,                                              /* format */
    3,    2,                                        /* edits, clients */
    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* client 0 */
    2,    0,    0,    0,    0,    0,    0,    0,    /* client 1 */
    0,    2,    0xd0, 0x0f, 3,    'a',  'b',  'c',  /* seq +1, time +1000 */
    1,    0xd8, 0x04, 1,    0,                      /* seq +300, time -1 */
    0,    2,    4,    1,    0,                      /* seq +1, time +2 */
};

static void assert_edits_equal(const struct store_edit *a, const struct store_edit *b)
{
    assert_int_equal(a->key, b->key);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->client, b->client);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->at_ms, b->at_ms);
    assert_int_equal(a->op.size, b->op.size);
    if (a->op.size > 0)
        assert_memory_equal(a->op.data, b->op.data, a->op.size);
}

static void a_segments_bytes_are_what_the_format_says(void **state)
{
    struct buffer out = {0};
    struct segment_reader reader;
    struct store_edit edit;
    struct store_slice bytes = {example_bytes, sizeof example_bytes};

    (void)state;
    assert_int_equal(segment_encode(example, 3, &out), STORE_OK);
    assert_int_equal(out.size, sizeof example_bytes);
    assert_memory_equal(out.data, example_bytes, sizeof example_bytes);
    buffer_deinit(&out);

    assert_int_equal(segment_open(&reader, bytes, 7, 10, 12), STORE_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(segment_next(&reader, &edit), 1);
        assert_edits_equal(&edit, &example[i]);
    }
    assert_int_equal(segment_next(&reader, &edit), 0);
}

/* The end of reading: 0, or an error. */
static int read_all(struct store_slice bytes, uint64_t first, uint64_t last)
{
    struct segment_reader reader;
    struct store_edit edit;
    uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);
    int rc;

    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    bytes.data = copy;
    rc = segment_open(&reader, bytes, 1, first, last);
    if (rc == STORE_OK)
        do
            rc = segment_next(&reader, &edit);
        while (rc > 0);
    free(copy);
    return rc;
}

static void a_segment_cut_short_or_too_long_is_corrupt(void **state)
{
    uint8_t longer[sizeof example_bytes + 1] = {0};

    (void)state;
    for (size_t size = 0; size < sizeof example_bytes; size++)
        assert_int_equal(read_all((struct store_slice){example_bytes, size}, 10, 12),
                         STORE_E_CORRUPT);
    memcpy(longer, example_bytes, sizeof example_bytes);
    assert_int_equal(read_all((struct store_slice){longer, sizeof longer}, 10, 12),
                     STORE_E_CORRUPT);
    assert_int_equal(read_all((struct store_slice){example_bytes, sizeof example_bytes}, 10, 12),
                     STORE_OK);
}

static void a_segment_of_other_versions_is_corrupt(void **state)
{
    static const uint64_t wrong[][2] = {
        {10, 11}, {10, 13}, {0, 2}, {12, 10}, {10, 10 + SEGMENT_EDITS_MAX}, {10, UINT64_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_all((struct store_slice){example_bytes, sizeof example_bytes},
                                  wrong[i][0], wrong[i][1]),
                         STORE_E_CORRUPT);
}

static void bytes_at_random_are_read_without_harm(void **state)
{
    uint64_t random = world_seed("store_parts");
    uint8_t bytes[sizeof example_bytes];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        memcpy(bytes, example_bytes, sizeof bytes);
        for (uint64_t flips = 1 + random_below(&random, 4); flips > 0; flips--)
            bytes[random_below(&random, sizeof bytes)] = (uint8_t)random_next(&random);
        read_all((struct store_slice){bytes, 1 + random_below(&random, sizeof bytes)}, 10, 12);
    }
}

static uint64_t random_number(uint64_t *random)
{
    return random_next(random) >> random_below(random, 64);
}

static void any_edits_come_back_from_a_segment(void **state)
{
    uint64_t random = world_seed("store_parts");
    static uint8_t op[600];
    static struct store_edit edits[SEGMENT_EDITS_MAX];

    (void)state;
    for (int round = 0; round < 200; round++) {
        size_t count = 1 + random_below(&random, round % 10 == 0 ? SEGMENT_EDITS_MAX : 20);
        uint64_t first = 1 + random_number(&random) / 4;
        struct segment_reader reader;
        struct buffer out = {0};
        struct store_edit edit;
        size_t bound = SEGMENT_OVERHEAD;

        if (round == 0)
            count = SEGMENT_EDITS_MAX;
        for (size_t i = 0; i < count; i++) {
            edits[i] = (struct store_edit){.key = 9,
                                           .version = first + i,
                                           .client = random_below(&random, 3) == 0
                                                         ? random_below(&random, 5)
                                                         : random_number(&random),
                                           .seq = random_number(&random),
                                           .at_ms = (int64_t)random_number(&random),
                                           .op = {op, random_below(&random, sizeof op)}};
            bound += edits[i].op.size + SEGMENT_EDIT_OVERHEAD;
        }
        assert_int_equal(segment_encode(edits, count, &out), STORE_OK);
        assert_true(out.size <= bound);
        assert_int_equal(segment_open(&reader, (struct store_slice){out.data, out.size}, 9, first,
                                      first + count - 1),
                         STORE_OK);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(segment_next(&reader, &edit), 1);
            assert_edits_equal(&edit, &edits[i]);
        }
        assert_int_equal(segment_next(&reader, &edit), 0);
        buffer_deinit(&out);
    }
}

/* ---- clients ---- */

static void a_client_map_does_what_an_array_does(void **state)
{
    enum { CLIENTS = 300 };
    uint64_t random = world_seed("store_parts");
    struct client_map map = {0};
    uint64_t versions[CLIENTS] = {0};
    size_t count = 0;

    (void)state;
    for (uint64_t version = 1; version <= 60000; version++) {
        /* it grows at first and shrinks in the end */
        uint64_t client = random_below(&random, CLIENTS);

        if (random_below(&random, 60000) > version) {
            assert_true(client_map_reserve(&map, 1));
            client_map_put(&map, client, version + 5, version);
            count += versions[client] == 0;
            versions[client] = version;
        } else {
            client_map_forget(&map, client, 0);
            client_map_forget(&map, client, version + 1);
            client_map_forget(&map, client, versions[client]);
            count -= versions[client] != 0;
            versions[client] = 0;
        }
        assert_int_equal(map.count, count);
        client = random_below(&random, CLIENTS);
        const struct client_slot *slot = client_map_find(&map, client);

        assert_int_equal(slot != NULL, versions[client] != 0);
        if (slot != NULL) {
            assert_int_equal(slot->version, versions[client]);
            assert_int_equal(slot->seq, versions[client] + 5);
        }
    }
    client_map_deinit(&map);
}

/* ---- the tail ---- */

enum { DOCUMENTS = 150, ROWS = 20000 };

struct plain_tail {
    int64_t document_of[ROWS]; /* 0: settled */
    uint64_t settled[DOCUMENTS + 1];
    size_t count[DOCUMENTS + 1];
};

static void settle_some(struct tail *tail, struct plain_tail *plain, int64_t key, size_t count)
{
    struct tail_document *document = tail_find(tail, key);

    for (size_t i = 0; i < count; i++) {
        const struct tail_edit *edit = tail_edit(document, i);

        assert_int_equal(plain->document_of[edit->row], key);
        plain->document_of[edit->row] = 0;
        client_map_forget(&document->clients, 1, document->settled + 1 + i);
    }
    tail_shift(tail, document, count);
    plain->settled[key] += count;
    plain->count[key] -= count;
    assert_int_equal(document->clients.count, plain->count[key] > 0);
    tail_release(tail, document);
}

static void push(struct tail *tail, struct plain_tail *plain, int64_t key, int64_t row)
{
    struct tail_document *document = tail_find(tail, key);
    struct store_edit edit = {.key = key,
                              .version = plain->settled[key] + plain->count[key] + 1,
                              .client = 1,
                              .op = slice_of("0123456789")};

    assert_int_equal(document != NULL, plain->count[key] > 0);
    if (document == NULL)
        document = tail_add(tail, key, plain->settled[key]);
    assert_non_null(document);
    assert_true(tail_reserve(document, 1));
    tail_push(tail, document, row, &edit);
    plain->document_of[row] = key;
    plain->count[key]++;
    assert_int_equal(tail_version(document), edit.version);
}

static void a_tail_knows_its_oldest_row_whatever_is_settled(void **state)
{
    uint64_t random = world_seed("store_parts");
    static struct plain_tail plain;
    struct tail tail = {.kept_max = 20000};
    int64_t oldest = 1;
    uint64_t edits = 0;

    (void)state;
    memset(&plain, 0, sizeof plain);
    for (int64_t row = 1; row < ROWS; row++) {
        int64_t key = 1 + (int64_t)random_below(&random, DOCUMENTS);

        push(&tail, &plain, key, row);
        edits++;
        key = 1 + (int64_t)random_below(&random, DOCUMENTS);
        if (random_below(&random, 20) == 0 && plain.count[key] > 0) {
            size_t count = 1 + random_below(&random, plain.count[key]);

            settle_some(&tail, &plain, key, count);
            edits -= count;
        }
        while (oldest <= row && plain.document_of[oldest] == 0)
            oldest++;
        assert_int_equal(tail_first(&tail, row + 1), oldest);
        assert_int_equal(tail.edit_count, edits);
        assert_true(tail.kept_bytes <= tail.kept_max);
        if (edits > 0)
            assert_int_equal(tail_oldest(&tail)->key, plain.document_of[oldest]);
    }
    for (int64_t key = 1; key <= DOCUMENTS; key++)
        if (plain.count[key] > 0)
            tail_remove(&tail, tail_find(&tail, key));
    assert_int_equal(tail.document_count, 0);
    assert_int_equal(tail.edit_count, 0);
    assert_int_equal(tail.kept_bytes, 0);
    assert_int_equal(tail_first(&tail, 77), 77);
    tail_deinit(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_what_they_have_always_been),
        cmocka_unit_test(checksums_tell_fields_and_tables_apart),
        cmocka_unit_test(a_segments_bytes_are_what_the_format_says),
        cmocka_unit_test(a_segment_cut_short_or_too_long_is_corrupt),
        cmocka_unit_test(a_segment_of_other_versions_is_corrupt),
        cmocka_unit_test(bytes_at_random_are_read_without_harm),
        cmocka_unit_test(any_edits_come_back_from_a_segment),
        cmocka_unit_test(a_client_map_does_what_an_array_does),
        cmocka_unit_test(a_tail_knows_its_oldest_row_whatever_is_settled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

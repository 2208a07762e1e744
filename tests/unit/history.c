/* The hub's history of a room: which edits it keeps, and what late edits become over them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "server/hub/history.h"
#include "server/limits.h"

/* ---- helpers ---- */

static struct entry entry_of(uint64_t version, struct ot_slice op, size_t padding)
{
    struct blob *blob = blob_new(padding + op.size);
    memset(blob->data, 0xee, padding);
    memcpy(blob->data + padding, op.data, op.size);
    return (struct entry){.version = version,
                          .client = version * 3,
                          .blob = blob,
                          .op = {blob->data + padding, op.size}};
}

static void push_empty(struct history *history, uint64_t version, size_t size)
{
    static const uint8_t empty[] = {0x00};
    history_push(history, entry_of(version, (struct ot_slice){empty, 1}, size - 1));
}

static void expect_range(const struct history *history, uint64_t first, uint64_t last)
{
    assert_int_equal(history->first, first);
    assert_int_equal(history->count, last + 1 - first);
    assert_false(history_has(history, first - 1));
    assert_false(history_has(history, last + 1));
    for (uint64_t version = first; version <= last; version++) {
        assert_true(history_has(history, version));
        assert_int_equal(history_at(history, version)->version, version);
        assert_int_equal(history_at(history, version)->client, version * 3);
    }
}

/* ---- what is kept ---- */

static void a_new_history_begins_where_it_is_told(void **state)
{
    struct history history = {0};
    (void)state;
    history_begin(&history, 8);
    expect_range(&history, 8, 7);
    push_empty(&history, 8, 1);
    expect_range(&history, 8, 8);
    history_begin(&history, 3);
    expect_range(&history, 3, 2);
    assert_int_equal(history.bytes, 0);
    history_deinit(&history);
}

static void the_ring_grows_wherever_it_begins(void **state)
{
    (void)state;
    for (uint64_t start = 1; start < 40; start++) {
        struct history history = {0};
        history_begin(&history, start);
        for (uint64_t version = start; version < start + 300; version++) {
            push_empty(&history, version, 10);
            expect_range(&history, start, version);
            assert_int_equal(history.bytes, history.count * 10);
        }
        history_deinit(&history);
    }
}

static void too_many_edits_are_trimmed_from_the_oldest(void **state)
{
    struct history history = {0};
    uint64_t last = LIMIT_TAIL_EDITS + 100;
    (void)state;
    history_begin(&history, 1);
    for (uint64_t version = 1; version <= LIMIT_TAIL_EDITS; version++) {
        push_empty(&history, version, 10);
        history_trim(&history, version);
    }
    expect_range(&history, 1, LIMIT_TAIL_EDITS);
    for (uint64_t version = LIMIT_TAIL_EDITS + 1; version <= last; version++) {
        push_empty(&history, version, 10);
        history_trim(&history, version);
        assert_int_equal(history.count, LIMIT_TAIL_EDITS);
    }
    expect_range(&history, 101, last);
    assert_int_equal(history.bytes, LIMIT_TAIL_EDITS * 10);
    history_deinit(&history);
}

static void too_many_bytes_are_trimmed_too(void **state)
{
    struct history history = {0};
    (void)state;
    history_begin(&history, 1);
    push_empty(&history, 1, LIMIT_TAIL_BYTES / 2);
    push_empty(&history, 2, LIMIT_TAIL_BYTES / 2);
    history_trim(&history, 2);
    expect_range(&history, 1, 2);
    push_empty(&history, 3, 1);
    history_trim(&history, 3);
    expect_range(&history, 2, 3);
    push_empty(&history, 4, LIMIT_TAIL_BYTES + 1);
    history_trim(&history, 4);
    expect_range(&history, 5, 4);
    history_deinit(&history);
}

static void what_is_not_on_disk_is_never_trimmed(void **state)
{
    struct history history = {0};
    uint64_t last = LIMIT_TAIL_EDITS + 50;
    (void)state;
    history_begin(&history, 1);
    for (uint64_t version = 1; version <= last; version++) {
        push_empty(&history, version, 10);
        history_trim(&history, 20);
    }
    expect_range(&history, 21, last);
    history_trim(&history, last);
    expect_range(&history, 51, last);
    history_deinit(&history);
}

/* ---- transforming ---- */

#define EDITS_MAX 24

/* A history of random edits of a random document, and its document at each version. */
struct past {
    struct history history;
    struct ot_buf documents[EDITS_MAX + 1];
    uint64_t first; /* version of documents[0] */
    size_t count;
};

static void past_init(struct past *past, struct rng *rng, const struct ot_shape *shape)
{
    *past = (struct past){.first = rng_below(rng, 100), .count = 1 + rng_below(rng, EDITS_MAX)};
    history_begin(&past->history, past->first + 1);
    random_document(rng, shape, &past->documents[0]);
    for (size_t i = 0; i < past->count; i++) {
        struct ot_buf op = {0};
        struct ot_slice document = ot_buf_slice(&past->documents[i]);
        random_op(rng, shape, document, &op);
        assert_int_equal(
            ot_compose(document, ot_buf_slice(&op), shape->order, &past->documents[i + 1]), OT_OK);
        history_push(&past->history, entry_of(past->first + 1 + i, ot_buf_slice(&op), i));
        ot_buf_deinit(&op);
    }
}

static void past_deinit(struct past *past)
{
    history_deinit(&past->history);
    for (size_t i = 0; i <= past->count; i++) {
        ot_buf_deinit(&past->documents[i]);
    }
}

/* Over the entries one by one, the committed side first at ties. */
static void expect_stepwise(const struct past *past, size_t base, struct ot_slice op,
                            struct ot_slice expected)
{
    struct ot_buf now = {0}, next = {0};
    assert_int_equal(ot_buf_append(&now, op.data, op.size), OT_OK);
    for (size_t i = base; i < past->count; i++) {
        const struct entry *entry = history_at(&past->history, past->first + 1 + i);
        ot_buf_clear(&next);
        assert_int_equal(ot_transform(ot_buf_slice(&now), entry->op, OT_RIGHT, OT_STABLE, &next),
                         OT_OK);
        ot_buf_clear(&now);
        assert_int_equal(ot_buf_append(&now, next.data, next.size), OT_OK);
    }
    assert_int_equal(now.size, expected.size);
    assert_memory_equal(now.data, expected.data, expected.size);
    ot_buf_deinit(&now);
    ot_buf_deinit(&next);
}

/* It can be applied to the newest document. */
static void expect_fits(const struct past *past, struct ot_slice op)
{
    struct ot_doc *doc;
    assert_int_equal(ot_doc_load(ot_buf_slice(&past->documents[past->count]), &doc), OT_OK);
    assert_int_equal(ot_doc_apply(doc, op, NULL), OT_OK);
    ot_doc_free(doc);
}

static void late_edits_become_what_they_would_one_by_one(void **state)
{
    struct rng rng = rng_start("history");
    (void)state;
    for (unsigned i = 0, cases = random_cases(300); i < cases; i++) {
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct past past;
        past_init(&past, &rng, &shape);
        for (size_t base = 0; base <= past.count; base++) {
            struct ot_buf op = {0}, late = {0};
            random_op(&rng, &shape, ot_buf_slice(&past.documents[base]), &op);
            assert_int_equal(
                history_transform(&past.history, ot_buf_slice(&op), past.first + base, &late),
                OT_OK);
            expect_stepwise(&past, base, ot_buf_slice(&op), ot_buf_slice(&late));
            expect_fits(&past, ot_buf_slice(&late));
            ot_buf_deinit(&op);
            ot_buf_deinit(&late);
        }
        past_deinit(&past);
    }
}

static void the_result_is_appended_to_what_is_there(void **state)
{
    struct rng rng = {7};
    struct ot_shape shape = {OT_STABLE, true, true, 4, 4};
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct past past;
        struct ot_buf op = {0}, alone = {0}, behind = {0};
        past_init(&past, &rng, &shape);
        random_op(&rng, &shape, ot_buf_slice(&past.documents[0]), &op);
        assert_int_equal(ot_buf_append(&behind, "abc", 3), OT_OK);
        history_transform(&past.history, ot_buf_slice(&op), past.first, &alone);
        history_transform(&past.history, ot_buf_slice(&op), past.first, &behind);
        assert_int_equal(behind.size, 3 + alone.size);
        assert_memory_equal(behind.data, "abc", 3);
        assert_memory_equal(behind.data + 3, alone.data, alone.size);
        ot_buf_deinit(&op);
        ot_buf_deinit(&alone);
        ot_buf_deinit(&behind);
        past_deinit(&past);
    }
}

/* ---- an edit that grows ---- */

/* Formats 1000 letters and inserts `tail` bytes behind them, after somebody put one between each
 * two: its size then, or 0 if it is too large. */
static size_t size_when_moved(size_t tail)
{
    static uint8_t text[LIMIT_MOVED_BYTES],
        format[3000] = {0x81, 0xa1, 'k', 0xda, 2994 >> 8, 2994 & 255};
    struct history history = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf over = {0}, op = {0}, moved = {0};
    memset(format + 6, 'v', sizeof format - 6);
    memset(text, 't', sizeof text);
    for (int i = 0; i < 1000; i++) {
        ot_builder_retain(builder, 1, (struct ot_slice){0});
        ot_builder_insert(builder, (struct ot_slice){text, 1}, (struct ot_slice){0});
    }
    assert_int_equal(ot_builder_finish(builder, &over), OT_OK);
    ot_builder_reset(builder);
    ot_builder_retain(builder, 1000, (struct ot_slice){format, sizeof format});
    ot_builder_insert(builder, (struct ot_slice){text, tail}, (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    history_begin(&history, 1);
    struct blob *blob = blob_copy(over.data, over.size);
    history_push(&history,
                 (struct entry){.version = 1, .blob = blob, .op = {blob->data, blob->size}});
    int result = history_transform(&history, ot_buf_slice(&op), 0, &moved);
    assert_int_equal(result, moved.size > 0 ? OT_OK : OT_E_LENGTH);
    size_t size = moved.size;
    ot_buf_deinit(&over);
    ot_buf_deinit(&op);
    ot_buf_deinit(&moved);
    ot_builder_free(builder);
    history_deinit(&history);
    return size;
}

static void an_edit_grows_up_to_the_limit(void **state)
{
    (void)state;
    size_t tail = 1100000, size; /* its length is written in as many bytes as that of the last */
    while ((size = size_when_moved(tail)) < LIMIT_MOVED_BYTES) {
        assert_true(size > 0);
        tail += LIMIT_MOVED_BYTES - size;
    }
    assert_int_equal(size, LIMIT_MOVED_BYTES);
    assert_int_equal(size_when_moved(tail + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_grows_up_to_the_limit),
        cmocka_unit_test(a_new_history_begins_where_it_is_told),
        cmocka_unit_test(the_ring_grows_wherever_it_begins),
        cmocka_unit_test(too_many_edits_are_trimmed_from_the_oldest),
        cmocka_unit_test(too_many_bytes_are_trimmed_too),
        cmocka_unit_test(what_is_not_on_disk_is_never_trimmed),
        cmocka_unit_test(late_edits_become_what_they_would_one_by_one),
        cmocka_unit_test(the_result_is_appended_to_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

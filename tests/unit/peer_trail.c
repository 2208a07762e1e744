/* The end of the log that a client keeps, to offer its own edits again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/peer/bytes.h"
#include "tools/peer/trail.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct trail trail;
    struct ot_doc *doc;
};

static int setup(void **state)
{
    struct fixture *fixture = bytes_alloc(1, sizeof *fixture);
    fixture->doc = ot_doc_new();
    assert_non_null(fixture->doc);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    trail_deinit(&fixture->trail);
    ot_doc_free(fixture->doc);
    free(fixture);
    return 0;
}

/* Deletes `deleted` units at `at`, and inserts `text`. */
static struct ot_buf op_of(uint64_t at, uint64_t deleted, const char *text)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};
    assert_non_null(builder);
    ot_builder_retain(builder, at, (struct ot_slice){0});
    ot_builder_delete(builder, deleted);
    ot_builder_insert(builder, bytes_of(text), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &op), OT_OK);
    ot_builder_free(builder);
    return op;
}

/* An own edit, or (`seq` 0) one of others. */
static void commit(struct fixture *fixture, uint64_t seq, uint64_t at, uint64_t deleted,
                   const char *text)
{
    struct ot_buf op = op_of(at, deleted, text);
    trail_add(&fixture->trail, fixture->doc, ot_buf_slice(&op), seq);
    assert_int_equal(ot_doc_apply(fixture->doc, ot_buf_slice(&op), NULL), OT_OK);
    ot_buf_deinit(&op);
}

static bool take(struct fixture *fixture, uint64_t seq)
{
    struct ot_buf unsaved = op_of(0, 0, "");
    bool kept = trail_take_after(&fixture->trail, seq, fixture->doc, &unsaved);
    ot_buf_deinit(&unsaved);
    return kept;
}

static void assert_text(const struct ot_doc *doc, const char *text)
{
    struct ot_buf shown = {0};
    assert_int_equal(ot_doc_text(doc, &shown), OT_OK);
    assert_int_equal(shown.size, strlen(text));
    assert_memory_equal(shown.data, text, shown.size);
    ot_buf_deinit(&shown);
}

static void own_edits_come_back_without_those_of_others(void **state)
{
    struct fixture *fixture = *state;
    commit(fixture, 0, 0, 0, "theirs ");
    commit(fixture, 1, 7, 0, "saved ");
    commit(fixture, 2, 13, 0, "lost ");
    commit(fixture, 0, 13, 2, "p"); /* "lost" becomes "past" in part: they take "lo" away */
    commit(fixture, 3, 0, 7, "");
    struct ot_buf unsaved = op_of(0, 0, "new ");
    assert_true(trail_take_after(&fixture->trail, 1, fixture->doc, &unsaved));
    assert_text(fixture->doc, "theirs saved ");
    assert_int_equal(ot_doc_apply(fixture->doc, ot_buf_slice(&unsaved), NULL), OT_OK);
    assert_text(fixture->doc, "new saved lost ");
    ot_buf_deinit(&unsaved);
    assert_int_equal(fixture->trail.count, 1);
}

static void what_is_not_kept_is_not_taken(void **state)
{
    struct fixture *fixture = *state;
    commit(fixture, 0, 0, 0, "a");
    assert_int_equal(fixture->trail.count, 0);
    assert_false(take(fixture, 0));
    commit(fixture, 5, 0, 0, "b");
    assert_false(take(fixture, 3));
    assert_false(take(fixture, 5));
    assert_text(fixture->doc, "ba");
    assert_true(take(fixture, 4));
    assert_text(fixture->doc, "a");
}

static void so_many_entries_are_kept_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    commit(fixture, 1, 0, 0, "a");
    commit(fixture, 2, 0, 0, "b");
    for (unsigned i = 2; i < TRAIL_ENTRIES_MAX; i++)
        commit(fixture, 0, 0, 0, "c");
    assert_int_equal(fixture->trail.count, TRAIL_ENTRIES_MAX);
    assert_int_equal(fixture->trail.entries[0].seq, 1);
    commit(fixture, 0, 0, 0, "c");
    assert_int_equal(fixture->trail.count, TRAIL_ENTRIES_MAX);
    assert_int_equal(fixture->trail.entries[0].seq, 2);
    commit(fixture, 0, 0, 0, "c"); /* and what followed the dropped one goes with it */
    assert_int_equal(fixture->trail.count, 0);
    assert_false(take(fixture, 1));
}

static void so_much_text_is_kept_and_no_more(void **state)
{
    struct fixture *fixture = *state;
    /* One unit each for the insert and for the delete that takes it back. */
    char *text = bytes_alloc(1, TRAIL_UNITS_MAX);
    memset(text, 'x', TRAIL_UNITS_MAX - 2);
    commit(fixture, 1, 0, 0, text);
    assert_int_equal(fixture->trail.units, TRAIL_UNITS_MAX);
    assert_int_equal(fixture->trail.count, 1);
    commit(fixture, 2, 0, 0, "a");
    assert_int_equal(fixture->trail.count, 1);
    assert_int_equal(fixture->trail.entries[0].seq, 2);
    assert_int_equal(fixture->trail.units, 3);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(own_edits_come_back_without_those_of_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_kept_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(so_many_entries_are_kept_and_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(so_much_text_is_kept_and_no_more, setup, teardown),
    };
    return cmocka_run_group_tests_name("peer_trail", tests, NULL, NULL);
}

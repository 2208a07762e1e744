/* Differences of documents: they lead where they should, and touch no more than they must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "tools/peer/bytes.h"
#include "tools/peer/difference.h"
#include "tools/peer/wire.h"

static struct ot_buf insert(uint64_t at, const char *text)
{
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct ot_buf op = {0};

    ot_builder_retain(builder, at, PEER_NIL);
    ot_builder_insert(builder, bytes_of(text), PEER_NIL);
    bytes_must(ot_builder_finish(builder, &op));
    ot_builder_free(builder);
    return op;
}

static void a_difference_leads_from_one_document_to_the_other(void **state)
{
    struct rng rng = rng_start("peer_difference");
    unsigned cases = random_cases(3000);
    (void)state;

    for (unsigned i = 0; i < cases; i++) {
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_buf from = {0}, to = {0}, edit = {0}, op = {0}, reached = {0};
        random_document(&rng, &shape, &from);
        random_op(&rng, &shape, ot_buf_slice(&from), &edit);
        if (rng_percent(&rng, 80))
            bytes_must(ot_compose(ot_buf_slice(&from), ot_buf_slice(&edit), OT_STABLE, &to));
        else
            random_document(&rng, &shape, &to);
        assert_int_equal(difference(ot_buf_slice(&from), ot_buf_slice(&to), &op), OT_OK);
        assert_int_equal(ot_op_check(ot_buf_slice(&op), NULL, NULL), OT_OK);
        bytes_must(ot_compose(ot_buf_slice(&from), ot_buf_slice(&op), OT_STABLE, &reached));
        assert_true(bytes_equal(ot_buf_slice(&reached), ot_buf_slice(&to)));
        ot_buf_deinit(&from);
        ot_buf_deinit(&to);
        ot_buf_deinit(&edit);
        ot_buf_deinit(&op);
        ot_buf_deinit(&reached);
    }
}

static void a_difference_touches_only_what_changed(void **state)
{
    static const struct {
        const char *from, *to;
        uint64_t deleted, inserted;
    } cases[] = {
        {"abcdef", "abXdef", 1, 1},
        {"abc", "abc", 0, 0},
        {"", "abc", 0, 3},
        {"abc", "", 3, 0},
        {"aaaa", "aaaaa", 0, 1},
        {"abab", "ab", 2, 0},
        {"x\xc3\xa9y", "x\xc3\xa8y", 1, 1},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81", 2, 2},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ot_buf from = insert(0, cases[i].from), to = insert(0, cases[i].to), op = {0};
        struct ot_op_info info;
        assert_int_equal(difference(ot_buf_slice(&from), ot_buf_slice(&to), &op), OT_OK);
        assert_int_equal(ot_op_check(ot_buf_slice(&op), &info, NULL), OT_OK);
        assert_int_equal(info.deleted_length, cases[i].deleted);
        assert_int_equal(info.inserted_length, cases[i].inserted);
        ot_buf_deinit(&from);
        ot_buf_deinit(&to);
        ot_buf_deinit(&op);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_difference_leads_from_one_document_to_the_other),
        cmocka_unit_test(a_difference_touches_only_what_changed),
    };
    return cmocka_run_group_tests_name("peer_difference", tests, NULL, NULL);
}

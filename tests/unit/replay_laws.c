/* Each law holds of the engine, and is broken by an engine that errs: the linker sends the calls
 * through here (--wrap), where they go wrong on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_case.h"
#include "lib/ot_words.h"
#include "tools/replay/laws.h"
#include "tools/replay/walk.h"

enum { CASES = 150 };

enum fault {
    FAULT_NONE,
    FAULT_COMPOSE_FORGETS, /* the second operation, now and then */
    FAULT_COMPOSE_REORDERS,
    FAULT_TRANSFORM_SIDE,
    FAULT_TRANSFORM_ORDER,
    FAULT_INVERT_FORGETS,
    FAULT_POSITION,
    FAULT_CHECK_LENIENT,
    FAULT_APPLY_SHORT,
    FAULT_HASH
};

/* Which fault the calls have. */
static enum fault fault;

int __real_ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order,
                      struct ot_buf *out);
int __wrap_ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order,
                      struct ot_buf *out);
int __real_ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side,
                        enum ot_order order, struct ot_buf *out);
int __wrap_ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side,
                        enum ot_order order, struct ot_buf *out);
int __real_ot_invert(struct ot_slice op, struct ot_slice document, enum ot_order order,
                     struct ot_buf *out);
int __wrap_ot_invert(struct ot_slice op, struct ot_slice document, enum ot_order order,
                     struct ot_buf *out);
uint64_t __real_ot_transform_position(struct ot_slice op, uint64_t pos_u16, enum ot_side side);
uint64_t __wrap_ot_transform_position(struct ot_slice op, uint64_t pos_u16, enum ot_side side);
int __real_ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __wrap_ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __real_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out);
int __real_ot_doc_hash(const struct ot_doc *doc, uint32_t *hash_out);
int __wrap_ot_doc_hash(const struct ot_doc *doc, uint32_t *hash_out);

static const struct ot_slice nothing = {(const uint8_t *)"", 1};

int __wrap_ot_compose(struct ot_slice a, struct ot_slice b, enum ot_order order, struct ot_buf *out)
{
    if (fault == FAULT_COMPOSE_FORGETS && (a.size + b.size) % 3 == 0) {
        b = nothing;
    }
    if (fault == FAULT_COMPOSE_REORDERS) {
        order = OT_CANONICAL;
    }
    return __real_ot_compose(a, b, order, out);
}

int __wrap_ot_transform(struct ot_slice op, struct ot_slice over, enum ot_side side,
                        enum ot_order order, struct ot_buf *out)
{
    return __real_ot_transform(op, over, fault == FAULT_TRANSFORM_SIDE ? OT_RIGHT : side,
                               fault == FAULT_TRANSFORM_ORDER ? OT_CANONICAL : order, out);
}

int __wrap_ot_invert(struct ot_slice op, struct ot_slice document, enum ot_order order,
                     struct ot_buf *out)
{
    return __real_ot_invert(fault == FAULT_INVERT_FORGETS ? nothing : op, document, order, out);
}

uint64_t __wrap_ot_transform_position(struct ot_slice op, uint64_t pos_u16, enum ot_side side)
{
    uint64_t pos = __real_ot_transform_position(op, pos_u16, side);
    return fault == FAULT_POSITION && pos != pos_u16 ? pos + 1 : pos;
}

int __wrap_ot_doc_check(const struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    int code = __real_ot_doc_check(doc, op, error_out);
    return fault == FAULT_CHECK_LENIENT && code == OT_E_RANGE ? OT_OK : code;
}

int __wrap_ot_doc_apply(struct ot_doc *doc, struct ot_slice op, struct ot_error *error_out)
{
    bool is_skipped = fault == FAULT_APPLY_SHORT && op.size % 2 == 1;
    return is_skipped ? OT_OK : __real_ot_doc_apply(doc, op, error_out);
}

int __wrap_ot_doc_hash(const struct ot_doc *doc, uint32_t *hash_out)
{
    int code = __real_ot_doc_hash(doc, hash_out);
    *hash_out += fault == FAULT_HASH;
    return code;
}

/* Whether the law does not hold in one of so many random cases, the engine having the fault. */
static bool is_breached(const char *name, enum fault has, unsigned cases)
{
    const struct law *law = law_find(name);
    struct rng rng = rng_start(name);
    bool breached = false;
    assert_non_null(law);
    for (unsigned i = 0; i < cases && !breached; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct law_case law_case = {.document = case_document(&c, &rng, &shape)};
        law_case.first = case_op(&c, &rng, &shape, law_case.document, "first");
        law_case.other = case_op(&c, &rng, &shape, law_case.document, "other");
        struct ot_slice after = case_compose(&c, law_case.document, law_case.first, "after");
        law_case.second = case_op(&c, &rng, &shape, after, "second");
        fault = has;
        bool holds = law->holds(&law_case);
        fault = FAULT_NONE;
        case_require(&c, holds || has != FAULT_NONE, law->text);
        breached = !holds;
        case_end(&c);
    }
    return breached;
}

static void each_law_holds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LAW_COUNT; i++) {
        assert_false(is_breached(laws[i].name, FAULT_NONE, CASES));
    }
}

static void each_law_finds_an_engine_that_errs(void **state)
{
    static const struct {
        const char *law;
        enum fault fault;
    } pairs[] = {
        {"form", FAULT_COMPOSE_REORDERS},      {"form", FAULT_TRANSFORM_ORDER},
        {"converge", FAULT_TRANSFORM_SIDE},    {"converge", FAULT_COMPOSE_FORGETS},
        {"fold", FAULT_TRANSFORM_ORDER},       {"fold", FAULT_COMPOSE_REORDERS},
        {"position", FAULT_POSITION},          {"apply", FAULT_APPLY_SHORT},
        {"apply", FAULT_COMPOSE_FORGETS},      {"apply", FAULT_HASH},
        {"plain", FAULT_APPLY_SHORT},          {"compose", FAULT_COMPOSE_FORGETS},
        {"associative", FAULT_INVERT_FORGETS}, {"associative", FAULT_COMPOSE_FORGETS},
        {"invert", FAULT_INVERT_FORGETS},      {"invert", FAULT_APPLY_SHORT},
        {"meet", FAULT_TRANSFORM_SIDE},        {"meet", FAULT_APPLY_SHORT},
        {"fits", FAULT_CHECK_LENIENT},         {"fits", FAULT_APPLY_SHORT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        /* Some are met in one case of hundreds. */
        if (!is_breached(pairs[i].law, pairs[i].fault, 100 * CASES)) {
            fail_msg("%s does not find fault %d", pairs[i].law, (int)pairs[i].fault);
        }
    }
    for (size_t i = 0; i < LAW_COUNT; i++) {
        bool is_tested = false;
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            is_tested = is_tested || strcmp(pairs[k].law, laws[i].name) == 0;
        }
        assert_true(is_tested);
    }
    assert_null(law_find("none"));
}

/* Large documents are not looked at each time; where one goes wrong is still told exactly. */
static void the_very_operation_is_told(void **state)
{
    enum { WRONG = 57, STEPS = 300 };
    struct walk_options options = {.has_checks = true};
    struct script script = {0};
    struct words words = {0};
    struct ot_buf text = {0}, start = {0};
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    struct rng rng = rng_start("the very operation");
    (void)state;
    random_text(&rng, false, 40 * WALK_UNITS_EACH, &text);
    ot_builder_insert(builder, ot_buf_slice(&text), (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, &start), OT_OK);
    struct ot_slice right = words_op(&words, "5 'x'");
    struct ot_slice wrong = words_op(&words, "5 'xy'");
    assert_true(start.size % 2 == 0 && right.size % 2 == 0 && wrong.size % 2 == 1);
    script_add(&script, 0, ot_buf_slice(&start));
    for (size_t i = 1; i < STEPS; i++) {
        script_add(&script, i, i == WRONG ? wrong : right);
    }
    assert_null(walk(&script, &options, NULL).finding.name);
    fault = FAULT_APPLY_SHORT;
    struct walk_result result = walk(&script, &options, NULL);
    fault = FAULT_NONE;
    assert_string_equal(result.finding.name, "document");
    assert_int_equal(result.finding.step, WRONG);
    ot_builder_free(builder);
    ot_buf_deinit(&text);
    ot_buf_deinit(&start);
    script_deinit(&script);
    words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_law_holds),
        cmocka_unit_test(each_law_finds_an_engine_that_errs),
        cmocka_unit_test(the_very_operation_is_told),
    };
    return cmocka_run_group_tests_name("replay_laws", tests, NULL, NULL);
}

/* The document over long lives: always sound, always what the plain model says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_case.h"
#include "lib/ot_model.h"

enum { LIVES = 12, EDITS = 80 };

static void require_snapshot(struct ot_case *c, const struct ot_doc *doc, struct ot_slice expected)
{
    struct ot_buf out = {0};
    uint32_t hash;
    case_require(c, ot_doc_sound(doc), "the document is not sound");
    case_require(c, ot_doc_snapshot(doc, &out) == OT_OK, "no snapshot");
    case_same(c, ot_buf_slice(&out), expected, "the document differs");
    case_require(c, ot_doc_hash(doc, &hash) == OT_OK && hash == ot_hash(expected),
                 "the hash differs");
    struct ot_op_info info;
    assert_int_equal(ot_op_check(expected, &info, NULL), OT_OK);
    case_require(c, ot_doc_length(doc) == info.inserted_length, "the length differs");
    ot_buf_deinit(&out);
}

/* A shape for one edit in a life: mostly few changes of any size, sometimes a rewrite. */
static struct ot_shape edit_shape(struct rng *rng, const struct ot_shape *life)
{
    struct ot_shape shape = *life;
    shape.components = rng_percent(rng, 5) ? 150 : 1 + rng_below(rng, 5);
    shape.length = rng_percent(rng, 10) ? 2500 : 1 + rng_below(rng, rng_percent(rng, 20) ? 400 : 8);
    return shape;
}

/* Applies one random edit; refuses and takes back some on the way. */
static void edit(struct ot_case *c, struct rng *rng, const struct ot_shape *life,
                 struct ot_doc *doc, struct ot_slice before)
{
    struct ot_shape shape = edit_shape(rng, life);
    struct ot_slice op = case_op(c, rng, &shape, before, "op");
    struct ot_slice inverse = case_invert(c, op, before, "inverse");
    struct ot_buf *own = case_buf(c, "own inverse");
    struct model models[] = {model_read(before), model_read(op)};
    struct model result = model_compose(&models[0], &models[1]);
    model_write(&result, OT_STABLE, case_buf(c, "after"));
    struct ot_slice after = ot_buf_slice(&c->ops[c->count - 1]);

    case_require(c, ot_doc_invert(doc, op, c->order, own) == OT_OK, "no inverse");
    case_same(c, ot_buf_slice(own), inverse, "the document's inverse differs");
    case_require(c, ot_doc_check(doc, op, NULL) == OT_OK, "the edit is refused");
    uint64_t most = ot_doc_snapshot_most(doc, op.size);
    case_require(c, ot_doc_apply(doc, op, NULL) == OT_OK, "the edit is refused");
    require_snapshot(c, doc, after);
    case_require(c, after.size <= most + 16, "the snapshot is larger than any edit makes it");
    case_require(c, after.size <= ot_doc_snapshot_most(doc, 0) + 16, "the snapshot is larger");
    if (rng_percent(rng, 20)) {
        case_require(c, ot_doc_apply(doc, inverse, NULL) == OT_OK, "the inverse is refused");
        require_snapshot(c, doc, before);
        case_require(c, ot_doc_apply(doc, op, NULL) == OT_OK, "the edit is refused");
        require_snapshot(c, doc, after);
    }
    model_free(&models[0]);
    model_free(&models[1]);
    model_free(&result);
}

static void a_document_stays_sound_all_its_life(void **state)
{
    (void)state;
    struct rng rng = rng_start("lives");
    unsigned lives = random_cases(LIVES);
    for (unsigned life = 0; life < lives; life++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_doc *doc = NULL;
        struct ot_buf now = {0};
        random_document(&rng, &shape, &now);
        case_require(&c, ot_doc_load(ot_buf_slice(&now), &doc) == OT_OK, "not loaded");
        require_snapshot(&c, doc, ot_buf_slice(&now));
        for (unsigned i = 0; i < EDITS; i++) {
            uint64_t seed = c.seed;
            case_begin(&c, &rng, OT_STABLE);
            c.seed = seed;
            edit(&c, &rng, &shape, doc, ot_buf_slice(&now));
            now.size = 0;
            assert_int_equal(ot_doc_snapshot(doc, &now), OT_OK);
            case_end(&c);
        }
        ot_doc_free(doc);
        ot_buf_deinit(&now);
    }
}

/* A document is accepted to be changed by exactly those operations that fit it. */
static void check_accepts_what_fits_and_nothing_else(void **state)
{
    (void)state;
    enum { CASES = 3000 };
    struct rng rng = rng_start("fitting");
    unsigned cases = random_cases(CASES);
    unsigned refused = 0;
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_slice document = case_document(&c, &rng, &shape);
        struct ot_slice other = case_document(&c, &rng, &shape);
        struct ot_slice op = case_op(&c, &rng, &shape, other, "op");
        struct ot_doc *doc = NULL;
        struct ot_error error = {0};
        struct model models[] = {model_read(op), model_read(document)};
        bool fits = model_fits(&models[0], &models[1]);
        case_require(&c, ot_doc_load(document, &doc) == OT_OK, "not loaded");
        case_require(&c, (ot_doc_check(doc, op, &error) == OT_OK) == fits, "check is wrong");
        case_require(&c, ot_doc_apply(doc, op, NULL) == error.code, "apply differs from check");
        if (fits) {
            require_snapshot(&c, doc, case_compose(&c, document, op, "after"));
        } else {
            case_require(&c, error.at <= models[1].count, "refused outside the document");
            require_snapshot(&c, doc, document);
            refused++;
        }
        model_free(&models[0]);
        model_free(&models[1]);
        ot_doc_free(doc);
        case_end(&c);
    }
    print_message("%u of %u refused\n", refused, cases);
    assert_true(cases < CASES || (refused > cases / 20 && refused < cases - cases / 20));
}

/* After transforming, an operation still fits the document it has been made to fit. */
static void transformed_operations_fit(void **state)
{
    (void)state;
    enum { CASES = 2000 };
    struct rng rng = rng_start("transforming");
    unsigned cases = random_cases(CASES);
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_slice document = case_document(&c, &rng, &shape);
        struct ot_slice a = case_op(&c, &rng, &shape, document, "a");
        struct ot_slice b = case_op(&c, &rng, &shape, document, "b");
        struct ot_slice b_after = case_transform(&c, b, a, OT_RIGHT, "b'");
        struct ot_slice a_after = case_transform(&c, a, b, OT_LEFT, "a'");
        struct ot_doc *docs[2] = {NULL, NULL};
        struct ot_buf *out = case_buf(&c, "result");
        case_require(&c,
                     ot_doc_load(document, &docs[0]) == OT_OK &&
                         ot_doc_load(document, &docs[1]) == OT_OK,
                     "not loaded");
        case_require(&c,
                     ot_doc_apply(docs[0], a, NULL) == OT_OK &&
                         ot_doc_apply(docs[0], b_after, NULL) == OT_OK,
                     "b' does not fit");
        case_require(&c,
                     ot_doc_apply(docs[1], b, NULL) == OT_OK &&
                         ot_doc_apply(docs[1], a_after, NULL) == OT_OK,
                     "a' does not fit");
        case_require(&c, ot_doc_snapshot(docs[0], out) == OT_OK, "no snapshot");
        require_snapshot(&c, docs[1], ot_buf_slice(out));
        ot_doc_free(docs[0]);
        ot_doc_free(docs[1]);
        case_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_stays_sound_all_its_life),
        cmocka_unit_test(check_accepts_what_fits_and_nothing_else),
        cmocka_unit_test(transformed_operations_fit),
    };
    return cmocka_run_group_tests_name("ot_document", tests, NULL, NULL);
}

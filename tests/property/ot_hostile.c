/* Damaged bytes: what the reader lets through is harmless to every other function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_case.h"

enum { CASES = 6000 };

/* A copy in memory of exactly its size, so that reading beyond it is noticed. */
static struct ot_slice tight(struct ot_slice op)
{
    uint8_t *copy = malloc(op.size > 0 ? op.size : 1);
    assert_non_null(copy);
    memcpy(copy, op.data, op.size);
    return (struct ot_slice){copy, op.size};
}

static void damage(struct rng *rng, struct ot_buf *op)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xc0, 0xc1, 0xdf, 0x0c, 0x12};
    for (unsigned i = 1 + rng_below(rng, 3); i > 0; i--) {
        uint32_t at = rng_below(rng, (uint32_t)op->size);
        switch (rng_below(rng, 5)) {
        case 0:
            op->data[at] = telling[rng_below(rng, sizeof telling)];
            break;
        case 1:
            op->data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
            break;
        case 2:
            op->data[at] = (uint8_t)(op->data[at] + 1);
            break;
        case 3:
            op->size = at + 1;
            break;
        default:
            memmove(op->data + at, op->data + at + 1, op->size - at - 1);
            op->size -= op->size > 1 ? 1 : 0;
            break;
        }
    }
}

/* Runs every function over operations that have nothing to do with each other. */
static void exercise(struct ot_case *c, struct ot_slice op, struct ot_slice other,
                     struct ot_slice document)
{
    struct ot_buf out = {0};
    struct ot_doc *doc = NULL;
    for (unsigned order = OT_CANONICAL; order <= OT_STABLE; order++) {
        struct ot_slice pairs[][2] = {{op, other}, {other, op}, {op, op}, {document, op}};
        for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            struct ot_slice a = pairs[i][0];
            struct ot_slice b = pairs[i][1];
            int errors[] = {ot_compose(a, b, (enum ot_order)order, &out),
                            ot_transform(a, b, OT_LEFT, (enum ot_order)order, &out),
                            ot_transform(b, a, OT_RIGHT, (enum ot_order)order, &out)};
            out.size = 0;
            case_require(
                c, errors[0] == OT_OK || errors[0] == OT_E_LENGTH || errors[0] == OT_E_SURROGATE,
                "compose fails");
            case_require(c, errors[1] == OT_OK || errors[1] == OT_E_LENGTH, "transform fails");
            case_require(c, errors[2] == OT_OK || errors[2] == OT_E_LENGTH, "transform fails");
            if (ot_compose(a, b, (enum ot_order)order, &out) == OT_OK) {
                case_require(c, ot_op_check(ot_buf_slice(&out), NULL, NULL) == OT_OK,
                             "compose makes what is not valid");
            }
            out.size = 0;
            if (ot_transform(a, b, OT_RIGHT, (enum ot_order)order, &out) == OT_OK) {
                case_require(c, ot_op_check(ot_buf_slice(&out), NULL, NULL) == OT_OK,
                             "transform makes what is not valid");
            }
            out.size = 0;
        }
        (void)ot_invert(op, document, (enum ot_order)order, &out);
    }
    (void)ot_transform_position(op, 3, OT_LEFT);
    case_require(c, ot_doc_load(document, &doc) == OT_OK, "not loaded");
    (void)ot_doc_invert(doc, op, OT_STABLE, &out);
    (void)ot_doc_apply(doc, op, NULL);
    case_require(c, ot_doc_sound(doc), "the document is not sound");
    ot_doc_free(doc);
    ot_buf_deinit(&out);
}

static void damaged_operations_are_refused_or_harmless(void **state)
{
    (void)state;
    struct rng rng = rng_start("damage");
    unsigned cases = random_cases(CASES);
    unsigned accepted = 0;
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_slice document = case_document(&c, &rng, &shape);
        struct ot_slice other = case_op(&c, &rng, &shape, document, "other");
        struct ot_buf *op = case_buf(&c, "damaged");
        struct ot_error error = {0};
        random_op(&rng, &shape, document, op);
        damage(&rng, op);
        struct ot_slice copy = tight(ot_buf_slice(op));
        if (ot_op_check(copy, NULL, &error) == OT_OK) {
            exercise(&c, copy, other, document);
            accepted++;
        } else {
            case_require(&c, error.at <= copy.size, "refused outside the operation");
        }
        free((void *)copy.data);
        case_end(&c);
    }
    print_message("%u of %u accepted\n", accepted, cases);
    assert_true(cases < CASES || accepted > cases / 50);
}

static void noise_is_refused_or_harmless(void **state)
{
    (void)state;
    struct rng rng = rng_start("noise");
    unsigned cases = random_cases(CASES);
    for (unsigned i = 0; i < cases * 5; i++) {
        uint8_t bytes[24];
        size_t size = rng_below(&rng, sizeof bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)(rng_percent(&rng, 50) ? rng_below(&rng, 32) : rng_next(&rng));
        }
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_slice copy = tight((struct ot_slice){bytes, size});
        if (ot_op_check(copy, NULL, NULL) == OT_OK) {
            static const struct ot_slice empty = {(const uint8_t *)"", 1};
            exercise(&c, copy, copy, empty);
        }
        (void)ot_value_check(copy, NULL);
        (void)ot_attributes_check(copy, NULL);
        (void)ot_embed_check(copy, NULL);
        free((void *)copy.data);
        case_end(&c);
    }
}

/* Small operations give small results: no more than their attributes for each component. */
static void results_are_in_proportion(void **state)
{
    (void)state;
    struct rng rng = rng_start("proportion");
    unsigned cases = random_cases(CASES);
    for (unsigned i = 0; i < cases; i++) {
        struct ot_case c;
        case_begin(&c, &rng, OT_STABLE);
        struct ot_shape shape = random_shape(&rng, OT_STABLE);
        struct ot_slice document = case_document(&c, &rng, &shape);
        struct ot_slice a = case_op(&c, &rng, &shape, document, "a");
        struct ot_slice b = case_op(&c, &rng, &shape, document, "b");
        struct ot_op_info of_a;
        struct ot_op_info of_b;
        assert_int_equal(ot_op_check(a, &of_a, NULL), OT_OK);
        assert_int_equal(ot_op_check(b, &of_b, NULL), OT_OK);
        if (!of_a.has_attributes && !of_b.has_attributes) {
            struct ot_slice after = case_transform(&c, b, a, OT_RIGHT, "b'");
            struct ot_slice both = case_compose(&c, a, after, "both");
            case_require(&c, after.size <= a.size + b.size + 8, "transform swells");
            case_require(&c, both.size <= a.size + after.size + 8, "compose swells");
        }
        case_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_operations_are_refused_or_harmless),
        cmocka_unit_test(noise_is_refused_or_harmless),
        cmocka_unit_test(results_are_in_proportion),
    };
    return cmocka_run_group_tests_name("ot_hostile", tests, NULL, NULL);
}

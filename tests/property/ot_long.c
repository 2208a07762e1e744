/* The laws on very long operations: thousands of components, long text, and lengths
 * up to the greatest there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/ot_case.h"
#include "lib/ot_words.h"
#include "tools/replay/laws.h"

enum { CASES = 1 };

static void require_laws(const struct ot_case *c, const struct law_case *law_case)
{
    for (size_t i = 0; i < LAW_COUNT; i++) {
        case_require(c, laws[i].holds(law_case), laws[i].text);
    }
}

static void hold_all(struct rng *rng, const struct ot_shape *shape, const struct ot_shape *other)
{
    struct ot_case c;
    case_begin(&c, rng, OT_STABLE);
    struct law_case law_case = {.document = case_document(&c, rng, shape)};
    law_case.first = case_op(&c, rng, shape, law_case.document, "first");
    law_case.other = case_op(&c, rng, other, law_case.document, "other");
    struct ot_slice after = case_compose(&c, law_case.document, law_case.first, "after");
    law_case.second = case_op(&c, rng, other, after, "second");
    require_laws(&c, &law_case);
    case_end(&c);
}

static void the_laws_hold_of_long_operations(void **state)
{
    static const struct ot_shape many = {OT_STABLE, true, true, 1500, 12};
    static const struct ot_shape large = {OT_STABLE, true, true, 30, 20000};
    static const struct ot_shape plain = {OT_STABLE, false, false, 3000, 5};
    static const struct ot_shape small = {OT_STABLE, true, true, 3, 3};
    static const struct ot_shape none = {OT_STABLE, true, true, 0, 1};
    static const struct ot_shape *const pairs[][2] = {
        {&many, &many},   {&many, &small},  {&large, &many}, {&plain, &plain},
        {&large, &small}, {&small, &large}, {&many, &none},  {&none, &many},
    };
    struct rng rng = rng_start("long");
    (void)state;
    for (unsigned i = random_cases(CASES); i > 0; i--) {
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            hold_all(&rng, pairs[k][0], pairs[k][1]);
        }
    }
}

/* Operations on a document that nobody has, as long as can be: with one unit more inserted, an
 * operation over it would be too long. */
static void the_laws_hold_of_the_greatest_lengths(void **state)
{
    static const char *const texts[][2] = {
        {"2147483645 -1", "-2147483646"},
        {"2147483645{bold:true} 1{bold:nil}", "2147483646{bold:false}"},
        {"1000000000 'a' 1147483645 -1", "1073741823 -1073741823"},
        {"-2147483646", "2147483646{a:1}"},
        {"-2147483646 'a'", "'b' -2147483646"},
        {"'a'", "2147483645 @image -1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct ot_case c;
        struct rng rng = {0};
        struct words words = {0};
        case_begin(&c, &rng, OT_STABLE);
        struct law_case law_case = {.first = words_op(&words, texts[i][0]),
                                    .other = words_op(&words, texts[i][1])};
        law_case.second =
            case_transform(&c, law_case.other, law_case.first, OT_RIGHT, "other after first");
        for (size_t k = 0; k < LAW_COUNT; k++) {
            case_require(&c, laws[k].has_document || laws[k].holds(&law_case), laws[k].text);
        }
        words_free(&words);
        case_end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_laws_hold_of_long_operations),
        cmocka_unit_test(the_laws_hold_of_the_greatest_lengths),
    };
    return cmocka_run_group_tests_name("ot_long", tests, NULL, NULL);
}

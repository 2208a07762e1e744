/* Which bytes are text, and how long it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "server/wire/utf8.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

static bool check(const char *text, size_t size, size_t *points_out, bool *controls_out)
{
    /* Of exactly this size, so that reading past it is noticed. */
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    assert_non_null(exact);
    memcpy(exact, text, size);
    bool valid = wire_utf8_check(exact, size, points_out, controls_out);
    free(exact);
    return valid;
}

static const struct {
    const char *text;
    size_t points;
    bool controls;
} valid[] = {
    {"", 0, false},
    {"a", 1, false},
    {"~ ", 2, false},
    {"\xc2\xa0", 1, false}, /* the first after the controls */
    {"\xdf\xbf", 1, false},
    {"\xe0\xa0\x80", 1, false}, /* U+0800 */
    {"\xed\x9f\xbf", 1, false}, /* U+D7FF */
    {"\xee\x80\x80", 1, false}, /* U+E000 */
    {"\xef\xbf\xbf", 1, false},
    {"\xf0\x90\x80\x80", 1, false}, /* U+10000 */
    {"\xf4\x8f\xbf\xbf", 1, false}, /* U+10FFFF */
    {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 5, false},
    {"\x01", 1, true},
    {"a\n", 2, true},
    {"\x1f", 1, true},
    {"\x7f", 1, true},
    {"\xc2\x80", 1, true}, /* C1 */
    {"\xc2\x9f", 1, true},
};

static void valid_text_is_counted_in_code_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++) {
        size_t points = 99;
        bool controls = !valid[i].controls;
        assert_true(check(valid[i].text, strlen(valid[i].text), &points, &controls));
        assert_int_equal(points, valid[i].points);
        assert_int_equal(controls, valid[i].controls);
        assert_true(check(valid[i].text, strlen(valid[i].text), NULL, NULL));
    }
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *text;
    size_t size;
} invalid[] = {
    {BYTES("\x00")}, /* NUL */
    {BYTES("a\x00")},
    {BYTES("\x80")}, /* a follower without a lead */
    {BYTES("\xbf")},
    {BYTES("a\x80z")},
    {BYTES("\xc0\x80")},         /* overlong: NUL */
    {BYTES("\xc1\xbf")},         /* overlong: U+007F */
    {BYTES("\xe0\x80\x80")},     /* overlong: NUL */
    {BYTES("\xe0\x9f\xbf")},     /* overlong: U+07FF */
    {BYTES("\xf0\x80\x80\x80")}, /* overlong: NUL */
    {BYTES("\xf0\x8f\xbf\xbf")}, /* overlong: U+FFFF */
    {BYTES("\xed\xa0\x80")},     /* surrogates: U+D800 */
    {BYTES("\xed\xaf\xbf")},
    {BYTES("\xed\xb0\x80")},
    {BYTES("\xed\xbf\xbf")},             /* U+DFFF */
    {BYTES("\xed\xa0\xbd\xed\xb8\x80")}, /* a pair of them */
    {BYTES("\xf4\x90\x80\x80")},         /* U+110000 */
    {BYTES("\xf5\x80\x80\x80")},
    {BYTES("\xf7\xbf\xbf\xbf")},
    {BYTES("\xf8\x88\x80\x80\x80")}, /* five and six bytes */
    {BYTES("\xfc\x84\x80\x80\x80\x80")},
    {BYTES("\xfe")},
    {BYTES("\xff")},
    {BYTES("\xc3")}, /* cut off */
    {BYTES("\xe2\x82")},
    {BYTES("\xe2")},
    {BYTES("\xf0\x9f\x98")},
    {BYTES("\xf0\x9f")},
    {BYTES("\xf0")},
    {BYTES("\xc3z")}, /* a letter where a follower should be */
    {BYTES("\xe2z\xac")},
    {BYTES("\xe2\x82z")},
    {BYTES("\xf0\x9fz\x80")},
    {BYTES("\xf0\x9f\x98z")},
    {BYTES("\xc3\xc3\xa9")}, /* a lead where a follower should be */
};

static void everything_else_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(invalid); i++) {
        char text[16] = "ab\xc3\xa9";
        memcpy(text + 4, invalid[i].text, invalid[i].size);
        size_t size = 4 + invalid[i].size;
        text[size] = 'z';
        assert_false(check(invalid[i].text, invalid[i].size, NULL, NULL));
        assert_false(check(text, size, NULL, NULL));
        assert_false(check(text, size + 1, NULL, NULL));
    }
}

static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t leads[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(leads[more] | point);
    return more + 1;
}

static void every_code_point_is_taken_but_nul_and_surrogates(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110400; point++) {
        char text[4];
        size_t size = encode(point, text), points = 0;
        bool taken = wire_utf8_check((const uint8_t *)text, size, &points, NULL);
        bool expected = point != 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
        assert_int_equal(taken, expected);
        assert_int_equal(points, expected);
    }
}

/* The definition, bit by bit. */
static bool is_utf8(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        uint8_t lead = text[i];
        size_t more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : 3;
        uint32_t point = lead & (more == 0 ? 0x7fu : 0x3fu >> more);
        if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8 || size - i <= more) {
            return false;
        }
        for (size_t k = 1; k <= more; k++) {
            if (text[i + k] >> 6 != 2) {
                return false;
            }
            point = point << 6 | (text[i + k] & 0x3f);
        }
        static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

static void random_bytes_are_judged_by_the_definition(void **state)
{
    struct rng rng = rng_start("utf8");
    size_t taken = 0;
    (void)state;
    for (unsigned i = 0, cases = random_cases(300000); i < cases; i++) {
        static const uint8_t edges[] = {0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf,
                                        0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4};
        uint8_t text[6];
        size_t size = 1 + rng_below(&rng, sizeof text);
        for (size_t k = 0; k < size; k++) {
            text[k] = rng_percent(&rng, 70) ? edges[rng_below(&rng, COUNT(edges))]
                                            : (uint8_t)rng_next(&rng);
        }
        bool expected = is_utf8(text, size);
        taken += expected;
        assert_int_equal(wire_utf8_check(text, size, NULL, NULL), expected);
    }
    assert_true(taken > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_text_is_counted_in_code_points),
        cmocka_unit_test(everything_else_is_refused_wherever_it_stands),
        cmocka_unit_test(every_code_point_is_taken_but_nul_and_surrogates),
        cmocka_unit_test(random_bytes_are_judged_by_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

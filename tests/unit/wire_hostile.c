/* Bytes that are no messages: cut off, damaged, or drawn at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "server/limits.h"
#include "server/wire/message.h"
#include "server/wire/utf8.h"
#include "wire_golden.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

/* ---- what is no message at all ---- */

/* `at` WIRE_NONE: anywhere within the frame. */
static void expect_lost(struct ot_slice frame, uint64_t at)
{
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    assert_int_equal(wire_read(frame, &offset, &message, &error), -1);
    assert_true(error.lost);
    assert_string_equal(error.code, "bad_message");
    if (at == WIRE_NONE) {
        assert_true(error.at <= frame.size);
    } else {
        assert_int_equal(error.at, at);
    }
    assert_int_equal(error.ref, WIRE_NONE);
    assert_int_equal(error.channel, -1);
    assert_int_equal(offset, 0);
}

static void what_quire_does_not_speak_is_refused_where_it_stands(void **state)
{
    static const struct {
        const char *bytes;
        uint64_t at;
    } lost[] = {
        {"c1", 0},                        /* never used */
        {"92 02 c1", 2},                  /* the same, further in */
        {"81 01 02", 0},                  /* map */
        {"92 02 82 01 02 01 02", 2},      /* map with a key twice */
        {"92 02 ca 00000000", 2},         /* float */
        {"92 02 ca 7fc00000", 2},         /* NaN */
        {"92 02 cb 0000000000000000", 2}, /* double */
        {"92 02 d4 01 00", 2},            /* ext */
        {"92 02 c7 01 ff 00", 2},         /* ext: a time */
        {"92 02 c9 ffffffff 01", 2},      /* ext that promises 4 GiB */
        {"de 0001 01 02", 0},             /* map 16 */
        {"92 02 91 91 91 00", 4},         /* the fourth array */
        {"92 02 91 91 90", 4},            /* the same, empty */
        {"dd ffffffff", 0},               /* counts and sizes that the bytes cannot hold */
        {"dd 0fffffff", 0},
        {"df 0fffffff", 0},
        {"dc ffff 02", 0},
        {"92 02 db ffffffff 78", 2},
        {"92 02 c6 7fffffff 78", 2},
        {"92 02 d9 05 78", 2},
        {"92 02 cd 01", 2}, /* the bytes end inside */
        {"92 02 d3 00", 2},
        {"92", 0},
        {"92 02", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lost); i++) {
        struct ot_slice frame = wire_hex(lost[i].bytes);
        expect_lost(frame, lost[i].at);
        wire_drop(frame);
    }
    expect_lost((struct ot_slice){(const uint8_t *)"", 0}, 0);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_golden_count; i++) {
        struct ot_slice whole = wire_hex(wire_golden[i].bytes);
        for (size_t size = 0; size < whole.size; size++) {
            struct ot_slice cut = wire_copy((struct ot_slice){whole.data, size});
            expect_lost(cut, WIRE_NONE);
            wire_drop(cut);
        }
        wire_drop(whole);
    }
}

/* Each item has one encoding, the shortest: the same message in a longer one is refused at that
 * item, and the rest of the frame is still read. */
static void longer_encodings_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        uint64_t at;
    } longer[] = {
        {"92 cc 02 05", 1},
        {"92 02 cc 05", 2},
        {"92 02 cc 7f", 2},
        {"92 02 cd 00ff", 2},
        {"92 02 ce 0000ffff", 2},
        {"92 02 cf 00000000ffffffff", 2},
        {"92 02 d0 05", 2}, /* signed */
        {"92 02 d1 00ff", 2},
        {"92 02 d2 0000ffff", 2},
        {"92 02 d3 0000000000000005", 2},
        {"dc 0002 02 05", 0},
        {"dd 00000002 02 05", 0},
        {"93 0c 01 d9 01 78", 3}, /* strings */
        {"93 0c 01 da 0001 78", 3},
        {"93 0c 01 db 00000001 78", 3},
        {"95 05 00 01 00 c5 0001 00", 5}, /* bin */
        {"95 05 00 01 00 c6 00000001 00", 5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(longer); i++) {
        struct ot_slice frame = wire_hex(longer[i].bytes);
        struct message message;
        struct wire_error error;
        size_t offset = 0;
        assert_int_equal(wire_read(frame, &offset, &message, &error), -1);
        assert_string_equal(error.code, "bad_message");
        assert_string_equal(error.text, "an item is not in its shortest encoding");
        assert_int_equal(error.at, longer[i].at);
        assert_false(error.lost);
        assert_int_equal(offset, frame.size);
        wire_drop(frame);
    }
}

/* ---- random bytes ---- */

static void expect_inside(struct ot_slice frame, struct ot_slice part)
{
    if (part.data != NULL) {
        assert_true(part.data >= frame.data &&
                    part.size <= (size_t)(frame.data + frame.size - part.data));
    }
}

static void expect_text_inside(struct ot_slice frame, struct ot_slice text)
{
    expect_inside(frame, text);
    assert_true(wire_utf8_check(text.data, text.size, NULL, NULL));
}

/* What is taken keeps its promises, whatever it was made from. */
static void expect_sound(struct ot_slice frame, const struct message *m)
{
    assert_true(m->channel <= WIRE_CHANNEL_MAX);
    assert_true(m->ref == WIRE_NONE || m->ref <= WIRE_UINT_MAX);
    switch (m->kind) {
    case WIRE_HELLO:
        expect_text_inside(frame, m->hello.token);
        expect_text_inside(frame, m->hello.name);
        expect_text_inside(frame, m->hello.agent);
        expect_inside(frame, m->hello.key);
        assert_int_equal(m->hello.color.size, 7);
        break;
    case WIRE_OPEN:
        expect_text_inside(frame, m->open.id);
        assert_in_range(m->open.id.size, 1, LIMIT_ID_BYTES);
        break;
    case WIRE_EDIT:
        expect_inside(frame, m->edit.op);
        assert_int_equal(ot_op_check(m->edit.op, NULL, NULL), OT_OK);
        break;
    case WIRE_CURSOR:
        expect_text_inside(frame, m->cursor.data);
        assert_int_equal(m->cursor.anchor == WIRE_NONE, m->cursor.head == WIRE_NONE);
        break;
    case WIRE_CHAT:
        expect_text_inside(frame, m->chat.text);
        assert_true(m->chat.text.size > 0);
        break;
    case WIRE_CREATE:
        expect_text_inside(frame, m->create.title);
        expect_text_inside(frame, m->create.id);
        assert_in_range(m->create.type, 1, 2);
        break;
    case WIRE_RENAME:
        expect_text_inside(frame, m->rename.title);
        break;
    default:
        break;
    }
}

/* Returns how many messages were taken. */
static size_t read_all(struct ot_slice frame)
{
    size_t offset = 0, taken = 0;
    while (offset < frame.size) {
        struct message message;
        struct wire_error error;
        size_t before = offset;
        int result = wire_read(frame, &offset, &message, &error);
        assert_true(offset <= frame.size);
        if (result == 0) {
            expect_sound(frame, &message);
            taken++;
        } else if (error.lost) {
            assert_int_equal(offset, before);
            return taken;
        } else {
            assert_true(error.code != NULL && error.channel <= WIRE_CHANNEL_MAX);
        }
        assert_true(offset > before);
    }
    return taken;
}

static void random_bytes_do_no_harm(void **state)
{
    struct rng rng = rng_start("wire bytes");
    (void)state;
    for (unsigned i = 0, cases = random_cases(20000); i < cases; i++) {
        uint8_t bytes[64];
        size_t size = rng_below(&rng, sizeof bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)rng_next(&rng);
        }
        if (size > 0 && rng_percent(&rng, 80)) {
            bytes[0] = (uint8_t)(0x90 + rng_below(&rng, 9));
        }
        struct ot_slice frame = wire_copy((struct ot_slice){bytes, size});
        read_all(frame);
        wire_drop(frame);
    }
}

static void mutate(struct rng *rng, struct ot_buf *bytes)
{
    static const uint8_t heads[] = {0x00, 0x7f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xc4,
                                    0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xe0, 0xff};
    if (bytes->size == 0) {
        return;
    }
    size_t at = rng_below(rng, (uint32_t)bytes->size);
    switch (rng_below(rng, 5)) {
    case 0:
        bytes->data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
        break;
    case 1:
        bytes->data[at] = heads[rng_below(rng, COUNT(heads))];
        break;
    case 2:
        bytes->data[at] = (uint8_t)rng_next(rng);
        break;
    case 3:
        memmove(bytes->data + at, bytes->data + at + 1, bytes->size - at - 1);
        bytes->size--;
        break;
    default:
        assert_int_equal(ot_buf_reserve(bytes, 1), OT_OK);
        memmove(bytes->data + at + 1, bytes->data + at, bytes->size - at);
        bytes->size++;
    }
}

static void damaged_messages_do_no_harm(void **state)
{
    struct rng rng = rng_start("wire mutations");
    size_t taken = 0;
    (void)state;
    for (unsigned i = 0, cases = random_cases(20000); i < cases; i++) {
        struct ot_buf bytes = {0};
        for (unsigned k = 1 + rng_below(&rng, 3); k > 0; k--) {
            struct ot_slice one =
                wire_hex(wire_golden[rng_below(&rng, (uint32_t)wire_golden_count)].bytes);
            assert_int_equal(ot_buf_append(&bytes, one.data, one.size), OT_OK);
            wire_drop(one);
        }
        for (unsigned k = 1 + rng_below(&rng, 3); k > 0; k--) {
            mutate(&rng, &bytes);
        }
        struct ot_slice frame = wire_copy(ot_buf_slice(&bytes));
        taken += read_all(frame);
        wire_drop(frame);
        ot_buf_deinit(&bytes);
    }
    assert_true(taken > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_quire_does_not_speak_is_refused_where_it_stands),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(longer_encodings_are_refused),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(damaged_messages_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

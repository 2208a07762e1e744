/* Each limit of what a message says: at it, and one past it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/limits.h"
#include "server/wire/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

struct bound {
    const char *name;
    enum wire_kind kind;
    /* The fields: u (0), t (1), n (nil), f (false), # (a colour), a capital (a string of itself); *
     * is the text that is bounded. */
    const char *fields;
    size_t limit;
    const char *letter; /* of which the text consists */
    const char *code;
};

#define WIDE "\xf0\x9f\x98\x80" /* one code point of four bytes */

static const struct bound bounds[] = {
    {"name of HELLO", WIRE_HELLO, "n*#nnM", LIMIT_NAME_CHARS, WIDE, "bad_name"},
    {"name of PROFILE", WIRE_PROFILE, "*#", LIMIT_NAME_CHARS, WIDE, "bad_name"},
    {"title of CREATE", WIRE_CREATE, "ut*n", LIMIT_TITLE_CHARS, WIDE, "bad_title"},
    {"title of RENAME", WIRE_RENAME, "uD*", LIMIT_TITLE_CHARS, WIDE, "bad_title"},
    {"label of LINK", WIRE_LINK, "uDR*n", LIMIT_TITLE_CHARS, WIDE, "bad_title"},
    {"text of CHAT", WIRE_CHAT, "uuu*", LIMIT_CHAT_CHARS, WIDE, "bad_text"},
    {"id of OPEN", WIRE_OPEN, "uu*nnn", LIMIT_ID_BYTES, "i", "bad_id"},
    {"id of CREATE", WIRE_CREATE, "utT*", LIMIT_ID_BYTES, "i", "bad_id"},
    {"id of DELETE", WIRE_DELETE, "u*", LIMIT_ID_BYTES, "i", "bad_id"},
    {"link of OPEN", WIRE_OPEN, "uuDnnn*", LIMIT_LINK_BYTES, "l", "bad_message"},
    {"data of CURSOR", WIRE_CURSOR, "uunnf*", LIMIT_DATA_BYTES, "d", "bad_message"},
    {"sub of MEMBER", WIRE_MEMBER, "uD*n", LIMIT_SUBJECT_BYTES, "s", "bad_name"},
};

struct bytes {
    uint8_t data[TEXT_MAX];
    size_t size;
};

static void put(struct bytes *out, const void *data, size_t size)
{
    assert_true(out->size + size <= sizeof(out->data));
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static void put_byte(struct bytes *out, unsigned byte)
{
    put(out, &(uint8_t){(uint8_t)byte}, 1);
}

static void put_text(struct bytes *out, const char *text, size_t size)
{
    if (size < 32) {
        put_byte(out, 0xa0 | (unsigned)size);
    } else if (size < 256) {
        put_byte(out, 0xd9);
        put_byte(out, (unsigned)size);
    } else {
        put_byte(out, 0xda);
        put_byte(out, (unsigned)size >> 8);
        put_byte(out, (unsigned)size & 0xff);
    }
    put(out, text, size);
}

static void put_field(struct bytes *out, char field, const char *text, size_t size)
{
    switch (field) {
    case '*':
        put_text(out, text, size);
        break;
    case 'u':
    case 't':
        put_byte(out, field == 't');
        break;
    case 'n':
        put_byte(out, 0xc0);
        break;
    case 'f':
        put_byte(out, 0xc2);
        break;
    case '#':
        put_text(out, "#2266cc", 7);
        break;
    default:
        put_text(out, &field, 1);
        break;
    }
}

/* Reads the message with a text of so many letters: its code, or NULL when it is taken. */
static const char *read_with(const struct bound *bound, size_t letters)
{
    static char text[TEXT_MAX];
    static struct message message;
    static struct wire_error error;
    struct bytes frame = {.size = 0};
    size_t letter = strlen(bound->letter), offset = 0;
    for (size_t i = 0; i < letters; i++)
        memcpy(text + i * letter, bound->letter, letter);
    put_byte(&frame, 0x90 | (1 + (unsigned)strlen(bound->fields)));
    put_byte(&frame, bound->kind);
    for (const char *field = bound->fields; *field != '\0'; field++)
        put_field(&frame, *field, text, letters * letter);
    struct ot_slice bytes = {frame.data, frame.size};
    return wire_read(bytes, &offset, &message, &error) == 0 ? NULL : error.code;
}

static void each_text_is_taken_at_its_limit_and_refused_one_past_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        const struct bound *bound = &bounds[i];
        const char *at = read_with(bound, bound->limit);
        const char *past = read_with(bound, bound->limit + 1);
        if (at != NULL)
            fail_msg("%s: %s at the limit", bound->name, at);
        if (past == NULL || strcmp(past, bound->code) != 0)
            fail_msg("%s: %s one past the limit", bound->name, past == NULL ? "taken" : past);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_taken_at_its_limit_and_refused_one_past_it),
    };
    return cmocka_run_group_tests_name("limits_wire", tests, NULL, NULL);
}

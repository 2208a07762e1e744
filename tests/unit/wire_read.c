/* Messages of clients from their bytes: golden ones, and every reason to refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/wire/message.h"
#include "wire_golden.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

/* ---- a message in words ---- */

static void say(FILE *out, const char *name, uint64_t value)
{
    if (value == WIRE_NONE) {
        fprintf(out, " %s=nil", name);
    } else {
        fprintf(out, " %s=%llu", name, (unsigned long long)value);
    }
}

static void say_text(FILE *out, const char *name, struct ot_slice text)
{
    if (text.data == NULL) {
        fprintf(out, " %s=nil", name);
    } else {
        fprintf(out, " %s='%.*s'", name, (int)text.size, text.data);
    }
}

static void say_bytes(FILE *out, const char *name, struct ot_slice bytes)
{
    fprintf(out, " %s=", name);
    for (size_t i = 0; i < bytes.size; i++) {
        fprintf(out, "%02x", bytes.data[i]);
    }
    fputs(bytes.data == NULL ? "nil" : "", out);
}

static void say_hello(FILE *out, const struct message *m)
{
    say_text(out, "token", m->hello.token);
    say_text(out, "name", m->hello.name);
    say_text(out, "color", m->hello.color);
    say(out, "client", m->hello.client);
    say_bytes(out, "key", m->hello.key);
    say_text(out, "agent", m->hello.agent);
}

static void say_cursor(FILE *out, const struct message *m)
{
    say(out, "version", m->cursor.version);
    say(out, "anchor", m->cursor.anchor);
    say(out, "head", m->cursor.head);
    say(out, "typing", m->cursor.typing);
    say_text(out, "data", m->cursor.data);
}

static void say_about_document(FILE *out, const struct message *m)
{
    switch (m->kind) {
    case WIRE_OPEN:
        say_text(out, "id", m->open.id);
        say(out, "epoch", m->open.epoch);
        say(out, "version", m->open.version);
        say(out, "chat", m->open.chat);
        if (m->open.link.data != NULL) {
            say_text(out, "link", m->open.link);
        }
        break;
    case WIRE_CREATE:
        say(out, "type", m->create.type);
        say_text(out, "title", m->create.title);
        say_text(out, "id", m->create.id);
        break;
    case WIRE_RENAME:
        say_text(out, "id", m->rename.id);
        say_text(out, "title", m->rename.title);
        break;
    case WIRE_DELETE:
        say_text(out, "id", m->remove.id);
        break;
    case WIRE_LIST:
        say(out, "limit", m->list.limit);
        say(out, "before_ms", m->list.before_ms);
        say(out, "before_key", m->list.before_key);
        break;
    default:
        break;
    }
}

static void say_about_sharing(FILE *out, const struct message *m)
{
    if (m->kind == WIRE_MEMBER) {
        say_text(out, "id", m->member.id);
        say_text(out, "subject", m->member.subject);
        say_text(out, "role", m->member.role);
        return;
    }
    say_text(out, "id", m->share.id);
    if (m->kind == WIRE_LINK) {
        say_text(out, "role", m->share.role);
        say_text(out, "label", m->share.label);
        say(out, "expires_ms", m->share.expires_ms);
    }
    if (m->kind == WIRE_UNLINK) {
        say(out, "number", m->share.number);
    }
}

static void say_fields(FILE *out, const struct message *m)
{
    switch (m->kind) {
    case WIRE_HELLO:
        say_hello(out, m);
        break;
    case WIRE_PING:
        say(out, "n", m->ping.n);
        break;
    case WIRE_EDIT:
        say(out, "seq", m->edit.seq);
        say(out, "base", m->edit.base);
        say_bytes(out, "op", m->edit.op);
        say(out, "inserts", m->edit.info.inserted_length);
        break;
    case WIRE_CURSOR:
        say_cursor(out, m);
        break;
    case WIRE_CHAT:
        say(out, "nonce", m->chat.nonce);
        say_text(out, "text", m->chat.text);
        break;
    case WIRE_CHATS:
        say(out, "before", m->chats.before);
        say(out, "limit", m->chats.limit);
        break;
    case WIRE_PROFILE:
        say_text(out, "name", m->profile.name);
        say_text(out, "color", m->profile.color);
        break;
    case WIRE_DIVERGED:
        say(out, "version", m->diverged.version);
        say(out, "hash", m->diverged.hash);
        break;
    case WIRE_TOKEN:
        say_text(out, "token", m->renew.token);
        break;
    case WIRE_MEMBERS:
    case WIRE_MEMBER:
    case WIRE_LINKS:
    case WIRE_LINK:
    case WIRE_UNLINK:
        say_about_sharing(out, m);
        break;
    default:
        say_about_document(out, m);
    }
}

/* To be freed. */
static char *in_words(const struct message *m)
{
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);
    assert_non_null(out);
    fputs(wire_kind_name(m->kind), out);
    say(out, "ref", m->ref);
    say(out, "ch", m->channel);
    say_fields(out, m);
    assert_int_equal(fclose(out), 0);
    return words;
}

/* ---- golden messages ---- */

static void every_message_is_read_from_its_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_golden_count; i++) {
        struct ot_slice frame = wire_hex(wire_golden[i].bytes);
        struct message message;
        struct wire_error error;
        size_t offset = 0;
        assert_int_equal(wire_read(frame, &offset, &message, &error), 0);
        assert_int_equal(offset, frame.size);
        char *words = in_words(&message);
        assert_string_equal(words, wire_golden[i].words);
        free(words);
        wire_drop(frame);
    }
}

static void every_kind_of_a_client_is_among_them(void **state)
{
    static const int kinds[] = {
#define NUMBER(symbol, number, name, fields) number,
        WIRE_CLIENT_MESSAGES(NUMBER)
#undef NUMBER
    };
    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        size_t name = strlen(wire_kind_name((enum wire_kind)kinds[k]));
        size_t i = 0;
        while (
            i < wire_golden_count &&
            (strncmp(wire_golden[i].words, wire_kind_name((enum wire_kind)kinds[k]), name) != 0 ||
             wire_golden[i].words[name] != ' ')) {
            i++;
        }
        assert_true(i < wire_golden_count);
    }
}

static void messages_follow_one_another_in_a_frame(void **state)
{
    struct ot_buf frame = {0};
    (void)state;
    for (size_t i = 0; i < wire_golden_count; i++) {
        struct ot_slice bytes = wire_hex(wire_golden[i].bytes);
        assert_int_equal(ot_buf_append(&frame, bytes.data, bytes.size), OT_OK);
        wire_drop(bytes);
    }
    size_t offset = 0;
    for (size_t i = 0; i < wire_golden_count; i++) {
        struct message message;
        struct wire_error error;
        assert_int_equal(wire_read(ot_buf_slice(&frame), &offset, &message, &error), 0);
        char *words = in_words(&message);
        assert_string_equal(words, wire_golden[i].words);
        free(words);
    }
    assert_int_equal(offset, frame.size);
    ot_buf_deinit(&frame);
}

/* ---- refusals ---- */

#define NONE WIRE_NONE

static const struct {
    const char *bytes;
    const char *code;
    uint64_t at;
    uint64_t ref;
    int channel;
} refused[] = {
    /* no array that begins with a kind, or of another number of fields */
    {"02", "bad_message", 0, NONE, -1},
    {"c0", "bad_message", 0, NONE, -1},
    {"90", "bad_message", 1, NONE, -1},
    {"91 a1 78", "bad_message", 1, NONE, -1},
    {"92 ff 00", "bad_message", 1, NONE, -1},
    {"92 00 00", "bad_message", 2, NONE, -1},
    {"92 10 00", "bad_message", 2, NONE, -1},
    {"95 24 00 01 01 c4 01 00", "bad_message", 2, NONE, -1},
    {"92 cf 0020000000000000 00", "bad_message", 1, NONE, -1},
    {"91 02", "bad_message", 2, NONE, -1},
    {"93 02 01 01", "bad_message", 2, NONE, -1},
    /* numbers */
    {"92 02 cf 0020000000000000", "bad_message", 2, NONE, -1},
    {"92 02 d0 80", "bad_message", 2, NONE, -1},
    {"92 02 d3 8000000000000000", "bad_message", 2, NONE, -1},
    {"92 02 e0", "bad_message", 2, NONE, -1},
    {"92 04 cc 80", "bad_message", 2, NONE, -1},
    {"97 03 01 cc ff a1 78 c0 c0 c0", "bad_message", 3, 1, -1},
    /* what was read before says whom it concerns */
    {"95 05 07 09 c0 c4 01 00", "bad_message", 4, 9, 7},
    {"95 05 07 c0 00 c4 01 00", "bad_message", 3, NONE, 7},
    {"95 07 04 07 c0 a1 78", "bad_message", 4, 4, 7},
    /* texts */
    {"92 0c a1 78", "bad_message", 2, NONE, -1},
    {"93 0c 01 a1 00", "bad_message", 3, 1, -1},
    {"93 0c 01 a2 c3 28", "bad_message", 3, 1, -1},
    {"93 0c 01 a3 ed a0 80", "bad_message", 3, 1, -1},
    {"93 0c 01 c4 01 78", "bad_message", 3, 1, -1},
    {"93 0c 01 a0", "bad_id", 4, 1, -1},
    {"93 0c 01 a1 2e", "bad_id", 4, 1, -1},
    {"93 0c 01 a2 c3 a9", "bad_id", 4, 1, -1},
    {"93 0c 01 d9 41 78*65", "bad_id", 5, 1, -1},
    {"97 03 01 00 a1 2f c0 c0 c0", "bad_id", 5, 1, 0},
    {"95 0a 01 01 a1 54 a1 20", "bad_id", 7, 1, -1},
    {"94 0b 01 a0 a1 54", "bad_id", 4, 1, -1},
    {"95 0a 01 00 a1 54 c0", "bad_type", 3, 1, -1},
    {"95 0a 01 cc 80 a1 54 c0", "bad_type", 3, 1, -1},
    {"95 0a 01 01 d9 65 54*101 c0", "bad_title", 6, 1, -1},
    {"95 0a 01 01 a1 0a c0", "bad_title", 5, 1, -1},
    {"94 0b 01 a1 78 a2 c2 85", "bad_title", 6, 1, -1},
    {"94 0b 01 a1 78 a1 7f", "bad_title", 6, 1, -1},
    {"93 0d a0 a7 23 30*6", "bad_name", 3, NONE, -1},
    {"93 0d d9 3d 4e*61 a7 23 30*6", "bad_name", 4, NONE, -1},
    {"93 0d a1 09 a7 23 30*6", "bad_name", 3, NONE, -1},
    {"93 0d a1 4e a6 23 30*5", "bad_name", 5, NONE, -1},
    {"93 0d a1 4e a8 23 30*7", "bad_name", 5, NONE, -1},
    {"93 0d a1 4e a7 30*7", "bad_name", 5, NONE, -1},
    {"93 0d a1 4e a7 23 30*5 67", "bad_name", 5, NONE, -1},
    {"97 01 c0 a0 a7 23 30*6 c0 c0 a0", "bad_name", 4, NONE, -1},
    {"97 01 c0 a1 4e a0 c0 c0 a0", "bad_name", 6, NONE, -1},
    {"97 01 c0 a1 4e a7 23 30*6 c0 c0 d9 65 61*101", "bad_message", 17, NONE, -1},
    {"95 07 01 02 03 a0", "bad_text", 6, 1, 2},
    {"95 07 01 02 03 da 01f5 61*501", "bad_text", 8, 1, 2},
    /* cursors */
    {"97 06 00 05 c0 01 c2 c0", "bad_message", 6, NONE, 0},
    {"97 06 00 05 01 c0 c2 c0", "bad_message", 6, NONE, 0},
    {"97 06 00 05 01 01 c2 d9 41 64*65", "bad_message", 9, NONE, 0},
    /* operations: the place is one in the operation */
    {"95 05 07 09 00 c4 00", "truncated", 0, 9, 7},
    {"95 05 07 09 00 c4 01 02", "truncated", 0, 9, 7},
    {"95 05 07 09 00 c4 02 00 61", "trailing_bytes", 1, 9, 7},
    {"95 05 07 09 00 c4 03 02 08 61", "not_canonical", 1, 9, 7},
    {"95 05 07 09 00 c4 03 03 09 ff", "bad_utf8", 2, 9, 7},
};

static void expect_refused(size_t i, struct ot_slice before)
{
    struct ot_slice bytes = wire_hex(refused[i].bytes);
    struct ot_buf frame = {0};
    assert_int_equal(ot_buf_append(&frame, before.data, before.size), OT_OK);
    assert_int_equal(ot_buf_append(&frame, bytes.data, bytes.size), OT_OK);
    struct message message;
    struct wire_error error;
    size_t offset = before.size;
    assert_int_equal(wire_read(ot_buf_slice(&frame), &offset, &message, &error), -1);
    if (strcmp(error.code, refused[i].code) != 0 || error.at != refused[i].at ||
        error.ref != refused[i].ref || error.channel != refused[i].channel) {
        fail_msg("%s: %s at %lld, ref %lld, channel %d", refused[i].bytes, error.code,
                 (long long)error.at, (long long)error.ref, error.channel);
    }
    assert_false(error.lost);
    assert_true(strlen(error.text) > 10);
    assert_int_equal(offset, frame.size);
    ot_buf_deinit(&frame);
    wire_drop(bytes);
}

static void every_refusal_says_why_where_and_to_whom(void **state)
{
    static const uint8_t ping[] = {0x92, 0x02, 0x07};
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        expect_refused(i, (struct ot_slice){ping, 0});
        expect_refused(i, (struct ot_slice){ping, sizeof ping});
    }
}

static void texts_at_their_limit_are_taken(void **state)
{
    static const char *const taken[] = {
        "93 0d d9 3c 4e*60 a7 23 30*6",
        "95 0a 01 01 d9 64 54*100 c0",
        "95 07 01 02 03 da 01f4 61*500",
        "97 06 00 05 01 01 c2 d9 40 64*64",
        "97 01 da 2000 74*8192 a1 4e a7 23 30*6 c0 c0 d9 64 61*100",
        "95 07 01 02 03 a2 0a 09", /* lines and tabs are part of what people say */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(taken); i++) {
        struct ot_slice frame = wire_hex(taken[i]);
        struct message message;
        struct wire_error error;
        size_t offset = 0;
        assert_int_equal(wire_read(frame, &offset, &message, &error), 0);
        wire_drop(frame);
    }
}

/* Items of each type, and what does not exist in a message. */
static const struct {
    const char *bytes;
    char type;
} items[] = {
    {"05", 'u'}, {"a1 78", 's'}, {"c4 01 00", 'b'}, {"c3", 't'},
    {"c0", 'n'}, {"91 00", 'a'}, {"ff", '-'},
};

static bool allowed(char field, char item)
{
    switch (field) {
    case 'c':
    case 'u':
        return item == 'u';
    case 'U':
        return item == 'u' || item == 'n';
    case 'S':
        return item == 's' || item == 'n';
    case 'B':
        return item == 'b' || item == 'n';
    default:
        return item == field;
    }
}

/* The size of the item at the front of the bytes of a golden message. */
static size_t item_size(struct ot_slice bytes, size_t at)
{
    uint8_t head = bytes.data[at];
    if (head >= 0xa0 && head < 0xc0) {
        return 1u + (head & 31u);
    }
    switch (head) {
    case 0xc4:
    case 0xd9:
        return 2u + bytes.data[at + 1];
    case 0xc5:
    case 0xda:
        return 3u + bytes.data[at + 2];
    case 0xdb:
        return 5u + bytes.data[at + 4];
    case 0xcc:
    case 0xd0:
        return 2;
    case 0xcd:
    case 0xd1:
        return 3;
    case 0xce:
    case 0xd2:
        return 5;
    case 0xcf:
    case 0xd3:
        return 9;
    default:
        return 1;
    }
}

static void expect_field_refused(struct ot_slice bytes, size_t at, struct ot_slice item)
{
    struct ot_buf frame = {0};
    size_t end = at + item_size(bytes, at);
    assert_int_equal(ot_buf_append(&frame, bytes.data, at), OT_OK);
    assert_int_equal(ot_buf_append(&frame, item.data, item.size), OT_OK);
    assert_int_equal(ot_buf_append(&frame, bytes.data + end, bytes.size - end), OT_OK);
    struct message message;
    struct wire_error error;
    size_t offset = 0;
    assert_int_equal(wire_read(ot_buf_slice(&frame), &offset, &message, &error), -1);
    assert_string_equal(error.code, "bad_message");
    assert_int_equal(error.at, at);
    assert_false(error.lost);
    ot_buf_deinit(&frame);
}

static void a_field_of_another_type_is_refused_where_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < wire_golden_count; i++) {
        struct ot_slice bytes = wire_hex(wire_golden[i].bytes);
        size_t at = 1;
        at += item_size(bytes, at);
        for (const char *field = wire_golden[i].types; *field != '\0'; field++) {
            for (size_t k = 0; k < COUNT(items); k++) {
                struct ot_slice item = wire_hex(items[k].bytes);
                if (!allowed(*field, items[k].type)) {
                    expect_field_refused(bytes, at, item);
                }
                wire_drop(item);
            }
            at += item_size(bytes, at);
        }
        assert_int_equal(at, bytes.size);
        wire_drop(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_from_its_bytes),
        cmocka_unit_test(every_kind_of_a_client_is_among_them),
        cmocka_unit_test(messages_follow_one_another_in_a_frame),
        cmocka_unit_test(every_refusal_says_why_where_and_to_whom),
        cmocka_unit_test(texts_at_their_limit_are_taken),
        cmocka_unit_test(a_field_of_another_type_is_refused_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

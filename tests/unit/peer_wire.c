/* The messages as a client writes and reads them, against the bytes of docs/protocol.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/peer/bytes.h"
#include "tools/peer/pack.h"
#include "tools/peer/wire.h"

#define HEX_MAX 512

/* Bytes written as hexadecimal digits and blanks. */
static struct ot_slice hex(uint8_t *out, const char *digits)
{
    size_t size = 0;
    for (unsigned byte; sscanf(digits, " %2x", &byte) == 1; size++) {
        assert_true(size < HEX_MAX);
        out[size] = (uint8_t)byte;
        digits += strspn(digits, " ") + 2;
    }
    return (struct ot_slice){out, size};
}

static void assert_bytes(struct ot_buf *buf, const char *digits)
{
    uint8_t bytes[HEX_MAX];
    struct ot_slice expected = hex(bytes, digits);

    assert_int_equal(buf->size, expected.size);
    assert_memory_equal(buf->data, expected.data, expected.size);
    ot_buf_clear(buf);
}

static void assert_text(struct ot_slice slice, const char *text)
{
    assert_non_null(slice.data);
    assert_int_equal(slice.size, strlen(text));
    assert_memory_equal(slice.data, text, slice.size);
}

static struct peer_message read_one(struct ot_slice frame)
{
    struct peer_message message;
    size_t offset = 0;

    assert_int_equal(peer_read(frame, &offset, &message), 0);
    assert_int_equal(offset, frame.size);
    return message;
}

static void what_a_client_says_is_as_specified(void **state)
{
    struct ot_buf out = {0};
    struct peer_hello hello = {.name = bytes_of("Ann"),
                               .color = bytes_of("#2266cc"),
                               .client = PEER_NONE,
                               .agent = bytes_of("me")};
    (void)state;

    peer_put_hello(&out, &hello);
    assert_bytes(&out, "97 01 c0 a3 41 6e 6e a7 23 32 32 36 36 63 63 c0 c0 a2 6d 65");
    peer_put_open(&out, 1, 0, bytes_of("note"), PEER_NONE, PEER_NONE, PEER_NONE);
    assert_bytes(&out, "97 03 01 00 a4 6e 6f 74 65 c0 c0 c0");
    peer_put_edit(&out, 0, 1, 0, (struct ot_slice){(const uint8_t *)"\x02\x09\x61", 3});
    assert_bytes(&out, "95 05 00 01 00 c4 03 02 09 61");
    peer_put_cursor(&out, 3, 300, 70000, 5, true, PEER_NIL);
    assert_bytes(&out, "97 06 03 cd 01 2c ce 00 01 11 70 05 c3 c0");
    peer_put_ping(&out, UINT64_C(1) << 40);
    assert_bytes(&out, "92 02 cf 00 00 01 00 00 00 00 00");
    peer_put_create(&out, 2, 2, bytes_of("T"), PEER_NIL);
    assert_bytes(&out, "95 0a 02 02 a1 54 c0");
    peer_put_list(&out, 1, 200, PEER_NONE, PEER_NONE);
    assert_bytes(&out, "95 09 01 cc c8 c0 c0");
    peer_put_diverged(&out, 1, 2, 0xdeadbeef);
    assert_bytes(&out, "94 0e 01 02 ce de ad be ef");
    ot_buf_deinit(&out);
}

static void what_the_server_says_is_understood(void **state)
{
    uint8_t bytes[HEX_MAX];
    (void)state;

    struct peer_message ack = read_one(hex(bytes, "94 25 00 01 01"));
    assert_int_equal(ack.kind, WIRE_ACK);
    assert_int_equal(ack.ack.version, 1);
    assert_int_equal(ack.ack.seq, 1);

    struct peer_message edit = read_one(hex(bytes, "95 24 00 02 07 c4 04 04 08 09 62"));
    assert_int_equal(edit.kind, WIRE_EDITED);
    assert_int_equal(edit.edit.version, 2);
    assert_int_equal(edit.edit.member, 7);
    assert_text(edit.edit.op, "\x04\x08\x09\x62");

    struct peer_message error =
        read_one(hex(bytes, "97 22 05 c0 a3 66 6f 6f a3 62 61 72 cd 01 f4 c0"));
    assert_int_equal(error.ref, 5);
    assert_false(error.error.has_channel);
    assert_text(error.error.code, "foo");
    assert_int_equal(error.error.retry_ms, 500);
    assert_true(error.error.at == PEER_NONE);

    struct peer_message opened =
        read_one(hex(bytes, "9d 23 04 09 01 05 06 02 c4 01 00 02 a1 54 a5 6f 77 6e 65 72 03 00"));
    assert_int_equal(opened.kind, WIRE_OPENED);
    assert_int_equal(opened.channel, 4);
    assert_int_equal(opened.ref, 9);
    assert_int_equal(opened.opened.version, 5);
    assert_int_equal(opened.opened.head, 6);
    assert_int_equal(opened.opened.seq, 2);
    assert_int_equal(opened.opened.snapshot.size, 1);
    assert_text(opened.opened.role, "owner");
    assert_int_equal(opened.opened.member, 3);
}

static void members_are_read_one_by_one(void **state)
{
    uint8_t bytes[HEX_MAX];
    struct peer_member member;
    (void)state;

    struct peer_message presence =
        read_one(hex(bytes, "96 28 00 07 c3 03 93 91 01 95 02 c0 c0 c2 a1 78"
                            "97 03 05 06 c3 c0 a1 41 a1 23"));
    assert_true(presence.presence.full);
    assert_int_equal(presence.presence.people, 3);
    assert_int_equal(presence.presence.member_count, 3);

    struct ot_slice rest = presence.presence.members;
    assert_int_equal(peer_next_member(&rest, &member), 0);
    assert_true(member.left);
    assert_int_equal(member.member, 1);
    assert_int_equal(peer_next_member(&rest, &member), 0);
    assert_false(member.left);
    assert_true(member.anchor == PEER_NONE);
    assert_text(member.data, "x");
    assert_false(member.introduced);
    assert_int_equal(peer_next_member(&rest, &member), 0);
    assert_int_equal(member.head, 6);
    assert_true(member.typing);
    assert_text(member.name, "A");
    assert_int_equal(rest.size, 0);
    assert_int_equal(peer_next_member(&rest, &member), -1);
}

static void later_fields_and_kinds_are_passed_over(void **state)
{
    uint8_t bytes[HEX_MAX];
    struct peer_message message;
    size_t offset = 0;
    (void)state;

    /* an ACK with two more fields, a message of kind 63, a PONG */
    struct ot_slice frame =
        hex(bytes,
            "96 25 00 01 01 81 a1 61 92 c0 c3 ca 00 00 00 00 93 3f d9 01 61 c7 01 05 00 92 21 08");
    assert_int_equal(peer_read(frame, &offset, &message), 0);
    assert_int_equal(message.kind, WIRE_ACK);
    assert_int_equal(peer_read(frame, &offset, &message), 0);
    assert_int_equal(message.kind, 63);
    assert_int_equal(peer_read(frame, &offset, &message), 0);
    assert_int_equal(message.kind, WIRE_PONG);
    assert_int_equal(message.pong.n, 8);
    assert_int_equal(offset, frame.size);
}

static const char *const samples[] = {
    "94 25 00 01 01",
    "95 24 00 02 07 c4 04 04 08 09 62",
    "97 22 05 c0 a3 66 6f 6f a3 62 61 72 cd 01 f4 c0",
    "9d 23 04 09 01 05 06 02 c4 01 00 02 a1 54 a5 6f 77 6e 65 72 03 00",
    "96 28 00 07 c3 01 91 95 02 c0 c0 c2 a1 78",
    "96 20 05 c4 02 00 00 07 a1 73 94 cd 01 00 01 01 01",
    "95 26 00 01 05 c4 01 00",
    "94 2b 01 c3 91 97 a1 61 02 a1 61 01 02 03 04",
    "98 29 00 01 02 a1 61 a1 62 03 a1 63",
    "93 2c 01 a1 64",
};

static void a_message_cut_off_anywhere_is_refused(void **state)
{
    uint8_t bytes[HEX_MAX];
    struct peer_message message;
    (void)state;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct ot_slice whole = hex(bytes, samples[i]);
        read_one(whole);
        for (size_t size = 0; size < whole.size; size++) {
            /* Memory of its own, so that a byte read past the end is found. */
            uint8_t *cut = malloc(size + 1);
            size_t offset = 0;
            memcpy(cut, whole.data, size);
            cut = realloc(cut, size == 0 ? 1 : size);
            assert_int_equal(peer_read((struct ot_slice){cut, size}, &offset, &message), -1);
            assert_int_equal(offset, 0);
            free(cut);
        }
    }
}

static void a_byte_changed_anywhere_does_no_harm(void **state)
{
    uint8_t bytes[HEX_MAX];
    struct peer_message message;
    struct peer_member member;
    (void)state;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct ot_slice whole = hex(bytes, samples[i]);
        uint8_t *copy = malloc(whole.size);
        for (size_t at = 0; at < whole.size * 256; at++) {
            size_t offset = 0;
            memcpy(copy, whole.data, whole.size);
            copy[at / 256] = (uint8_t)at;
            if (peer_read((struct ot_slice){copy, whole.size}, &offset, &message))
                continue;
            assert_in_range(offset, 1, whole.size);
            if (message.kind != WIRE_PRESENCE)
                continue;
            struct ot_slice rest = message.presence.members;
            for (uint32_t k = 0; k < message.presence.member_count; k++)
                if (peer_next_member(&rest, &member))
                    break;
        }
        free(copy);
    }
}

static void numbers_too_large_and_lists_too_long_are_refused(void **state)
{
    static const char *const bad[] = {
        "94 25 00 cf 00 20 00 00 00 00 00 00 01", /* 2^53 */
        "94 25 00 ff 01",                         /* negative */
        "94 25 cc 80 01 01",                      /* channel 128 */
        "dd ff ff ff ff 25",                      /* four thousand million fields */
        "95 2b 01 c3 dd ff ff ff f0",             /* as many documents */
        "92 21 c6 ff ff ff ff 00",                /* as many bytes */
        "93 25 00 01",                            /* a field too few */
        "80",
        "c1",
        "a1 61",
        "90", /* no message */
    };
    uint8_t bytes[HEX_MAX];
    struct peer_message message;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t offset = 0;
        assert_int_equal(peer_read(hex(bytes, bad[i]), &offset, &message), -1);
    }
}

static void deep_nesting_costs_no_stack(void **state)
{
    struct unpack in;
    size_t size = 1u << 20;
    uint8_t *deep = malloc(size);
    (void)state;

    memset(deep, 0x91, size - 1);
    deep[size - 1] = 0xc0;
    in = (struct unpack){.rest = {deep, size}};
    unpack_skip(&in, 1);
    assert_false(in.bad);
    assert_int_equal(in.rest.size, 0);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_client_says_is_as_specified),
        cmocka_unit_test(what_the_server_says_is_understood),
        cmocka_unit_test(members_are_read_one_by_one),
        cmocka_unit_test(later_fields_and_kinds_are_passed_over),
        cmocka_unit_test(a_message_cut_off_anywhere_is_refused),
        cmocka_unit_test(a_byte_changed_anywhere_does_no_harm),
        cmocka_unit_test(numbers_too_large_and_lists_too_long_are_refused),
        cmocka_unit_test(deep_nesting_costs_no_stack),
    };
    return cmocka_run_group_tests_name("peer_wire", tests, NULL, NULL);
}

/* Every message of the server, read again by the client's own reader and by the server's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ot_random.h"
#include "server/limits.h"
#include "server/wire/encode.h"
#include "server/wire/reader.h"
#include "tools/peer/wire.h"
#include "wire_golden.h"

#define COUNT(items) (sizeof(items) / sizeof *(items))

/* ---- helpers ---- */

static struct ot_slice text_of(const char *text)
{
    return (struct ot_slice){(const uint8_t *)text, strlen(text)};
}

static void expect_text(struct ot_slice text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

static void expect_bytes(struct ot_slice bytes, struct ot_slice expected)
{
    assert_int_equal(bytes.data == NULL, expected.data == NULL);
    assert_int_equal(bytes.size, expected.size);
    if (bytes.size > 0) {
        assert_memory_equal(bytes.data, expected.data, bytes.size);
    }
}

static size_t field_count(enum wire_kind kind)
{
    switch (kind) {
#define COUNT_OF(symbol, number, name, fields)                                                     \
    case symbol:                                                                                   \
        return fields;
        WIRE_SERVER_MESSAGES(COUNT_OF)
#undef COUNT_OF
    default:
        return 0;
    }
}

/* The buffer holds exactly one message, of this kind and with its table's number of fields. */
static struct peer_message decode(const struct ot_buf *buf, enum wire_kind kind)
{
    struct reader reader = {.data = buf->data, .size = buf->size}, whole = reader;
    uint32_t count;
    uint64_t number;
    assert_true(reader_skip(&whole));
    assert_int_equal(whole.at, buf->size);
    assert_true(reader_array(&reader, &count) && reader_uint(&reader, &number));
    assert_int_equal(count, field_count(kind) + 1);
    assert_int_equal(number, kind);

    struct peer_message message;
    size_t offset = 0;
    assert_int_equal(peer_read(ot_buf_slice(buf), &offset, &message), 0);
    assert_int_equal(offset, buf->size);
    assert_int_equal(message.kind, kind);
    return message;
}

/* Integers at the borders of their encodings. */
static const uint64_t numbers[] = {0,     1,     127,        128,        255,        256,
                                   65535, 65536, 4294967295, 4294967296, 1ULL << 48, WIRE_UINT_MAX};

static const uint8_t op_bytes[] = {0x04, 0x08, 0x09, 0x62};
static const struct ot_slice op = {op_bytes, sizeof op_bytes};

/* ---- messages of a connection ---- */

static void a_welcome_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        struct ot_buf out = {0};
        const uint8_t *key = (const uint8_t *)"0123456789abcdef";
        struct limits limits = {{[SETTING_FRAME_BYTES] = 70000,
                                 [SETTING_DOCUMENT_BYTES] = 80000,
                                 [SETTING_CHANNELS] = 7}};
        encode_welcome(&out, n, key, WIRE_UINT_MAX - n, "quire/1", &limits);
        struct peer_message message = decode(&out, WIRE_WELCOME);
        assert_int_equal(message.welcome.client, n);
        expect_text(message.welcome.key, "0123456789abcdef");
        assert_int_equal(message.welcome.epoch, WIRE_UINT_MAX - n);
        expect_text(message.welcome.server, "quire/1");
        assert_int_equal(message.welcome.frame_bytes, 70000);
        assert_int_equal(message.welcome.chat_chars, LIMIT_CHAT_CHARS);
        assert_int_equal(message.welcome.document_bytes, 80000);
        assert_int_equal(message.welcome.channels, 7);
        ot_buf_deinit(&out);
    }
}

static void a_pong_a_going_and_an_expiring_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        struct ot_buf out = {0};
        encode_pong(&out, n);
        assert_int_equal(decode(&out, WIRE_PONG).pong.n, n);
        ot_buf_clear(&out);
        encode_going(&out, n);
        assert_int_equal(decode(&out, WIRE_GOING).going.retry_ms, n);
        ot_buf_clear(&out);
        encode_expiring(&out, n);
        assert_int_equal(decode(&out, WIRE_EXPIRING).expiring.in_ms, n);
        ot_buf_deinit(&out);
    }
}

static void a_role_reads_back(void **state)
{
    (void)state;
    for (uint8_t channel = 0; channel <= WIRE_CHANNEL_MAX; channel += 127) {
        struct ot_buf out = {0};
        encode_role(&out, channel, "viewer");
        struct peer_message message = decode(&out, WIRE_ROLE);
        assert_int_equal(message.channel, channel);
        assert_int_equal(out.data[ENCODE_CHANNEL_AT], channel);
        expect_text(message.role.role, "viewer");
        ot_buf_deinit(&out);
    }
}

static void expect_error(struct encode_error error)
{
    struct ot_buf out = {0};
    encode_error(&out, &error);
    struct peer_message message = decode(&out, WIRE_ERROR);
    assert_int_equal(message.ref, error.ref);
    assert_int_equal(message.error.has_channel, error.channel >= 0);
    assert_int_equal(message.channel, error.channel < 0 ? 0 : error.channel);
    expect_text(message.error.code, error.code);
    expect_text(message.error.text, error.text);
    assert_int_equal(message.error.retry_ms, error.retry_ms);
    assert_int_equal(message.error.at, error.at);
    ot_buf_deinit(&out);
}

static void errors_read_back(void **state)
{
    (void)state;
    expect_error((struct encode_error){WIRE_NONE, -1, "internal", "", WIRE_NONE, WIRE_NONE});
    expect_error((struct encode_error){0, 0, "bad_seq", "\u00e9", 0, 0});
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        expect_error((struct encode_error){n, 127, "too_old", "a text", WIRE_NONE, n});
        expect_error((struct encode_error){WIRE_NONE, 5, "storage_full", "a text", n, WIRE_NONE});
    }
}

static void done_reads_back_with_each_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        struct ot_buf out = {0};
        encode_done_nil(&out, n);
        struct peer_message message = decode(&out, WIRE_DONE);
        assert_int_equal(message.ref, n);
        assert_null(message.done.text.data);
        assert_int_equal(message.done.number, WIRE_NONE);
        ot_buf_clear(&out);
        encode_done_uint(&out, 7, n);
        message = decode(&out, WIRE_DONE);
        assert_int_equal(message.ref, 7);
        assert_null(message.done.text.data);
        assert_int_equal(message.done.number, n);
        ot_buf_clear(&out);
        encode_done_string(&out, n, "note");
        message = decode(&out, WIRE_DONE);
        assert_int_equal(message.ref, n);
        expect_text(message.done.text, "note");
        ot_buf_deinit(&out);
    }
}

static void a_list_of_documents_reads_back(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_documents(&out, 5, true, 20);
    for (size_t i = 0; i < 20; i++) {
        struct encode_document row = {.id = "id", .title = "\u20ac", .type = 2, .people = i};
        row.created_ms = INT64_C(1700000000000) + (int64_t)i;
        row.updated_ms = row.created_ms * 2;
        row.key = (int64_t)i + 1;
        encode_documents_row(&out, &row);
    }
    encode_documents_end(&out, 77, WIRE_UINT_MAX);
    struct peer_message message = decode(&out, WIRE_DOCUMENTS);
    assert_int_equal(message.ref, 5);
    assert_true(message.documents.more);
    assert_int_equal(message.documents.document_count, 20);
    struct ot_slice rows = message.documents.documents;
    struct reader reader = {.data = rows.data, .size = rows.size};
    for (uint64_t i = 0; i < 20; i++) {
        uint32_t count;
        uint64_t type, created_ms, updated_ms, key, people;
        struct ot_slice id, title;
        assert_true(reader_array(&reader, &count) && reader_string(&reader, &id) &&
                    reader_uint(&reader, &type) && reader_string(&reader, &title) &&
                    reader_uint(&reader, &created_ms) && reader_uint(&reader, &updated_ms) &&
                    reader_uint(&reader, &key) && reader_uint(&reader, &people));
        assert_int_equal(count, 7);
        expect_text(id, "id");
        expect_text(title, "\u20ac");
        assert_int_equal(type, 2);
        assert_int_equal(created_ms, UINT64_C(1700000000000) + i);
        assert_int_equal(updated_ms, created_ms * 2);
        assert_int_equal(key, i + 1);
        assert_int_equal(people, i);
    }
    assert_int_equal(reader.at, rows.size);
    ot_buf_clear(&out);
    encode_documents(&out, 6, false, 0);
    encode_documents_end(&out, WIRE_NONE, WIRE_NONE);
    message = decode(&out, WIRE_DOCUMENTS);
    assert_false(message.documents.more);
    assert_int_equal(message.documents.document_count, 0);
    ot_buf_deinit(&out);
}

/* The bytes of what tools/peer does not read. */
static void expect_hex(struct ot_buf *out, const char *digits)
{
    struct ot_slice expected = wire_hex(digits);
    expect_bytes(ot_buf_slice(out), expected);
    wire_drop(expected);
    ot_buf_clear(out);
}

static void lists_of_who_may_do_what_have_exactly_these_bytes(void **state)
{
    struct ot_buf out = {0};
    struct encode_link link = {7, "viewer", "L", 9, WIRE_NONE};
    (void)state;
    encode_members(&out, 5, 2);
    encode_members_row(&out, "ann", "owner", 1);
    encode_members_row(&out, "b", "viewer", 256);
    expect_hex(&out, "93 32 05 92 93 a3616e6e a56f776e6572 01 93 a162 a6766965776572 cd0100");
    encode_links(&out, 5, 2);
    encode_links_row(&out, &link);
    link.expires_ms = 10;
    encode_links_row(&out, &link);
    expect_hex(&out, "93 33 05 92 95 07 a6766965776572 a14c 09 c0 95 07 a6766965776572 a14c 09 0a");
    encode_linked(&out, 5, 7, "s");
    expect_hex(&out, "94 34 05 07 a173");
    encode_documents(&out, 5, true, 0);
    encode_documents_end(&out, 3, 4);
    expect_hex(&out, "96 2b 05 c3 90 03 04");
    ot_buf_deinit(&out);
}

/* ---- messages of a channel ---- */

static void expect_opened(uint8_t channel, uint64_t n, struct ot_slice snapshot)
{
    struct ot_buf out = {0};
    struct encode_opened opened = {.channel = channel,
                                   .ref = n,
                                   .epoch = 1,
                                   .version = n / 2,
                                   .head = n / 3,
                                   .seq = n / 5,
                                   .snapshot = snapshot,
                                   .type = 2,
                                   .title = "\u00dcber",
                                   .role = "editor",
                                   .member = n / 7,
                                   .chat = n / 11};
    encode_opened(&out, &opened, NULL);
    struct peer_message message = decode(&out, WIRE_OPENED);
    assert_int_equal(out.data[ENCODE_CHANNEL_AT], channel);
    assert_int_equal(message.channel, channel);
    assert_int_equal(message.ref, n);
    assert_int_equal(message.opened.epoch, 1);
    assert_int_equal(message.opened.version, n / 2);
    assert_int_equal(message.opened.head, n / 3);
    assert_int_equal(message.opened.seq, n / 5);
    expect_bytes(message.opened.snapshot, snapshot);
    assert_int_equal(message.opened.type, 2);
    expect_text(message.opened.title, "\u00dcber");
    expect_text(message.opened.role, "editor");
    assert_int_equal(message.opened.member, n / 7);
    assert_int_equal(message.opened.chat, n / 11);
    ot_buf_deinit(&out);
}

static void opened_reads_back_with_snapshots_of_all_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        expect_opened((uint8_t)(n & 127), n, (struct ot_slice){NULL, 0});
        expect_opened(127, n, op);
    }
    static const size_t sizes[] = {0, 1, 255, 256, 65535, 65536, 300000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint8_t *bytes = calloc(1, sizes[i] + 1);
        assert_non_null(bytes);
        expect_opened(0, 1, (struct ot_slice){bytes, sizes[i]});
        free(bytes);
    }
}

static void edits_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t n = numbers[i];
        struct ot_buf out = {0};
        encode_edit(&out, 9, n, n / 2, op);
        struct peer_message message = decode(&out, WIRE_EDITED);
        assert_int_equal(out.data[ENCODE_CHANNEL_AT], 9);
        assert_int_equal(message.channel, 9);
        assert_int_equal(message.edit.version, n);
        assert_int_equal(message.edit.member, n / 2);
        expect_bytes(message.edit.op, op);
        /* The hub finds the operation again at the end of the message. */
        assert_memory_equal(out.data + out.size - op.size, op.data, op.size);
        ot_buf_clear(&out);
        encode_ack(&out, 127, n, n / 2);
        message = decode(&out, WIRE_ACK);
        assert_int_equal(out.data[ENCODE_CHANNEL_AT], 127);
        assert_int_equal(message.channel, 127);
        assert_int_equal(message.ack.version, n);
        assert_int_equal(message.ack.seq, n / 2);
        ot_buf_clear(&out);
        encode_catchup(&out, 64, n / 2, n, op);
        message = decode(&out, WIRE_CATCHUP);
        assert_int_equal(out.data[ENCODE_CHANNEL_AT], 64);
        assert_int_equal(message.channel, 64);
        assert_int_equal(message.catchup.first, n / 2);
        assert_int_equal(message.catchup.last, n);
        expect_bytes(message.catchup.op, op);
        ot_buf_deinit(&out);
    }
}

static void hash_renamed_and_closed_read_back(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_hash(&out, 1, WIRE_UINT_MAX, UINT32_MAX);
    struct peer_message message = decode(&out, WIRE_HASH);
    assert_int_equal(out.data[ENCODE_CHANNEL_AT], 1);
    assert_int_equal(message.channel, 1);
    assert_int_equal(message.hash.version, WIRE_UINT_MAX);
    assert_int_equal(message.hash.crc, UINT32_MAX);
    ot_buf_clear(&out);
    encode_renamed(&out, 2, "T");
    message = decode(&out, WIRE_RENAMED);
    assert_int_equal(out.data[ENCODE_CHANNEL_AT], 2);
    assert_int_equal(message.channel, 2);
    expect_text(message.renamed.title, "T");
    ot_buf_clear(&out);
    encode_closed(&out, 3, "deleted", "the document was deleted");
    message = decode(&out, WIRE_CLOSED);
    assert_int_equal(out.data[ENCODE_CHANNEL_AT], 3);
    assert_int_equal(message.channel, 3);
    expect_text(message.closed.code, "deleted");
    expect_text(message.closed.text, "the document was deleted");
    ot_buf_deinit(&out);
}

static const struct encode_chat said = {.number = 300,
                                        .member = 7,
                                        .name = {(const uint8_t *)"Ann", 3},
                                        .color = {(const uint8_t *)"#112233", 7},
                                        .text = {(const uint8_t *)"hello\nyou", 9},
                                        .at_ms = INT64_C(1700000000000)};

static void a_chat_message_reads_back(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_chat(&out, 4, &said);
    struct peer_message message = decode(&out, WIRE_CHATTED);
    assert_int_equal(out.data[ENCODE_CHANNEL_AT], 4);
    assert_int_equal(message.channel, 4);
    assert_int_equal(message.chat.number, 300);
    assert_int_equal(message.chat.member, 7);
    expect_text(message.chat.name, "Ann");
    expect_text(message.chat.color, "#112233");
    assert_int_equal(message.chat.at_ms, said.at_ms);
    expect_text(message.chat.text, "hello\nyou");
    ot_buf_deinit(&out);
}

static void a_page_of_chat_reads_back(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_chats(&out, 9, 5, false, 100);
    for (size_t i = 0; i < 100; i++) {
        encode_chats_row(&out, &said);
    }
    struct peer_message message = decode(&out, WIRE_CHATS_PAGE);
    assert_int_equal(message.ref, 9);
    assert_int_equal(message.channel, 5);
    assert_false(message.chats.more);
    assert_int_equal(message.chats.message_count, 100);
    struct ot_slice rows = message.chats.messages;
    struct reader reader = {.data = rows.data, .size = rows.size};
    for (size_t i = 0; i < 100; i++) {
        uint32_t count;
        uint64_t number, at_ms;
        struct ot_slice name, color, text;
        assert_true(reader_array(&reader, &count) && reader_uint(&reader, &number) &&
                    reader_string(&reader, &name) && reader_string(&reader, &color) &&
                    reader_uint(&reader, &at_ms) && reader_string(&reader, &text));
        assert_int_equal(count, 5);
        assert_int_equal(number, 300);
        expect_text(name, "Ann");
        expect_text(color, "#112233");
        assert_int_equal(at_ms, said.at_ms);
        expect_text(text, "hello\nyou");
    }
    assert_int_equal(reader.at, rows.size);
    ot_buf_deinit(&out);
}

static struct encode_member member_of(unsigned i)
{
    struct encode_member member = {.kind = (enum encode_member_kind)(i % 3),
                                   .member = 100 + i,
                                   .anchor = i % 4 == 0 ? WIRE_NONE : i,
                                   .head = i % 4 == 0 ? WIRE_NONE : i * 1000,
                                   .typing = i % 2 == 0,
                                   .name = text_of("\U0001f600"),
                                   .color = text_of("#abcdef")};
    if (i % 5 == 0) {
        member.data = text_of(i % 2 == 0 ? "data" : "");
    }
    return member;
}

static void expect_member(const struct peer_member *member, const struct encode_member *expected)
{
    assert_int_equal(member->member, expected->member);
    assert_int_equal(member->left, expected->kind == ENCODE_LEFT);
    if (member->left) {
        return;
    }
    assert_int_equal(member->anchor, expected->anchor);
    assert_int_equal(member->head, expected->head);
    assert_int_equal(member->typing, expected->typing);
    expect_bytes(member->data, expected->data);
    assert_int_equal(member->introduced, expected->kind == ENCODE_PROFILE);
    if (member->introduced) {
        expect_bytes(member->name, expected->name);
        expect_bytes(member->color, expected->color);
    }
}

static void presence_reads_back(void **state)
{
    static const size_t counts[] = {0, 1, 15, 16, 256};
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct ot_buf out = {0};
        encode_presence(&out, 6, 70000, i % 2 == 0, 1000, counts[i]);
        for (unsigned k = 0; k < counts[i]; k++) {
            struct encode_member member = member_of(k);
            encode_presence_member(&out, &member);
        }
        struct peer_message message = decode(&out, WIRE_PRESENCE);
        assert_int_equal(out.data[ENCODE_CHANNEL_AT], 6);
        assert_int_equal(message.channel, 6);
        assert_int_equal(message.presence.version, 70000);
        assert_int_equal(message.presence.full, i % 2 == 0);
        assert_int_equal(message.presence.people, 1000);
        assert_int_equal(message.presence.member_count, counts[i]);
        struct ot_slice members = message.presence.members;
        for (unsigned k = 0; k < counts[i]; k++) {
            struct encode_member expected = member_of(k);
            struct peer_member member;
            assert_int_equal(peer_next_member(&members, &member), 0);
            expect_member(&member, &expected);
        }
        assert_int_equal(members.size, 0);
        ot_buf_deinit(&out);
    }
}

/* ---- buffers and bytes ---- */

static void the_worked_examples_have_exactly_these_bytes(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_ack(&out, 0, 1, 1);
    encode_edit(&out, 0, 2, 7, op);
    encode_hash(&out, 0, 2, 0x49f38442);
    struct ot_slice expected = wire_hex("94 25 00 01 01"
                                        "95 24 00 02 07 c4 04 04 08 09 62"
                                        "94 27 00 02 ce 49 f3 84 42");
    expect_bytes(ot_buf_slice(&out), expected);
    wire_drop(expected);
    static const uint8_t snapshot[] = {0x02, 0x11, 0x61, 0x62};
    assert_int_equal(ot_hash((struct ot_slice){snapshot, sizeof snapshot}), 0x49f38442);
    ot_buf_deinit(&out);
}

static void a_blob_takes_the_bytes_and_leaves_the_buffer_empty(void **state)
{
    struct ot_buf out = {0};
    (void)state;
    encode_pong(&out, 3);
    struct blob *blob = encode_blob(&out);
    assert_int_equal(out.size, 0);
    encode_pong(&out, 4);
    assert_int_equal(blob->size, 3);
    assert_memory_equal(blob->data, "\x92\x21\x03", 3);
    blob_unref(blob_ref(blob));
    assert_int_equal(blob->data[2], 3);
    blob_unref(blob);
    blob_unref(NULL);
    ot_buf_deinit(&out);
}

static void many_bytes_become_a_blob_where_they_are(void **state)
{
    (void)state;
    struct ot_buf out = {0};
    encode_large_begin(&out);
    assert_int_equal(ot_buf_reserve(&out, 1000), OT_OK);
    const uint8_t *memory = out.data;
    assert_int_equal(ot_buf_append(&out, "abc", 3), OT_OK);
    struct blob *blob = encode_large_end(&out);
    assert_ptr_equal(blob, memory);
    assert_int_equal(blob->size, 3);
    assert_memory_equal(blob->data, "abc", 3);
    assert_int_equal(atomic_load(&blob->refs), 1);
    assert_null(out.data);
    assert_int_equal(out.capacity, 0);
    blob_unref(blob_ref(blob));
    blob_unref(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_welcome_reads_back),
        cmocka_unit_test(a_pong_a_going_and_an_expiring_read_back),
        cmocka_unit_test(a_role_reads_back),
        cmocka_unit_test(errors_read_back),
        cmocka_unit_test(done_reads_back_with_each_value),
        cmocka_unit_test(a_list_of_documents_reads_back),
        cmocka_unit_test(lists_of_who_may_do_what_have_exactly_these_bytes),
        cmocka_unit_test(opened_reads_back_with_snapshots_of_all_sizes),
        cmocka_unit_test(edits_read_back),
        cmocka_unit_test(hash_renamed_and_closed_read_back),
        cmocka_unit_test(a_chat_message_reads_back),
        cmocka_unit_test(a_page_of_chat_reads_back),
        cmocka_unit_test(presence_reads_back),
        cmocka_unit_test(the_worked_examples_have_exactly_these_bytes),
        cmocka_unit_test(a_blob_takes_the_bytes_and_leaves_the_buffer_empty),
        cmocka_unit_test(many_bytes_become_a_blob_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

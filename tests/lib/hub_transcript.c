#include "hub_transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define U(value) ((uint64_t)(value))

int world_setup(void **state)
{
    static struct world world;
    world_start(*state = &world);
    return 0;
}

int world_teardown(void **state)
{
    world_stop(*state);
    return 0;
}

uint64_t get_uint(struct reader *reader)
{
    uint64_t value;
    assert_true(reader_uint_or_nil(reader, &value));
    return value;
}

struct ot_slice get_bytes(struct reader *reader)
{
    struct ot_slice bytes = {NULL, 0};
    assert_true(reader_nil(reader) || reader_bytes(reader, &bytes));
    return bytes;
}

void expect_text(struct reader *reader, const char *expected)
{
    struct ot_slice string;
    assert_true(reader_string(reader, &string));
    assert_int_equal(string.size, strlen(expected));
    assert_memory_equal(string.data, expected, string.size);
}

struct ot_slice insertion(uint64_t position, const char *text)
{
    static struct ot_buf bufs[8];
    static size_t turn;
    struct ot_buf *buf = &bufs[turn++ % 8];
    struct ot_builder *builder = ot_builder_new(OT_STABLE);
    ot_buf_deinit(buf);
    *buf = (struct ot_buf){0};
    ot_builder_retain(builder, position, (struct ot_slice){0});
    ot_builder_insert(builder, (struct ot_slice){(const uint8_t *)text, strlen(text)},
                      (struct ot_slice){0});
    assert_int_equal(ot_builder_finish(builder, buf), OT_OK);
    ot_builder_free(builder);
    return ot_buf_slice(buf);
}

void expect_bytes(struct ot_slice bytes, struct ot_slice expected)
{
    assert_int_equal(bytes.size, expected.size);
    assert_memory_equal(bytes.data, expected.data, expected.size);
}

struct world_connection *hello(struct world *world, const char *name)
{
    struct world_connection *connection = world_connect(world);
    world_send(world, connection, WIRE_HELLO, "nssnns", name, "#123456", "test");
    return connection;
}

struct identity identity_of(struct world_connection *connection)
{
    struct identity identity;
    struct reader fields;
    assert_true(world_find(connection, WIRE_WELCOME, &fields));
    identity.client = get_uint(&fields);
    struct ot_slice key = get_bytes(&fields);
    assert_int_equal(key.size, WIRE_KEY_SIZE);
    memcpy(identity.key, key.data, key.size);
    return identity;
}

struct world_connection *hello_again(struct world *world, const struct identity *identity)
{
    struct world_connection *connection = world_connect(world);
    world_send(world, connection, WIRE_HELLO, "nssubs", "Ann", "#123456", identity->client,
               (struct ot_slice){identity->key, WIRE_KEY_SIZE}, "test");
    return connection;
}

void create(struct world *world, struct world_connection *connection, const char *id, unsigned type)
{
    struct reader fields;
    world_send(world, connection, WIRE_CREATE, "uuss", U(1), U(type), "A title", id);
    assert_true(world_find(connection, WIRE_DONE, &fields));
}

void open_at(struct world *world, struct world_connection *connection, const char *id,
             uint64_t version)
{
    world_send(world, connection, WIRE_OPEN, "uusuun", U(9), U(0), id, store_epoch(world->store),
               version);
}

void open_fresh(struct world *world, struct world_connection *connection, const char *id)
{
    world_send(world, connection, WIRE_OPEN, "uusnnn", U(9), U(0), id);
}

struct opened expect_opened(struct world_connection *connection)
{
    struct opened opened = {0};
    struct reader fields;
    struct ot_slice string;
    assert_true(world_find(connection, WIRE_OPENED, &fields));
    get_uint(&fields); /* channel */
    get_uint(&fields); /* ref */
    get_uint(&fields); /* epoch */
    opened.version = get_uint(&fields);
    opened.head = get_uint(&fields);
    opened.seq = get_uint(&fields);
    opened.snapshot = get_bytes(&fields);
    get_uint(&fields); /* type */
    reader_string(&fields, &string);
    reader_string(&fields, &string);
    opened.member = get_uint(&fields);
    return opened;
}

void edit(struct world *world, struct world_connection *connection, uint64_t seq, uint64_t base,
          struct ot_slice op)
{
    world_send(world, connection, WIRE_EDIT, "uuub", U(0), seq, base, op);
}

void expect_ack(struct world_connection *connection, uint64_t version, uint64_t seq)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ACK, &fields));
    assert_int_equal(get_uint(&fields), 0);
    assert_int_equal(get_uint(&fields), version);
    assert_int_equal(get_uint(&fields), seq);
}

void expect_edit(struct world_connection *connection, uint64_t version, struct ot_slice op)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_EDITED, &fields));
    get_uint(&fields);
    assert_int_equal(get_uint(&fields), version);
    get_uint(&fields);
    expect_bytes(get_bytes(&fields), op);
}

void expect_error(struct world_connection *connection, const char *code)
{
    struct reader fields;
    assert_true(world_find(connection, WIRE_ERROR, &fields));
    get_uint(&fields);
    get_uint(&fields);
    expect_text(&fields, code);
}

bool has_news(struct world_connection *connection)
{
    return connection->at < connection->received.size;
}

void two_people(struct world *world, struct world_connection **ann, struct world_connection **bob)
{
    *ann = hello(world, "Ann");
    *bob = hello(world, "Bob");
    create(world, *ann, "d", STORE_TEXT);
    open_fresh(world, *ann, "d");
    open_fresh(world, *bob, "d");
    expect_opened(*ann);
    expect_opened(*bob);
    world_pass(world, 100);
    world_forget(*ann);
    world_forget(*bob);
}
